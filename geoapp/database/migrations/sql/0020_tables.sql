-- What happens to an incident after it was told, and what committees make of it.

CREATE TABLE incident_step (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    incident_id UUID NOT NULL,
    deed TEXT NOT NULL,
    from_status TEXT,
    to_status TEXT,
    taken_on DATE NOT NULL,
    outcome TEXT,
    due_on DATE,
    reason TEXT,
    synthetic BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_by TEXT DEFAULT session_user NOT NULL,
    country TEXT,
    units TEXT[] DEFAULT '{}'::text[] NOT NULL,
    source_id TEXT,
    import_batch_id UUID,
    CONSTRAINT pk_incident_step PRIMARY KEY (id),
    CONSTRAINT ck_incident_step_deed CHECK (deed = ANY (ARRAY['step'::text, 'due'::text, 'release'::text, 'withdraw'::text])),
    CONSTRAINT ck_incident_step_from_status CHECK (from_status = ANY (ARRAY['reported'::text, 'verifying'::text, 'open'::text, 'mitigating'::text, 'monitoring'::text, 'closed'::text, 'rejected'::text, 'reopened'::text])),
    CONSTRAINT ck_incident_step_to_status CHECK (to_status = ANY (ARRAY['reported'::text, 'verifying'::text, 'open'::text, 'mitigating'::text, 'monitoring'::text, 'closed'::text, 'rejected'::text, 'reopened'::text])),
    CONSTRAINT ck_incident_step_outcome CHECK (outcome = ANY (ARRAY['resolved'::text, 'mitigated'::text, 'disengaged'::text, 'unfounded'::text, 'merged'::text, 'unresolved'::text])),
    CONSTRAINT ck_incident_step_reason CHECK (length(reason) BETWEEN 1 AND 4000),
    CONSTRAINT fk_incident_step_incident_id FOREIGN KEY (incident_id) REFERENCES incident (incident_id) ON DELETE CASCADE,
    CONSTRAINT fk_incident_step_source_id FOREIGN KEY (source_id) REFERENCES source (source_id),
    CONSTRAINT fk_incident_step_import_batch_id FOREIGN KEY (import_batch_id) REFERENCES import_batch (import_batch_id)
);
CREATE INDEX ix_incident_step_incident_id ON incident_step (incident_id);

