ALTER POLICY read ON incident USING (
    (country = ANY ((SELECT viewer_units('coordinator', 'analyst', 'gis'))::text[])
     OR units && (SELECT viewer_units('coordinator', 'analyst', 'gis')))
    AND (NOT sealed OR viewer() = ANY (handlers)));
DROP FUNCTION viewer_sees_everywhere;
DROP TRIGGER countries_insert ON incident;
DROP TRIGGER countries_update ON incident;
DROP FUNCTION note_countries;
DROP TABLE incident_country;
