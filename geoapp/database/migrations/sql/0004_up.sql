-- The audit: who did what to which row, and when. Events are only ever added, by record_event() and by the triggers below;
-- docs/audit.md says what they tell, and what they do not.

-- `xid` is the transaction that wrote the event, `era` the server whose transactions it counts: by them, a seal holds a
-- set that is closed for good, in whatever order transactions commit.
ALTER TABLE audit_event ADD COLUMN xid BIGINT, ADD COLUMN era BIGINT,
    ADD COLUMN rows BIGINT GENERATED ALWAYS AS (
        CASE WHEN jsonb_typeof(after -> 'rows') = 'number' THEN (after -> 'rows')::bigint END) STORED;
UPDATE audit_event SET xid = 0, era = 0;
ALTER TABLE audit_event ALTER COLUMN xid SET NOT NULL, ALTER COLUMN era SET NOT NULL;
CREATE INDEX ix_audit_event_user_name ON audit_event (user_name, audit_event_id);
CREATE INDEX ix_audit_event_object ON audit_event (object text_pattern_ops, audit_event_id);
CREATE INDEX ix_audit_event_xid ON audit_event (xid);

-- When an event happened, and in which transaction, is not its writer's to say.
CREATE FUNCTION stamp_event() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.happened_at := clock_timestamp();
    NEW.xid := pg_current_xact_id()::text::bigint;
    NEW.era := (SELECT system_identifier FROM pg_control_system());
    RETURN NEW;
END $$;

CREATE FUNCTION keep_event() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is only ever added to';
END $$;

CREATE TRIGGER stamped BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION stamp_event();
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON audit_event FOR EACH ROW EXECUTE FUNCTION keep_event();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON audit_event EXECUTE FUNCTION keep_event();
-- For a session that replays another server's changes, too.
ALTER TABLE audit_event ENABLE ALWAYS TRIGGER stamped, ENABLE ALWAYS TRIGGER kept, ENABLE ALWAYS TRIGGER kept_whole;
REVOKE UPDATE, DELETE, TRUNCATE ON audit_event FROM CURRENT_USER;

-- A seal over the events of all transactions from one up to, but without, another, every one of which had ended when it was
-- made. geoapp/access/seals.py says how the hashes are made; each seal holds the one before it.
CREATE TABLE audit_seal (
    seal_no BIGINT NOT NULL,
    era BIGINT NOT NULL,
    from_xid BIGINT NOT NULL,
    to_xid BIGINT NOT NULL,
    event_ids BIGINT[] NOT NULL,
    event_hashes BYTEA NOT NULL,
    previous_hash BYTEA NOT NULL,
    key_mark BYTEA NOT NULL,
    seal_hash BYTEA NOT NULL,
    sealed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_audit_seal PRIMARY KEY (seal_no),
    CONSTRAINT ck_audit_seal_xids CHECK (from_xid <= to_xid)
);
CREATE TRIGGER kept BEFORE UPDATE OR DELETE ON audit_seal FOR EACH ROW EXECUTE FUNCTION keep_event();
CREATE TRIGGER kept_whole BEFORE TRUNCATE ON audit_seal EXECUTE FUNCTION keep_event();
ALTER TABLE audit_seal ENABLE ALWAYS TRIGGER kept, ENABLE ALWAYS TRIGGER kept_whole;
REVOKE UPDATE, DELETE, TRUNCATE ON audit_seal FROM CURRENT_USER;
ALTER TABLE audit_seal ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON audit_seal FOR SELECT USING ((SELECT viewer_is('admin')));
GRANT SELECT (seal_no, sealed_at) ON audit_seal TO geoapp_web;

-- What may stand in the audit as it is: counts of rows, and codes that say how far something has come, or who may do what.
CREATE FUNCTION audit_codes() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{column,format,layer,level,outcome,question,role,sealed,status,synthetic,table,table_name,unit_code,rows,rows_in,
    rows_inserted,rows_rejected,rows_unchanged,rows_updated}'::text[];

-- Facts about a row, in which all that is content gives way to the first half of an HMAC-SHA-256 (RFC 2104), a different
-- one in each row. The connection brings both padded keys, one after the other, in geoapp.audit_key; they are stored
-- nowhere in the database. Without them the content is left out.
CREATE FUNCTION audit_kept(place text, facts jsonb, coded text[]) RETURNS jsonb
-- In PL/pgSQL, which keeps the plan: a written row calls this once or twice.
LANGUAGE plpgsql STABLE AS $$
DECLARE
    keys CONSTANT text := nullif(current_setting('geoapp.audit_key', true), '');
    inner_key CONSTANT bytea := decode(left(keys, 128), 'hex');
    outer_key CONSTANT bytea := decode(substr(keys, 129, 128), 'hex');
BEGIN
    IF facts IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT jsonb_object_agg(fact.key, CASE
            WHEN fact.key = ANY (coded) OR fact.value = 'null' THEN fact.value
            ELSE to_jsonb(left(encode(sha256(outer_key || sha256(inner_key || convert_to(
                jsonb_build_array(place, fact.key, fact.value)::text, 'UTF8'))), 'hex'), 32)) END)
          FROM jsonb_each(facts) AS fact);
END $$;

