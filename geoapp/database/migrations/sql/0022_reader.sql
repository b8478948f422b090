-- A paper for somebody else is made with a reader's rights: geoapp.reader, `role:UNIT,UNIT`, beside the viewer who makes
-- it. Every policy then answers as for somebody of that role in those units, as far as the viewer may see as much: what is
-- the viewer's own, by their name, is not the reader's.

CREATE FUNCTION reader() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('geoapp.reader', true), '');

-- The name of a reader is none that a person can have, and differs by who makes the paper: what is kept for one viewer is
-- found by it.
CREATE OR REPLACE FUNCTION viewer() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN nullif(current_setting('geoapp.reader', true), '') IS NULL
            THEN nullif(current_setting('geoapp.viewer', true), '')
            ELSE '(reader of ' || nullif(current_setting('geoapp.viewer', true), '') || ')' END;

CREATE OR REPLACE FUNCTION viewer_units(VARIADIC roles text[]) RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode TO force_generic_plan AS $$
DECLARE
    person_name CONSTANT text := nullif(current_setting('geoapp.viewer', true), '');
    read_by CONSTANT text := public.reader();
    asked text[] := roles;
    token public.api_token;
    units text[];
BEGIN
    IF public.viewer_token() IS NOT NULL THEN
        SELECT * INTO token FROM public.api_token AS each
         WHERE each.token_id = public.viewer_token()::uuid AND each.user_name = person_name
           AND each.expires_at > now();
        IF NOT FOUND THEN
            RETURN '{}';
        END IF;
        asked := ARRAY(SELECT role FROM unnest(roles) AS role WHERE token.roles IS NULL OR role = ANY (token.roles));
    END IF;
    IF read_by IS NOT NULL THEN
        IF split_part(read_by, ':', 1) <> ALL (roles) THEN
            RETURN '{}';
        END IF;
        -- Whoever sees all of a unit sees what its committee sees.
        IF 'committee' = ANY (asked) THEN
            asked := asked || '{coordinator,analyst,gis}';
        END IF;
    END IF;
    units := (
        WITH RECURSIVE scope AS (
            SELECT held.unit_code
              FROM public.user_scope AS held JOIN public.app_user AS person USING (user_name)
             WHERE held.user_name = person_name AND held.role = ANY (asked) AND person.disabled_at IS NULL
               AND held.unit_code IS NOT NULL
            UNION
            SELECT origin.made_from FROM public.admin_unit_origin AS origin JOIN scope USING (unit_code)
        )
        SELECT coalesce(array_agg(unit_code ORDER BY unit_code), '{}') FROM scope);
    IF token.scopes IS NOT NULL THEN
        units := public.common_units(units, public.with_origins(token.scopes));
    END IF;
    IF read_by IS NOT NULL THEN
        units := public.common_units(units, public.with_origins(string_to_array(split_part(read_by, ':', 2), ',')));
    END IF;
    RETURN units;
END $$;

CREATE OR REPLACE FUNCTION viewer_is(wanted text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT public.viewer_token() IS NULL AND public.reader() IS NULL AND EXISTS (
        SELECT FROM public.user_scope AS scope JOIN public.app_user AS person USING (user_name)
         WHERE scope.user_name = public.viewer() AND scope.role = wanted AND person.disabled_at IS NULL)
$$;

CREATE OR REPLACE FUNCTION viewer_rights() RETURNS TABLE (role text, units text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT held.role, held.units
      FROM (SELECT each.role, public.viewer_units(each.role) AS units
              FROM (SELECT DISTINCT scope.role
                      FROM public.user_scope AS scope JOIN public.app_user AS person USING (user_name)
                     WHERE scope.user_name = public.viewer() AND person.disabled_at IS NULL) AS each
            UNION ALL
            -- Coordinators, analysts and GIS officers read the same.
            SELECT each.role, CASE WHEN each.role IN ('coordinator', 'analyst', 'gis')
                                   THEN public.viewer_units('coordinator', 'analyst', 'gis')
                                   ELSE public.viewer_units(each.role) END
              FROM (SELECT split_part(public.reader(), ':', 1) AS role WHERE public.reader() IS NOT NULL) AS each) AS held
     WHERE public.viewer_token() IS NULL AND public.reader() IS NULL OR held.units <> '{}'
     ORDER BY held.role
$$;

-- The demonstration's people make papers of the demonstration alone.
CREATE OR REPLACE FUNCTION viewer_sees_real() RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode TO force_generic_plan AS $$
BEGIN
    RETURN NOT EXISTS (SELECT FROM public.app_user
                        WHERE user_name = nullif(current_setting('geoapp.viewer', true), '') AND synthetic);
END $$;

GRANT EXECUTE ON FUNCTION reader() TO geoapp_web;
