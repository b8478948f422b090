-- The demonstration's people are there for anybody at the server's own machine, without a password: whatever their role,
-- they see and write synthetic rows alone.

-- PL/pgSQL keeps its plan for the connection; SQL would make it anew at each call, and every policy calls this.
CREATE FUNCTION viewer_sees_real() RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN NOT EXISTS (SELECT FROM public.app_user WHERE user_name = public.viewer() AND synthetic);
END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['mine_site', 'site_alias', 'site_visit', 'facility', 'route', 'checkpoint', 'deployment',
        'escort_movement', 'incident', 'incident_release', 'committee', 'committee_seat', 'meeting', 'action', 'risk_item',
        'training', 'app_user', 'alias_refusal', 'network_edge'] LOOP
        EXECUTE format('CREATE POLICY demonstration ON %I AS RESTRICTIVE'
                       ' USING ((SELECT viewer_sees_real()) OR synthetic)', name);
    END LOOP;
END $$;

-- A release's stand-in looks for its incident, and then reads the index alone.
DROP INDEX ix_incident_policy;
CREATE INDEX ix_incident_policy ON incident (incident_id) INCLUDE (country, units, sealed, handlers, synthetic);

CREATE POLICY demonstration ON source AS RESTRICTIVE
    USING ((SELECT viewer_sees_real()) OR source_id = 'demo') WITH CHECK ((SELECT viewer_sees_real()));

-- What they write is of the demonstration, and goes with it.
CREATE OR REPLACE FUNCTION signed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.created_by := CASE WHEN TG_OP = 'UPDATE' THEN OLD.created_by ELSE coalesce(viewer(), session_user) END;
    IF viewer() IS NOT NULL AND NOT viewer_sees_real() THEN
        NEW.synthetic := true;
    END IF;
    RETURN NEW;
END $$;

GRANT EXECUTE ON FUNCTION viewer_sees_real() TO geoapp_web;
