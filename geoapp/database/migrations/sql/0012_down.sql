DO $$
DECLARE
    each record;
BEGIN
    FOR each IN SELECT * FROM (VALUES
            ('mine_site', 'located_units'), ('facility', 'located_units'), ('route', 'located_units'),
            ('checkpoint', 'located_units'), ('incident', 'incident_units'), ('deployment', 'deployment_units'),
            ('training', 'training_units')) AS placed (name, finder) LOOP
        EXECUTE format('DROP TRIGGER units ON %I', each.name);
        EXECUTE format('DROP TRIGGER units_anew ON %I', each.name);
        EXECUTE format('DROP TRIGGER signed ON %I', each.name);
        EXECUTE format('DROP TRIGGER signed_before ON %I', each.name);
        EXECUTE format('CREATE TRIGGER signed BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION signed()', each.name);
        EXECUTE format(
            'CREATE TRIGGER units BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION %I()', each.name, each.finder);
    END LOOP;
END $$;