-- The number by which somebody follows what they told. Nobody reads the table: the functions below answer who has the
-- number. It bears nobody's name, and neither does the incident that came so.
CREATE TABLE incident_report (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    incident_id UUID NOT NULL,
    key_hash TEXT NOT NULL,
    number_hash TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    synthetic BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT pk_incident_report PRIMARY KEY (id),
    CONSTRAINT uq_incident_report_incident_id UNIQUE (incident_id),
    CONSTRAINT uq_incident_report_key_hash UNIQUE (key_hash),
    CONSTRAINT uq_incident_report_number_hash UNIQUE (number_hash),
    CONSTRAINT ck_incident_report_key_hash CHECK (key_hash ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_incident_report_number_hash CHECK (number_hash ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_incident_report_content_hash CHECK (content_hash ~ '^[0-9a-f]{64}$'),
    CONSTRAINT fk_incident_report_incident_id FOREIGN KEY (incident_id) REFERENCES incident (incident_id) ON DELETE CASCADE
);

CREATE INDEX ix_incident_due ON incident (due_on, incident_id)
 WHERE status <> ALL (ARRAY['closed'::text, 'rejected'::text]);

ALTER TABLE meeting
    ADD COLUMN place_text TEXT,
    ADD COLUMN minutes TEXT,
    ADD COLUMN closed_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN closed_by TEXT;
-- What was kept elsewhere is not written anew.
UPDATE meeting SET closed_at = created_at, closed_by = created_by WHERE minutes_ref IS NOT NULL;

CREATE TABLE meeting_item (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    meeting_id TEXT NOT NULL,
    incident_id UUID,
    action_id UUID,
    topic TEXT,
    note TEXT,
    synthetic BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_by TEXT DEFAULT session_user NOT NULL,
    country TEXT,
    units TEXT[] DEFAULT '{}'::text[] NOT NULL,
    source_id TEXT,
    import_batch_id UUID,
    CONSTRAINT pk_meeting_item PRIMARY KEY (id),
    CONSTRAINT uq_meeting_item_meeting_id_incident_id UNIQUE (meeting_id, incident_id),
    CONSTRAINT uq_meeting_item_meeting_id_action_id UNIQUE (meeting_id, action_id),
    CONSTRAINT ck_meeting_item_subject CHECK (num_nonnulls(incident_id, action_id, topic) = 1),
    CONSTRAINT fk_meeting_item_meeting_id FOREIGN KEY (meeting_id) REFERENCES meeting (meeting_id) ON DELETE CASCADE,
    CONSTRAINT fk_meeting_item_incident_id FOREIGN KEY (incident_id) REFERENCES incident (incident_id) ON DELETE CASCADE,
    CONSTRAINT fk_meeting_item_action_id FOREIGN KEY (action_id) REFERENCES action (id) ON DELETE CASCADE,
    CONSTRAINT fk_meeting_item_source_id FOREIGN KEY (source_id) REFERENCES source (source_id),
    CONSTRAINT fk_meeting_item_import_batch_id FOREIGN KEY (import_batch_id) REFERENCES import_batch (import_batch_id)
);
CREATE INDEX ix_meeting_item_incident_id ON meeting_item (incident_id);
CREATE INDEX ix_meeting_item_action_id ON meeting_item (action_id);

CREATE TABLE meeting_attendance (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    meeting_id TEXT NOT NULL,
    seat_id UUID NOT NULL,
    people SMALLINT NOT NULL,
    synthetic BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_by TEXT DEFAULT session_user NOT NULL,
    country TEXT,
    units TEXT[] DEFAULT '{}'::text[] NOT NULL,
    source_id TEXT,
    import_batch_id UUID,
    CONSTRAINT pk_meeting_attendance PRIMARY KEY (id),
    CONSTRAINT uq_meeting_attendance_meeting_id_seat_id UNIQUE (meeting_id, seat_id),
    CONSTRAINT ck_meeting_attendance_people CHECK (people BETWEEN 0 AND 99),
    CONSTRAINT fk_meeting_attendance_meeting_id FOREIGN KEY (meeting_id) REFERENCES meeting (meeting_id) ON DELETE CASCADE,
    CONSTRAINT fk_meeting_attendance_seat_id FOREIGN KEY (seat_id) REFERENCES committee_seat (id),
    CONSTRAINT fk_meeting_attendance_source_id FOREIGN KEY (source_id) REFERENCES source (source_id),
    CONSTRAINT fk_meeting_attendance_import_batch_id FOREIGN KEY (import_batch_id) REFERENCES import_batch (import_batch_id)
);
CREATE INDEX ix_meeting_attendance_seat_id ON meeting_attendance (seat_id);

CREATE TABLE minutes_addition (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    meeting_id TEXT NOT NULL,
    words TEXT NOT NULL,
    synthetic BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_by TEXT DEFAULT session_user NOT NULL,
    country TEXT,
    units TEXT[] DEFAULT '{}'::text[] NOT NULL,
    source_id TEXT,
    import_batch_id UUID,
    CONSTRAINT pk_minutes_addition PRIMARY KEY (id),
    CONSTRAINT ck_minutes_addition_words CHECK (length(words) BETWEEN 1 AND 4000),
    CONSTRAINT fk_minutes_addition_meeting_id FOREIGN KEY (meeting_id) REFERENCES meeting (meeting_id) ON DELETE CASCADE,
    CONSTRAINT fk_minutes_addition_source_id FOREIGN KEY (source_id) REFERENCES source (source_id),
    CONSTRAINT fk_minutes_addition_import_batch_id FOREIGN KEY (import_batch_id) REFERENCES import_batch (import_batch_id)
);
CREATE INDEX ix_minutes_addition_meeting_id ON minutes_addition (meeting_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['incident_step', 'incident_report', 'meeting_item', 'meeting_attendance', 'minutes_addition'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        IF name <> 'incident_report' THEN
            EXECUTE format('CREATE TRIGGER signed BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION signed()', name);
            EXECUTE format('CREATE POLICY demonstration ON %I AS RESTRICTIVE'
                           ' USING ((SELECT viewer_sees_real()) OR synthetic)', name);
        END IF;
    END LOOP;
END $$;
