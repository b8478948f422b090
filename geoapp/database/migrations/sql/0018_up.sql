-- What people mend by hand, and what they merge, are batches as files are, so that history and undo know them.
ALTER TABLE import_batch
    ADD COLUMN kind TEXT DEFAULT 'file' NOT NULL,
    ADD COLUMN rows_removed INTEGER DEFAULT 0 NOT NULL,
    ADD CONSTRAINT ck_import_batch_kind CHECK (kind = ANY (ARRAY['file'::text, 'edit'::text, 'merge'::text])),
    ADD CONSTRAINT ck_import_batch_rows_removed CHECK (rows_removed >= 0);

-- A merge changes these too. Of actions and risk items nobody reads the history; what is put back is read from it.
SELECT keep_changes('alias_refusal', 'id', '{units,country,created_at,created_by}'),
       keep_changes('action', 'id', '{units,country,created_at,created_by}'),
       keep_changes('risk_item', 'id', '{units,country,created_at,created_by}');

CREATE OR REPLACE FUNCTION row_is_seen(name text, key text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN CASE name
        WHEN 'mine_site' THEN EXISTS (SELECT FROM public.mine_site WHERE site_id = key)
        WHEN 'incident' THEN EXISTS (SELECT FROM public.incident WHERE incident_id = key::uuid)
        WHEN 'site_alias' THEN EXISTS (SELECT FROM public.site_alias WHERE id = key::uuid)
        WHEN 'alias_refusal' THEN EXISTS (SELECT FROM public.alias_refusal WHERE id = key::uuid)
        WHEN 'site_visit' THEN EXISTS (SELECT FROM public.site_visit WHERE id = key::uuid)
        WHEN 'facility' THEN EXISTS (SELECT FROM public.facility WHERE id = key::uuid)
        WHEN 'route' THEN EXISTS (SELECT FROM public.route WHERE id = key::uuid)
        WHEN 'checkpoint' THEN EXISTS (SELECT FROM public.checkpoint WHERE id = key::uuid)
        WHEN 'deployment' THEN EXISTS (SELECT FROM public.deployment WHERE id = key::uuid)
        WHEN 'escort_movement' THEN EXISTS (SELECT FROM public.escort_movement WHERE id = key::uuid)
        WHEN 'training' THEN EXISTS (SELECT FROM public.training WHERE id = key::uuid)
        ELSE false END;
END $$;

-- The history of these is nobody's to read, also of a row that is gone.
CREATE OR REPLACE FUNCTION row_is_gone(name text, key text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
BEGIN
    RETURN name NOT IN ('action', 'risk_item') AND NOT public.row_is_seen(name, key);
END $$;

-- Which of some batches are undone: whoever reads a row's history knows their ids, and has to leave those out.
CREATE FUNCTION undone_among(batches uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
    SELECT import_batch_id FROM public.import_batch WHERE import_batch_id = ANY (batches) AND undone_at IS NOT NULL
$$;

-- Makes one route of two: whatever refers to `other`, seen or not, refers to `kept` afterwards, and `other` is gone.
CREATE FUNCTION join_route(kept uuid, other uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
DECLARE
    reference record;
    writable CONSTANT integer := (
        SELECT count(*) FROM public.route
         WHERE id IN (kept, other)
           AND (session_user <> 'geoapp_web'
                OR units && public.viewer_units('gis') AND (public.viewer_sees_real() OR synthetic)));
BEGIN
    IF kept = other OR writable <> 2 THEN
        RAISE EXCEPTION 'not two routes that you may write' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM FROM public.route WHERE id IN (kept, other) ORDER BY id FOR UPDATE;
    FOR reference IN
        SELECT referring.conrelid::regclass AS name, attribute.attname AS column
          FROM pg_catalog.pg_constraint AS referring
          JOIN pg_catalog.pg_attribute AS attribute
            ON attribute.attrelid = referring.conrelid AND attribute.attnum = referring.conkey[1]
         WHERE referring.contype = 'f' AND referring.confrelid = 'public.route'::regclass
           AND referring.conrelid <> 'public.network_edge'::regclass
    LOOP
        EXECUTE format('UPDATE %s SET %I = $1 WHERE %I = $2', reference.name, reference.column, reference.column)
          USING kept, other;
    END LOOP;
    DELETE FROM public.route WHERE id = other;
END $$;

-- Lets rows refer again to what a batch took from them, once that is back: also rows that whoever undoes it may not see, as
-- the batch changed them too. For a batch that the viewer is undoing in this very transaction.
CREATE FUNCTION refer_back(batch uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
DECLARE
    change record;
    lost text;
    row_id text;
BEGIN
    IF NOT EXISTS (SELECT FROM public.import_batch
                    WHERE import_batch_id = batch AND undone_at = now()
                      AND undone_by = coalesce(public.viewer(), session_user)) THEN
        RAISE EXCEPTION 'not a batch that you are undoing' USING ERRCODE = 'insufficient_privilege';
    END IF;
    FOR change IN
        SELECT table_name, row_key, before, after FROM public.row_change
         WHERE import_batch_id = batch AND deed = 'update' AND NOT undoing
           AND before ?| ARRAY['site_id', 'other_site_id', 'route_ref', 'facility_ref', 'deployment_ref']
         ORDER BY changed_at DESC
    LOOP
        FOREACH lost IN ARRAY ARRAY['site_id', 'other_site_id', 'route_ref', 'facility_ref', 'deployment_ref'] LOOP
            CONTINUE WHEN NOT change.before ? lost OR change.table_name = 'mine_site';
            row_id := CASE change.table_name WHEN 'incident' THEN 'incident_id' ELSE 'id' END;
            BEGIN
                EXECUTE format('UPDATE public.%I SET %I = $1::%s WHERE %I = $2::uuid AND %I::text IS NOT DISTINCT FROM $3',
                               change.table_name, lost, CASE WHEN lost LIKE '%site_id' THEN 'text' ELSE 'uuid' END,
                               row_id, lost)
                  USING change.before ->> lost, change.row_key, change.after ->> lost;
            EXCEPTION WHEN integrity_constraint_violation THEN
                -- What it referred to is not back, or the row has another place by now.
                NULL;
            END;
        END LOOP;
    END LOOP;
END $$;

REVOKE EXECUTE ON FUNCTION undone_among(uuid[]), join_route(uuid, uuid), refer_back(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION undone_among(uuid[]), join_route(uuid, uuid), refer_back(uuid) TO geoapp_web;
