-- Who may read and write which row.

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
                   AND tablename NOT IN ('spatial_ref_sys', 'alembic_version') LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        IF EXISTS (SELECT FROM information_schema.columns
                    WHERE table_schema = 'public' AND table_name = name AND column_name = 'created_by') THEN
            EXECUTE format('CREATE TRIGGER signed BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION signed()', name);
        END IF;
    END LOOP;
END $$;

-- For everybody, signed in or not.
CREATE POLICY read ON admin_unit FOR SELECT USING (viewer() IS NOT NULL);
CREATE POLICY read ON admin_unit_part FOR SELECT USING (viewer() IS NOT NULL);
CREATE POLICY read ON admin_unit_origin FOR SELECT USING (viewer() IS NOT NULL);
CREATE POLICY read ON base_feature FOR SELECT USING (viewer() IS NOT NULL);
CREATE POLICY read ON vocab FOR SELECT USING (viewer() IS NOT NULL);
CREATE POLICY read ON setting FOR SELECT USING (viewer() IS NOT NULL);
CREATE POLICY read ON published_edition FOR SELECT USING (viewer() IS NOT NULL);
CREATE POLICY read ON published_cell FOR SELECT USING (viewer() IS NOT NULL);
CREATE POLICY read ON source FOR SELECT USING (
    viewer() IS NOT NULL AND (source_id = 'demo' OR (SELECT viewer_units('coordinator', 'analyst', 'gis')) <> '{}'));

-- For those who work with all of it, in their units.
CREATE POLICY read ON mine_site FOR SELECT USING (units && (SELECT viewer_units('coordinator', 'analyst', 'gis')));
CREATE POLICY read ON site_alias FOR SELECT USING (units && (SELECT viewer_units('coordinator', 'analyst', 'gis')));
CREATE POLICY read ON site_visit FOR SELECT USING (units && (SELECT viewer_units('coordinator', 'analyst', 'gis')));
CREATE POLICY read ON checkpoint FOR SELECT USING (units && (SELECT viewer_units('coordinator', 'analyst', 'gis')));
CREATE POLICY read ON escort_movement FOR SELECT USING (
    units && (SELECT viewer_units('coordinator', 'analyst', 'gis')) AND arrived_at <= now());
CREATE POLICY read ON deployment FOR SELECT USING (
    units && (SELECT viewer_units('coordinator', 'analyst', 'gis')) AND valid_from <= today());
-- The country is one of the units. Asked first, it spares most rows the comparison of two arrays, which is what a map of
-- a million incidents would be slower by.
CREATE POLICY read ON incident FOR SELECT USING (
    (country = ANY ((SELECT viewer_units('coordinator', 'analyst', 'gis'))::text[])
     OR units && (SELECT viewer_units('coordinator', 'analyst', 'gis')))
    AND (NOT sealed OR (SELECT viewer()) = ANY (handlers)));

-- For committees too.
CREATE POLICY read ON route FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis')));
CREATE POLICY read ON facility FOR SELECT USING (
    units && (SELECT viewer_units('coordinator', 'analyst', 'gis'))
    OR kind <> 'explosives_magazine' AND units && (SELECT viewer_units('committee')));
CREATE POLICY read ON incident_release FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis')));
CREATE POLICY read ON committee FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis')));
CREATE POLICY read ON committee_seat FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis')));
CREATE POLICY read ON meeting FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis')));
CREATE POLICY read ON training FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis')));
-- What is done about an incident tells of it: only where the incident itself, or its release, may be seen.
CREATE POLICY read ON action FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis'))
    AND (incident_id IS NULL
         OR EXISTS (SELECT FROM incident WHERE incident.incident_id = action.incident_id)
         OR EXISTS (SELECT FROM incident_release AS shown WHERE shown.incident_id = action.incident_id))
    AND (deployment_ref IS NULL OR EXISTS (SELECT FROM deployment WHERE deployment.id = action.deployment_ref))
    AND (facility_ref IS NULL OR EXISTS (SELECT FROM facility WHERE facility.id = action.facility_ref)));
CREATE POLICY read ON risk_item FOR SELECT USING (
    units && (SELECT viewer_units('coordinator', 'analyst', 'gis'))
    AND (incident_id IS NULL OR EXISTS (SELECT FROM incident WHERE incident.incident_id = risk_item.incident_id)));

-- Imports and edits of GIS officers, the follow-up of coordinators. A release is of an incident that they may see:
-- sealed, it is its handlers' alone. None of these is for reading: a policy for all commands would show rows, too.
DO $$
DECLARE
    rule record;
