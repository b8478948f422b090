-- === The risk register: the risk in words, and which item of the assessment it belongs to ==============================

DROP TRIGGER kept_change ON risk_item;
DROP TRIGGER kept_removal ON risk_item;
ALTER TABLE risk_item ADD COLUMN risk TEXT;
UPDATE risk_item SET risk = item, item = 'security_risks';
ALTER TABLE risk_item
    ALTER COLUMN risk SET NOT NULL,
    ADD CONSTRAINT ck_risk_item_item CHECK (item = ANY (ARRAY['security_risks'::text, 'violence'::text,
        'human_rights_records'::text, 'rule_of_law'::text, 'conflict'::text, 'equipment_transfers'::text]));
SELECT keep_changes('risk_item', 'id', '{units,country,created_at,created_by}');

-- Who links an incident sees it. What others linked and the viewer may not see stays linked: nobody is told its id, so the
-- database keeps it by itself.
CREATE FUNCTION link_seen_incidents() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    hidden uuid[] := '{}';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        hidden := ARRAY(SELECT linked.id FROM unnest(OLD.incidents) AS linked (id)
                         WHERE NOT EXISTS (SELECT FROM public.incident WHERE incident_id = linked.id));
    END IF;
    IF EXISTS (SELECT FROM unnest(NEW.incidents) AS linked (id)
                WHERE NOT EXISTS (SELECT FROM public.incident WHERE incident_id = linked.id)
                  AND (current_user = 'geoapp_web' OR linked.id <> ALL (hidden))) THEN
        RAISE EXCEPTION 'not an incident that you may see' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF current_user = 'geoapp_web' THEN
        NEW.incidents := NEW.incidents || hidden;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER link_seen_incidents BEFORE INSERT OR UPDATE OF incidents ON risk_item
    FOR EACH ROW EXECUTE FUNCTION link_seen_incidents();

-- The linked incidents of a risk that the viewer may see, as the policies of incidents have it: the column itself would
-- tell the ids of the others. Volatile, so that whoever waited for a lock reads what was linked meanwhile.
CREATE FUNCTION seen_links(risk_id uuid) RETURNS uuid[]
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
    SELECT coalesce(array_agg(incident.incident_id ORDER BY linked.place), '{}')
      FROM public.risk_item AS risk
     CROSS JOIN LATERAL unnest(risk.incidents) WITH ORDINALITY AS linked (id, place)
      JOIN public.incident ON incident.incident_id = linked.id
     WHERE risk.id = risk_id
       AND (session_user <> 'geoapp_web'
            OR (risk.units && (SELECT public.viewer_units('coordinator', 'analyst', 'gis'))
                AND (incident.country = ANY ((SELECT public.viewer_units('coordinator', 'analyst', 'gis'))::text[])
                     OR incident.units && (SELECT public.viewer_units('coordinator', 'analyst', 'gis')))
                AND (NOT incident.sealed OR public.viewer() = ANY (incident.handlers))
                AND (public.viewer_sees_real() OR incident.synthetic)))
$$;
REVOKE SELECT ON risk_item FROM geoapp_web;
GRANT SELECT (id, item, risk, likelihood, consequence, measure, owner, review_on, incident_id, site_id, route_ref,
    facility_ref, deployment_ref, synthetic, created_at, created_by, country, units, source_id, import_batch_id) ON risk_item
    TO geoapp_web;
REVOKE EXECUTE ON FUNCTION seen_links(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION seen_links(uuid) TO geoapp_web;
CREATE INDEX ix_risk_item_review_on ON risk_item (review_on);

-- === Trainings: a layer of the map, and people who can be counted ======================================================

CREATE TRIGGER log AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON training
    FOR EACH STATEMENT EXECUTE FUNCTION log_table();

-- A group's people are a whole number, or an object with `total` and, where they were counted, `women` among them.
CREATE FUNCTION counts_people(people jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_typeof(people) = 'object' AND NOT EXISTS (
        SELECT FROM jsonb_each(people) AS each (name, counted)
         WHERE NOT CASE jsonb_typeof(counted)
                   WHEN 'number' THEN counted::text ~ '^\d{1,9}$'
                   WHEN 'object' THEN coalesce(counted ->> 'total', '') ~ '^\d{1,9}$'
                                      AND (counted ->> 'women' IS NULL
                                           OR counted ->> 'women' ~ '^\d{1,9}$'
                                              AND (counted ->> 'women')::integer <= (counted ->> 'total')::integer)
                   ELSE false END)
$$;
ALTER TABLE training ADD CONSTRAINT ck_training_participants_by_group CHECK (counts_people(participants_by_group));

-- How many there were, or how many women among them; NULL where no group was counted so.
CREATE FUNCTION people_in(people jsonb, counted text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT sum(CASE WHEN jsonb_typeof(each.value) = 'object' THEN (each.value ->> counted)::integer
                    WHEN counted = 'total' THEN (each.value #>> '{}')::integer END)::integer
      FROM jsonb_each(people) AS each
$$;
DROP TRIGGER kept_change ON training;
DROP TRIGGER kept_removal ON training;
ALTER TABLE training
    ADD COLUMN participants INTEGER GENERATED ALWAYS AS (people_in(participants_by_group, 'total')) STORED,
    ADD COLUMN women INTEGER GENERATED ALWAYS AS (people_in(participants_by_group, 'women')) STORED;
SELECT keep_changes('training', 'id',
    '{units,country,geom_3857,length_km,near_magazine,created_at,created_by,participants,women}');
CREATE INDEX ix_training_held_on ON training (held_on);

REVOKE EXECUTE ON FUNCTION people_in(jsonb, text), counts_people(jsonb), link_seen_incidents() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION people_in(jsonb, text), counts_people(jsonb) TO geoapp_web;

-- === Movements: no more arrives than was sent; coordinators enter them too ============================================

ALTER TABLE escort_movement ADD CONSTRAINT ck_escort_movement_received_kg_of CHECK (received_kg <= dispatched_kg);

DROP POLICY add ON escort_movement;
DROP POLICY change ON escort_movement;
DROP POLICY remove ON escort_movement;
CREATE POLICY add ON escort_movement FOR INSERT WITH CHECK (
    units && (SELECT viewer_units('gis', 'coordinator')) AND arrived_at <= now());
CREATE POLICY change ON escort_movement FOR UPDATE
    USING (units && (SELECT viewer_units('gis', 'coordinator')) AND arrived_at <= now())
    WITH CHECK (units && (SELECT viewer_units('gis', 'coordinator')) AND arrived_at <= now());
CREATE POLICY remove ON escort_movement FOR DELETE USING (
    units && (SELECT viewer_units('gis', 'coordinator')) AND arrived_at <= now());

-- What coordinators enter by hand is a batch like any edit; files stay with GIS officers.
DROP POLICY add ON import_batch;
CREATE POLICY add ON import_batch FOR INSERT WITH CHECK (
    imported_by = viewer()
    AND ((SELECT viewer_units('gis')) <> '{}' AND units <@ (SELECT viewer_units('gis'))
         OR kind = 'edit' AND table_name IN ('trainings', 'movements') AND units <> '{}'
            AND units <@ (SELECT viewer_units('gis', 'coordinator'))));
