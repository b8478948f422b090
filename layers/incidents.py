"""Incidents, drawn by their level: by shape as well as by colour, the highest on top."""

from __future__ import annotations

from sqlalchemy import Boolean, Table, case, exists, func, null
from sqlalchemy import Text as TextType
from sqlalchemy.dialects.postgresql import array

from layers import vocabulary as vocab
from layers.attributes import attributes_of
from layers.groups import EVENTS
from layers.layer import Field, MapLayer, Place
from layers.quality import labelled, source_of
from layers.symbol import Marker, Rule
from layers.tables import Facility, Incident, IncidentRelease, MineSite, Route
from layers.text import Text

# Not as COALESCE, which PostgreSQL takes for leaky, so that under a policy no index would answer it.
LAST_DAY = case((Incident.occurred_to.is_(None), Incident.occurred_from), else_=Incident.occurred_to)

_TABLE: Table = Incident.__table__  # type: ignore[assignment]

_RELEASES: Table = IncidentRelease.__table__  # type: ignore[assignment]

TITLE = Text("Incidents", "Incidents")
RULES = (
    Rule(
        Marker("triangle", 16, "#9d1c20"),
        Text("Level 1 (highest)", "Niveau 1 (le plus élevé)"),
        when={"level": 1},
    ),
    Rule(Marker("diamond", 13, "#e8770e"), Text("Level 2", "Niveau 2"), when={"level": 2}),
    Rule(
        Marker("circle", 9, "#f5d05a", stroke="#6b5310"),
        Text("Level 3 (lowest)", "Niveau 3 (le plus bas)"),
        when={"level": 3},
    ),
    Rule(Marker("circle", 8, "#9aa3ab", stroke="#3f474d"), Text("Level unknown", "Niveau inconnu")),
)

RELEASES = MapLayer(
    name="incidents",
    title=TITLE,
    places=(
        Place(
            _RELEASES,
            IncidentRelease.geom,
            IncidentRelease.geom_3857,
            (
                IncidentRelease.geom.is_not(None),
                # Who sees the incident itself sees it once.
                ~exists().where(Incident.incident_id == IncidentRelease.incident_id),
            ),
        ),
    ),
    key=IncidentRelease.incident_id,
    # Under the names that incidents have: a committee's map tells no more than was released.
    properties=(
        IncidentRelease.incident_id,
        null().cast(TextType).label("incident_no"),
        IncidentRelease.shown_date.label("occurred_from"),
        IncidentRelease.level,
        IncidentRelease.category,
        IncidentRelease.status,
        IncidentRelease.location_precision,
    ),
    heading=(IncidentRelease.summary_en, IncidentRelease.summary_fr),
    subheading=Field(Text("Category", "Catégorie"), IncidentRelease.category, vocab.CATEGORY),
    fields=(
        Field(Text("Level", "Niveau"), IncidentRelease.level, vocab.LEVEL),
        Field(Text("Occurred", "Survenu le"), IncidentRelease.shown_date),
        Field(Text("Date", "Date"), IncidentRelease.shown_date_precision, vocab.DATE_PRECISION),
        Field(Text("Status", "État"), IncidentRelease.status, vocab.STATUS),
        Field(Text("Position", "Position"), IncidentRelease.location_precision, vocab.LOCATION_PRECISION),
        Field(Text("Released", "Communiqué le"), IncidentRelease.released_on),
    ),
    # Under the names that incidents have, of which a release tells these alone.
    attributes=(
        IncidentRelease.incident_id,
        IncidentRelease.shown_date.label("occurred_from"),
        IncidentRelease.shown_date_precision.label("date_precision"),
        IncidentRelease.category,
        IncidentRelease.level,
        IncidentRelease.status,
        IncidentRelease.location_precision,
        IncidentRelease.summary_fr,
        IncidentRelease.summary_en,
        IncidentRelease.country,
        IncidentRelease.units,
        IncidentRelease.synthetic,
    ),
    when=(IncidentRelease.shown_date, IncidentRelease.shown_date),
    synthetic=IncidentRelease.synthetic,
    rules=RULES,
    filters={
        "occurred": IncidentRelease.shown_date,
        "level": IncidentRelease.level,
        "category": IncidentRelease.category,
        "status": IncidentRelease.status,
        "unit": IncidentRelease.units,
        # A release does not tell of the actor, who is unknown to its reader.
        "actor_kind": null().cast(TextType),
        "near": IncidentRelease.geom,
        # What may be wanting in the incident is for those who see it.
        "quality": array([], type_=Boolean()),
        "source": null().cast(TextType),
    },
    points=True,
    weighted=True,
)

INCIDENTS = MapLayer(
    name="incidents",
    title=TITLE,
    group=EVENTS,
    places=(Place(_TABLE, Incident.geom, Incident.geom_3857, (Incident.geom.is_not(None),)),),
    details=_TABLE.outerjoin(MineSite.__table__, MineSite.site_id == Incident.site_id)
    .outerjoin(Route.__table__, Route.id == Incident.route_ref)
    .outerjoin(Facility.__table__, Facility.id == Incident.facility_ref),
    key=Incident.incident_id,
    properties=(
        Incident.incident_id,
        Incident.incident_no,
        Incident.occurred_from,
        Incident.level,
        Incident.category,
        Incident.status,
        Incident.location_precision,
    ),
    heading=func.coalesce(Incident.incident_no, Incident.place_text),
    subheading=Field(Text("Category", "Catégorie"), Incident.category, vocab.CATEGORY),
    fields=(
        Field(Text("Level", "Niveau"), Incident.level, vocab.LEVEL),
        Field(Text("Occurred", "Survenu le"), Incident.occurred_from),
        Field(Text("Until", "Jusqu'au"), Incident.occurred_to),
        Field(Text("Reported", "Signalé le"), Incident.reported_on),
        Field(Text("Status", "État"), Incident.status, vocab.STATUS),
        Field(Text("Outcome", "Issue"), Incident.outcome, vocab.OUTCOME),
        Field(Text("What happened", "Ce qui s'est passé"), (Incident.summary_en, Incident.summary_fr)),
        Field(Text("Place", "Lieu"), Incident.place_text),
        Field(Text("Position", "Position"), Incident.location_precision, vocab.LOCATION_PRECISION),
        Field(Text("Actor", "Acteur"), Incident.actor_kind, vocab.ACTOR_KIND),
        Field(Text("Killed", "Tués"), Incident.killed),
        Field(Text("Injured", "Blessés"), Incident.injured),
        Field(Text("Abducted", "Enlevés"), Incident.abducted),
        Field(Text("Site", "Site"), MineSite.name),
        Field(Text("Route", "Itinéraire"), Route.name),
        Field(Text("Facility", "Installation"), Facility.name),
        Field(Text("Source", "Source"), Incident.source_id),
    ),
    attributes=attributes_of(Incident),
    when=(Incident.occurred_from, LAST_DAY),
    synthetic=Incident.synthetic,
    rules=RULES,
    tip="incident_no",
    filters={
        "occurred": Incident.occurred_from,
        "level": Incident.level,
        "category": Incident.category,
        "status": Incident.status,
        "unit": Incident.units,
        "actor_kind": Incident.actor_kind,
        "near": Incident.geom,
        "quality": labelled("incidents"),
        "source": source_of(Incident),
    },
    rows_from_zoom=10,
    weighted=True,
    points=True,
    order=60,
    first=True,
    roles=("committee", "coordinator", "analyst", "gis"),
    stand_in=RELEASES,
)
