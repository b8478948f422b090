DROP FUNCTION number_pack(text, jsonb);

-- As 0022 has it.
CREATE OR REPLACE FUNCTION viewer_units(VARIADIC roles text[]) RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode TO force_generic_plan AS $$
DECLARE
    person_name CONSTANT text := nullif(current_setting('geoapp.viewer', true), '');
    read_by CONSTANT text := public.reader();
    asked text[] := roles;
    token public.api_token;
    units text[];
BEGIN
    IF public.viewer_token() IS NOT NULL THEN
        SELECT * INTO token FROM public.api_token AS each
         WHERE each.token_id = public.viewer_token()::uuid AND each.user_name = person_name
           AND each.expires_at > now();
        IF NOT FOUND THEN
            RETURN '{}';
        END IF;
        asked := ARRAY(SELECT role FROM unnest(roles) AS role WHERE token.roles IS NULL OR role = ANY (token.roles));
    END IF;
    IF read_by IS NOT NULL THEN
        IF split_part(read_by, ':', 1) <> ALL (roles) THEN
            RETURN '{}';
        END IF;
        -- Whoever sees all of a unit sees what its committee sees.
        IF 'committee' = ANY (asked) THEN
            asked := asked || '{coordinator,analyst,gis}';
        END IF;
    END IF;
    units := (
        WITH RECURSIVE scope AS (
            SELECT held.unit_code
              FROM public.user_scope AS held JOIN public.app_user AS person USING (user_name)
             WHERE held.user_name = person_name AND held.role = ANY (asked) AND person.disabled_at IS NULL
               AND held.unit_code IS NOT NULL
            UNION
            SELECT origin.made_from FROM public.admin_unit_origin AS origin JOIN scope USING (unit_code)
        )
        SELECT coalesce(array_agg(unit_code ORDER BY unit_code), '{}') FROM scope);
    IF token.scopes IS NOT NULL THEN
        units := public.common_units(units, public.with_origins(token.scopes));
    END IF;
    IF read_by IS NOT NULL THEN
        units := public.common_units(units, public.with_origins(string_to_array(split_part(read_by, ':', 2), ',')));
    END IF;
    RETURN units;
END $$;
