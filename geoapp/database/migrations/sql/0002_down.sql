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
DROP TRIGGER units ON incident_release;
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON incident_release FOR EACH ROW EXECUTE FUNCTION incident_child_units();
DROP FUNCTION release_units();
ALTER TABLE incident_release DROP CONSTRAINT uq_incident_release_incident_id;
CREATE INDEX ix_incident_release_incident_id ON incident_release (incident_id);
DROP TRIGGER known_unit ON user_scope;
DROP TRIGGER keep_an_admin ON user_scope;
DROP TRIGGER keep_an_admin_in_role ON user_scope;
DROP TRIGGER keep_an_admin ON app_user;
DROP TRIGGER keep_an_admin_enabled ON app_user;
DROP FUNCTION signed(), keep_an_admin(), scope_of_a_known_unit(), find_unit_origins(), demo_people(), end_session(text),
    start_demo_session(text, text, integer), session_user_name(text), viewer_rights(), viewer_is(text),
    viewer_units(text[]), viewer();
ALTER TABLE user_scope DROP CONSTRAINT ck_user_scope_unit_code;
ALTER TABLE app_user DROP CONSTRAINT ck_app_user_user_name;
DROP TABLE published_cell, published_edition, web_session, admin_unit_origin;
DROP FUNCTION make_edition(date, boolean, boolean), published_count(integer, integer[]), published_from(date),
    refuse_change(), keep_with_edition();

ALTER TABLE site_alias DROP CONSTRAINT uq_site_alias_source_code_units,
    ADD CONSTRAINT uq_site_alias_source_code UNIQUE (source, code);
ALTER TABLE facility DROP CONSTRAINT uq_facility_facility_id_units,
    ADD CONSTRAINT uq_facility_country_facility_id UNIQUE NULLS NOT DISTINCT (country, facility_id);
ALTER TABLE route DROP CONSTRAINT uq_route_route_id_units,
    ADD CONSTRAINT uq_route_country_route_id UNIQUE NULLS NOT DISTINCT (country, route_id);
ALTER TABLE checkpoint DROP CONSTRAINT uq_checkpoint_checkpoint_id_units,
    ADD CONSTRAINT uq_checkpoint_country_checkpoint_id UNIQUE NULLS NOT DISTINCT (country, checkpoint_id);
ALTER TABLE training DROP CONSTRAINT uq_training_training_id_units,
    ADD CONSTRAINT uq_training_country_training_id UNIQUE NULLS NOT DISTINCT (country, training_id);
ALTER TABLE deployment DROP CONSTRAINT uq_deployment_deployment_id_units_valid_from,
    ADD CONSTRAINT uq_deployment_country_deployment_id UNIQUE NULLS NOT DISTINCT (country, deployment_id);
ALTER TABLE escort_movement DROP CONSTRAINT uq_escort_movement_movement_id_units_arrived_at,
    ADD CONSTRAINT uq_escort_movement_country_movement_id UNIQUE NULLS NOT DISTINCT (country, movement_id);
DROP INDEX ix_incident_policy, uq_incident_incident_no, uq_incident_content_key;
CREATE UNIQUE INDEX uq_incident_incident_no ON incident (COALESCE(source_id, ''::text), incident_no)
    WHERE incident_no IS NOT NULL;
CREATE UNIQUE INDEX uq_incident_content_key ON incident (COALESCE(source_id, ''::text), content_key)
    WHERE incident_no IS NULL;

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
