-- A unit as it is drawn in tiles of a zoom; written by geoapp/database/outlines.py for all units at once.

CREATE TABLE admin_unit_outline (
    unit_code TEXT NOT NULL,
    valid_from DATE NOT NULL,
    zoom SMALLINT NOT NULL,
    geom_3857 geometry(MULTIPOLYGON,3857) NOT NULL,
    CONSTRAINT pk_admin_unit_outline PRIMARY KEY (unit_code, valid_from, zoom),
    CONSTRAINT fk_admin_unit_outline_unit FOREIGN KEY(unit_code, valid_from) REFERENCES admin_unit (unit_code, valid_from) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT ck_admin_unit_outline_zoom CHECK (zoom BETWEEN 0 AND 22)
);

ALTER TABLE admin_unit_outline ENABLE ROW LEVEL SECURITY;
ALTER TABLE admin_unit_outline FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON admin_unit_outline FOR SELECT USING (viewer() IS NOT NULL);
GRANT SELECT ON admin_unit_outline TO geoapp_web;

CREATE TRIGGER log AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON admin_unit_outline
FOR EACH STATEMENT EXECUTE FUNCTION log_table();

-- Beside a unit of another shape its neighbours' outlines would leave gaps: until all are drawn anew, tiles hold the units
-- as they are.
CREATE FUNCTION forget_outlines() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM public.admin_unit_outline;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION forget_outlines() FROM PUBLIC;
CREATE TRIGGER forget_outlines AFTER INSERT OR DELETE OR UPDATE OF geom ON admin_unit
FOR EACH ROW EXECUTE FUNCTION forget_outlines();
