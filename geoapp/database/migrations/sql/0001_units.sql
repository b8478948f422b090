-- Which administrative units a row lies in, set by the database whenever the row is written.

-- The day in the installation's time zone.
CREATE FUNCTION today() RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (now() AT TIME ZONE coalesce(nullif(current_setting('geoapp.time_zone', true), ''), 'Africa/Kigali'))::date;

-- Keeps the subdivided copy of a unit, by which points are looked up.
CREATE FUNCTION admin_unit_subdivide() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM admin_unit_part WHERE unit_code = NEW.unit_code AND valid_from = NEW.valid_from;
    INSERT INTO admin_unit_part (unit_code, valid_from, valid_to, level, country, geom)
    SELECT NEW.unit_code, NEW.valid_from, NEW.valid_to, NEW.level, NEW.country, piece.geom
      FROM (SELECT (ST_Dump(ST_Subdivide(NEW.geom, 96))).geom) AS piece
     WHERE ST_Dimension(piece.geom) = 2;
    RETURN NULL;
END $$;

CREATE TRIGGER admin_unit_subdivide AFTER INSERT OR UPDATE OF unit_code, valid_from, valid_to, level, country, geom
ON admin_unit FOR EACH ROW EXECUTE FUNCTION admin_unit_subdivide();

-- The units of a place on a day, the country first. A point belongs to one unit a level: the one that holds it, else
-- the nearest of its country within 25 km (a lake, a border line drawn coarsely). A line belongs to every unit it
-- touches, its country being that of its first point.
CREATE FUNCTION units_at(place geometry, on_day date) RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    reach CONSTANT double precision := 25000;
    -- 25 km in degrees, at the latitudes of the four countries and with some room.
    box CONSTANT double precision := 0.24;
    levels smallint[];
    found text[];
    home text;
    missing text[];
BEGIN
    IF GeometryType(place) <> 'POINT' THEN
        found := units_at(ST_StartPoint(ST_GeometryN(place, 1)), on_day);
        RETURN found || ARRAY(
            SELECT DISTINCT part.unit_code
              FROM admin_unit_part AS part
             WHERE part.geom && place AND ST_Intersects(part.geom, place)
               AND part.valid_from <= on_day AND (part.valid_to IS NULL OR on_day < part.valid_to)
               AND part.unit_code <> ALL (found)
             ORDER BY part.unit_code);
    END IF;

    SELECT array_agg(unit.level ORDER BY unit.level), array_agg(unit.unit_code ORDER BY unit.level), min(unit.country)
      INTO levels, found, home
      FROM (SELECT DISTINCT ON (part.level) part.level, part.unit_code, part.country
              FROM admin_unit_part AS part
             WHERE part.geom && place AND ST_Intersects(part.geom, place)
               AND part.valid_from <= on_day AND (part.valid_to IS NULL OR on_day < part.valid_to)
             ORDER BY part.level, part.unit_code) AS unit;
    IF levels[1:2] = ARRAY[0, 1]::smallint[] THEN
        RETURN found;
    END IF;

    -- The country that holds the point decides; only a point in no country takes the nearest one.
    IF home IS NULL OR levels[1] <> 0 THEN
        SELECT part.country INTO home
          FROM admin_unit_part AS part
         WHERE part.geom && ST_Expand(place, box) AND part.level = 0
           AND part.valid_from <= on_day AND (part.valid_to IS NULL OR on_day < part.valid_to)
         ORDER BY ST_Distance(part.geom::geography, place::geography), part.country
         LIMIT 1;
    END IF;
    SELECT array_agg(unit.unit_code ORDER BY unit.level)
      INTO missing
      FROM (SELECT DISTINCT ON (near.level) near.level, near.unit_code
              FROM (SELECT part.level, part.unit_code,
                           ST_Distance(part.geom::geography, place::geography) AS distance
                      FROM admin_unit_part AS part
                     WHERE part.geom && ST_Expand(place, box) AND part.country = home
                       AND part.level <> ALL (coalesce(levels, '{}'))
                       AND part.valid_from <= on_day AND (part.valid_to IS NULL OR on_day < part.valid_to)) AS near
             WHERE near.distance <= reach
             ORDER BY near.level, near.distance, near.unit_code) AS unit;
    RETURN ARRAY(
        SELECT code FROM unnest(coalesce(missing, '{}') || coalesce(found, '{}')) AS code
         ORDER BY (SELECT min(unit.level) FROM admin_unit AS unit WHERE unit.unit_code = code));
END $$;

-- A unit's code with those of the units above it, the country first.
CREATE FUNCTION units_above(code text) RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH RECURSIVE chain AS (
        SELECT unit_code, parent_code, level FROM admin_unit WHERE unit_code = code
        UNION
        SELECT unit.unit_code, unit.parent_code, unit.level
          FROM admin_unit AS unit JOIN chain ON unit.unit_code = chain.parent_code
    )
    SELECT coalesce(array_agg(DISTINCT unit_code ORDER BY unit_code), '{}') FROM chain
