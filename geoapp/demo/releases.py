"""Releases to the committees: a part of the incidents of the last two years, coarser than they are known."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, Date, Text, Uuid, cast, func, insert, literal, select, true

from geoapp.demo.rows import SOURCE
from layers.tables import Incident, IncidentRelease, Vocab

RELEASED_BY = "demo-coordinator"
DAYS = 730
# A release follows a report by some weeks.
LAG_DAYS = 30
# Every third incident, chosen by its id, so that the same data bring the same releases.
ONE_IN = 3
# About 5 km: places are shown as a locality, days as a month.
GRID_DEGREES = 0.05


def write_releases(connection: Connection, until: date) -> int:
    """Insert the releases of the demonstration's incidents within the caller's transaction; how many."""
    released_on = Incident.reported_on + LAG_DAYS
    category = func.coalesce(Vocab.label_en, "incident")
    category_fr = func.coalesce(Vocab.label_fr, "incident")
    place = func.coalesce(Incident.stated_unit, Incident.units[2], Incident.country)
    columns = {
        "id": cast(func.md5(cast(Incident.incident_id, Text) + " released"), Uuid),
        "incident_id": Incident.incident_id,
        "released_on": released_on,
        "released_by": literal(RELEASED_BY),
        "category": Incident.category,
        "level": Incident.level,
        "status": Incident.status,
        "shown_date": cast(func.date_trunc("month", Incident.occurred_from), Date),
        "shown_date_precision": literal(3),
        "location_precision": func.greatest(func.coalesce(Incident.location_precision, 3), 3),
        "summary_fr": func.concat("Signalé au comité : ", category_fr, " (", place, ")."),
        "summary_en": func.concat("Reported to the committee: ", category, " (", place, ")."),
        "geom": func.ST_SnapToGrid(Incident.geom, GRID_DEGREES),
        "source_id": literal(SOURCE),
        "synthetic": true(),
    }
    chosen = (
        select(*columns.values())
        .select_from(Incident)
        .outerjoin(Vocab, (Vocab.vocabulary == "category") & (Vocab.code == Incident.category))
        .where(
            Incident.synthetic,
            Incident.source_id == SOURCE,
            ~Incident.sealed,
            Incident.status != "rejected",
            Incident.occurred_from > func.date(until) - DAYS,
            released_on <= func.date(until),
            func.hashtext(cast(Incident.incident_id, Text)) % ONE_IN == 0,
        )
    )
    connection.execute(insert(IncidentRelease).from_select(list(columns), chosen))
    return connection.scalar(select(func.count()).select_from(IncidentRelease).where(IncidentRelease.synthetic)) or 0
