-- Stops the audit. The events stay, without what seals them.

DO $$
DECLARE
    name regclass;
BEGIN
    FOR name IN SELECT tgrelid FROM pg_trigger WHERE tgname = 'audited' LOOP
        EXECUTE format('DROP TRIGGER audited ON %s', name);
    END LOOP;
END $$;
DROP FUNCTION audit_writes(regclass, text, text, text, text, text), audit_row();
DROP TABLE audit_seal;
DROP TRIGGER kept ON audit_event;
DROP TRIGGER kept_whole ON audit_event;
DROP TRIGGER stamped ON audit_event;
DROP FUNCTION record_event(text, text, jsonb, jsonb), audit_kept(text, jsonb, text[]), audit_codes(), keep_event(),
    stamp_event();
DROP INDEX ix_audit_event_user_name, ix_audit_event_object, ix_audit_event_xid;
ALTER TABLE audit_event DROP COLUMN xid, DROP COLUMN era, DROP COLUMN rows;
GRANT UPDATE, DELETE, TRUNCATE ON audit_event TO CURRENT_USER;
