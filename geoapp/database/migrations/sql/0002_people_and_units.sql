-- Rules about people and units, and who signs a row; releases tell no more than was chosen.

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
