"""Releasing an incident to the committees: what its coordinator may choose, what they should look at again, the row."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, null, select
from sqlalchemy.exc import IntegrityError

from geoapp.access.viewer import read_viewer
from geoapp.errors import ForbiddenError, NotFoundError
from geoapp.publish.details import NO_SUCH_ROW
from geoapp.publish.leaks import mentions, repeats
from geoapp.publish.released import Released, read_released, read_units
from layers.tables import AdminUnit, Facility, Incident, IncidentRelease, MineSite, Route, Source
from layers.text import LANGUAGES, Text
from layers.vocabulary import CATEGORY, CHANNEL, DATE_PRECISION, LEVEL, STATUS

# The places that can be shown, from the finest, with the precision that each is released with.
PLACES = {"locality": 3, "territory": 4, "province": 5, "none": 5}
# Points of localities lie on a grid of about 5 km, so that none of them is where something happened.
GRID_DEGREES = 0.05
SHORTEST_SUMMARY, LONGEST_SUMMARY = 10, 2000

NOT_YOURS = "Only a coordinator of its units releases an incident."
TOO_COARSE = "Its place is known too coarsely for a release by you. Ask the coordinator of its province."
RELEASED_BY_OTHERS = "It is released to the whole province already. Ask the coordinator of the province to change that."

_POINT = func.coalesce(Incident.geom, MineSite.geom, Facility.geom)
_PLACED: Any = (
    Incident.__table__.outerjoin(MineSite.__table__, MineSite.site_id == Incident.site_id)
    .outerjoin(Facility.__table__, Facility.id == Incident.facility_ref)
    .outerjoin(Route.__table__, Route.id == Incident.route_ref)
    .outerjoin(Source.__table__, Source.source_id == Incident.source_id)
)


@dataclass(frozen=True)
class Subject:
    """An incident as the coordinator knows it; `units` with level and name, the country first.

    `wide` tells whether the coordinator's scope reaches a whole province: only then may no smaller unit be told.
    """

    incident_id: UUID
    number: str | None
    occurred_from: date
    date_precision: int
    location_precision: int
    has_point: bool
    category: str | None
    level: int | None
    status: str
    channel: str | None
    summaries: Mapping[str, str | None]
    names: Mapping[str, str | None]
    source_id: str | None
    synthetic: bool
    units: list[tuple[str, int, Text]]
    wide: bool

    def unit(self, place: str) -> tuple[str, Text] | None:
        """The code and name of the unit that a place choice names: the smallest that it lets out."""
        finest = 1 if PLACES[place] == 5 else 2
        named = [(code, name) for code, level, name in self.units if level <= finest]
        return named[-1] if named else None

    @property
    def places(self) -> list[str]:
        """The places that may be shown: none finer than is known, none outside the coordinator's scope."""
        levels = {level for _, level, _ in self.units}
        offered = {
            "locality": self.has_point and self.location_precision <= 3,
            "territory": 2 in levels and self.location_precision <= 4,
            "province": self.wide and 1 in levels,
            "none": self.wide,
        }
        return [place for place, open_to_them in offered.items() if open_to_them]

    @property
    def date_precisions(self) -> list[int]:
        """The date precisions that may be shown: none finer than is known."""
        return [int(code) for code in DATE_PRECISION if int(code) >= self.date_precision]


@dataclass(frozen=True)
class Draft:
    """A release as its coordinator fills it in; 0 stands for a precision that was not chosen."""

    place: str
    date_precision: int
    category: str | None
    level: str | None
    status: str
    summary_fr: str
    summary_en: str

    def summary(self, language: str) -> str:
        """The summary of one language."""
        return self.summary_fr if language == "fr" else self.summary_en


@dataclass(frozen=True)
class Doubt:
    """Something that a summary might give away; `key` names the tick that says it was looked at."""

    key: str
    said: Text


@dataclass(frozen=True)
class Preview:
    """What the committee reads now and after the release, by language, and the mark of having seen just this."""

    before: Mapping[str, Released]
    after: Mapping[str, Released]
    mark: str


def may_release(connection: Connection, units: Sequence[str]) -> bool:
    """Whether the viewer is a coordinator of one of an incident's units."""
    return not _scope(connection).isdisjoint(units)


def _scope(connection: Connection) -> set[str]:
    return set(read_viewer(connection).rights.get("coordinator", ()))