$$;

-- The country among units: countries alone have two letters.
CREATE FUNCTION country_of(units text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT code FROM unnest(units) WITH ORDINALITY AS each (code, place) WHERE length(code) = 2 ORDER BY place LIMIT 1);

CREATE FUNCTION admin_unit_units() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.units := ARRAY(SELECT DISTINCT code FROM unnest(units_above(NEW.parent_code) || NEW.unit_code) AS code ORDER BY code);
    RETURN NEW;
END $$;

-- Sites, facilities, routes, checkpoints: where they lie today. An UPDATE that sets `units` to NULL asks for it anew;
-- any other value that a client sends is ignored.
CREATE FUNCTION located_units() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.units IS NOT NULL AND NEW.geom = OLD.geom THEN
        NEW.units := OLD.units;
    ELSE
        NEW.units := units_at(NEW.geom, today());
    END IF;
    NEW.country := country_of(NEW.units);
    RETURN NEW;
END $$;

-- Incidents lie in the units of their day; without a point of their own, in those of the place that they name.
CREATE FUNCTION incident_units() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.units IS NOT NULL AND NEW.geom IS NOT NULL
       AND NEW.geom = OLD.geom AND NEW.occurred_from = OLD.occurred_from THEN
        NEW.units := OLD.units;
    ELSIF NEW.geom IS NOT NULL THEN
        NEW.units := units_at(NEW.geom, NEW.occurred_from);
    ELSE
        NEW.units := coalesce(
            (SELECT units_at(site.geom, NEW.occurred_from) FROM mine_site AS site WHERE site.site_id = NEW.site_id),
            (SELECT units_at(facility.geom, NEW.occurred_from) FROM facility WHERE facility.id = NEW.facility_ref),
            (SELECT units_at(route.geom, NEW.occurred_from) FROM route WHERE route.id = NEW.route_ref),
            units_above(NEW.stated_unit));
    END IF;
    NEW.country := country_of(NEW.units);
    RETURN NEW;
END $$;

CREATE FUNCTION deployment_units() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.units IS NOT NULL AND NEW.geom IS NOT NULL AND NEW.geom = OLD.geom THEN
        NEW.units := OLD.units;
    ELSIF NEW.geom IS NOT NULL THEN
        NEW.units := units_at(NEW.geom, today());
    ELSE
        NEW.units := coalesce(
            (SELECT site.units FROM mine_site AS site WHERE site.site_id = NEW.site_id),
            (SELECT facility.units FROM facility WHERE facility.id = NEW.facility_ref),
            (SELECT route.units FROM route WHERE route.id = NEW.route_ref),
            units_above(NEW.stated_unit));
    END IF;
    NEW.country := country_of(NEW.units);
    RETURN NEW;
END $$;

CREATE FUNCTION training_units() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.units := CASE WHEN NEW.geom IS NULL THEN units_above(coalesce(NEW.unit_code, NEW.stated_unit))
                      ELSE units_at(NEW.geom, today()) END;
    NEW.country := country_of(NEW.units);
    RETURN NEW;
END $$;

CREATE FUNCTION committee_units() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.units := units_above(NEW.unit_code);
    NEW.country := country_of(NEW.units);
    RETURN NEW;
END $$;

-- Rows without a place of their own lie where the row that they hang on lies.
CREATE FUNCTION site_child_units() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    SELECT units, country INTO NEW.units, NEW.country FROM mine_site WHERE site_id = NEW.site_id;
    NEW.units := coalesce(NEW.units, '{}');
    RETURN NEW;
END $$;

CREATE FUNCTION route_child_units() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    SELECT units, country INTO NEW.units, NEW.country FROM route WHERE id = NEW.route_ref;
    NEW.units := coalesce(NEW.units, '{}');
    RETURN NEW;
END $$;

CREATE FUNCTION committee_child_units() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    SELECT units, country INTO NEW.units, NEW.country FROM committee WHERE committee_id = NEW.committee_id;
    NEW.units := coalesce(NEW.units, '{}');
    RETURN NEW;
END $$;

CREATE FUNCTION incident_child_units() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    SELECT units, country INTO NEW.units, NEW.country FROM incident WHERE incident_id = NEW.incident_id;
    NEW.units := coalesce(NEW.units, '{}');
    RETURN NEW;
END $$;

CREATE FUNCTION subject_units() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    SELECT subject.units, subject.country INTO NEW.units, NEW.country FROM (
        SELECT units, country FROM incident WHERE incident_id = NEW.incident_id
        UNION ALL SELECT units, country FROM mine_site WHERE site_id = NEW.site_id
        UNION ALL SELECT units, country FROM route WHERE id = NEW.route_ref
        UNION ALL SELECT units, country FROM facility WHERE id = NEW.facility_ref
        UNION ALL SELECT units, country FROM deployment WHERE id = NEW.deployment_ref) AS subject;
    NEW.units := coalesce(NEW.units, '{}');
    RETURN NEW;
END $$;

