-- Functions and views that could be used for more than they are for.

-- Conditions of the reader's are not to be tried on rows that the view leaves out, and it names no unit of others.
CREATE OR REPLACE VIEW deployment_count WITH (security_barrier) AS
SELECT unit.unit_code, deployment.function, deployment.force, count(*)::integer AS deployments,
       bool_or(deployment.synthetic) AS synthetic
  FROM deployment
 CROSS JOIN LATERAL unnest(deployment.units) AS unit (unit_code)
 WHERE deployment.units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis'))
   AND ((SELECT viewer_sees_real()) OR deployment.synthetic)
   AND unit.unit_code = ANY (
        SELECT within.unit_code FROM admin_unit AS within LEFT JOIN admin_unit AS above ON above.unit_code = within.parent_code
         WHERE within.level >= 1
           AND ARRAY[within.unit_code, within.parent_code, above.parent_code]
               && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis')))
   AND deployment.valid_from <= today() AND (deployment.valid_to IS NULL OR today() < deployment.valid_to)
 GROUP BY unit.unit_code, deployment.function, deployment.force;

-- The day in the installation's time zone, which the connection names: whatever it names, a day that it is somewhere on Earth.
CREATE OR REPLACE FUNCTION today() RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN least(greatest(
    (now() AT TIME ZONE coalesce(nullif(current_setting('geoapp.time_zone', true), ''), 'Africa/Kigali'))::date,
    (now() AT TIME ZONE 'Etc/GMT+12')::date), (now() AT TIME ZONE 'Etc/GMT-14')::date);

-- Two administrators who leave at once under one snapshot each: the second fails, rather than not see the first.
CREATE OR REPLACE FUNCTION keep_an_admin() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(6318006);
    IF EXISTS (
        SELECT FROM public.user_scope AS scope JOIN public.app_user AS person USING (user_name)
         WHERE scope.user_name = OLD.user_name AND scope.role = 'admin' AND person.disabled_at IS NULL
           AND NOT person.synthetic) THEN
        PERFORM FROM public.user_scope AS scope JOIN public.app_user AS person USING (user_name)
          WHERE scope.user_name <> OLD.user_name AND scope.role = 'admin' AND person.disabled_at IS NULL
            AND NOT person.synthetic FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the last administrator cannot be disabled' USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;

-- Names in functions mean the tables of geoapp, also where somebody has a temporary one of that name.
DO $$
DECLARE
    each record;
BEGIN
    -- Those whose body is text: the others were bound to their tables when they were made.
    FOR each IN SELECT oid::regprocedure AS signature FROM pg_proc AS made
                 WHERE pronamespace = 'public'::regnamespace AND prosqlbody IS NULL AND proconfig IS NULL
                   AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = made.oid AND deptype = 'e') LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, public, pg_temp', each.signature);
    END LOOP;
END $$;

-- A number that counts the findings of everybody's imports would tell how many there are.
ALTER TABLE import_issue DROP COLUMN import_issue_id;
ALTER TABLE import_issue ADD COLUMN import_issue_id UUID DEFAULT gen_random_uuid() NOT NULL,
    ADD CONSTRAINT pk_import_issue PRIMARY KEY (import_issue_id);

-- Triggers are for the tables that have them: on a temporary table of somebody's they would read for them.
DO $$
DECLARE
    each record;
BEGIN
    FOR each IN SELECT oid::regprocedure AS signature FROM pg_proc AS made
                 WHERE pronamespace = 'public'::regnamespace AND prorettype = 'trigger'::regtype
                   AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = made.oid AND deptype = 'e') LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', each.signature);
    END LOOP;
END $$;
