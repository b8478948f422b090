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

CREATE TABLE published_edition (
    edition_id SERIAL NOT NULL,
    quarter DATE NOT NULL,
    number INTEGER NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    synthetic BOOLEAN NOT NULL,
    CONSTRAINT pk_published_edition PRIMARY KEY (edition_id),
    CONSTRAINT uq_published_edition_quarter_synthetic_number UNIQUE (quarter, synthetic, number),
    CONSTRAINT ck_published_edition_quarter CHECK (quarter = date_trunc('quarter', quarter)::date),
    CONSTRAINT ck_published_edition_number CHECK (number >= 1)
);

CREATE TABLE published_cell (
    edition_id INTEGER NOT NULL,
    unit_code TEXT NOT NULL,
    level TEXT NOT NULL,
    incidents INTEGER,
    CONSTRAINT pk_published_cell PRIMARY KEY (edition_id, unit_code, level),
    CONSTRAINT ck_published_cell_level CHECK (level = ANY (ARRAY['1'::text, '2'::text, '3'::text, 'unknown'::text])),
    CONSTRAINT ck_published_cell_incidents CHECK (incidents >= 3),
    CONSTRAINT fk_published_cell_edition_id FOREIGN KEY (edition_id)
        REFERENCES published_edition (edition_id) ON DELETE CASCADE
);

ALTER TABLE app_user ADD CONSTRAINT ck_app_user_user_name CHECK (user_name ~ '^[a-z0-9][a-z0-9._-]{1,63}$' AND user_name <> 'public');
ALTER TABLE user_scope ADD CONSTRAINT ck_user_scope_unit_code CHECK ((unit_code IS NULL) = (role = 'admin'));

-- === Who is asking ====================================================================================================

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

-- === Rules about people and units =====================================================================================

CREATE FUNCTION find_unit_origins() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM public.admin_unit_origin;
    INSERT INTO public.admin_unit_origin (unit_code, made_from)
    SELECT DISTINCT newer.unit_code, older.unit_code
      FROM public.admin_unit AS newer
      JOIN public.admin_unit AS older
        ON older.country = newer.country AND older.level = newer.level AND older.unit_code <> newer.unit_code
       AND older.valid_to <= newer.valid_from AND older.geom && newer.geom
     WHERE ST_Area(ST_Intersection(older.geom, newer.geom)) > 0.5 * ST_Area(older.geom);
$$;

CREATE FUNCTION scope_of_a_known_unit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.unit_code IS NOT NULL
       AND NOT EXISTS (SELECT FROM public.admin_unit WHERE unit_code = NEW.unit_code) THEN
        RAISE EXCEPTION 'there is no unit %', NEW.unit_code USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER known_unit BEFORE INSERT OR UPDATE ON user_scope
FOR EACH ROW EXECUTE FUNCTION scope_of_a_known_unit();

-- An installation that has an administrator keeps one. The lock makes two of them who leave at once do it in turn, each
-- seeing what the other did.
CREATE FUNCTION keep_an_admin() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(6318006);
    IF EXISTS (
        SELECT FROM public.user_scope AS scope JOIN public.app_user AS person USING (user_name)
         WHERE scope.user_name = OLD.user_name AND scope.role = 'admin' AND person.disabled_at IS NULL
           AND NOT person.synthetic)
       AND NOT EXISTS (
        SELECT FROM public.user_scope AS scope JOIN public.app_user AS person USING (user_name)
         WHERE scope.user_name <> OLD.user_name AND scope.role = 'admin' AND person.disabled_at IS NULL
           AND NOT person.synthetic) THEN
        RAISE EXCEPTION 'the last administrator cannot be disabled' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER keep_an_admin BEFORE DELETE ON app_user FOR EACH ROW EXECUTE FUNCTION keep_an_admin();
CREATE TRIGGER keep_an_admin_enabled BEFORE UPDATE ON app_user
FOR EACH ROW WHEN (NEW.disabled_at IS NOT NULL OR NEW.synthetic) EXECUTE FUNCTION keep_an_admin();
CREATE TRIGGER keep_an_admin BEFORE DELETE ON user_scope
FOR EACH ROW WHEN (OLD.role = 'admin') EXECUTE FUNCTION keep_an_admin();
CREATE TRIGGER keep_an_admin_in_role BEFORE UPDATE ON user_scope
FOR EACH ROW WHEN (OLD.role = 'admin' AND (NEW.role <> 'admin' OR NEW.user_name <> OLD.user_name))
EXECUTE FUNCTION keep_an_admin();

