-- Accounts: how somebody becomes the viewer of a transaction. Secrets are kept as hashes alone, and no role reads them: the
-- web process hands a hash to one of the functions below and learns whose it is.

ALTER TABLE web_session
    ADD COLUMN session_id UUID DEFAULT gen_random_uuid() NOT NULL,
    ADD COLUMN last_seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    -- Without one, a session ends at expires_at alone.
    ADD COLUMN idle_minutes INTEGER,
    ADD COLUMN browser TEXT,
    ADD COLUMN shared_computer BOOLEAN DEFAULT true NOT NULL,
    ADD CONSTRAINT uq_web_session_session_id UNIQUE (session_id),
    ADD CONSTRAINT ck_web_session_idle_minutes CHECK (idle_minutes >= 1);

CREATE TABLE user_password (
    user_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_user_password PRIMARY KEY (user_name),
    CONSTRAINT ck_user_password_password_hash CHECK (password_hash ~ '^\$argon2id\$'),
    CONSTRAINT fk_user_password_user_name FOREIGN KEY (user_name) REFERENCES app_user (user_name) ON DELETE CASCADE
);

CREATE TABLE sign_in_link (
    link_hash TEXT NOT NULL,
    user_name TEXT NOT NULL,
    purpose TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_sign_in_link PRIMARY KEY (link_hash),
    CONSTRAINT ck_sign_in_link_link_hash CHECK (link_hash ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_sign_in_link_purpose CHECK (purpose = ANY (ARRAY['demonstration'::text, 'invitation'::text, 'reset'::text])),
    CONSTRAINT fk_sign_in_link_user_name FOREIGN KEY (user_name) REFERENCES app_user (user_name) ON DELETE CASCADE
);
CREATE INDEX ix_sign_in_link_user_name ON sign_in_link (user_name);

-- Guesses: by account (the hash of the name that was typed, which may be nobody's) and by where they come from.
CREATE TABLE sign_in_count (
    account TEXT NOT NULL,
    origin TEXT NOT NULL,
    failures INTEGER DEFAULT 0 NOT NULL,
    refused INTEGER DEFAULT 0 NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    open_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_sign_in_count PRIMARY KEY (account, origin),
    CONSTRAINT ck_sign_in_count_failures CHECK (failures >= 0),
    CONSTRAINT ck_sign_in_count_refused CHECK (refused >= 0)
);
CREATE INDEX ix_sign_in_count_last_at ON sign_in_count (last_at);

CREATE TABLE known_browser (
    device_hash TEXT NOT NULL,
    user_name TEXT NOT NULL,
    network TEXT NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_known_browser PRIMARY KEY (device_hash, user_name),
    CONSTRAINT ck_known_browser_device_hash CHECK (device_hash ~ '^[0-9a-f]{64}$'),
    CONSTRAINT fk_known_browser_user_name FOREIGN KEY (user_name) REFERENCES app_user (user_name) ON DELETE CASCADE
);
CREATE INDEX ix_known_browser_user_name ON known_browser (user_name);

CREATE TABLE api_token (
    token_id UUID DEFAULT gen_random_uuid() NOT NULL,
    token_hash TEXT NOT NULL,
    user_name TEXT NOT NULL,
    label TEXT,
    -- NULL leaves all that the owner has.
    roles TEXT[],
    scopes TEXT[],
    made_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_api_token PRIMARY KEY (token_id),
    CONSTRAINT uq_api_token_token_hash UNIQUE (token_hash),
    CONSTRAINT ck_api_token_token_hash CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_api_token_label CHECK (length(label) <= 80),
    CONSTRAINT ck_api_token_roles CHECK (roles <@ ARRAY['committee'::text, 'coordinator'::text, 'analyst'::text, 'gis'::text]),
    CONSTRAINT fk_api_token_user_name FOREIGN KEY (user_name) REFERENCES app_user (user_name) ON DELETE CASCADE
);
CREATE INDEX ix_api_token_user_name ON api_token (user_name);

-- === Who is asking ====================================================================================================

-- The token that the transaction comes with; NULL without one.
CREATE FUNCTION viewer_token() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('geoapp.token', true), '');

-- The units that two scopes have in common: those of each that are in the other, or lie in a unit that is.
CREATE FUNCTION common_units(one text[], other text[]) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE lies_in AS (
        SELECT code AS unit_code, code AS within FROM unnest(one || other) AS code
        UNION
        SELECT lies_in.unit_code, unit.parent_code
          FROM lies_in JOIN public.admin_unit AS unit ON unit.unit_code = lies_in.within
         WHERE unit.parent_code IS NOT NULL
    )
    SELECT coalesce(array_agg(DISTINCT unit_code ORDER BY unit_code), '{}') FROM lies_in
     WHERE unit_code = ANY (one) AND within = ANY (other) OR unit_code = ANY (other) AND within = ANY (one)
$$;

CREATE FUNCTION with_origins(codes text[]) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
    WITH RECURSIVE scope AS (
        SELECT code AS unit_code FROM unnest(codes) AS code
        UNION
        SELECT origin.made_from FROM public.admin_unit_origin AS origin JOIN scope USING (unit_code)
    )
    SELECT coalesce(array_agg(unit_code ORDER BY unit_code), '{}') FROM scope
$$;

-- As before; through a token, what its owner has now and the token was not made without.
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

-- Nobody administers through a token.
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

-- Whose a session's token is; NULL for one that is unknown, over or of somebody who is disabled. The demonstration's
-- people are on the server's own machine, or nowhere.
DROP FUNCTION session_user_name(text), start_demo_session(text, text, integer);
CREATE FUNCTION session_user_name(hash text, on_loopback boolean) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT session.user_name
      FROM public.web_session AS session JOIN public.app_user AS person USING (user_name)
     WHERE session.token_hash = hash AND session.expires_at > now() AND person.disabled_at IS NULL
       AND (session.idle_minutes IS NULL
            OR session.last_seen_at > now() - make_interval(mins => session.idle_minutes))
       AND (on_loopback OR NOT person.synthetic)
$$;

CREATE FUNCTION session_id_of(hash text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT session_id FROM public.web_session WHERE token_hash = hash
$$;

CREATE FUNCTION touch_session(hash text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE public.web_session SET last_seen_at = now()
     WHERE token_hash = hash AND expires_at > now()
       AND (idle_minutes IS NULL OR last_seen_at > now() - make_interval(mins => idle_minutes))
$$;

CREATE FUNCTION open_session(person text, hash text, hours integer, idle integer, shared boolean, label text,
                             on_loopback boolean) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM public.web_session WHERE token_hash IN (
        SELECT over.token_hash FROM public.web_session AS over
         WHERE over.expires_at <= now() OR over.last_seen_at <= now() - make_interval(mins => over.idle_minutes)
           FOR UPDATE SKIP LOCKED);
    INSERT INTO public.web_session (token_hash, user_name, expires_at, idle_minutes, shared_computer, browser)
    SELECT hash, user_name, now() + make_interval(hours => hours), idle, shared, label
      FROM public.app_user WHERE user_name = person AND disabled_at IS NULL AND (on_loopback OR NOT synthetic);
    RETURN FOUND;
END $$;

-- Whose an API token is, and which; no row for one that is unknown, over, or of somebody who is disabled.
CREATE FUNCTION find_token(hash text, on_loopback boolean) RETURNS TABLE (user_name text, token_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT person.user_name, token.token_id
      FROM public.api_token AS token JOIN public.app_user AS person USING (user_name)
     WHERE token.token_hash = hash AND token.expires_at > now() AND person.disabled_at IS NULL
       AND (on_loopback OR NOT person.synthetic)
$$;

CREATE FUNCTION touch_token(hash text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    UPDATE public.api_token SET last_used_at = now() WHERE token_hash = hash
$$;

-- === Signing in with a password =======================================================================================

-- Seconds to wait after so many failures, of which some are free: 2, 4, 8 and so on, up to a bound.
CREATE FUNCTION sign_in_delay(failures integer, free integer, most integer) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN failures < free THEN 0 ELSE least(most, 2 ^ least(failures - free + 1, 20))::integer END;

-- Counts one attempt as failed before its password is looked at, so that attempts at once do not outrun the count, and
-- gives the hash to look at; or how many seconds to wait, and no hash. docs/sign-in.md says who waits how long.
CREATE FUNCTION begin_sign_in(person text, account_hash text, from_network text, device text)
RETURNS TABLE (wait integer, password_hash text, failed integer, turned_away integer, is_known boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    browser_origin CONSTANT text := 'browser ' || device;
    known_here boolean;
    -- Which counts an attempt falls under: account, origin, failures that cost nothing, longest delay in seconds.
    accounts text[];
    origins text[];
    free integer[];
    most integer[];
    count_of public.sign_in_count;
BEGIN
    PERFORM pg_advisory_xact_lock(6318007, hashtext(account_hash));
    -- Two attempts that clear away at once must not wait for each other in a circle.
    DELETE FROM public.sign_in_count WHERE (account, origin) IN (
        SELECT over.account, over.origin FROM public.sign_in_count AS over
         WHERE over.last_at < now() - interval '1 hour' AND over.open_at < now() FOR UPDATE SKIP LOCKED);
    IF EXISTS (SELECT FROM public.known_browser AS known
                WHERE known.user_name = person AND known.device_hash = device AND known.seen_at > now() - interval '1 year')
       AND NOT EXISTS (SELECT FROM public.sign_in_count AS each
                        WHERE each.account = account_hash AND each.origin = browser_origin AND each.open_at > now()) THEN
        accounts := ARRAY[account_hash];
        origins := ARRAY[browser_origin];
        free := '{10}';
        most := '{900}';
    ELSE
        known_here := EXISTS (SELECT FROM public.known_browser AS known
                               WHERE known.user_name = person AND known.network = from_network
                                 AND known.seen_at > now() - interval '90 days');
        accounts := ARRAY[account_hash, ''] || CASE WHEN known_here THEN '{}' ELSE ARRAY[account_hash] END;
        origins := ARRAY[from_network, from_network] || CASE WHEN known_here THEN '{}' ELSE ARRAY[''] END;
        free := '{5,50,50}';
        most := '{900,900,30}';
    END IF;

    SELECT coalesce(max(ceil(extract(epoch FROM each.open_at - clock_timestamp()))), 0) INTO wait
      FROM public.sign_in_count AS each
     WHERE (each.account, each.origin) IN (SELECT * FROM unnest(accounts, origins)) AND each.open_at > clock_timestamp();
    IF wait > 0 THEN
        UPDATE public.sign_in_count AS each SET refused = each.refused + 1
         WHERE each.account = accounts[1] AND each.origin = origins[1] RETURNING each.* INTO count_of;
        IF NOT FOUND THEN
            INSERT INTO public.sign_in_count (account, origin, refused)
            VALUES (accounts[1], origins[1], 1) RETURNING * INTO count_of;
        END IF;
    ELSE
        -- Backwards, so that the one of this account and this origin is left to tell of.
        FOR place IN REVERSE cardinality(accounts)..1 LOOP
            INSERT INTO public.sign_in_count AS each (account, origin, failures, last_at, open_at)
            VALUES (accounts[place], origins[place], 1, now(), now())
            ON CONFLICT (account, origin) DO UPDATE
               SET failures = each.failures + 1, last_at = now(),
                   open_at = clock_timestamp()
                             + make_interval(secs => public.sign_in_delay(each.failures + 1, free[place], most[place]))
            RETURNING each.* INTO count_of;
        END LOOP;
        SELECT secret.password_hash INTO password_hash
          FROM public.user_password AS secret JOIN public.app_user AS who USING (user_name)
         WHERE secret.user_name = person AND who.disabled_at IS NULL AND NOT who.synthetic;
    END IF;
    failed := count_of.failures;
    turned_away := count_of.refused;
    is_known := EXISTS (SELECT FROM public.app_user AS who WHERE who.user_name = person);
    RETURN NEXT;
END $$;

-- Takes the count of an attempt back that was no failure, and remembers the browser and the network that it came from.
CREATE FUNCTION end_sign_in(person text, account_hash text, from_network text, device text, remembered text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM public.sign_in_count
     WHERE account = account_hash AND origin IN (from_network, 'browser ' || device);
    UPDATE public.sign_in_count SET failures = failures - 1
     WHERE (account, origin) IN ((account_hash, ''), ('', from_network)) AND failures > 0;
    DELETE FROM public.known_browser WHERE user_name = person AND seen_at < now() - interval '1 year';
    INSERT INTO public.known_browser (device_hash, user_name, network) VALUES (remembered, person, from_network)
    ON CONFLICT (device_hash, user_name) DO UPDATE SET network = excluded.network, seen_at = now();
END $$;

-- Gives the viewer a new password, and ends all their sessions but one; how many.
CREATE FUNCTION change_own_password(new_hash text, kept text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    ended integer;
BEGIN
    IF public.viewer_token() IS NOT NULL
       OR NOT EXISTS (SELECT FROM public.app_user AS who WHERE who.user_name = public.viewer() AND NOT who.synthetic
                         AND who.disabled_at IS NULL) THEN
        RAISE EXCEPTION 'there is no password to change' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO public.user_password (user_name, password_hash) VALUES (public.viewer(), new_hash)
    ON CONFLICT (user_name) DO UPDATE SET password_hash = excluded.password_hash, changed_at = now();
    DELETE FROM public.sign_in_link WHERE user_name = public.viewer();
    DELETE FROM public.web_session WHERE user_name = public.viewer() AND token_hash <> kept;
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $$;

-- === One-time links ===================================================================================================

CREATE FUNCTION read_link(hash text, on_loopback boolean) RETURNS TABLE (user_name text, purpose text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT person.user_name, link.purpose
      FROM public.sign_in_link AS link JOIN public.app_user AS person USING (user_name)
     WHERE link.link_hash = hash AND link.expires_at > now() AND person.disabled_at IS NULL
       AND CASE WHEN link.purpose = 'demonstration' THEN person.synthetic AND on_loopback ELSE NOT person.synthetic END
$$;

-- Uses a link up: whose it was, once. An invitation and a reset bring a new password, and end what was open before.
CREATE FUNCTION use_link(hash text, on_loopback boolean, new_hash text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    link record;
BEGIN
    SELECT * INTO link FROM public.read_link(hash, on_loopback);
    IF link.user_name IS NULL OR (link.purpose <> 'demonstration') <> (new_hash IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    DELETE FROM public.sign_in_link WHERE link_hash = hash;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF new_hash IS NOT NULL THEN
        INSERT INTO public.user_password (user_name, password_hash) VALUES (link.user_name, new_hash)
        ON CONFLICT (user_name) DO UPDATE SET password_hash = excluded.password_hash, changed_at = now();
        DELETE FROM public.sign_in_link WHERE user_name = link.user_name;
        DELETE FROM public.web_session WHERE user_name = link.user_name;
    END IF;
    RETURN link.user_name;
END $$;

-- === Policies and grants ==============================================================================================

ALTER TABLE user_password ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE sign_in_link ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE sign_in_count ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE known_browser ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE api_token ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

-- Sessions and tokens are one's own to see and to end, and an administrator's; through a token, nobody's.
CREATE POLICY read ON web_session FOR SELECT USING (
    viewer_token() IS NULL AND (user_name = viewer() OR (SELECT viewer_is('admin'))));
CREATE POLICY remove ON web_session FOR DELETE USING (
    viewer_token() IS NULL AND (user_name = viewer() OR (SELECT viewer_is('admin'))));
-- What a file of the owner's held may be of units that a token was made without.
ALTER POLICY own ON import_batch USING (viewer_token() IS NULL AND imported_by = viewer());
CREATE POLICY read ON api_token FOR SELECT USING (
    viewer_token() IS NULL AND (user_name = viewer() OR (SELECT viewer_is('admin'))));
CREATE POLICY add ON api_token FOR INSERT WITH CHECK (viewer_token() IS NULL AND user_name = viewer());
CREATE POLICY remove ON api_token FOR DELETE USING (
    viewer_token() IS NULL AND (user_name = viewer() OR (SELECT viewer_is('admin'))));
-- An administrator makes links for others, and never for the demonstration's people.
CREATE POLICY read ON sign_in_link FOR SELECT USING ((SELECT viewer_is('admin')));
CREATE POLICY add ON sign_in_link FOR INSERT WITH CHECK (
    (SELECT viewer_is('admin'))
    AND EXISTS (SELECT FROM app_user AS person WHERE person.user_name = sign_in_link.user_name AND NOT person.synthetic));
CREATE POLICY remove ON sign_in_link FOR DELETE USING ((SELECT viewer_is('admin')));

REVOKE EXECUTE ON FUNCTION session_user_name(text, boolean), session_id_of(text), touch_session(text),
    open_session(text, text, integer, integer, boolean, text, boolean), find_token(text, boolean), touch_token(text),
    begin_sign_in(text, text, text, text), end_sign_in(text, text, text, text, text), change_own_password(text, text),
    read_link(text, boolean), use_link(text, boolean, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION session_user_name(text, boolean), session_id_of(text), touch_session(text),
    open_session(text, text, integer, integer, boolean, text, boolean), find_token(text, boolean), touch_token(text),
    begin_sign_in(text, text, text, text), end_sign_in(text, text, text, text, text), change_own_password(text, text),
    read_link(text, boolean), use_link(text, boolean, text) TO geoapp_web;
GRANT SELECT (session_id, user_name, created_at, last_seen_at, expires_at, idle_minutes, browser, shared_computer)
    ON web_session TO geoapp_web;
GRANT SELECT (token_id, user_name, label, roles, scopes, made_at, expires_at, last_used_at) ON api_token TO geoapp_web;
GRANT INSERT (token_id, token_hash, user_name, label, roles, scopes, expires_at) ON api_token TO geoapp_web;
GRANT SELECT (user_name, purpose, made_at, expires_at) ON sign_in_link TO geoapp_web;
GRANT INSERT (link_hash, user_name, purpose, expires_at) ON sign_in_link TO geoapp_web;
GRANT DELETE ON web_session, api_token, sign_in_link TO geoapp_web;
