-- An action on an incident tells its committee no smaller unit than the province: the release may have left the place
-- vaguer than the incident has it. Who sees the incident, or its release, sees the action.

CREATE FUNCTION action_units() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    SELECT subject.units, subject.country INTO NEW.units, NEW.country FROM (
        SELECT ARRAY(
                   SELECT code FROM unnest(incident.units) WITH ORDINALITY AS each (code, place)
                    WHERE EXISTS (SELECT FROM public.admin_unit WHERE unit_code = code AND level <= 1)
                    ORDER BY place) AS units,
               incident.country
          FROM public.incident WHERE incident_id = NEW.incident_id
        UNION ALL SELECT units, country FROM public.mine_site WHERE site_id = NEW.site_id
        UNION ALL SELECT units, country FROM public.route WHERE id = NEW.route_ref
        UNION ALL SELECT units, country FROM public.facility WHERE id = NEW.facility_ref
        UNION ALL SELECT units, country FROM public.deployment WHERE id = NEW.deployment_ref) AS subject;
    NEW.units := coalesce(NEW.units, '{}');
    RETURN NEW;
END $$;

DROP TRIGGER units ON action;
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON action FOR EACH ROW EXECUTE FUNCTION action_units();
UPDATE action SET units = NULL WHERE incident_id IS NOT NULL;

DROP POLICY read ON action;
CREATE POLICY read ON action FOR SELECT USING (
    (incident_id IS NULL AND units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis'))
     OR EXISTS (SELECT FROM incident WHERE incident.incident_id = action.incident_id)
     OR EXISTS (SELECT FROM incident_release AS shown WHERE shown.incident_id = action.incident_id))
    AND (deployment_ref IS NULL OR EXISTS (SELECT FROM deployment WHERE deployment.id = action.deployment_ref))
    AND (facility_ref IS NULL OR EXISTS (SELECT FROM facility WHERE facility.id = action.facility_ref)));

DO $$
DECLARE
    writable CONSTANT text := $c$incident_id IS NULL AND units && (SELECT viewer_units('coordinator'))
        OR EXISTS (SELECT FROM incident WHERE incident.incident_id = action.incident_id
                      AND incident.units && (SELECT viewer_units('coordinator')))$c$;
BEGIN
    DROP POLICY add ON action;
    DROP POLICY change ON action;
    DROP POLICY remove ON action;
    EXECUTE format('CREATE POLICY add ON action FOR INSERT WITH CHECK (%s)', writable);
    EXECUTE format('CREATE POLICY change ON action FOR UPDATE USING (%1$s) WITH CHECK (%1$s)', writable);
    EXECUTE format('CREATE POLICY remove ON action FOR DELETE USING (%s)', writable);
END $$;
