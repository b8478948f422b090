CREATE OR REPLACE VIEW public_mine_site AS
SELECT site_id, name, minerals, icglr_status, country, units, synthetic, geom, geom_3857
  FROM mine_site
 WHERE viewer() IS NOT NULL;
