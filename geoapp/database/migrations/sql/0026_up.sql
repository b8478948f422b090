-- Who sees every country is asked once a statement, not once a row: comparing each incident's country with a list took
-- most of what the policy cost.

-- Every country that an incident was ever in; one that is left over only means asking by row.
CREATE TABLE incident_country (
    country TEXT NOT NULL,
    CONSTRAINT pk_incident_country PRIMARY KEY (country)
);
-- Nobody reads it but through the function below.
ALTER TABLE incident_country ENABLE ROW LEVEL SECURITY;
ALTER TABLE incident_country FORCE ROW LEVEL SECURITY;

CREATE FUNCTION note_countries() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO public.incident_country (country)
    SELECT DISTINCT became.country FROM became
     WHERE became.country IS NOT NULL
       AND NOT EXISTS (SELECT FROM public.incident_country AS known WHERE known.country = became.country)
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;

CREATE TRIGGER countries_insert AFTER INSERT ON incident REFERENCING NEW TABLE AS became
    FOR EACH STATEMENT EXECUTE FUNCTION note_countries();
CREATE TRIGGER countries_update AFTER UPDATE ON incident REFERENCING NEW TABLE AS became
    FOR EACH STATEMENT EXECUTE FUNCTION note_countries();
INSERT INTO incident_country (country) SELECT DISTINCT country FROM incident WHERE country IS NOT NULL;

-- Whether the viewer has one of the roles in every country that an incident is in.
CREATE FUNCTION viewer_sees_everywhere(VARIADIC roles text[]) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    countries text[] := ARRAY(SELECT country FROM public.incident_country);
BEGIN
    RETURN countries <> '{}' AND public.viewer_units(VARIADIC roles) @> countries;
END $$;

REVOKE EXECUTE ON FUNCTION note_countries(), viewer_sees_everywhere(text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION viewer_sees_everywhere(text[]) TO geoapp_web;

ALTER POLICY read ON incident USING (
    (((SELECT viewer_sees_everywhere('coordinator', 'analyst', 'gis')) AND country IS NOT NULL)
     OR country = ANY ((SELECT viewer_units('coordinator', 'analyst', 'gis'))::text[])
     OR units && (SELECT viewer_units('coordinator', 'analyst', 'gis')))
    AND (NOT sealed OR viewer() = ANY (handlers)));
