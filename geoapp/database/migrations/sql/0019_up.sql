-- What the import that wrote a row last had to put right of it: with the row, so that whoever sees the row sees it too.
DO $$
DECLARE
    derived CONSTANT text[] := '{units,country,geom_3857,length_km,near_magazine,created_at,created_by}';
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['mine_site', 'incident', 'site_visit', 'facility', 'route', 'checkpoint', 'deployment',
                                'escort_movement', 'training'] LOOP
        EXECUTE format('ALTER TABLE %1$I ADD COLUMN repairs TEXT[] DEFAULT ''{}''::text[] NOT NULL,'
                       ' ADD CONSTRAINT %2$I CHECK (repairs <@ ARRAY[''geometry''::text, ''text''::text, ''crs''::text])',
                       name, 'ck_' || name || '_repairs');
        -- An undo puts them back as well.
        EXECUTE format('DROP TRIGGER kept_change ON %1$I; DROP TRIGGER kept_removal ON %1$I', name);
        PERFORM keep_changes(name::regclass,
                             CASE name WHEN 'mine_site' THEN 'site_id' WHEN 'incident' THEN 'incident_id' ELSE 'id' END,
                             derived);
    END LOOP;
END $$;
