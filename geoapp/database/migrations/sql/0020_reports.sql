-- A report from a form: sent once, whoever sends it, and followed by its number alone.

-- A number is made of the key that the form bears, so that a form that is sent twice gets the same one. Signs that are easily
-- taken for each other are left out.
CREATE FUNCTION report_number(key text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT 'R-' || substr(signs, 1, 4) || '-' || substr(signs, 5, 4) || '-' || substr(signs, 9, 4)
      FROM (SELECT string_agg(substr('23456789ABCDEFGHJKLMNPQRSTUVWXYZ', get_byte(hash, place) % 32 + 1, 1), ''
                              ORDER BY place) AS signs
              FROM sha256(convert_to('number ' || key, 'UTF8')) AS hash, generate_series(0, 11) AS place) AS made
$$;

CREATE FUNCTION hash_of(words text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT encode(sha256(convert_to(words, 'UTF8')), 'hex')
$$;

-- Whether a unit is one, or lies in one, in which the viewer has a role that sees incidents or releases.
CREATE FUNCTION may_report_in(unit text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT public.units_above(unit) && public.viewer_units('committee', 'coordinator', 'analyst', 'gis')
$$;

-- Files a report as nobody: the row and the audit name the web process, not who sent it. `again` tells that the key was used
-- before, `differs` that something else was sent with it then, of which nothing is taken now.
CREATE FUNCTION file_report(key text, facts jsonb) RETURNS TABLE (number text, again boolean, differs boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    sender CONSTANT text := public.viewer();
    real CONSTANT boolean := public.viewer_sees_real();
    own CONSTANT text[] := public.viewer_units('committee', 'coordinator', 'analyst', 'gis');
    content CONSTANT text := public.hash_of(facts::text);
    known public.incident_report;
    made public.incident;
    id uuid;
BEGIN
    IF length(key) < 20 OR NOT public.may_report_in(facts ->> 'unit') OR own = '{}' THEN
        RAISE EXCEPTION 'a report is about a unit of whoever sends it' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM pg_advisory_xact_lock(6318020, hashtext(key));
    number := public.report_number(key);
    SELECT * INTO known FROM public.incident_report WHERE key_hash = public.hash_of(key);
    IF FOUND THEN
        again := true;
        differs := known.content_hash <> content;
        RETURN NEXT;
        RETURN;
    END IF;
    -- Without a viewer, rows are signed and audited as written by the web process.
    PERFORM set_config('geoapp.viewer', '', true);
    INSERT INTO public.incident (occurred_from, date_precision, reported_on, channel, category, actor_kind, killed, injured,
                                 abducted, place_text, location_precision, stated_unit, summary_fr, summary_en, status, due_on,
                                 geom, synthetic, source_id)
    VALUES ((facts ->> 'occurred_from')::date, (facts ->> 'date_precision')::smallint, public.today(), facts ->> 'channel',
            facts ->> 'category', facts ->> 'actor_kind', (facts ->> 'killed')::integer, (facts ->> 'injured')::integer,
            (facts ->> 'abducted')::integer, facts ->> 'place_text', (facts ->> 'location_precision')::smallint,
            facts ->> 'unit', facts ->> 'summary_fr', facts ->> 'summary_en', 'reported',
            public.due_day(NULL, public.today()),
            CASE WHEN facts ? 'lon' THEN ST_SetSRID(ST_MakePoint((facts ->> 'lon')::float8, (facts ->> 'lat')::float8), 4326) END,
            NOT real, CASE WHEN NOT real THEN 'demo' END)
    RETURNING * INTO made;
    PERFORM set_config('geoapp.viewer', sender, true);
    IF NOT made.units && own THEN
        RAISE EXCEPTION 'the point lies outside the units of whoever sends it' USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO public.incident_report (incident_id, key_hash, number_hash, content_hash, synthetic)
    VALUES (made.incident_id, public.hash_of(key), public.hash_of(number), content, NOT real);
    again := false;
    differs := false;
    RETURN NEXT;
END $$;

-- How far the report of a number has come; no row for a number that is none.
CREATE FUNCTION follow_report(number text)
RETURNS TABLE (reported_on date, status text, since date, outcome text, released boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT incident.reported_on, incident.status,
           coalesce((SELECT max(step.taken_on) FROM public.incident_step AS step
                      WHERE step.incident_id = incident.incident_id AND step.deed = 'step'), incident.reported_on),
           incident.outcome,
           EXISTS (SELECT FROM public.incident_release AS shown WHERE shown.incident_id = incident.incident_id)
      FROM public.incident_report AS report JOIN public.incident USING (incident_id)
     WHERE report.number_hash = public.hash_of(number)
       AND public.viewer_units('committee', 'coordinator', 'analyst', 'gis') <> '{}'
       AND (public.viewer_sees_real() OR report.synthetic)
$$;

REVOKE EXECUTE ON FUNCTION report_number(text), hash_of(text), may_report_in(text), file_report(text, jsonb),
    follow_report(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION may_report_in(text), file_report(text, jsonb), follow_report(text) TO geoapp_web;