-- Who wrote a row is not the writer's to say.
CREATE FUNCTION signed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.created_by := CASE WHEN TG_OP = 'UPDATE' THEN OLD.created_by ELSE coalesce(viewer(), session_user) END;
    RETURN NEW;
END $$;

-- Units are found with the owner's eyes: what a row hangs on may be hidden from who writes it.
ALTER FUNCTION incident_units() SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION deployment_units() SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION site_child_units() SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION route_child_units() SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION committee_child_units() SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION incident_child_units() SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION subject_units() SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION site_moved() SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION facility_moved() SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION route_moved() SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION incident_moved() SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION deployment_moved() SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
ALTER FUNCTION committee_moved() SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;

-- An incident is released once, and a release tells no smaller unit than the place that was chosen for it.
DROP INDEX ix_incident_release_incident_id;
ALTER TABLE incident_release ADD CONSTRAINT uq_incident_release_incident_id UNIQUE (incident_id);

CREATE FUNCTION release_units() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    SELECT units, country INTO NEW.units, NEW.country FROM public.incident WHERE incident_id = NEW.incident_id;
    NEW.units := coalesce(NEW.units, '{}');
    -- Where a report comes from stays with the report; the demonstration's own source tells nothing.
    IF NOT NEW.synthetic THEN
        NEW.source_id := NULL;
    END IF;
    IF NEW.location_precision = 5 THEN
        NEW.units := ARRAY(
            SELECT code FROM unnest(NEW.units) WITH ORDINALITY AS each (code, place)
             WHERE EXISTS (SELECT FROM public.admin_unit WHERE unit_code = code AND level <= 1)
             ORDER BY place);
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER units ON incident_release;
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON incident_release FOR EACH ROW EXECUTE FUNCTION release_units();

-- === Views of what a role sees of rows that it does not get ===========================================================
-- They run with their owner's rights on purpose: the rows or columns that they leave out are the rule.

CREATE VIEW public_mine_site AS
SELECT site_id, name, minerals, icglr_status, country, units, synthetic, geom, geom_3857
  FROM mine_site
 WHERE viewer() IS NOT NULL;

CREATE VIEW deployment_count AS
SELECT unit.unit_code, deployment.function, deployment.force, count(*)::integer AS deployments,
       bool_or(deployment.synthetic) AS synthetic
  FROM deployment
 CROSS JOIN LATERAL unnest(deployment.units) AS unit (unit_code)
 WHERE deployment.units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis'))
   AND unit.unit_code = ANY (SELECT unit_code FROM admin_unit WHERE level >= 1)
   AND deployment.valid_from <= today() AND (deployment.valid_to IS NULL OR today() < deployment.valid_to)
 GROUP BY unit.unit_code, deployment.function, deployment.force;

-- === The published edition ============================================================================================
-- The only figures about incidents that the public has; docs/publication.md says why they give nothing back.

