-- As 0019 has them.
CREATE OR REPLACE FUNCTION find_token(hash text, on_loopback boolean) RETURNS TABLE (user_name text, token_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT person.user_name, token.token_id
      FROM public.api_token AS token JOIN public.app_user AS person USING (user_name)
     WHERE token.token_hash = hash AND token.expires_at > now() AND person.disabled_at IS NULL
       AND (on_loopback OR NOT person.synthetic)
$$;

CREATE OR REPLACE FUNCTION viewer_units(VARIADIC roles text[]) RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    asked text[] := roles;
    token public.api_token;
    units text[];
BEGIN
    IF public.viewer_token() IS NOT NULL THEN
        SELECT * INTO token FROM public.api_token AS each
         WHERE each.token_id = public.viewer_token()::uuid AND each.user_name = public.viewer()
           AND each.expires_at > now();
        IF NOT FOUND THEN
            RETURN '{}';
        END IF;
        asked := ARRAY(SELECT role FROM unnest(roles) AS role WHERE token.roles IS NULL OR role = ANY (token.roles));
    END IF;
    units := (
        WITH RECURSIVE scope AS (
            SELECT held.unit_code
              FROM public.user_scope AS held JOIN public.app_user AS person USING (user_name)
             WHERE held.user_name = public.viewer() AND held.role = ANY (asked) AND person.disabled_at IS NULL
               AND held.unit_code IS NOT NULL
            UNION
            SELECT origin.made_from FROM public.admin_unit_origin AS origin JOIN scope USING (unit_code)
        )
        SELECT coalesce(array_agg(unit_code ORDER BY unit_code), '{}') FROM scope);
    IF token.scopes IS NOT NULL THEN
        RETURN public.common_units(units, public.with_origins(token.scopes));
    END IF;
    RETURN units;
END $$;
ALTER FUNCTION viewer_units SET plan_cache_mode TO force_generic_plan;

CREATE OR REPLACE FUNCTION viewer_is(wanted text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT public.viewer_token() IS NULL AND EXISTS (
        SELECT FROM public.user_scope AS scope JOIN public.app_user AS person USING (user_name)
         WHERE scope.user_name = public.viewer() AND scope.role = wanted AND person.disabled_at IS NULL)
$$;

CREATE OR REPLACE FUNCTION viewer_rights() RETURNS TABLE (role text, units text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT held.role, held.units
      FROM (SELECT each.role, public.viewer_units(each.role) AS units
              FROM (SELECT DISTINCT scope.role
                      FROM public.user_scope AS scope JOIN public.app_user AS person USING (user_name)
                     WHERE scope.user_name = public.viewer() AND person.disabled_at IS NULL) AS each) AS held
     WHERE public.viewer_token() IS NULL OR held.units <> '{}'
     ORDER BY held.role
$$;

CREATE OR REPLACE FUNCTION viewer_sees_real() RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN NOT EXISTS (SELECT FROM public.app_user WHERE user_name = public.viewer() AND synthetic);
END $$;
ALTER FUNCTION viewer_sees_real SET plan_cache_mode TO force_generic_plan;

CREATE OR REPLACE FUNCTION viewer() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('geoapp.viewer', true), '');

DROP TABLE watch, briefing_item, briefing;
DROP FUNCTION find_feed(text, boolean), viewer_feeds(), reader();
DELETE FROM api_token WHERE purpose <> 'api';
ALTER TABLE api_token DROP COLUMN purpose;
