-- A paper that the operator has made for a reader is read as that reader, too: the operator's session takes the web role
-- for a transaction, whose viewer is `(operator)`, a name that nobody can have.

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
    -- What a client says of itself is its own to say; by which role it came in is not.
    IF read_by IS NOT NULL AND person_name = '(operator)' AND session_user <> 'geoapp_web' THEN
        RETURN CASE WHEN split_part(read_by, ':', 1) = ANY (roles)
                    THEN public.with_origins(string_to_array(split_part(read_by, ':', 2), ',')) ELSE '{}' END;
    END IF;
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

-- Where the owner is no superuser it takes the web role as one of its members.
DO $$ BEGIN
    IF NOT pg_has_role(CURRENT_USER, 'geoapp_web', 'MEMBER') THEN
        EXECUTE format('GRANT geoapp_web TO %I', CURRENT_USER);
    END IF;
END $$;

-- Numbers the restricted copies of a unit's meeting pack, in the order in which they are made; the audit is their register.
-- Who sees all of the unit may make one, or the operator, who is bound by no policy.
CREATE FUNCTION number_pack(unit text, facts jsonb) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
DECLARE
    number integer;
BEGIN
    IF session_user = 'geoapp_web'
       AND NOT public.viewer_units('coordinator', 'analyst', 'gis') && public.units_above(unit) THEN
        RAISE EXCEPTION 'a restricted pack is for who sees all of its unit' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('pack/' || unit, 0));
    SELECT 1 + count(*) INTO number FROM public.audit_event AS event WHERE event.object LIKE 'pack/' || unit || '/%';
    PERFORM public.record_event('export', format('pack/%s/%s', unit, number), NULL, facts);
    RETURN number;
END $$;
REVOKE EXECUTE ON FUNCTION number_pack(text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION number_pack(text, jsonb) TO geoapp_web;