-- The first day on which a quarter may be published: 60 days after its last one.
CREATE FUNCTION published_from(quarter date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (quarter + interval '3 months')::date - 1 + 60;

-- What an edition says of a cell that holds `actual` incidents, after all that earlier editions said of it; NULL is
-- withheld, and reckoned as 2, the nearest to any figure. Where something within 2 of it was said before, that is said
-- again: the difference of two editions is 0 or at least 3.
CREATE FUNCTION published_count(actual integer, earlier integer[]) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN EXISTS (SELECT FROM unnest(earlier) AS said WHERE abs(greatest(actual, 2) - coalesce(said, 2)) <= 2)
    THEN (SELECT said FROM unnest(earlier) AS said ORDER BY abs(greatest(actual, 2) - coalesce(said, 2)), said LIMIT 1)
    ELSE nullif(greatest(actual, 2), 2)
END;

-- Makes the edition of a quarter: of synthetic rows alone or of real ones alone, since who can make the demonstration's
-- rows could take them away from a sum of both. It counts what its caller may not see, and so fails, rather than count
-- nothing, where a policy would bind the owner.
CREATE FUNCTION make_edition(of_quarter date, of_synthetic boolean, correction boolean) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
DECLARE
    title CONSTANT text := to_char(of_quarter, 'YYYY"-Q"Q');
    after_it CONSTANT date := (of_quarter + interval '3 months')::date;
    provinces text[];
    previous public.published_edition;
    made integer;
BEGIN
    LOCK TABLE public.published_edition IN SHARE ROW EXCLUSIVE MODE;
    IF public.today() < public.published_from(of_quarter) THEN
        RAISE EXCEPTION '% is published 60 days after its end: from % on. Try again then.',
            title, public.published_from(of_quarter);
    END IF;
    SELECT * INTO previous FROM public.published_edition
     WHERE quarter = of_quarter AND synthetic = of_synthetic ORDER BY number DESC LIMIT 1;
    IF previous.number IS NULL AND correction THEN
        RAISE EXCEPTION '% has not been published yet, so there is nothing to correct: publish it first.', title;
    ELSIF previous.number IS NOT NULL AND NOT correction THEN
        RAISE EXCEPTION '% was published before, and an edition stays as it is. Correct it with a new edition.', title;
    END IF;
    provinces := ARRAY(
        SELECT DISTINCT unit_code FROM public.admin_unit
         WHERE level = 1 AND valid_from < after_it AND (valid_to IS NULL OR valid_to > of_quarter) ORDER BY unit_code);
    IF cardinality(provinces) = 0 THEN
        RAISE EXCEPTION 'No province of % is known. Load the boundaries of that time first.', title;
    END IF;
    -- Two editions of one quarter by different borders could be subtracted from each other.
    IF correction AND provinces <> ARRAY(SELECT DISTINCT unit_code FROM public.published_cell
                                          WHERE edition_id = previous.edition_id ORDER BY unit_code) THEN
        RAISE EXCEPTION 'The provinces of % are others now than when it was published: by new borders, a correction'
            ' would tell what was withheld. The last edition stays.', title;
    END IF;

    INSERT INTO public.published_edition (quarter, number, synthetic)
    VALUES (of_quarter, coalesce(previous.number, 0) + 1, of_synthetic) RETURNING edition_id INTO made;
    INSERT INTO public.published_cell (edition_id, unit_code, level, incidents)
    WITH placed AS (
        SELECT incident.units, incident.occurred_from, coalesce(incident.level::text, 'unknown') AS level,
               count(*) AS incidents
          FROM public.incident
         WHERE incident.occurred_from >= of_quarter AND incident.occurred_from < after_it
           AND incident.synthetic = of_synthetic AND incident.status <> 'rejected'
           AND coalesce(incident.outcome, '') NOT IN ('unfounded', 'merged')
         GROUP BY incident.units, incident.occurred_from, coalesce(incident.level::text, 'unknown')
    ), counted AS (
        SELECT province.unit_code, placed.level, sum(placed.incidents)::integer AS incidents
          FROM placed
         -- Somewhere on a line through several provinces is in none that is known.
         CROSS JOIN LATERAL (
            SELECT min(unit.unit_code) AS unit_code FROM public.admin_unit AS unit
             WHERE unit.level = 1 AND unit.unit_code = ANY (placed.units) AND unit.valid_from <= placed.occurred_from
               AND (unit.valid_to IS NULL OR placed.occurred_from < unit.valid_to)
            HAVING count(DISTINCT unit.unit_code) = 1) AS province
         GROUP BY province.unit_code, placed.level
    ), said AS (
        SELECT cell.unit_code, cell.level, array_agg(cell.incidents) AS earlier
          FROM public.published_cell AS cell JOIN public.published_edition AS edition USING (edition_id)
         WHERE edition.quarter = of_quarter AND edition.synthetic = of_synthetic
         GROUP BY cell.unit_code, cell.level
    )
    SELECT made, province.unit_code, level.code,
           public.published_count(coalesce(counted.incidents, 0), coalesce(said.earlier, '{}'))
      FROM unnest(provinces) AS province (unit_code)
     CROSS JOIN unnest(ARRAY['1', '2', '3', 'unknown']) AS level (code)
      LEFT JOIN counted ON counted.unit_code = province.unit_code AND counted.level = level.code
      LEFT JOIN said ON said.unit_code = province.unit_code AND said.level = level.code;
    RETURN made;
END $$;

CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a published edition stays as it is; a correction is an edition of its own';
END $$;

-- Cells come and go with their edition, and at no other time.
CREATE FUNCTION keep_with_edition() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM FROM public.published_edition WHERE edition_id = NEW.edition_id AND made_at <> now();
    ELSE
        PERFORM FROM public.published_edition WHERE edition_id = OLD.edition_id;
    END IF;
    IF FOUND THEN
        RAISE EXCEPTION 'a published edition stays as it is; a correction is an edition of its own';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;

CREATE TRIGGER frozen BEFORE UPDATE ON published_edition FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER frozen_unless_synthetic BEFORE DELETE ON published_edition
FOR EACH ROW WHEN (NOT OLD.synthetic) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER frozen_whole BEFORE TRUNCATE ON published_edition EXECUTE FUNCTION refuse_change();
CREATE TRIGGER frozen BEFORE UPDATE ON published_cell FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER frozen_with_edition BEFORE INSERT OR DELETE ON published_cell
FOR EACH ROW EXECUTE FUNCTION keep_with_edition();
CREATE TRIGGER frozen_whole BEFORE TRUNCATE ON published_cell EXECUTE FUNCTION refuse_change();

-- === Keys that do not tell of hidden rows =============================================================================
-- A key that is taken by a row which the writer may not see must not be refused: that would tell that it is there. So every
-- unique key names what decides who sees a row, its units above all: two rows collide only where whoever sees one sees the
-- other. What is not yet to be seen has another date, and a sealed incident collides with nothing. That a key is given
-- once among the rows that somebody does see is for the writer to check, as the import does.

ALTER TABLE site_alias DROP CONSTRAINT uq_site_alias_source_code,
    ADD CONSTRAINT uq_site_alias_source_code_units UNIQUE (source, code, units);
ALTER TABLE facility DROP CONSTRAINT uq_facility_country_facility_id,
    ADD CONSTRAINT uq_facility_facility_id_units UNIQUE (facility_id, units);
ALTER TABLE route DROP CONSTRAINT uq_route_country_route_id,
    ADD CONSTRAINT uq_route_route_id_units UNIQUE (route_id, units);
ALTER TABLE checkpoint DROP CONSTRAINT uq_checkpoint_country_checkpoint_id,
    ADD CONSTRAINT uq_checkpoint_checkpoint_id_units UNIQUE (checkpoint_id, units);
ALTER TABLE training DROP CONSTRAINT uq_training_country_training_id,
    ADD CONSTRAINT uq_training_training_id_units UNIQUE (training_id, units);
ALTER TABLE deployment DROP CONSTRAINT uq_deployment_country_deployment_id,
    ADD CONSTRAINT uq_deployment_deployment_id_units_valid_from UNIQUE (deployment_id, units, valid_from);
ALTER TABLE escort_movement DROP CONSTRAINT uq_escort_movement_country_movement_id,
    ADD CONSTRAINT uq_escort_movement_movement_id_units_arrived_at UNIQUE (movement_id, units, arrived_at);
DROP INDEX uq_incident_incident_no, uq_incident_content_key;
CREATE UNIQUE INDEX uq_incident_incident_no ON incident (COALESCE(source_id, ''::text), incident_no, units)
    WHERE incident_no IS NOT NULL AND NOT sealed;
CREATE UNIQUE INDEX uq_incident_content_key ON incident (COALESCE(source_id, ''::text), content_key, units)
    WHERE incident_no IS NULL AND NOT sealed;
-- All that the policy asks of an incident: whether a release's incident may be seen is found without reading the row.
CREATE INDEX ix_incident_policy ON incident (incident_id) INCLUDE (country, units, sealed, handlers);

-- === Policies =========================================================================================================

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
                   AND tablename NOT IN ('spatial_ref_sys', 'alembic_version') LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        IF EXISTS (SELECT FROM information_schema.columns
                    WHERE table_schema = 'public' AND table_name = name AND column_name = 'created_by') THEN
            EXECUTE format('CREATE TRIGGER signed BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION signed()', name);
        END IF;
    END LOOP;
END $$;

-- For everybody, signed in or not.
CREATE POLICY read ON admin_unit FOR SELECT USING (viewer() IS NOT NULL);
CREATE POLICY read ON admin_unit_part FOR SELECT USING (viewer() IS NOT NULL);
CREATE POLICY read ON admin_unit_origin FOR SELECT USING (viewer() IS NOT NULL);
CREATE POLICY read ON base_feature FOR SELECT USING (viewer() IS NOT NULL);
CREATE POLICY read ON vocab FOR SELECT USING (viewer() IS NOT NULL);
CREATE POLICY read ON setting FOR SELECT USING (viewer() IS NOT NULL);
CREATE POLICY read ON published_edition FOR SELECT USING (viewer() IS NOT NULL);
CREATE POLICY read ON published_cell FOR SELECT USING (viewer() IS NOT NULL);
CREATE POLICY read ON source FOR SELECT USING (
    viewer() IS NOT NULL AND (source_id = 'demo' OR (SELECT viewer_units('coordinator', 'analyst', 'gis')) <> '{}'));

-- For those who work with all of it, in their units.
CREATE POLICY read ON mine_site FOR SELECT USING (units && (SELECT viewer_units('coordinator', 'analyst', 'gis')));
CREATE POLICY read ON site_alias FOR SELECT USING (units && (SELECT viewer_units('coordinator', 'analyst', 'gis')));
CREATE POLICY read ON site_visit FOR SELECT USING (units && (SELECT viewer_units('coordinator', 'analyst', 'gis')));
CREATE POLICY read ON checkpoint FOR SELECT USING (units && (SELECT viewer_units('coordinator', 'analyst', 'gis')));
CREATE POLICY read ON escort_movement FOR SELECT USING (
    units && (SELECT viewer_units('coordinator', 'analyst', 'gis')) AND arrived_at <= now());
CREATE POLICY read ON deployment FOR SELECT USING (
    units && (SELECT viewer_units('coordinator', 'analyst', 'gis')) AND valid_from <= today());
-- The country is one of the units. Asked first, it spares most rows the comparison of two arrays, which is what a map of
-- a million incidents would be slower by.
CREATE POLICY read ON incident FOR SELECT USING (
    (country = ANY ((SELECT viewer_units('coordinator', 'analyst', 'gis'))::text[])
     OR units && (SELECT viewer_units('coordinator', 'analyst', 'gis')))
    AND (NOT sealed OR (SELECT viewer()) = ANY (handlers)));

-- For committees too.
CREATE POLICY read ON route FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis')));
CREATE POLICY read ON facility FOR SELECT USING (
    units && (SELECT viewer_units('coordinator', 'analyst', 'gis'))
    OR kind <> 'explosives_magazine' AND units && (SELECT viewer_units('committee')));
CREATE POLICY read ON incident_release FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis')));
CREATE POLICY read ON committee FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis')));
CREATE POLICY read ON committee_seat FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis')));
CREATE POLICY read ON meeting FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis')));
CREATE POLICY read ON training FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis')));
-- What is done about an incident tells of it: only where the incident itself, or its release, may be seen.
CREATE POLICY read ON action FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis'))
    AND (incident_id IS NULL
         OR EXISTS (SELECT FROM incident WHERE incident.incident_id = action.incident_id)
         OR EXISTS (SELECT FROM incident_release AS shown WHERE shown.incident_id = action.incident_id))
    AND (deployment_ref IS NULL OR EXISTS (SELECT FROM deployment WHERE deployment.id = action.deployment_ref))
    AND (facility_ref IS NULL OR EXISTS (SELECT FROM facility WHERE facility.id = action.facility_ref)));
