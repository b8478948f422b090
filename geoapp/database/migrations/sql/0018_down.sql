DROP FUNCTION undone_among(uuid[]), join_route(uuid, uuid), refer_back(uuid);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['alias_refusal', 'action', 'risk_item'] LOOP
        EXECUTE format('DROP TRIGGER kept_change ON %1$I; DROP TRIGGER kept_removal ON %1$I', name);
    END LOOP;
END $$;
DELETE FROM row_change WHERE table_name IN ('alias_refusal', 'action', 'risk_item');

CREATE OR REPLACE FUNCTION row_is_seen(name text, key text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN CASE name
        WHEN 'mine_site' THEN EXISTS (SELECT FROM public.mine_site WHERE site_id = key)
        WHEN 'incident' THEN EXISTS (SELECT FROM public.incident WHERE incident_id = key::uuid)
        WHEN 'site_alias' THEN EXISTS (SELECT FROM public.site_alias WHERE id = key::uuid)
        WHEN 'site_visit' THEN EXISTS (SELECT FROM public.site_visit WHERE id = key::uuid)
        WHEN 'facility' THEN EXISTS (SELECT FROM public.facility WHERE id = key::uuid)
        WHEN 'route' THEN EXISTS (SELECT FROM public.route WHERE id = key::uuid)
        WHEN 'checkpoint' THEN EXISTS (SELECT FROM public.checkpoint WHERE id = key::uuid)
        WHEN 'deployment' THEN EXISTS (SELECT FROM public.deployment WHERE id = key::uuid)
        WHEN 'escort_movement' THEN EXISTS (SELECT FROM public.escort_movement WHERE id = key::uuid)
        WHEN 'training' THEN EXISTS (SELECT FROM public.training WHERE id = key::uuid)
        ELSE false END;
END $$;

CREATE OR REPLACE FUNCTION row_is_gone(name text, key text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
BEGIN
    RETURN NOT public.row_is_seen(name, key);
END $$;

ALTER TABLE import_batch DROP COLUMN kind, DROP COLUMN rows_removed;
