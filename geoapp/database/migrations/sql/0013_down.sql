DROP TABLE import_job, import_upload;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['mine_site', 'incident', 'admin_unit', 'site_alias', 'site_visit', 'facility', 'route',
                                'checkpoint', 'deployment', 'escort_movement', 'training'] LOOP
        EXECUTE format('DROP TRIGGER kept_change ON %1$I; DROP TRIGGER kept_removal ON %1$I', name);
    END LOOP;
END $$;

REVOKE UPDATE (undone_at, undone_by) ON import_batch FROM geoapp_web;
DROP POLICY demonstration ON import_batch;
DROP POLICY read ON import_batch;
DROP POLICY add ON import_batch;
DROP POLICY change ON import_batch;
CREATE POLICY own ON import_batch USING (imported_by = viewer()) WITH CHECK (imported_by = viewer() AND (SELECT viewer_units('gis')) <> '{}');
DROP FUNCTION brought_beside(uuid);
DROP TABLE import_part, row_change;
DROP FUNCTION keep_changes(regclass, text, text[]), keep_change(), row_is_gone(text, text), row_is_seen(text, text);
ALTER TABLE import_batch DROP COLUMN columns, DROP COLUMN units, DROP COLUMN private, DROP COLUMN synthetic, DROP COLUMN undone_by;
