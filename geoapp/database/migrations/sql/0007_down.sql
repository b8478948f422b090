DROP POLICY read ON action;
DROP POLICY add ON action;
DROP POLICY change ON action;
DROP POLICY remove ON action;
CREATE POLICY read ON action FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis'))
    AND (incident_id IS NULL
         OR EXISTS (SELECT FROM incident WHERE incident.incident_id = action.incident_id)
         OR EXISTS (SELECT FROM incident_release AS shown WHERE shown.incident_id = action.incident_id))
    AND (deployment_ref IS NULL OR EXISTS (SELECT FROM deployment WHERE deployment.id = action.deployment_ref))
    AND (facility_ref IS NULL OR EXISTS (SELECT FROM facility WHERE facility.id = action.facility_ref)));
CREATE POLICY add ON action FOR INSERT WITH CHECK (units && (SELECT viewer_units('coordinator')));
CREATE POLICY change ON action FOR UPDATE
    USING (units && (SELECT viewer_units('coordinator'))) WITH CHECK (units && (SELECT viewer_units('coordinator')));
CREATE POLICY remove ON action FOR DELETE USING (units && (SELECT viewer_units('coordinator')));

DROP TRIGGER units ON action;
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON action FOR EACH ROW EXECUTE FUNCTION subject_units();
DROP FUNCTION action_units();
UPDATE action SET units = NULL WHERE incident_id IS NOT NULL;
