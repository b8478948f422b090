DO $$
DECLARE
    derived CONSTANT text[] := '{units,country,geom_3857,length_km,near_magazine,created_at,created_by}';
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['mine_site', 'incident', 'site_visit', 'facility', 'route', 'checkpoint', 'deployment',
                                'escort_movement', 'training'] LOOP
        EXECUTE format('DROP TRIGGER kept_change ON %1$I; DROP TRIGGER kept_removal ON %1$I', name);
        EXECUTE format('ALTER TABLE %1$I DROP COLUMN repairs', name);
        PERFORM keep_changes(name::regclass,
                             CASE name WHEN 'mine_site' THEN 'site_id' WHEN 'incident' THEN 'incident_id' ELSE 'id' END,
                             derived);
    END LOOP;
END $$;
