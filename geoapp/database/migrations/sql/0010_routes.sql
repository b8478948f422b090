-- Committees see facilities but explosives magazines. A route that begins or ends at one would tell where it is.

ALTER TABLE route ADD COLUMN near_magazine BOOLEAN DEFAULT false NOT NULL;

CREATE FUNCTION route_near_magazine() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.near_magazine := EXISTS (
        SELECT FROM public.facility AS magazine
         WHERE magazine.kind = 'explosives_magazine' AND magazine.facility_id IN (NEW.from_ref, NEW.to_ref))
      OR EXISTS (
        SELECT FROM ST_Dump(NEW.geom) AS part
         CROSS JOIN LATERAL (VALUES (ST_StartPoint(part.geom)), (ST_EndPoint(part.geom))) AS tip (geom)
          JOIN public.facility AS magazine ON magazine.geom && ST_Expand(tip.geom, 0.005)
         WHERE magazine.kind = 'explosives_magazine'
           AND ST_DWithin(magazine.geom::geography, tip.geom::geography, 500));
    RETURN NEW;
END $$;

CREATE FUNCTION magazine_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    magazine public.facility;
BEGIN
    FOR magazine IN
        SELECT (OLD).* WHERE TG_OP <> 'INSERT' UNION ALL SELECT (NEW).* WHERE TG_OP <> 'DELETE'
    LOOP
        UPDATE public.route SET near_magazine = near_magazine
         WHERE geom && ST_Expand(magazine.geom, 0.005) OR magazine.facility_id IN (from_ref, to_ref);
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER magazine BEFORE INSERT OR UPDATE ON route FOR EACH ROW EXECUTE FUNCTION route_near_magazine();
CREATE TRIGGER magazine_added AFTER INSERT ON facility
FOR EACH ROW WHEN (NEW.kind = 'explosives_magazine') EXECUTE FUNCTION magazine_moved();
CREATE TRIGGER magazine_moved AFTER UPDATE ON facility
FOR EACH ROW WHEN ((OLD.kind = 'explosives_magazine' OR NEW.kind = 'explosives_magazine')
                   AND (OLD.kind, OLD.facility_id, OLD.geom::bytea) IS DISTINCT FROM
                       (NEW.kind, NEW.facility_id, NEW.geom::bytea))
EXECUTE FUNCTION magazine_moved();
CREATE TRIGGER magazine_removed AFTER DELETE ON facility
FOR EACH ROW WHEN (OLD.kind = 'explosives_magazine') EXECUTE FUNCTION magazine_moved();
UPDATE route SET near_magazine = near_magazine;

DROP POLICY read ON route;
CREATE POLICY read ON route FOR SELECT USING (
    units && (SELECT viewer_units('coordinator', 'analyst', 'gis'))
    OR NOT near_magazine AND units && (SELECT viewer_units('committee')));