-- Writes one event as the transaction's viewer. Of `before` and `after`, numbers and codes are kept as they are.
CREATE FUNCTION record_event(what text, object text, before jsonb, after jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
DECLARE
    coded CONSTANT text[] := public.audit_codes() || ARRAY(
        SELECT key FROM jsonb_each(coalesce(before, '{}') || coalesce(after, '{}'))
         WHERE jsonb_typeof(value) IN ('number', 'boolean'));
BEGIN
    INSERT INTO public.audit_event (user_name, what, object, before, after, request_id)
    VALUES (coalesce(public.viewer(), session_user), what, object, public.audit_kept(object, before, coded),
            public.audit_kept(object, after, coded), nullif(current_setting('geoapp.request_id', true), ''));
END $$;

-- === Writes ===========================================================================================================

-- Writes down which columns of a row changed. Arguments: the column that names the row ('' where
-- its key is content), the table that it is called by, and what its insert, update and delete are called.
CREATE FUNCTION audit_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
DECLARE
    -- What the database makes of the other columns.
    derived CONSTANT text[] := '{units,country,geom_3857,created_at,created_by}';
    old_row jsonb;
    new_row jsonb;
    place text;
    before jsonb;
    after jsonb;
    what CONSTANT text := CASE TG_OP WHEN 'INSERT' THEN TG_ARGV[2] WHEN 'UPDATE' THEN TG_ARGV[3] ELSE TG_ARGV[4] END;
BEGIN
    -- An import's rows are told by the event of its batch. The web role is taken at its word only where there is one.
    IF current_setting('geoapp.bulk', true) = 'on' AND EXISTS (
        SELECT FROM public.audit_event AS event
         WHERE event.xid = pg_current_xact_id()::text::bigint AND event.what IN ('import', 'undo')) THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        old_row := to_jsonb(OLD) - derived;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        new_row := to_jsonb(NEW) - derived;
    END IF;
    place := concat_ws('/', TG_ARGV[1], coalesce(new_row, old_row) ->> TG_ARGV[0]);
    before := jsonb_strip_nulls(old_row);
    after := jsonb_strip_nulls(new_row);
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(key, value) INTO before FROM jsonb_each(old_row)
         WHERE value IS DISTINCT FROM new_row -> key;
        SELECT jsonb_object_agg(key, value) INTO after FROM jsonb_each(new_row)
         WHERE value IS DISTINCT FROM old_row -> key;
        IF before IS NULL THEN
            RETURN NULL;
        END IF;
    ELSIF what = 'import' THEN
        after := after || jsonb_build_object('rows', new_row -> 'rows_in');
    END IF;
    INSERT INTO public.audit_event (user_name, what, object, before, after, request_id)
    VALUES (coalesce(public.viewer(), session_user), what, place, public.audit_kept(place, before, public.audit_codes()),
            public.audit_kept(place, after, public.audit_codes()),
            nullif(current_setting('geoapp.request_id', true), ''));
    RETURN NULL;
END $$;

-- Has the writes to a table written down. The operator's loads, which say so in geoapp.bulk, write events of their own.
CREATE FUNCTION audit_writes(written regclass, key text, called text DEFAULT NULL, inserted text DEFAULT 'insert',
                             updated text DEFAULT 'update', deleted text DEFAULT 'delete') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF key <> '' AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = written AND attname = key) THEN
        RAISE EXCEPTION '% has no column %', written, key;
    END IF;
    EXECUTE format(
        'CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW'
        ' WHEN (current_setting(''geoapp.bulk'', true) IS DISTINCT FROM ''on'' OR session_user = ''geoapp_web'')'
        ' EXECUTE FUNCTION audit_row(%L, %L, %L, %L, %L)',
        written, key, coalesce(called, written::text), inserted, updated, deleted);
END $$;

SELECT audit_writes('mine_site', 'site_id');
SELECT audit_writes('site_alias', 'id');
SELECT audit_writes('site_visit', 'id');
SELECT audit_writes('facility', 'id');
SELECT audit_writes('route', 'id');
SELECT audit_writes('checkpoint', 'id');
SELECT audit_writes('deployment', 'id');
SELECT audit_writes('escort_movement', 'id');
SELECT audit_writes('incident', 'incident_id');
SELECT audit_writes('incident_release', 'incident_id', 'incident', 'release', 'release', 'withdraw');
SELECT audit_writes('committee', 'committee_id');
SELECT audit_writes('committee_seat', 'id');
SELECT audit_writes('meeting', 'meeting_id');
SELECT audit_writes('action', 'id');
SELECT audit_writes('risk_item', 'id');
SELECT audit_writes('training', 'id');
-- Its key is its name, which tells who reports.
SELECT audit_writes('source', '');
SELECT audit_writes('admin_unit', 'unit_code');
SELECT audit_writes('published_edition', 'edition_id', NULL, 'publish');
SELECT audit_writes('import_batch', 'import_batch_id', NULL, 'import', 'undo');
SELECT audit_writes('app_user', 'user_name', NULL, 'rights', 'rights', 'rights');
SELECT audit_writes('user_scope', 'user_name', 'app_user', 'rights', 'rights', 'rights');

REVOKE EXECUTE ON FUNCTION record_event(text, text, jsonb, jsonb), stamp_event(), keep_event(), audit_row(),
    audit_writes(regclass, text, text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_event(text, text, jsonb, jsonb) TO geoapp_web;
GRANT SELECT (rows) ON audit_event TO geoapp_web;