def read_subject(connection: Connection, incident_id: UUID, *, lock: bool = False) -> Subject:
    """An incident that the viewer may release; locked until the transaction ends, where asked.

    Raises NotFoundError where they may not see it, ForbiddenError where releasing it is another's.
    """
    row = connection.execute(
        select(
            Incident,
            _POINT.is_not(None).label("has_point"),
            MineSite.name.label("site"),
            Facility.name.label("facility"),
            Route.name.label("route"),
            Source.name.label("source"),
        )
        .select_from(_PLACED)
        .where(Incident.incident_id == incident_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(NO_SUCH_ROW)
    if not may_release(connection, row.units):
        raise ForbiddenError(NOT_YOURS)
    scope = _scope(connection)
    units = read_units(connection, row.units)
    subject = Subject(
        incident_id=row.incident_id,
        number=row.incident_no,
        occurred_from=row.occurred_from,
        date_precision=row.date_precision or 1,
        location_precision=row.location_precision or 1,
        has_point=row.has_point,
        category=row.category,
        level=row.level,
        status=row.status,
        channel=row.channel,
        summaries={"fr": row.summary_fr, "en": row.summary_en},
        names={
            "site": row.site,
            "facility": row.facility,
            "route": row.route,
            "place": row.place_text,
            "source": row.source,
        },
        source_id=row.source_id,
        synthetic=row.synthetic,
        units=units,
        wide=any(level <= 1 and code in scope for code, level, _ in units),
    )
    if not subject.places:
        raise ForbiddenError(TOO_COARSE)
    if lock:
        # Two coordinators release one after the other, each seeing what the other did.
        connection.execute(select(Incident.incident_id).where(Incident.incident_id == incident_id).with_for_update())
    return subject


def first_draft(connection: Connection, subject: Subject) -> Draft:
    """What the form starts with: the release as it is, else the incident told by its province and month."""
    row = connection.execute(
        select(
            IncidentRelease.category,
            IncidentRelease.level,
            IncidentRelease.status,
            IncidentRelease.shown_date_precision,
            IncidentRelease.location_precision,
            IncidentRelease.summary_fr,
            IncidentRelease.summary_en,
            IncidentRelease.geom.is_(None).label("nowhere"),
        ).where(IncidentRelease.incident_id == subject.incident_id)
    ).one_or_none()
    coarsest = ([place for place in subject.places if place != "none"] or subject.places)[-1]
    if row is None:
        return Draft(
            place=coarsest,
            date_precision=max(3, subject.date_precision),
            category=subject.category,
            level=str(subject.level) if subject.level else None,
            status=subject.status,
            summary_fr="",
            summary_en="",
        )
    place = "none" if row.nowhere else next(name for name, known in PLACES.items() if known >= row.location_precision)
    return Draft(
        place=place if place in subject.places else coarsest,
        date_precision=max(row.shown_date_precision, subject.date_precision),
        category=row.category,
        level=str(row.level) if row.level else None,
        status=row.status,
        summary_fr=row.summary_fr,
        summary_en=row.summary_en,
    )


def faults(subject: Subject, draft: Draft) -> dict[str, Text]:
    """What is wrong with a draft, by the name of the field."""
    found = {}
    if draft.place not in subject.places:
        found["place"] = Text("Choose one of the places.", "Choisissez un des lieux.")
    if draft.date_precision not in subject.date_precisions:
        found["date_precision"] = Text("Choose one of the dates.", "Choisissez une des dates.")
    if draft.category is not None and draft.category not in CATEGORY:
        found["category"] = Text("Choose a category of the list.", "Choisissez une catégorie de la liste.")
    if draft.level is not None and draft.level not in LEVEL:
        found["level"] = Text("Choose a level of the list.", "Choisissez un niveau de la liste.")
    if draft.status not in STATUS:
        found["status"] = Text("Choose a status of the list.", "Choisissez un état de la liste.")
    for language in reversed(LANGUAGES):
        if not SHORTEST_SUMMARY <= len(draft.summary(language)) <= LONGEST_SUMMARY:
            found[f"summary_{language}"] = Text(
                f"Write {SHORTEST_SUMMARY} to {LONGEST_SUMMARY:,} characters.",
                f"Écrivez de {SHORTEST_SUMMARY} à {LONGEST_SUMMARY:,} caractères.".replace(",", "\u202f"),
            )
    return found


def doubts(subject: Subject, draft: Draft) -> list[Doubt]:
    """What the words of a draft might give away."""
    found = []
    # Its own units are told anyway.
    told = {name for _, _, names in subject.units for name in (names.en, names.fr)}
    channel = CHANNEL[subject.channel] if subject.channel else None
    names = [*(name for name in subject.names.values() if name not in told), subject.number]
    for language, which in (("fr", Text("French", "français")), ("en", Text("English", "anglais"))):
        summary = draft.summary(language)
        if any(repeats(summary, original) for original in subject.summaries.values()):
            found.append(
                Doubt(
                    f"original-{language}",
                    Text(
                        f"The {which.en} summary repeats words of the report. They could give away who wrote it.",
                        f"Le résumé {which.fr} reprend des mots du signalement. Ils pourraient trahir son auteur.",
                    ),
                )
            )
        for name in mentions(summary, [*dict.fromkeys(names), *((channel.en, channel.fr) if channel else ())]):
            found.append(
                Doubt(
                    f"{name}-{language}",
                    Text(
                        f"The {which.en} summary says “{name}”. Is the committee to know this?",
                        f"Le résumé {which.fr} dit «\u00a0{name}\u00a0». Le comité doit-il le savoir\u00a0?",
                    ),
                )
            )
    return found


def shown_date(day: date, precision: int) -> date:
    """The first day of the week, month or quarter of `day`; itself where it is shown exactly."""
    if precision == 1:
        return day
    if precision == 2:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1, month=day.month if precision == 3 else (day.month - 1) // 3 * 3 + 1)


def read_shown(connection: Connection, incident_id: UUID) -> dict[str, Released]:
    """The release of an incident by language; empty where there is none."""
    read = {language: read_released(connection, incident_id, language) for language in LANGUAGES}
    return {language: released for language, released in read.items() if released}


def mark_of(*shown: Mapping[str, Released]) -> str:
    """A short mark that is another one as soon as any word of what was shown is."""
    return hashlib.sha256(repr([sorted(each.items()) for each in shown]).encode()).hexdigest()[:32]


def preview(connection: Connection, subject: Subject, draft: Draft) -> Preview:
    """Writes the release, reads it as the committee will, and takes it back."""
    before = read_shown(connection, subject.incident_id)
    with connection.begin_nested() as trial:
        write_release(connection, subject, draft)
        after = read_shown(connection, subject.incident_id)
        trial.rollback()
    return Preview(before, after, mark_of(before, after))


def write_release(connection: Connection, subject: Subject, draft: Draft) -> None:
    """Put a draft without faults in the place of the incident's release; ForbiddenError where that is another's."""
    withdraw_release(connection, subject.incident_id)
    values = {
        "incident_id": subject.incident_id,
        "released_on": func.today(),
        "released_by": func.viewer(),
        "category": draft.category,
        "level": int(draft.level) if draft.level else None,
        "status": draft.status,
        "shown_date": shown_date(subject.occurred_from, draft.date_precision),
        "shown_date_precision": draft.date_precision,
        "location_precision": PLACES[draft.place],
        "summary_fr": draft.summary_fr,
        "summary_en": draft.summary_en,
        "geom": _shown_point(subject, draft.place),
        # The demonstration's own source tells nothing; a real one stays with the handlers.
        "source_id": subject.source_id if subject.synthetic else None,
        "synthetic": subject.synthetic,
    }
    try:
        connection.execute(insert(IncidentRelease).values(values))
    except IntegrityError as error:
        raise ForbiddenError(RELEASED_BY_OTHERS) from error


def withdraw_release(connection: Connection, incident_id: UUID) -> None:
    """Delete the release of an incident."""
    connection.execute(delete(IncidentRelease).where(IncidentRelease.incident_id == incident_id))


def _shown_point(subject: Subject, place: str) -> Any:
    if place == "locality":
        known = select(func.ST_SnapToGrid(_POINT, GRID_DEGREES)).select_from(_PLACED)
        return known.where(Incident.incident_id == subject.incident_id).scalar_subquery()
    unit = subject.unit(place)
    if place == "none" or unit is None:
        return null()
    middle = select(func.ST_PointOnSurface(AdminUnit.geom)).where(AdminUnit.unit_code == unit[0])
    return middle.order_by(AdminUnit.valid_from.desc()).limit(1).scalar_subquery()