CREATE POLICY read ON risk_item FOR SELECT USING (
    units && (SELECT viewer_units('coordinator', 'analyst', 'gis'))
    AND (incident_id IS NULL OR EXISTS (SELECT FROM incident WHERE incident.incident_id = risk_item.incident_id)));

-- Imports and edits of GIS officers, the follow-up of coordinators. A release is of an incident that they may see:
-- sealed, it is its handlers' alone. None of these is for reading: a policy for all commands would show rows, too.
DO $$
DECLARE
    rule record;
BEGIN
    FOR rule IN SELECT * FROM (VALUES
        ('mine_site', $c$units && (SELECT viewer_units('gis'))$c$),
        ('site_alias', $c$units && (SELECT viewer_units('gis'))$c$),
        ('site_visit', $c$units && (SELECT viewer_units('gis'))$c$),
        ('facility', $c$units && (SELECT viewer_units('gis'))$c$),
        ('route', $c$units && (SELECT viewer_units('gis'))$c$),
        ('checkpoint', $c$units && (SELECT viewer_units('gis'))$c$),
        ('deployment', $c$units && (SELECT viewer_units('gis')) AND valid_from <= today()$c$),
        ('escort_movement', $c$units && (SELECT viewer_units('gis')) AND arrived_at <= now()$c$),
        ('training', $c$units && (SELECT viewer_units('gis', 'coordinator'))$c$),
        ('incident', $c$units && (SELECT viewer_units('gis', 'coordinator'))
                        AND (NOT sealed OR (SELECT viewer()) = ANY (handlers))$c$),
        ('incident_release', $c$units && (SELECT viewer_units('coordinator'))
                                AND EXISTS (SELECT FROM incident WHERE incident.incident_id = incident_release.incident_id)$c$),
        ('action', $c$units && (SELECT viewer_units('coordinator'))$c$),
        ('risk_item', $c$units && (SELECT viewer_units('coordinator'))$c$),
        ('committee', $c$units && (SELECT viewer_units('coordinator'))$c$),
        ('committee_seat', $c$units && (SELECT viewer_units('coordinator'))$c$),
        ('meeting', $c$units && (SELECT viewer_units('coordinator'))$c$)
    ) AS each (name, writable) LOOP
        EXECUTE format('CREATE POLICY add ON %I FOR INSERT WITH CHECK (%s)', rule.name, rule.writable);
        EXECUTE format('CREATE POLICY change ON %1$I FOR UPDATE USING (%2$s) WITH CHECK (%2$s)', rule.name, rule.writable);
        EXECUTE format('CREATE POLICY remove ON %I FOR DELETE USING (%s)', rule.name, rule.writable);
    END LOOP;
