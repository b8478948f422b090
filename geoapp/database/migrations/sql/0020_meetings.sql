-- Agendas that every seat may read, attendance by seat, and minutes that stay as they were closed.

CREATE FUNCTION meeting_child_units() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    SELECT units, country, synthetic OR NEW.synthetic INTO NEW.units, NEW.country, NEW.synthetic
      FROM public.meeting WHERE meeting_id = NEW.meeting_id;
    NEW.units := coalesce(NEW.units, '{}');
    NEW.synthetic := coalesce(NEW.synthetic, false);
    RETURN NEW;
END $$;

CREATE FUNCTION meeting_moved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.meeting_item SET units = NULL WHERE meeting_id = NEW.meeting_id;
    UPDATE public.meeting_attendance SET units = NULL WHERE meeting_id = NEW.meeting_id;
    UPDATE public.minutes_addition SET units = NULL WHERE meeting_id = NEW.meeting_id;
    RETURN NULL;
END $$;
CREATE TRIGGER moved AFTER UPDATE ON meeting FOR EACH ROW
WHEN (OLD.units IS DISTINCT FROM NEW.units) EXECUTE FUNCTION meeting_moved();

CREATE TRIGGER units BEFORE INSERT OR UPDATE ON meeting_item FOR EACH ROW EXECUTE FUNCTION meeting_child_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON meeting_attendance FOR EACH ROW EXECUTE FUNCTION meeting_child_units();
CREATE TRIGGER units BEFORE INSERT OR UPDATE ON minutes_addition FOR EACH ROW EXECUTE FUNCTION meeting_child_units();

-- Whether every seat of a committee may read an action, however much more the viewer sees.
CREATE FUNCTION action_is_for_all(action_id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM public.action AS decided
         WHERE decided.id = action_is_for_all.action_id
           AND (decided.site_id IS NOT NULL
                OR EXISTS (SELECT FROM public.incident_release AS shown WHERE shown.incident_id = decided.incident_id)
                OR EXISTS (SELECT FROM public.route WHERE route.id = decided.route_ref AND NOT route.near_magazine)
                OR EXISTS (SELECT FROM public.facility WHERE facility.id = decided.facility_ref
                              AND facility.kind <> 'explosives_magazine')))
$$;

-- Who runs a meeting writes it until its minutes are closed, and adds to it afterwards.
CREATE FUNCTION minutes_stay() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    was jsonb;
    becomes jsonb;
BEGIN
    -- What the owner's functions do is not the writing of somebody.
    IF current_user <> 'geoapp_web' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        was := to_jsonb(OLD);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        becomes := to_jsonb(NEW);
    END IF;
    IF TG_TABLE_NAME = 'action' AND TG_OP = 'UPDATE' THEN
        was := was - '{done_on,result,units,country}'::text[];
        becomes := becomes - '{done_on,result,units,country}'::text[];
    END IF;
    IF was = becomes THEN
        RETURN NEW;
    END IF;
    IF EXISTS (
        SELECT FROM unnest(ARRAY[was ->> 'meeting_id', becomes ->> 'meeting_id']) AS each (id)
         WHERE each.id IS NOT NULL AND TG_TABLE_NAME <> 'meeting'
           AND NOT EXISTS (SELECT FROM public.meeting WHERE meeting_id = each.id AND closed_at IS NULL))
       OR TG_TABLE_NAME = 'meeting' AND was ->> 'closed_at' IS NOT NULL THEN
        RAISE EXCEPTION 'these minutes are closed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER minutes_stay BEFORE UPDATE OR DELETE ON meeting FOR EACH ROW EXECUTE FUNCTION minutes_stay();
CREATE TRIGGER minutes_stay BEFORE INSERT OR UPDATE OR DELETE ON meeting_item FOR EACH ROW EXECUTE FUNCTION minutes_stay();
CREATE TRIGGER minutes_stay BEFORE INSERT OR UPDATE OR DELETE ON meeting_attendance
FOR EACH ROW EXECUTE FUNCTION minutes_stay();
CREATE TRIGGER minutes_stay BEFORE INSERT OR UPDATE OR DELETE ON action FOR EACH ROW EXECUTE FUNCTION minutes_stay();

-- A committee decides about what lies in its unit, and not before it happened.
CREATE FUNCTION decide_within() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    lies_in text[];
    happened date;
BEGIN
    IF session_user <> 'geoapp_web' THEN
        RETURN NEW;
    END IF;
    SELECT subject.units, subject.day INTO lies_in, happened FROM (
        SELECT units, occurred_from AS day FROM public.incident WHERE incident_id = NEW.incident_id
        UNION ALL SELECT units, NULL FROM public.mine_site WHERE site_id = NEW.site_id
        UNION ALL SELECT units, NULL FROM public.route WHERE id = NEW.route_ref
        UNION ALL SELECT units, NULL FROM public.facility WHERE id = NEW.facility_ref
        UNION ALL SELECT units, NULL FROM public.deployment WHERE id = NEW.deployment_ref) AS subject;
    IF NEW.committee_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM public.committee
         WHERE committee_id = NEW.committee_id AND public.with_origins(ARRAY[unit_code]) && lies_in) THEN
        RAISE EXCEPTION 'this lies outside the unit of the committee' USING ERRCODE = 'foreign_key_violation';
    END IF;
    IF NEW.meeting_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM public.meeting WHERE meeting_id = NEW.meeting_id AND committee_id = NEW.committee_id) THEN
        RAISE EXCEPTION 'this is a meeting of another committee' USING ERRCODE = 'foreign_key_violation';
    END IF;
    IF NEW.decided_on < happened THEN
        RAISE EXCEPTION 'nothing is decided about an incident before it happened' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER within BEFORE INSERT OR UPDATE OF committee_id, meeting_id, decided_on, incident_id, site_id, route_ref,
    facility_ref, deployment_ref ON action FOR EACH ROW EXECUTE FUNCTION decide_within();

