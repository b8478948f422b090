-- Which step may follow which, who takes it, and what it needs. docs/followup.md tells it to people.

CREATE FUNCTION next_statuses(status text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE status
    WHEN 'reported' THEN '{verifying,rejected}'::text[]
    WHEN 'verifying' THEN '{open,rejected}'::text[]
    WHEN 'open' THEN '{mitigating,monitoring,closed}'::text[]
    WHEN 'mitigating' THEN '{monitoring,closed}'::text[]
    WHEN 'monitoring' THEN '{mitigating,closed}'::text[]
    WHEN 'closed' THEN '{reopened}'::text[]
    WHEN 'rejected' THEN '{reopened}'::text[]
    WHEN 'reopened' THEN '{mitigating,monitoring,closed}'::text[]
    ELSE '{}'::text[] END;

-- When an incident of a level is due that was opened, or told, on a day; of an unknown level it is to be looked at within a
-- week.
CREATE FUNCTION due_day(level integer, since date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN since + CASE level WHEN 1 THEN 1 WHEN 2 THEN 30 WHEN 3 THEN 90 ELSE 7 END;

-- When the committees that an incident of some units is for meet next: the soonest meeting that is planned, else the last
-- one and the period of its committee, else in so many days.
CREATE FUNCTION next_meeting_day(within text[]) RETURNS date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT coalesce(
        (SELECT min(meeting.held_on) FROM public.meeting JOIN public.committee USING (committee_id)
          WHERE committee.unit_code = ANY (within) AND meeting.held_on > public.today()),
        (SELECT min(greatest(last.held_on + committee.meeting_period_days, public.today() + 1))
           FROM public.committee
           JOIN LATERAL (SELECT max(held_on) AS held_on FROM public.meeting
                          WHERE meeting.committee_id = committee.committee_id) AS last ON last.held_on IS NOT NULL
          WHERE committee.unit_code = ANY (within) AND committee.meeting_period_days IS NOT NULL),
        public.today() + 30)
$$;

-- A step is only ever added. It is refused where it does not follow from where the incident stands, and takes the incident
-- along: nothing else does, but an import.
CREATE FUNCTION take_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    stands public.incident;
    last date;
BEGIN
    SELECT * INTO stands FROM public.incident WHERE incident_id = NEW.incident_id FOR UPDATE;
    NEW.units := coalesce(stands.units, '{}');
    NEW.country := stands.country;
    NEW.synthetic := coalesce(stands.synthetic, false);
    IF NEW.deed IN ('release', 'withdraw') OR session_user <> 'geoapp_web' THEN
        RETURN NEW;
    END IF;
    IF NOT stands.units && public.viewer_units('coordinator') THEN
        RAISE EXCEPTION 'a step is a coordinator''s' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.from_status IS DISTINCT FROM stands.status THEN
        RAISE EXCEPTION 'the incident stands elsewhere by now' USING ERRCODE = 'check_violation';
    END IF;
    SELECT max(taken_on) INTO last FROM public.incident_step
     WHERE incident_id = NEW.incident_id AND deed = 'step';
    IF NEW.taken_on > public.today()
       OR NEW.taken_on < greatest(stands.occurred_from, stands.reported_on, stands.opened_on, last) THEN
        RAISE EXCEPTION 'a step is taken after what it follows, and not later than today' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.deed = 'due' THEN
        IF NEW.to_status <> stands.status OR NEW.due_on IS NULL OR NEW.due_on < public.today() OR NEW.reason IS NULL
           OR stands.status IN ('closed', 'rejected') THEN
            RAISE EXCEPTION 'another due day needs an open incident, a day to come and a reason' USING ERRCODE = 'check_violation';
        END IF;
        UPDATE public.incident SET due_on = NEW.due_on WHERE incident_id = NEW.incident_id;
        RETURN NEW;
    END IF;
    IF NEW.to_status IS NULL OR NEW.to_status <> ALL (public.next_statuses(stands.status)) THEN
        RAISE EXCEPTION 'this step does not follow' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.to_status IN ('closed', 'rejected', 'reopened') AND length(btrim(coalesce(NEW.reason, ''))) < 10 THEN
        RAISE EXCEPTION 'this step needs a reason' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.to_status = 'open' AND (stands.level IS NULL OR stands.category IS NULL) THEN
        RAISE EXCEPTION 'what is open has a level and a category' USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.to_status = 'closed') IS DISTINCT FROM (NEW.outcome IS NOT NULL) OR NEW.outcome = 'merged' THEN
        RAISE EXCEPTION 'what is closed, and nothing else, has an outcome' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.due_on < NEW.taken_on THEN
        RAISE EXCEPTION 'nothing is due before the step' USING ERRCODE = 'check_violation';
    END IF;
    UPDATE public.incident
       SET status = NEW.to_status,
           opened_on = CASE WHEN NEW.to_status = 'open' THEN coalesce(opened_on, NEW.taken_on) ELSE opened_on END,
           due_on = CASE
               WHEN NEW.to_status IN ('closed', 'rejected') THEN due_on
               WHEN NEW.due_on IS NOT NULL THEN NEW.due_on
               WHEN NEW.to_status IN ('open', 'reopened') THEN public.due_day(level, NEW.taken_on)
               ELSE due_on END,
           closed_on = CASE WHEN NEW.to_status IN ('closed', 'rejected') THEN NEW.taken_on END,
           outcome = NEW.outcome
     WHERE incident_id = NEW.incident_id
    RETURNING incident.due_on INTO NEW.due_on;
    RETURN NEW;
END $$;

CREATE TRIGGER taken BEFORE INSERT ON incident_step FOR EACH ROW EXECUTE FUNCTION take_step();

-- Where an incident stands changes by a step alone; an import brings what its file says. It runs with the rights of who
-- writes: the functions of the owner are no writers of their own.
CREATE FUNCTION begin_the_steps() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.status NOT IN ('reported', 'verifying', 'open') OR num_nonnulls(NEW.outcome, NEW.closed_on) > 0 THEN
        RAISE EXCEPTION 'an incident begins as reported' USING ERRCODE = 'insufficient_privilege';
    END IF;
    NEW.reported_on := coalesce(NEW.reported_on, public.today());
    NEW.due_on := coalesce(NEW.due_on, public.due_day(NEW.level, coalesce(NEW.opened_on, NEW.reported_on)));
    RETURN NEW;
END $$;

CREATE FUNCTION follow_the_steps() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    batch CONSTANT text := nullif(current_setting('geoapp.batch', true), '');
BEGIN
    IF batch IS NOT NULL AND EXISTS (SELECT FROM public.import_batch WHERE import_batch_id = batch::uuid) THEN
        RETURN NEW;
    END IF;
    IF (NEW.status, NEW.outcome, NEW.opened_on, NEW.due_on, NEW.closed_on)
       IS DISTINCT FROM (OLD.status, OLD.outcome, OLD.opened_on, OLD.due_on, OLD.closed_on) THEN
        RAISE EXCEPTION 'an incident goes on by a step' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.status NOT IN ('closed', 'rejected') THEN
        NEW.due_on := public.due_day(NEW.level, coalesce(NEW.opened_on, NEW.reported_on, public.today()));
    END IF;
    RETURN NEW;
END $$;

-- An import writes many rows: what it writes is not asked about one by one.
CREATE TRIGGER begun BEFORE INSERT ON incident FOR EACH ROW
WHEN (current_user = 'geoapp_web' AND NEW.import_batch_id IS NULL) EXECUTE FUNCTION begin_the_steps();
CREATE TRIGGER followed BEFORE UPDATE ON incident FOR EACH ROW
WHEN (current_user = 'geoapp_web'
      AND (NEW.status, NEW.outcome, NEW.opened_on, NEW.due_on, NEW.closed_on, NEW.level)
          IS DISTINCT FROM (OLD.status, OLD.outcome, OLD.opened_on, OLD.due_on, OLD.closed_on, OLD.level))
EXECUTE FUNCTION follow_the_steps();

-- A release, and taking it back, stand in the history of their incident. One of level 1 is due again when its committee meets.
CREATE FUNCTION release_is_a_step() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF session_user <> 'geoapp_web' OR NOT EXISTS (
        SELECT FROM public.incident WHERE incident_id = coalesce(NEW.incident_id, OLD.incident_id)) THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        INSERT INTO public.incident_step (incident_id, deed, taken_on, source_id)
        VALUES (OLD.incident_id, 'withdraw', public.today(), CASE WHEN OLD.synthetic THEN OLD.source_id END);
        RETURN NULL;
    END IF;
    -- One that is changed is taken back and made anew.
    DELETE FROM public.incident_step
     WHERE incident_id = NEW.incident_id AND deed IN ('withdraw', 'release') AND created_at = now();
    INSERT INTO public.incident_step (incident_id, deed, taken_on, source_id)
    VALUES (NEW.incident_id, 'release', public.today(), CASE WHEN NEW.synthetic THEN NEW.source_id END);
    UPDATE public.incident SET due_on = public.next_meeting_day(units)
     WHERE incident_id = NEW.incident_id AND level = 1 AND status NOT IN ('closed', 'rejected')
       AND due_on <= public.today() + 1;
    RETURN NULL;
END $$;

CREATE TRIGGER step AFTER INSERT OR DELETE ON incident_release FOR EACH ROW EXECUTE FUNCTION release_is_a_step();

CREATE POLICY read ON incident_step FOR SELECT USING (
    EXISTS (SELECT FROM incident WHERE incident.incident_id = incident_step.incident_id));
CREATE POLICY add ON incident_step FOR INSERT WITH CHECK (
    deed IN ('step', 'due')
    AND EXISTS (SELECT FROM incident WHERE incident.incident_id = incident_step.incident_id
                   AND incident.units && (SELECT viewer_units('coordinator'))));

-- What an incident was before is for those who handle it, too.
DROP POLICY read ON row_change;
CREATE POLICY read ON row_change FOR SELECT USING (
    (units && (SELECT viewer_units('gis'))
     OR table_name = 'incident' AND deed = 'update' AND units && (SELECT viewer_units('coordinator', 'analyst')))
    AND (row_is_seen(table_name, row_key) OR deed = 'delete' AND NOT sealed AND row_is_gone(table_name, row_key)));

REVOKE EXECUTE ON FUNCTION next_statuses(text), due_day(integer, date), next_meeting_day(text[]), take_step(),
    begin_the_steps(), follow_the_steps(), release_is_a_step() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION next_statuses(text), due_day(integer, date) TO geoapp_web;
GRANT SELECT ON incident_step TO geoapp_web;
GRANT INSERT (incident_id, deed, from_status, to_status, taken_on, outcome, due_on, reason, source_id) ON incident_step
    TO geoapp_web;
-- A release has an event of its own.
CREATE TRIGGER audited AFTER INSERT ON incident_step FOR EACH ROW WHEN (NEW.deed IN ('step', 'due'))
EXECUTE FUNCTION audit_row('incident_id', 'incident', 'step', 'step', 'step');
