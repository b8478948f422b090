-- The operator's import finds the units of many points by one join (geoapp/ingest/placing.py), which takes a fifth of what
-- the triggers take row by row, and says so in geoapp.placed. Nobody else is taken at their word: the role of the web
-- process can set any setting, so whatever it says, a row's units are found by the trigger. So are those of a row for which
-- the import has none.
DO $$
DECLARE
    each record;
BEGIN
    FOR each IN SELECT * FROM (VALUES
            ('mine_site', 'located_units'), ('facility', 'located_units'), ('route', 'located_units'),
            ('checkpoint', 'located_units'), ('incident', 'incident_units'), ('deployment', 'deployment_units'),
            ('training', 'training_units')) AS placed (name, finder) LOOP
        EXECUTE format('DROP TRIGGER units ON %I', each.name);
        EXECUTE format(
            'CREATE TRIGGER units BEFORE INSERT ON %I FOR EACH ROW'
            ' WHEN (NEW.units IS NULL OR current_setting(''geoapp.placed'', true) IS DISTINCT FROM ''on'''
            '       OR session_user = ''geoapp_web'')'
            ' EXECUTE FUNCTION %I()', each.name, each.finder);
        -- The column's default has signed the operator's rows.
        EXECUTE format('DROP TRIGGER signed ON %I', each.name);
        EXECUTE format(
            'CREATE TRIGGER signed BEFORE INSERT ON %I FOR EACH ROW'
            ' WHEN (NEW.created_by IS DISTINCT FROM session_user OR viewer() IS NOT NULL) EXECUTE FUNCTION signed()', each.name);
        EXECUTE format('CREATE TRIGGER signed_before BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION signed()', each.name);
        EXECUTE format('CREATE TRIGGER units_anew BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION %I()',
                       each.name, each.finder);
    END LOOP;
END $$;
