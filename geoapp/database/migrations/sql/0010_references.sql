-- What rows refer to: who may not see the one end is neither told of it by the other, nor reaches it through a write.

-- A write without a condition asks no policy for reading, so each for writing says as much itself.
DO $$
DECLARE
    seen CONSTANT text := $c$(incident_id IS NULL AND units && (SELECT viewer_units('coordinator'))
        OR EXISTS (SELECT FROM incident WHERE incident.incident_id = %1$I.incident_id
                      AND incident.units && (SELECT viewer_units('coordinator'))))
        AND (deployment_ref IS NULL OR EXISTS (SELECT FROM deployment WHERE deployment.id = %1$I.deployment_ref))
        AND (facility_ref IS NULL OR EXISTS (SELECT FROM facility WHERE facility.id = %1$I.facility_ref))$c$;
    -- Of an action, with the committee and the meeting that decided on it.
    decided CONSTANT text := $c$ AND (committee_id IS NULL
            OR EXISTS (SELECT FROM committee WHERE committee.committee_id = action.committee_id))
        AND (meeting_id IS NULL OR EXISTS (SELECT FROM meeting WHERE meeting.meeting_id = action.meeting_id))$c$;
    name text;
    writable text;
BEGIN
    FOREACH name IN ARRAY ARRAY['action', 'risk_item'] LOOP
        writable := format(seen, name);
        EXECUTE format('DROP POLICY add ON %1$I; DROP POLICY change ON %1$I; DROP POLICY remove ON %1$I', name);
        EXECUTE format('CREATE POLICY remove ON %I FOR DELETE USING (%s)', name, writable);
        EXECUTE format('CREATE POLICY change ON %I FOR UPDATE USING (%s) WITH CHECK (%s)', name, writable,
                       writable || CASE name WHEN 'action' THEN decided ELSE '' END);
        EXECUTE format('CREATE POLICY add ON %I FOR INSERT WITH CHECK (%s)', name,
                       writable || CASE name WHEN 'action' THEN decided ELSE '' END);
    END LOOP;
END $$;

DROP POLICY read ON risk_item;
CREATE POLICY read ON risk_item FOR SELECT USING (
    units && (SELECT viewer_units('coordinator', 'analyst', 'gis'))
    AND (incident_id IS NULL OR EXISTS (SELECT FROM incident WHERE incident.incident_id = risk_item.incident_id))
    AND (deployment_ref IS NULL OR EXISTS (SELECT FROM deployment WHERE deployment.id = risk_item.deployment_ref))
    AND (facility_ref IS NULL OR EXISTS (SELECT FROM facility WHERE facility.id = risk_item.facility_ref)));

-- Committees and meetings have readable keys, which could be guessed: a reference to one that is hidden is refused as one
-- to none is, and nobody chooses the key of a new one.
DROP POLICY add ON training;
CREATE POLICY add ON training FOR INSERT WITH CHECK (
    units && (SELECT viewer_units('gis', 'coordinator'))
    AND (committee_id IS NULL OR EXISTS (SELECT FROM committee WHERE committee.committee_id = training.committee_id)));
DROP POLICY change ON training;
CREATE POLICY change ON training FOR UPDATE USING (units && (SELECT viewer_units('gis', 'coordinator'))) WITH CHECK (
    units && (SELECT viewer_units('gis', 'coordinator'))
    AND (committee_id IS NULL OR EXISTS (SELECT FROM committee WHERE committee.committee_id = training.committee_id)));

REVOKE INSERT, UPDATE ON committee, meeting FROM geoapp_web;
GRANT INSERT (kind, name, unit_code, chair_role, meeting_period_days, synthetic, source_id, import_batch_id),
      UPDATE (kind, name, unit_code, chair_role, meeting_period_days) ON committee TO geoapp_web;
GRANT INSERT (committee_id, held_on, attendees_by_group, minutes_ref, synthetic, source_id, import_batch_id),
      UPDATE (held_on, attendees_by_group, minutes_ref) ON meeting TO geoapp_web;

-- A place that is deleted leaves where it was to what hangs on it, seen or not by who deletes it: without that, the refusal
-- of a row which then lies nowhere would quote it, and an incident would be lost to its handlers.
CREATE FUNCTION leave_the_place() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'mine_site' THEN
        UPDATE public.deployment SET geom = OLD.geom WHERE site_id = OLD.site_id AND geom IS NULL;
    ELSIF TG_TABLE_NAME = 'facility' THEN
        UPDATE public.deployment SET geom = OLD.geom WHERE facility_ref = OLD.id AND geom IS NULL;
    ELSE
        UPDATE public.deployment SET geom = ST_GeometryN(ST_LineMerge(OLD.geom), 1)
         WHERE route_ref = OLD.id AND geom IS NULL;
    END IF;
    RETURN OLD;
END $$;

CREATE TRIGGER leave_the_place BEFORE DELETE ON mine_site FOR EACH ROW EXECUTE FUNCTION leave_the_place();
CREATE TRIGGER leave_the_place BEFORE DELETE ON facility FOR EACH ROW EXECUTE FUNCTION leave_the_place();
CREATE TRIGGER leave_the_place BEFORE DELETE ON route FOR EACH ROW EXECUTE FUNCTION leave_the_place();

CREATE OR REPLACE FUNCTION incident_units() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.units IS NOT NULL AND NEW.geom IS NOT NULL
       AND NEW.geom = OLD.geom AND NEW.occurred_from = OLD.occurred_from THEN
        NEW.units := OLD.units;
    ELSIF NEW.geom IS NOT NULL THEN
        NEW.units := units_at(NEW.geom, NEW.occurred_from);
    ELSE
        NEW.units := coalesce(
            (SELECT units_at(site.geom, NEW.occurred_from) FROM public.mine_site AS site WHERE site.site_id = NEW.site_id),
            (SELECT units_at(facility.geom, NEW.occurred_from) FROM public.facility WHERE facility.id = NEW.facility_ref),
            (SELECT units_at(route.geom, NEW.occurred_from) FROM public.route WHERE route.id = NEW.route_ref),
            nullif(units_above(NEW.stated_unit), '{}'),
            -- Without any place left it stays where it was.
            CASE WHEN TG_OP = 'UPDATE' THEN OLD.units END,
            '{}');
    END IF;
    NEW.country := country_of(NEW.units);
    RETURN NEW;
END $$;
