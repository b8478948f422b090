ALTER TABLE risk_item ADD COLUMN incidents UUID[] DEFAULT '{}'::uuid[] NOT NULL;
-- The links move; nobody changed a risk.
ALTER TABLE risk_item DISABLE TRIGGER USER;
UPDATE risk_item SET incidents = ARRAY(
    SELECT incident_id FROM risk_incident WHERE risk_id = risk_item.id ORDER BY created_at, incident_id);
ALTER TABLE risk_item ENABLE TRIGGER USER;
DROP TRIGGER kept_change ON risk_item;
DROP TRIGGER kept_removal ON risk_item;
SELECT keep_changes('risk_item', 'id', '{units,country,created_at,created_by}');
DROP TABLE risk_incident;
DELETE FROM row_change WHERE table_name = 'risk_incident';

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
