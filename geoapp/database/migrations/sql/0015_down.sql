ALTER TABLE incident SET WITHOUT CLUSTER;
DROP INDEX ix_incident_geom;
CREATE INDEX ix_incident_geom ON incident USING gist (geom);
DROP EXTENSION btree_gist;
CREATE OR REPLACE VIEW public_mine_site AS
SELECT site_id, name, minerals, icglr_status, country, units, synthetic, geom, geom_3857
  FROM mine_site
 WHERE viewer() IS NOT NULL;
