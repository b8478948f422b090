-- A file that is imported again does not bring back into the open what was sealed meanwhile: for whoever may not see the
-- sealed incident, its row in the file is passed over. An incident that came by no import does not stand in the way.

CREATE INDEX ix_incident_sealed_incident_no ON incident (incident_no) WHERE sealed;
CREATE INDEX ix_incident_sealed_content_key ON incident (content_key) WHERE sealed AND incident_no IS NULL;

CREATE FUNCTION stay_sealed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- The operator, who has no viewer, sees it and changes it.
    IF viewer() IS NOT NULL AND EXISTS (
        SELECT FROM public.incident AS kept
         WHERE kept.sealed AND kept.import_batch_id IS NOT NULL AND viewer() <> ALL (kept.handlers)
           AND (kept.incident_no = NEW.incident_no
                OR NEW.incident_no IS NULL AND kept.incident_no IS NULL AND kept.content_key = NEW.content_key)
           AND coalesce(kept.source_id, '') = coalesce(NEW.source_id, '') AND kept.units && NEW.units) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;

-- After the trigger `units` by its name, since it asks for them.
CREATE TRIGGER withheld BEFORE INSERT ON incident FOR EACH ROW EXECUTE FUNCTION stay_sealed();
