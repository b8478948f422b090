DROP TRIGGER within ON action;
DROP TRIGGER minutes_stay ON action;
DROP TRIGGER minutes_stay ON meeting;
DROP TRIGGER moved ON meeting;
DROP TRIGGER step ON incident_release;
DROP TRIGGER followed ON incident;
DROP TRIGGER begun ON incident;
GRANT DELETE ON committee TO geoapp_web;
DROP POLICY read ON row_change;
CREATE POLICY read ON row_change FOR SELECT USING (
    units && (SELECT viewer_units('gis'))
    AND (row_is_seen(table_name, row_key) OR deed = 'delete' AND NOT sealed AND row_is_gone(table_name, row_key)));
DROP TABLE minutes_addition, meeting_attendance, meeting_item, incident_report, incident_step;
DROP INDEX ix_incident_due;
ALTER TABLE meeting DROP COLUMN place_text, DROP COLUMN minutes, DROP COLUMN closed_at, DROP COLUMN closed_by;
DROP FUNCTION close_minutes(text), decide_within(), minutes_stay(), action_is_for_all(uuid), meeting_moved(),
    meeting_child_units(), follow_report(text), file_report(text, jsonb), may_report_in(text), hash_of(text),
    report_number(text), release_is_a_step(), begin_the_steps(), follow_the_steps(), take_step(), next_meeting_day(text[]),
    due_day(integer, date), next_statuses(text);