END $$;
CREATE POLICY add ON source FOR INSERT WITH CHECK ((SELECT viewer_units('gis')) <> '{}');
CREATE POLICY own ON import_batch USING (imported_by = viewer()) WITH CHECK (imported_by = viewer() AND (SELECT viewer_units('gis')) <> '{}');
CREATE POLICY own ON import_issue
    USING (EXISTS (SELECT FROM import_batch AS batch WHERE batch.import_batch_id = import_issue.import_batch_id))
    WITH CHECK (EXISTS (SELECT FROM import_batch AS batch WHERE batch.import_batch_id = import_issue.import_batch_id));

-- People: an administrator's, and one's own.
CREATE POLICY read ON app_user FOR SELECT USING (user_name = viewer() OR (SELECT viewer_is('admin')));
CREATE POLICY administer ON app_user
    USING ((SELECT viewer_is('admin')) AND NOT synthetic) WITH CHECK ((SELECT viewer_is('admin')) AND NOT synthetic);
CREATE POLICY read ON user_scope FOR SELECT USING (user_name = viewer() OR (SELECT viewer_is('admin')));
-- The demonstration's people stay as they are.
CREATE POLICY administer ON user_scope
    USING ((SELECT viewer_is('admin'))
           AND EXISTS (SELECT FROM app_user AS person WHERE person.user_name = user_scope.user_name AND NOT person.synthetic))
    WITH CHECK ((SELECT viewer_is('admin'))
           AND EXISTS (SELECT FROM app_user AS person WHERE person.user_name = user_scope.user_name AND NOT person.synthetic));
