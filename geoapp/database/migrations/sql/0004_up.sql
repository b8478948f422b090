-- The audit: who did what to which row, and when. Events are only ever added, by record_event() and by the triggers below;
-- docs/audit.md says what they tell, and what they do not.

-- `xid` is the transaction that wrote the event, `era` the server whose transactions it counts: by them, a seal holds a
-- set that is closed for good, in whatever order transactions commit.
ALTER TABLE audit_event ADD COLUMN xid BIGINT, ADD COLUMN era BIGINT;
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

-- The first half of HMAC-SHA-256 (RFC 2104) of a message, in hexadecimal. The connection brings both padded keys, one
-- after the other, in geoapp.audit_key; they are stored nowhere in the database. NULL on a connection without a key.
CREATE FUNCTION audit_hash(message text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT left(encode(sha256(decode(substr(key, 129, 128), 'hex')
                              || sha256(decode(left(key, 128), 'hex') || convert_to(message, 'UTF8'))), 'hex'), 32)
      FROM (SELECT nullif(current_setting('geoapp.audit_key', true), '') AS key) AS connection
$$;

-- What may stand in the audit as it is: codes that say how far something has come, or who may do what. All else is
-- content, and gives way to a hash that is another one in each row.
CREATE FUNCTION audit_kept(place text, facts jsonb, coded text[]) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT jsonb_object_agg(key, CASE WHEN key = ANY (coded) OR value = 'null' THEN value
                                      ELSE to_jsonb(public.audit_hash(jsonb_build_array(place, key, value)::text)) END)
      FROM jsonb_each(facts)
$$;

-- Writes one event as the transaction's viewer. Of `before` and `after`, numbers and codes are kept as they are.
CREATE FUNCTION record_event(what text, object text, before jsonb, after jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET row_security = off AS $$
DECLARE
    coded text[] := '{column,role,table,unit_code,level,status,outcome,question,layer,format}';
BEGIN
    coded := coded || ARRAY(
        SELECT key FROM jsonb_each(coalesce(before, '{}') || coalesce(after, '{}'))
         WHERE jsonb_typeof(value) IN ('number', 'boolean'));
    INSERT INTO public.audit_event (user_name, what, object, before, after, request_id)
    VALUES (coalesce(public.viewer(), session_user), what, object, public.audit_kept(object, before, coded),
            public.audit_kept(object, after, coded), nullif(current_setting('geoapp.request_id', true), ''));
END $$;

REVOKE EXECUTE ON FUNCTION record_event(text, text, jsonb, jsonb), stamp_event(), keep_event() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_event(text, text, jsonb, jsonb) TO geoapp_web;