-- Closes the minutes of a meeting that was held and at which somebody was. What is of level 1 is due again at the next one.
CREATE FUNCTION close_minutes(closing text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    held public.meeting;
    period integer;
BEGIN
    SELECT * INTO held FROM public.meeting
     WHERE meeting_id = closing AND units && public.viewer_units('coordinator')
       AND (public.viewer_sees_real() OR synthetic) FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the minutes are their coordinator''s to close' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF held.closed_at IS NOT NULL THEN
        RAISE EXCEPTION 'these minutes are closed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF held.held_on > public.today() OR NOT EXISTS (
        SELECT FROM public.meeting_attendance WHERE meeting_id = closing AND people > 0) THEN
        RAISE EXCEPTION 'minutes are of a meeting that was held, and at which somebody was' USING ERRCODE = 'check_violation';
    END IF;
    UPDATE public.meeting
       SET closed_at = now(), closed_by = public.viewer(),
           attendees_by_group = (
               SELECT jsonb_object_agg(counted."group", counted.people)
                 FROM (SELECT seat."group", sum(attended.people) AS people
                         FROM public.meeting_attendance AS attended
                         JOIN public.committee_seat AS seat ON seat.id = attended.seat_id
                        WHERE attended.meeting_id = closing GROUP BY seat."group") AS counted)
     WHERE meeting_id = closing;
    SELECT meeting_period_days INTO period FROM public.committee WHERE committee_id = held.committee_id;
    UPDATE public.incident SET due_on = held.held_on + coalesce(period, 30)
     WHERE level = 1 AND status NOT IN ('closed', 'rejected') AND due_on < held.held_on + coalesce(period, 30)
       AND incident_id IN (SELECT item.incident_id FROM public.meeting_item AS item WHERE item.meeting_id = closing);
END $$;

-- === Who reads and writes =============================================================================================

-- An agenda is the same for whoever runs the meeting and for every seat.
CREATE POLICY read ON meeting_item FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis'))
    AND (incident_id IS NULL
         OR EXISTS (SELECT FROM incident_release AS shown WHERE shown.incident_id = meeting_item.incident_id))
    AND (action_id IS NULL OR (action_is_for_all(action_id)
                               AND EXISTS (SELECT FROM action WHERE action.id = meeting_item.action_id))));
CREATE POLICY add ON meeting_item FOR INSERT WITH CHECK (
    units && (SELECT viewer_units('coordinator'))
    AND (incident_id IS NULL
         OR EXISTS (SELECT FROM incident_release AS shown WHERE shown.incident_id = meeting_item.incident_id))
    AND (action_id IS NULL OR (action_is_for_all(action_id)
                               AND EXISTS (SELECT FROM action WHERE action.id = meeting_item.action_id))));
CREATE POLICY change ON meeting_item FOR UPDATE
    USING (units && (SELECT viewer_units('coordinator'))) WITH CHECK (units && (SELECT viewer_units('coordinator')));
CREATE POLICY remove ON meeting_item FOR DELETE USING (units && (SELECT viewer_units('coordinator')));

CREATE POLICY read ON meeting_attendance FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis')));
CREATE POLICY add ON meeting_attendance FOR INSERT WITH CHECK (
    units && (SELECT viewer_units('coordinator'))
    AND EXISTS (SELECT FROM committee_seat AS seat JOIN meeting USING (committee_id)
                 WHERE seat.id = meeting_attendance.seat_id AND meeting.meeting_id = meeting_attendance.meeting_id));
CREATE POLICY change ON meeting_attendance FOR UPDATE
    USING (units && (SELECT viewer_units('coordinator'))) WITH CHECK (units && (SELECT viewer_units('coordinator')));

-- What is added to closed minutes stays, too.
CREATE POLICY read ON minutes_addition FOR SELECT USING (
    units && (SELECT viewer_units('committee', 'coordinator', 'analyst', 'gis')));
CREATE POLICY add ON minutes_addition FOR INSERT WITH CHECK (
    units && (SELECT viewer_units('coordinator'))
    AND EXISTS (SELECT FROM meeting WHERE meeting.meeting_id = minutes_addition.meeting_id AND meeting.closed_at IS NOT NULL));

-- A committee that met is not forgotten with its minutes.
REVOKE DELETE ON committee FROM geoapp_web;
GRANT INSERT (place_text, minutes), UPDATE (place_text, minutes) ON meeting TO geoapp_web;
GRANT SELECT ON meeting_item, meeting_attendance, minutes_addition TO geoapp_web;
GRANT INSERT (meeting_id, incident_id, action_id, topic, note, source_id), UPDATE (note), DELETE ON meeting_item TO geoapp_web;
GRANT INSERT (meeting_id, seat_id, people, source_id), UPDATE (people) ON meeting_attendance TO geoapp_web;
GRANT INSERT (meeting_id, words, source_id) ON minutes_addition TO geoapp_web;
REVOKE EXECUTE ON FUNCTION meeting_child_units(), meeting_moved(), action_is_for_all(uuid), minutes_stay(), decide_within(),
    close_minutes(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION action_is_for_all(uuid), close_minutes(text) TO geoapp_web;
SELECT audit_writes('meeting_item', 'id');
SELECT audit_writes('meeting_attendance', 'id');
SELECT audit_writes('minutes_addition', 'id');
