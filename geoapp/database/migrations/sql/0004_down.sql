-- Stops the audit. The events stay, without what seals them.

DROP TRIGGER kept ON audit_event;
DROP TRIGGER kept_whole ON audit_event;
DROP TRIGGER stamped ON audit_event;
DROP FUNCTION record_event(text, text, jsonb, jsonb), audit_kept(text, jsonb, text[]), audit_hash(text), keep_event(),
    stamp_event();
DROP INDEX ix_audit_event_user_name, ix_audit_event_object, ix_audit_event_xid;
ALTER TABLE audit_event DROP COLUMN xid, DROP COLUMN era;
GRANT UPDATE, DELETE, TRUNCATE ON audit_event TO CURRENT_USER;
