ALTER POLICY read ON incident USING (
    (country = ANY ((SELECT viewer_units('coordinator', 'analyst', 'gis'))::text[])
     OR units && (SELECT viewer_units('coordinator', 'analyst', 'gis')))
    AND (NOT sealed OR (SELECT viewer()) = ANY (handlers)));
ALTER FUNCTION viewer_sees_real RESET plan_cache_mode;
ALTER FUNCTION viewer_units RESET plan_cache_mode;
