-- Who may see and write which row. The web process connects as geoapp_web, which owns nothing; each transaction names its
-- viewer in geoapp.viewer ("public" for somebody who is not signed in), and without one nothing is seen.

DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'geoapp_web') THEN
        CREATE ROLE geoapp_web LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOBYPASSRLS;
    END IF;
END $$;

CREATE TABLE admin_unit_origin (
    unit_code TEXT NOT NULL,
    made_from TEXT NOT NULL,
    CONSTRAINT pk_admin_unit_origin PRIMARY KEY (unit_code, made_from),
    CONSTRAINT ck_admin_unit_origin_made_from CHECK (made_from <> unit_code)
);

CREATE TABLE web_session (
    token_hash TEXT NOT NULL,
    user_name TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_web_session PRIMARY KEY (token_hash),
    CONSTRAINT ck_web_session_token_hash CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    CONSTRAINT fk_web_session_user_name FOREIGN KEY (user_name) REFERENCES app_user (user_name) ON DELETE CASCADE
);
CREATE INDEX ix_web_session_user_name ON web_session (user_name);

ALTER TABLE app_user ADD CONSTRAINT ck_app_user_user_name CHECK (user_name ~ '^[a-z0-9][a-z0-9._-]{1,63}$' AND user_name <> 'public');
ALTER TABLE user_scope ADD CONSTRAINT ck_user_scope_unit_code CHECK ((unit_code IS NULL) = (role = 'admin'));

CREATE FUNCTION viewer() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('geoapp.viewer', true), '');

-- The units in which the viewer has one of the roles, with the older units that these were made from. The functions
-- below read tables that their caller may not: each gives away what the caller is told anyway.
CREATE FUNCTION viewer_units(VARIADIC roles text[]) RETURNS text[]
-- In PL/pgSQL, which keeps the plan: every policy asks this, several times a statement.
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

CREATE FUNCTION viewer_is(wanted text) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM public.user_scope AS scope JOIN public.app_user AS person USING (user_name)
         WHERE scope.user_name = public.viewer() AND scope.role = wanted AND person.disabled_at IS NULL)
$$;

-- All roles and units of the viewer: what caches and pages have to know.
CREATE FUNCTION viewer_rights() RETURNS TABLE (role text, units text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT held.role, public.viewer_units(held.role)
      FROM (SELECT DISTINCT scope.role FROM public.user_scope AS scope JOIN public.app_user AS person USING (user_name)
             WHERE scope.user_name = public.viewer() AND person.disabled_at IS NULL) AS held
     ORDER BY held.role
$$;

-- Whose a session's token is; NULL for one that is unknown, expired or of somebody who is disabled.
CREATE FUNCTION session_user_name(hash text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT session.user_name
      FROM public.web_session AS session JOIN public.app_user AS person USING (user_name)
     WHERE session.token_hash = hash AND session.expires_at > now() AND person.disabled_at IS NULL
$$;

-- Signs in as one of the demonstration's people, who exist only as long as its data.
CREATE FUNCTION start_demo_session(person text, hash text, hours integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM public.web_session WHERE expires_at <= now();
    INSERT INTO public.web_session (token_hash, user_name, expires_at)
    SELECT hash, user_name, now() + make_interval(hours => least(hours, 24))
      FROM public.app_user WHERE user_name = person AND synthetic AND disabled_at IS NULL;
    RETURN FOUND;
END $$;

CREATE FUNCTION end_session(hash text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM public.web_session WHERE token_hash = hash
$$;

-- The demonstration's people, by name and role, for the page that offers to look as one of them.
CREATE FUNCTION demo_people() RETURNS TABLE (user_name text, role text, units text[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT person.user_name, min(scope.role), array_remove(array_agg(scope.unit_code ORDER BY scope.unit_code), NULL)
      FROM public.app_user AS person JOIN public.user_scope AS scope USING (user_name)
     WHERE person.synthetic AND person.disabled_at IS NULL
     GROUP BY person.user_name
$$;