BEGIN
    FOR rule IN SELECT * FROM (VALUES
        ('mine_site', $c$units && (SELECT viewer_units('gis'))$c$),
        ('site_alias', $c$units && (SELECT viewer_units('gis'))$c$),
        ('site_visit', $c$units && (SELECT viewer_units('gis'))$c$),
        ('facility', $c$units && (SELECT viewer_units('gis'))$c$),
        ('route', $c$units && (SELECT viewer_units('gis'))$c$),
        ('checkpoint', $c$units && (SELECT viewer_units('gis'))$c$),
        ('deployment', $c$units && (SELECT viewer_units('gis')) AND valid_from <= today()$c$),
        ('escort_movement', $c$units && (SELECT viewer_units('gis')) AND arrived_at <= now()$c$),
        ('training', $c$units && (SELECT viewer_units('gis', 'coordinator'))$c$),
        ('incident', $c$units && (SELECT viewer_units('gis', 'coordinator'))
                        AND (NOT sealed OR (SELECT viewer()) = ANY (handlers))$c$),
        ('incident_release', $c$units && (SELECT viewer_units('coordinator'))
                                AND EXISTS (SELECT FROM incident WHERE incident.incident_id = incident_release.incident_id)$c$),
        ('action', $c$units && (SELECT viewer_units('coordinator'))$c$),
        ('risk_item', $c$units && (SELECT viewer_units('coordinator'))$c$),
        ('committee', $c$units && (SELECT viewer_units('coordinator'))$c$),
        ('committee_seat', $c$units && (SELECT viewer_units('coordinator'))$c$),
        ('meeting', $c$units && (SELECT viewer_units('coordinator'))$c$)
    ) AS each (name, writable) LOOP
        EXECUTE format('CREATE POLICY add ON %I FOR INSERT WITH CHECK (%s)', rule.name, rule.writable);
        EXECUTE format('CREATE POLICY change ON %1$I FOR UPDATE USING (%2$s) WITH CHECK (%2$s)', rule.name, rule.writable);
        EXECUTE format('CREATE POLICY remove ON %I FOR DELETE USING (%s)', rule.name, rule.writable);
    END LOOP;
END $$;
CREATE POLICY add ON source FOR INSERT WITH CHECK ((SELECT viewer_units('gis')) <> '{}');
CREATE POLICY own ON import_batch USING (imported_by = viewer()) WITH CHECK (imported_by = viewer() AND (SELECT viewer_units('gis')) <> '{}');
CREATE POLICY own ON import_issue
    USING (EXISTS (SELECT FROM import_batch AS batch WHERE batch.import_batch_id = import_issue.import_batch_id))
    WITH CHECK (EXISTS (SELECT FROM import_batch AS batch WHERE batch.import_batch_id = import_issue.import_batch_id));

-- People: an administrator's, and one's own.
CREATE POLICY read ON app_user FOR SELECT USING (user_name = viewer() OR (SELECT viewer_is('admin')));
CREATE POLICY administer ON app_user
    USING ((SELECT viewer_is('admin')) AND NOT synthetic) WITH CHECK ((SELECT viewer_is('admin')) AND NOT synthetic);
CREATE POLICY read ON user_scope FOR SELECT USING (user_name = viewer() OR (SELECT viewer_is('admin')));
-- The demonstration's people stay as they are.
CREATE POLICY administer ON user_scope
    USING ((SELECT viewer_is('admin'))
           AND EXISTS (SELECT FROM app_user AS person WHERE person.user_name = user_scope.user_name AND NOT person.synthetic))
    WITH CHECK ((SELECT viewer_is('admin'))
           AND EXISTS (SELECT FROM app_user AS person WHERE person.user_name = user_scope.user_name AND NOT person.synthetic));
CREATE POLICY read ON audit_event FOR SELECT USING ((SELECT viewer_is('admin')));

-- === Grants: what is not here is not to be had ========================================================================

REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM geoapp_web;
REVOKE EXECUTE ON FUNCTION viewer_units(text[]), viewer_is(text), viewer_rights(), session_user_name(text),
    start_demo_session(text, text, integer), end_session(text), demo_people(), find_unit_origins(),
    make_edition(date, boolean, boolean) FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO geoapp_web;
GRANT EXECUTE ON FUNCTION viewer_units(text[]), viewer_is(text), viewer_rights(), session_user_name(text),
    start_demo_session(text, text, integer), end_session(text), demo_people() TO geoapp_web;
GRANT SELECT ON alembic_version, spatial_ref_sys, admin_unit, admin_unit_part, admin_unit_origin, base_feature, vocab,
    setting, source, published_edition, published_cell, public_mine_site, deployment_count, mine_site, site_alias,
    site_visit, facility, route, checkpoint, deployment, escort_movement, incident, incident_release, committee,
    committee_seat, meeting, action, risk_item, training, import_batch, import_issue, app_user, user_scope TO geoapp_web;
-- What changed from what to what is content, which an administrator does not see.
GRANT SELECT (audit_event_id, happened_at, user_name, what, object, request_id) ON audit_event TO geoapp_web;
GRANT INSERT, UPDATE, DELETE ON mine_site, site_alias, site_visit, facility, route, checkpoint, deployment,
    escort_movement, incident, incident_release, committee, committee_seat, meeting, action, risk_item, training,
    app_user, user_scope TO geoapp_web;
GRANT INSERT ON source, import_batch, import_issue TO geoapp_web;
GRANT USAGE ON SEQUENCE import_issue_import_issue_id_seq TO geoapp_web;
