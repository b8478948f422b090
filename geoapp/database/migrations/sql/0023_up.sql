-- Two incidents that somebody told apart, so that they are not proposed as one again.
CREATE TABLE repeat_refusal (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    incident_id UUID NOT NULL,
    other_incident_id UUID NOT NULL,
    source_id TEXT,
    import_batch_id UUID,
    synthetic BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_by TEXT DEFAULT session_user NOT NULL,
    country TEXT,
    units TEXT[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT pk_repeat_refusal PRIMARY KEY (id),
    CONSTRAINT uq_repeat_refusal_incident_id_other_incident_id UNIQUE (incident_id, other_incident_id),
    CONSTRAINT ck_repeat_refusal_two CHECK (incident_id < other_incident_id),
    CONSTRAINT fk_repeat_refusal_incident_id FOREIGN KEY (incident_id) REFERENCES incident (incident_id) ON DELETE CASCADE,
    CONSTRAINT fk_repeat_refusal_other_incident_id FOREIGN KEY (other_incident_id) REFERENCES incident (incident_id) ON DELETE CASCADE,
    CONSTRAINT fk_repeat_refusal_source_id FOREIGN KEY (source_id) REFERENCES source (source_id),
    CONSTRAINT fk_repeat_refusal_import_batch_id FOREIGN KEY (import_batch_id) REFERENCES import_batch (import_batch_id)
);
CREATE INDEX ix_repeat_refusal_other_incident_id ON repeat_refusal (other_incident_id);

-- It lies where either lies, and is of the demonstration where one of them is: whoever sees both sees it.
CREATE FUNCTION repeat_refusal_units() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
BEGIN
    SELECT array_agg(DISTINCT each.code ORDER BY each.code), min(pair.country), bool_or(pair.synthetic)
      INTO NEW.units, NEW.country, NEW.synthetic
      FROM public.incident AS pair LEFT JOIN LATERAL unnest(pair.units) AS each (code) ON true
     WHERE pair.incident_id IN (NEW.incident_id, NEW.other_incident_id);
    NEW.units := coalesce(array_remove(NEW.units, NULL), '{}');
    NEW.synthetic := coalesce(NEW.synthetic, false);
    RETURN NEW;
END $$;
CREATE FUNCTION repeat_refusal_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
BEGIN
    UPDATE public.repeat_refusal SET units = NULL WHERE incident_id = NEW.incident_id;
    UPDATE public.repeat_refusal SET units = NULL WHERE other_incident_id = NEW.incident_id;
    RETURN NULL;
END $$;

-- In the order of their names: what it is of is decided after it is signed.
CREATE TRIGGER signed BEFORE INSERT OR UPDATE ON repeat_refusal FOR EACH ROW EXECUTE FUNCTION signed();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON repeat_refusal FOR EACH ROW EXECUTE FUNCTION repeat_refusal_units();
CREATE TRIGGER refusal_moved AFTER UPDATE ON incident FOR EACH ROW
WHEN (OLD.units IS DISTINCT FROM NEW.units) EXECUTE FUNCTION repeat_refusal_moved();

ALTER TABLE repeat_refusal ENABLE ROW LEVEL SECURITY;
ALTER TABLE repeat_refusal FORCE ROW LEVEL SECURITY;

-- It tells that both are there, so it is for those who see both; the policies of incidents decide that.
CREATE POLICY read ON repeat_refusal FOR SELECT USING (
    units && (SELECT viewer_units('coordinator', 'analyst', 'gis'))
    AND EXISTS (SELECT FROM incident WHERE incident.incident_id = repeat_refusal.incident_id)
    AND EXISTS (SELECT FROM incident WHERE incident.incident_id = repeat_refusal.other_incident_id));
CREATE POLICY add ON repeat_refusal FOR INSERT WITH CHECK (
    EXISTS (SELECT FROM incident WHERE incident.incident_id = repeat_refusal.incident_id
               AND incident.units && (SELECT viewer_units('gis')))
    AND EXISTS (SELECT FROM incident WHERE incident.incident_id = repeat_refusal.other_incident_id
                   AND incident.units && (SELECT viewer_units('gis'))));
CREATE POLICY demonstration ON repeat_refusal AS RESTRICTIVE USING ((SELECT viewer_sees_real()) OR synthetic);

REVOKE EXECUTE ON FUNCTION repeat_refusal_units(), repeat_refusal_moved() FROM PUBLIC;
GRANT SELECT, INSERT ON repeat_refusal TO geoapp_web;
SELECT audit_writes('repeat_refusal', 'id');

-- What was repaired before rows kept it is told from the findings of their batches: of a position by the last batch that
-- brought one, of texts by the last that wrote the row. It is no change of what a row says, so history leaves it out.
SELECT set_config('geoapp.bulk', 'on', true);
DO $$
DECLARE
    name text;
    key text;
    placed text;
BEGIN
    FOREACH name IN ARRAY ARRAY['mine_site', 'incident', 'site_visit', 'facility', 'route', 'checkpoint', 'deployment',
                                'escort_movement', 'training'] LOOP
        key := CASE name WHEN 'mine_site' THEN 'site_id' WHEN 'incident' THEN 'incident_id' ELSE 'id' END;
        placed := CASE WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = name::regclass AND attname = 'geom')
                       THEN 'geom IS NOT NULL' ELSE 'false' END;
        EXECUTE format($sql$
            WITH repair (rule, code) AS (VALUES
                ('geometry_repaired', 'geometry'), ('text_repaired', 'text'), ('text_cleaned', 'text'),
                ('crs_assumed', 'crs'), ('axes_exchanged', 'crs')
            ), found AS MATERIALIZED (
                SELECT DISTINCT issue.import_batch_id, issue.row, repair.code
                  FROM import_issue AS issue JOIN repair USING (rule)
                 WHERE (issue.row IS NULL) = (repair.code = 'crs')
            ), touched AS (
                SELECT DISTINCT each.row_key
                  FROM import_part AS part CROSS JOIN LATERAL unnest(part.keys, part.rows) AS each (row_key, row)
                  JOIN found ON found.import_batch_id = part.import_batch_id AND coalesce(found.row, each.row) = each.row
                 WHERE part.table_name = %1$L
            ), written AS MATERIALIZED (
                SELECT each.row_key, part.import_batch_id, each.row, part.written_at, 'geom' = ANY (batch.columns) AS places
                  FROM import_part AS part
                  JOIN import_batch AS batch USING (import_batch_id)
                 CROSS JOIN LATERAL unnest(part.keys, part.rows) AS each (row_key, row)
                 WHERE part.table_name = %1$L AND part.deed IN ('insert', 'update') AND batch.undone_at IS NULL
                   AND each.row_key IN (SELECT touched.row_key FROM touched)
            ), last_written AS (
                SELECT DISTINCT ON (row_key) row_key, import_batch_id, row, false AS of_place FROM written
                 ORDER BY row_key, written_at DESC
            ), last_placed AS (
                SELECT DISTINCT ON (row_key) row_key, import_batch_id, row, true AS of_place FROM written WHERE places
                 ORDER BY row_key, written_at DESC
            ), told AS (
                SELECT wrote.row_key, found.code
                  FROM (TABLE last_written UNION ALL TABLE last_placed) AS wrote
                  JOIN found ON found.import_batch_id = wrote.import_batch_id
                   AND coalesce(found.row, wrote.row) = wrote.row AND (found.code <> 'text') = wrote.of_place
                UNION
                -- Of batches from before rows were noted, what was said of the whole file.
                SELECT old.%2$I::text, found.code
                  FROM %1$I AS old JOIN found USING (import_batch_id)
                 WHERE found.row IS NULL
                   AND NOT EXISTS (SELECT FROM import_part AS part WHERE part.import_batch_id = old.import_batch_id)
            ), marked AS (
                SELECT row_key, array_agg(code ORDER BY code) AS codes FROM told GROUP BY row_key
            )
            UPDATE %1$I SET repairs = CASE WHEN %3$s THEN marked.codes ELSE array_remove(marked.codes, 'crs') END
              FROM marked WHERE %2$I::text = marked.row_key AND repairs = '{}'
               AND marked.codes <> '{}' AND (%3$s OR marked.codes <> '{crs}')$sql$, name, key, placed);
    END LOOP;
END $$;
SELECT set_config('geoapp.bulk', '', true);
