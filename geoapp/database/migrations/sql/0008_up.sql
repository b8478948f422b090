-- The routes cut at their junctions: one row an edge. It is made anew from all routes by `geoapp network build`.

CREATE TABLE network_edge (
    edge_id BIGINT NOT NULL,
    from_node BIGINT NOT NULL,
    to_node BIGINT NOT NULL,
    mode TEXT,
    metres DOUBLE PRECISION NOT NULL,
    middle_lon DOUBLE PRECISION NOT NULL,
    middle_lat DOUBLE PRECISION NOT NULL,
    route_ref UUID NOT NULL,
    geom geometry(LINESTRING,4326) NOT NULL,
    geom_3857 geometry(LINESTRING,3857) GENERATED ALWAYS AS (ST_Transform(geom, 3857)) STORED,
    country TEXT,
    units TEXT[] DEFAULT '{}'::text[] NOT NULL,
    synthetic BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT pk_network_edge PRIMARY KEY (edge_id),
    CONSTRAINT ck_network_edge_mode CHECK (mode = ANY (ARRAY['foot'::text, 'motorbike'::text, 'light_vehicle'::text, 'truck'::text, 'boat'::text, 'air'::text])),
    CONSTRAINT ck_network_edge_metres CHECK (metres >= 0),
    CONSTRAINT ck_network_edge_geom CHECK (NOT ST_IsEmpty(geom) AND ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90),
    CONSTRAINT fk_network_edge_route_ref FOREIGN KEY(route_ref) REFERENCES route (id) ON DELETE CASCADE
);
CREATE INDEX ix_network_edge_geom ON network_edge USING gist (geom);
CREATE INDEX ix_network_edge_geom_3857 ON network_edge USING gist (geom_3857);
CREATE INDEX ix_network_edge_route_ref ON network_edge (route_ref);

CREATE TRIGGER units BEFORE INSERT OR UPDATE ON network_edge FOR EACH ROW EXECUTE FUNCTION located_units();

ALTER TABLE network_edge ENABLE ROW LEVEL SECURITY;
ALTER TABLE network_edge FORCE ROW LEVEL SECURITY;
-- A path tells where the least was recorded: not for committees, among whom are traders and forces.
CREATE POLICY read ON network_edge FOR SELECT USING (units && (SELECT viewer_units('coordinator', 'analyst', 'gis')));
GRANT SELECT ON network_edge TO geoapp_web;
