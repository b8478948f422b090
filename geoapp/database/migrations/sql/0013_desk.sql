-- Files that people brought, and the queue of work on them.

CREATE TABLE import_upload (
    upload_id UUID DEFAULT gen_random_uuid() NOT NULL,
    file_name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    layers JSONB,
    units TEXT[] DEFAULT '{}'::text[] NOT NULL,
    private BOOLEAN DEFAULT true NOT NULL,
    synthetic BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_by TEXT DEFAULT session_user NOT NULL,
    removed_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_import_upload PRIMARY KEY (upload_id),
    CONSTRAINT ck_import_upload_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_import_upload_bytes CHECK (bytes >= 0)
);
CREATE INDEX ix_import_upload_sha256 ON import_upload (sha256);

CREATE TABLE import_job (
    job_id UUID DEFAULT gen_random_uuid() NOT NULL,
    upload_id UUID,
    import_batch_id UUID,
    task TEXT NOT NULL,
    state TEXT DEFAULT 'waiting' NOT NULL,
    layer TEXT,
    table_name TEXT,
    options JSONB DEFAULT '{}'::jsonb NOT NULL,
    version INTEGER DEFAULT 1 NOT NULL,
    accepted_by TEXT,
    accepted_at TIMESTAMP WITH TIME ZONE,
    step TEXT,
    rows_done INTEGER DEFAULT 0 NOT NULL,
    rows_total INTEGER DEFAULT 0 NOT NULL,
    attempt INTEGER DEFAULT 0 NOT NULL,
    beat_at TIMESTAMP WITH TIME ZONE,
    cancel BOOLEAN DEFAULT false NOT NULL,
    mark TEXT,
    preview JSONB,
    reason_en TEXT,
    reason_fr TEXT,
    finished_at TIMESTAMP WITH TIME ZONE,
    units TEXT[] DEFAULT '{}'::text[] NOT NULL,
    private BOOLEAN DEFAULT true NOT NULL,
    synthetic BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_by TEXT DEFAULT session_user NOT NULL,
    CONSTRAINT pk_import_job PRIMARY KEY (job_id),
    CONSTRAINT ck_import_job_task CHECK (task = ANY (ARRAY['open'::text, 'check'::text, 'write'::text, 'undo'::text])),
    CONSTRAINT ck_import_job_state CHECK (state = ANY (ARRAY['asking'::text, 'waiting'::text, 'running'::text, 'ready'::text, 'done'::text, 'refused'::text, 'left'::text, 'cancelled'::text, 'failed'::text])),
    CONSTRAINT ck_import_job_version CHECK (version >= 0),
    CONSTRAINT ck_import_job_rows_done CHECK (rows_done >= 0),
    CONSTRAINT ck_import_job_rows_total CHECK (rows_total >= 0),
    CONSTRAINT ck_import_job_attempt CHECK (attempt >= 0),
    CONSTRAINT fk_import_job_upload_id FOREIGN KEY (upload_id) REFERENCES import_upload (upload_id) ON DELETE CASCADE,
    CONSTRAINT fk_import_job_import_batch_id FOREIGN KEY (import_batch_id) REFERENCES import_batch (import_batch_id) ON DELETE CASCADE
);
CREATE INDEX ix_import_job_upload_id ON import_job (upload_id);
CREATE INDEX ix_import_job_import_batch_id ON import_job (import_batch_id);
CREATE INDEX ix_import_job_open ON import_job (created_at) WHERE state IN ('waiting', 'running');

CREATE TRIGGER signed BEFORE INSERT OR UPDATE ON import_upload FOR EACH ROW EXECUTE FUNCTION signed();
CREATE TRIGGER signed BEFORE INSERT OR UPDATE ON import_job FOR EACH ROW EXECUTE FUNCTION signed();

-- Whoever brought a file, and GIS officers of all the units that they had then, unless something sealed is in it.
DO $$
DECLARE
    name text;
    shared CONSTANT text := $c$(SELECT viewer_units('gis')) <> '{}'
        AND (created_by = viewer() OR NOT private AND units <> '{}' AND units <@ (SELECT viewer_units('gis')))$c$;
BEGIN
    FOREACH name IN ARRAY ARRAY['import_upload', 'import_job'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY read ON %I FOR SELECT USING (%s)', name, shared);
        EXECUTE format('CREATE POLICY add ON %I FOR INSERT WITH CHECK (%s)', name,
                       $c$(SELECT viewer_units('gis')) <> '{}' AND created_by = viewer()
                          AND units <@ (SELECT viewer_units('gis'))$c$);
        EXECUTE format('CREATE POLICY change ON %1$I FOR UPDATE USING (%2$s) WITH CHECK (%2$s)', name, shared);
        EXECUTE format('CREATE POLICY demonstration ON %I AS RESTRICTIVE'
                       ' USING ((SELECT viewer_sees_real()) OR synthetic)', name);
    END LOOP;
END $$;

GRANT SELECT, INSERT (upload_id, file_name, sha256, bytes, units), UPDATE (removed_at) ON import_upload TO geoapp_web;
GRANT SELECT, INSERT (job_id, upload_id, import_batch_id, task, state, layer, table_name, options, units, reason_en,
    reason_fr, created_at),
    UPDATE (task, state, table_name, options, version, accepted_by, accepted_at, step, rows_done, rows_total, attempt, cancel,
            mark, preview, import_batch_id, reason_en, reason_fr, finished_at) ON import_job TO geoapp_web;

SELECT audit_writes('import_upload', 'upload_id');
