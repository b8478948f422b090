"""What a committee of South Kivu looks at: 200 open incidents, decisions, sites, deployments and trainings."""

from __future__ import annotations

from sqlalchemy import Engine, text

# Of the 200 incidents one in four has a level of 1, 2, 3 and none; 40 were opened over six months ago. All but the last
# ten were released to the committee.
ROWS = text("""
    INSERT INTO committee (committee_id, kind, name, unit_code, meeting_period_days)
        VALUES ('C-SK', 'CPS', 'CPS Sud-Kivu', 'CD-SK', 90), ('L-SK', 'CLS', 'CLS Nyabibwe', 'CD-SK', 30);
    INSERT INTO meeting (meeting_id, committee_id, held_on)
        VALUES ('M-0', 'C-SK', current_date - 120), ('M-1', 'C-SK', current_date - 30),
               ('M-2', 'C-SK', current_date + 9), ('L-1', 'L-SK', current_date - 2);
    INSERT INTO mine_site (site_id, name, icglr_status, minerals, geom)
        SELECT 'COD-SK-' || n, 'Site ' || n, (ARRAY['green', 'red', 'blue'])[1 + n % 3], '{coltan}',
               ST_SetSRID(ST_Point(28.5 + n / 100.0, -2.5), 4326) FROM generate_series(1, 12) AS n;
    INSERT INTO action (meeting_id, committee_id, site_id, decided_on, action, responsible_org, due_on, done_on, result)
        VALUES ('M-1', 'C-SK', 'COD-SK-1', current_date - 30, 'Marquer les puits', 'Division des mines',
                current_date - 3, NULL, NULL),
               ('M-1', 'C-SK', 'COD-SK-1', current_date - 30, 'Former la garde', NULL, current_date + 3, NULL, NULL),
               ('M-1', 'C-SK', 'COD-SK-1', current_date - 30, 'Rappeler un agent', 'Auditorat', NULL, current_date - 5,
                'rappelé');
    INSERT INTO site_visit (site_id, visited_on) VALUES ('COD-SK-1', current_date - 20),
        ('COD-SK-2', current_date - 400);
    INSERT INTO deployment (deployment_id, force, provider_class, function, strength, force_unit, valid_from, geom)
        SELECT 'D-' || n, 'mining_police', 'public', 'site_guard', 4321, 'Bataillon secret', '2020-01-01',
               ST_SetSRID(ST_Point(28.6 + n / 100.0, -2.4), 4326) FROM generate_series(1, 3) AS n;
    INSERT INTO training (training_id, held_on, topic, place_text, participants_by_group, geom)
        VALUES ('T-1', current_date - 9, 'voluntary_principles', 'Bukavu', '{"public_security": 12}',
                'SRID=4326;POINT(28.84 -2.50)');
    WITH made AS (
        INSERT INTO incident (incident_no, occurred_from, reported_on, opened_on, level, category, channel,
                              status, place_text, geom)
        SELECT 'SK-NO-' || n, day, day, day, nullif(n % 4, 0), 'illegal_taxation', 'whistleblower',
               'open', 'Lieu secret', ST_SetSRID(ST_Point(28.7 + n / 2000.0, -2.6), 4326)
          FROM (SELECT n, current_date - CASE WHEN n <= 40 THEN 200 + n ELSE n % 180 END AS day
                  FROM generate_series(1, 200) AS n) AS each
        RETURNING incident_id, incident_no, occurred_from, level, category)
    INSERT INTO incident_release (incident_id, released_on, released_by, category, level, status, shown_date,
                                  shown_date_precision, location_precision, summary_fr, summary_en)
        SELECT incident_id, occurred_from, 'coordinator-sk', category, level, 'open', occurred_from, 1, 5,
               'Des paiements exigés par des hommes en uniforme.', 'Payments asked for by men in uniform.'
          FROM made WHERE substr(incident_no, 7)::int <= 190;
    INSERT INTO admin_unit (unit_code, valid_from, valid_to, level, parent_code, country, name_en, name_fr, admin_type,
                            geom)
        SELECT 'CD-OLD', '1988-01-01', '2015-07-01', 1, 'CD', 'CD', 'Old Kivu', 'Ancien Kivu', 'province', geom
          FROM admin_unit WHERE unit_code = 'CD-NK'""")


def write(engine: Engine) -> None:
    """Write them."""
    with engine.begin() as connection:
        connection.execute(ROWS)