CREATE POLICY read ON audit_event FOR SELECT USING ((SELECT viewer_is('admin')));

-- === Grants: what is not here is not to be had ========================================================================

REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM geoapp_web;
REVOKE EXECUTE ON FUNCTION viewer_units(text[]), viewer_is(text), viewer_rights(), session_user_name(text),
    start_demo_session(text, text, integer), end_session(text), demo_people(), find_unit_origins(),
    make_edition(date, boolean, boolean) FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO geoapp_web;
GRANT EXECUTE ON FUNCTION viewer_units(text[]), viewer_is(text), viewer_rights(), session_user_name(text),
    start_demo_session(text, text, integer), end_session(text), demo_people() TO geoapp_web;
GRANT SELECT ON alembic_version, spatial_ref_sys, admin_unit, admin_unit_part, admin_unit_origin, base_feature, vocab,
    setting, source, published_edition, published_cell, public_mine_site, deployment_count, mine_site, site_alias,
    site_visit, facility, route, checkpoint, deployment, escort_movement, incident, incident_release, committee,
    committee_seat, meeting, action, risk_item, training, import_batch, import_issue, app_user, user_scope TO geoapp_web;
-- What changed from what to what is content, which an administrator does not see.
GRANT SELECT (audit_event_id, happened_at, user_name, what, object, request_id) ON audit_event TO geoapp_web;
GRANT INSERT, UPDATE, DELETE ON mine_site, site_alias, site_visit, facility, route, checkpoint, deployment,
    escort_movement, incident, incident_release, committee, committee_seat, meeting, action, risk_item, training,
    app_user, user_scope TO geoapp_web;
GRANT INSERT ON source, import_batch, import_issue TO geoapp_web;
GRANT USAGE ON SEQUENCE import_issue_import_issue_id_seq TO geoapp_web;
