-- Takes accounts away; the demonstration's people can be looked as again, and nobody else signs in.

DROP POLICY read ON web_session;
DROP POLICY remove ON web_session;
ALTER POLICY own ON import_batch USING (imported_by = viewer());
REVOKE SELECT (session_id, user_name, created_at, last_seen_at, expires_at, idle_minutes, browser, shared_computer),
    DELETE ON web_session FROM geoapp_web;
DROP FUNCTION session_user_name(text, boolean), session_id_of(text), touch_session(text),
    open_session(text, text, integer, integer, boolean, text, boolean), find_token(text, boolean), touch_token(text),
    begin_sign_in(text, text, text, text), end_sign_in(text, text, text, text, text), change_own_password(text, text),
    read_link(text, boolean), use_link(text, boolean, text), sign_in_delay(integer, integer, integer);

CREATE OR REPLACE FUNCTION viewer_units(VARIADIC roles text[]) RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN (
        WITH RECURSIVE scope AS (
            SELECT held.unit_code
              FROM public.user_scope AS held JOIN public.app_user AS person USING (user_name)
             WHERE held.user_name = public.viewer() AND held.role = ANY (roles) AND person.disabled_at IS NULL
               AND held.unit_code IS NOT NULL
            UNION
            SELECT origin.made_from FROM public.admin_unit_origin AS origin JOIN scope USING (unit_code)
        )
        SELECT coalesce(array_agg(unit_code ORDER BY unit_code), '{}') FROM scope);
END $$;

CREATE OR REPLACE FUNCTION viewer_is(wanted text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM public.user_scope AS scope JOIN public.app_user AS person USING (user_name)
         WHERE scope.user_name = public.viewer() AND scope.role = wanted AND person.disabled_at IS NULL)
$$;

CREATE OR REPLACE FUNCTION viewer_rights() RETURNS TABLE (role text, units text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT held.role, public.viewer_units(held.role)
      FROM (SELECT DISTINCT scope.role FROM public.user_scope AS scope JOIN public.app_user AS person USING (user_name)
             WHERE scope.user_name = public.viewer() AND person.disabled_at IS NULL) AS held
     ORDER BY held.role
$$;

CREATE FUNCTION session_user_name(hash text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT session.user_name
      FROM public.web_session AS session JOIN public.app_user AS person USING (user_name)
     WHERE session.token_hash = hash AND session.expires_at > now() AND person.disabled_at IS NULL
$$;

CREATE FUNCTION start_demo_session(person text, hash text, hours integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM public.web_session WHERE expires_at <= now();
    INSERT INTO public.web_session (token_hash, user_name, expires_at)
    SELECT hash, user_name, now() + make_interval(hours => least(hours, 24))
      FROM public.app_user WHERE user_name = person AND synthetic AND disabled_at IS NULL;
    RETURN FOUND;
END $$;

REVOKE EXECUTE ON FUNCTION session_user_name(text), start_demo_session(text, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION session_user_name(text), start_demo_session(text, text, integer) TO geoapp_web;

DROP TABLE api_token, known_browser, sign_in_count, sign_in_link, user_password;
DROP FUNCTION common_units(text[], text[]), with_origins(text[]), viewer_token();
ALTER TABLE web_session DROP COLUMN session_id, DROP COLUMN last_seen_at, DROP COLUMN idle_minutes, DROP COLUMN browser,
    DROP COLUMN shared_computer;