CREATE TRIGGER units BEFORE INSERT OR UPDATE ON admin_unit FOR EACH ROW EXECUTE FUNCTION admin_unit_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON mine_site FOR EACH ROW EXECUTE FUNCTION located_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON facility FOR EACH ROW EXECUTE FUNCTION located_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON route FOR EACH ROW EXECUTE FUNCTION located_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON checkpoint FOR EACH ROW EXECUTE FUNCTION located_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON incident FOR EACH ROW EXECUTE FUNCTION incident_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON deployment FOR EACH ROW EXECUTE FUNCTION deployment_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON training FOR EACH ROW EXECUTE FUNCTION training_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON committee FOR EACH ROW EXECUTE FUNCTION committee_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON site_visit FOR EACH ROW EXECUTE FUNCTION site_child_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON site_alias FOR EACH ROW EXECUTE FUNCTION site_child_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON escort_movement FOR EACH ROW EXECUTE FUNCTION route_child_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON meeting FOR EACH ROW EXECUTE FUNCTION committee_child_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON committee_seat FOR EACH ROW EXECUTE FUNCTION committee_child_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON incident_release FOR EACH ROW EXECUTE FUNCTION incident_child_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON action FOR EACH ROW EXECUTE FUNCTION subject_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON risk_item FOR EACH ROW EXECUTE FUNCTION subject_units();

-- When a place moves to another unit, what hangs on it goes along.
CREATE FUNCTION site_moved() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE site_visit SET units = NULL WHERE site_id = NEW.site_id;
    UPDATE site_alias SET units = NULL WHERE site_id = NEW.site_id;
    UPDATE action SET units = NULL WHERE site_id = NEW.site_id;
    UPDATE risk_item SET units = NULL WHERE site_id = NEW.site_id;
    UPDATE incident SET units = NULL WHERE site_id = NEW.site_id AND geom IS NULL;
    UPDATE deployment SET units = NULL WHERE site_id = NEW.site_id AND geom IS NULL;
    RETURN NULL;
END $$;

CREATE FUNCTION facility_moved() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE action SET units = NULL WHERE facility_ref = NEW.id;
    UPDATE risk_item SET units = NULL WHERE facility_ref = NEW.id;
    UPDATE incident SET units = NULL WHERE facility_ref = NEW.id AND geom IS NULL;
    UPDATE deployment SET units = NULL WHERE facility_ref = NEW.id AND geom IS NULL;
    RETURN NULL;
END $$;

CREATE FUNCTION route_moved() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE escort_movement SET units = NULL WHERE route_ref = NEW.id;
    UPDATE action SET units = NULL WHERE route_ref = NEW.id;
    UPDATE risk_item SET units = NULL WHERE route_ref = NEW.id;
    UPDATE incident SET units = NULL WHERE route_ref = NEW.id AND geom IS NULL;
    UPDATE deployment SET units = NULL WHERE route_ref = NEW.id AND geom IS NULL;
    RETURN NULL;
END $$;

CREATE FUNCTION incident_moved() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE incident_release SET units = NULL WHERE incident_id = NEW.incident_id;
    UPDATE action SET units = NULL WHERE incident_id = NEW.incident_id;
    UPDATE risk_item SET units = NULL WHERE incident_id = NEW.incident_id;
    RETURN NULL;
END $$;

CREATE FUNCTION deployment_moved() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE action SET units = NULL WHERE deployment_ref = NEW.id;
    UPDATE risk_item SET units = NULL WHERE deployment_ref = NEW.id;
    RETURN NULL;
END $$;

CREATE FUNCTION committee_moved() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE meeting SET units = NULL WHERE committee_id = NEW.committee_id;
    UPDATE committee_seat SET units = NULL WHERE committee_id = NEW.committee_id;
    RETURN NULL;
END $$;

CREATE TRIGGER moved AFTER UPDATE ON mine_site FOR EACH ROW
WHEN (OLD.units IS DISTINCT FROM NEW.units) EXECUTE FUNCTION site_moved();
CREATE TRIGGER moved AFTER UPDATE ON facility FOR EACH ROW
WHEN (OLD.units IS DISTINCT FROM NEW.units) EXECUTE FUNCTION facility_moved();
CREATE TRIGGER moved AFTER UPDATE ON route FOR EACH ROW
WHEN (OLD.units IS DISTINCT FROM NEW.units) EXECUTE FUNCTION route_moved();
CREATE TRIGGER moved AFTER UPDATE ON incident FOR EACH ROW
WHEN (OLD.units IS DISTINCT FROM NEW.units) EXECUTE FUNCTION incident_moved();
CREATE TRIGGER moved AFTER UPDATE ON deployment FOR EACH ROW
WHEN (OLD.units IS DISTINCT FROM NEW.units) EXECUTE FUNCTION deployment_moved();
CREATE TRIGGER moved AFTER UPDATE ON committee FOR EACH ROW
WHEN (OLD.units IS DISTINCT FROM NEW.units) EXECUTE FUNCTION committee_moved();
