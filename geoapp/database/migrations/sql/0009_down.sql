DO $$
DECLARE
    trigger record;
BEGIN
    FOR trigger IN SELECT tgname, tgrelid::regclass AS name FROM pg_trigger
                    WHERE tgfoid IN ('public.log_table()'::regprocedure, 'public.log_rows()'::regprocedure) LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', trigger.tgname, trigger.name);
    END LOOP;
END $$;

DROP FUNCTION start_reading(text, text, boolean, pg_snapshot), rights_in_use(), viewer_handles_sealed(), table_versions(),
    changes_since(pg_snapshot), log_rows(), log_table(), log_change(text, uuid[]), prune_changes(interval);
DROP INDEX ix_incident_sealed;
DROP TABLE change_log;
