-- Takes row-level security off. The role geoapp_web stays: other databases of the server may use it.

DO $$
DECLARE
    policy record;
    name text;
BEGIN
    FOR policy IN SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public' LOOP
        EXECUTE format('DROP POLICY %I ON %I', policy.policyname, policy.tablename);
    END LOOP;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
                   AND tablename NOT IN ('spatial_ref_sys', 'alembic_version') LOOP
        EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', name);
        EXECUTE format('DROP TRIGGER IF EXISTS signed ON %I', name);
    END LOOP;
END $$;

DROP VIEW public_mine_site, deployment_count;
DROP TRIGGER known_unit ON user_scope;
DROP TRIGGER keep_an_admin ON user_scope;
DROP TRIGGER keep_an_admin ON app_user;
DROP FUNCTION signed(), keep_an_admin(), scope_of_a_known_unit(), find_unit_origins(), demo_people(), end_session(text),
    start_demo_session(text, text, integer), session_user_name(text), viewer_rights(), viewer_is(text),
    viewer_units(text[]), viewer();
ALTER TABLE user_scope DROP CONSTRAINT ck_user_scope_unit_code;
ALTER TABLE app_user DROP CONSTRAINT ck_app_user_user_name;
DROP TABLE published_cell, published_edition, web_session, admin_unit_origin;

ALTER FUNCTION incident_units() SECURITY INVOKER RESET search_path;
ALTER FUNCTION deployment_units() SECURITY INVOKER RESET search_path;
ALTER FUNCTION site_child_units() SECURITY INVOKER RESET search_path;
ALTER FUNCTION route_child_units() SECURITY INVOKER RESET search_path;
ALTER FUNCTION committee_child_units() SECURITY INVOKER RESET search_path;
ALTER FUNCTION incident_child_units() SECURITY INVOKER RESET search_path;
ALTER FUNCTION subject_units() SECURITY INVOKER RESET search_path;
ALTER FUNCTION site_moved() SECURITY INVOKER RESET search_path;
ALTER FUNCTION facility_moved() SECURITY INVOKER RESET search_path;
ALTER FUNCTION route_moved() SECURITY INVOKER RESET search_path;
ALTER FUNCTION incident_moved() SECURITY INVOKER RESET search_path;
ALTER FUNCTION deployment_moved() SECURITY INVOKER RESET search_path;
ALTER FUNCTION committee_moved() SECURITY INVOKER RESET search_path;

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM geoapp_web;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM geoapp_web;
REVOKE ALL ON SCHEMA public FROM geoapp_web;
GRANT USAGE ON SCHEMA public TO PUBLIC;
