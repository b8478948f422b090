-- The web server's sessions plan each statement for its values; these statements have none that would change a plan.
ALTER FUNCTION viewer_units SET plan_cache_mode TO force_generic_plan;
ALTER FUNCTION viewer_sees_real SET plan_cache_mode TO force_generic_plan;
-- As an expression the name is read for the few sealed rows; as a sub-select every statement plans one more query.
ALTER POLICY read ON incident USING (
    (country = ANY ((SELECT viewer_units('coordinator', 'analyst', 'gis'))::text[])
     OR units && (SELECT viewer_units('coordinator', 'analyst', 'gis')))
    AND (NOT sealed OR viewer() = ANY (handlers)));
