-- Views of what a role sees of rows that it does not get.
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
