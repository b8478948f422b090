"""The meeting pack of a unit and its room view: which topics, read as whom.

The `room` edition and the room view hold what every member of the unit's committee may see, whoever asks: the
transaction reads as a member of it. The `restricted` edition reads as its coordinator: what is somebody's own by name,
such as a sealed incident that they handle, is in neither.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB

from geoapp.access.viewer import Reader, acting_viewer, set_operators_reader, set_reader
from geoapp.briefing.version import Version, read_version
from geoapp.errors import ForbiddenError, QuestionError
from geoapp.followup.periods import Period, read_period
from geoapp.followup.words import one_line
from geoapp.province.actions import actions_section, read_due_actions
from geoapp.province.deployments import deployments_section, read_deployments
from geoapp.province.drawn import draw_unit, map_said
from geoapp.province.incidents import open_section, read_open, read_recorded, recorded_section
from geoapp.province.meeting import (
    Committees,
    changes_section,
    decisions_section,
    read_changes,
    read_committees,
    since_last,
    until_said,
)
from geoapp.province.reviews import reviews_section
from geoapp.province.section import Section, day, said
from geoapp.province.sites import read_sites, sites_section
from geoapp.province.trainings import read_held, read_trained, trainings_section
from geoapp.province.unit import Rights, Unit, read_unit, rights_in
from geoapp.publish.drawing import Drawing
from geoapp.publish.paper import print_paper
from layers.text import Text

ROOM, RESTRICTED = "room", "restricted"
EDITIONS = (ROOM, RESTRICTED)
READERS = {ROOM: "committee", RESTRICTED: "coordinator"}
MOST_ROWS, MOST_SITES = 50, 25
LONGEST_RECIPIENT = 60
FOR_MEMBERS = (
    "The room view and the meeting pack are for the members of this unit's committee, and for who sees all of it."
)
FOR_FULL = (
    "The restricted edition is for coordinators, analysts and GIS officers of this unit. Ask for the room edition."
)


@dataclass(frozen=True)
class Contents:
    """What a pack or a room view holds, in one language."""

    unit: Unit
    edition: str
    period: Period
    committees: Committees
    sections: Sequence[Section]
    drawing: Drawing | None
    map_said: str
    version: Version

    @property
    def synthetic(self) -> bool:
        """Whether any row of it is made up."""
        return any(each.synthetic for each in self.sections) or bool(self.drawing and self.drawing.synthetic)


def require(rights: Rights, edition: str) -> None:
    """Raise ForbiddenError for who may not have an edition of a unit's pack."""
    if edition == RESTRICTED and not rights.full_of_all:
        raise ForbiddenError(FOR_FULL)
    if not rights.member_of_all:
        raise ForbiddenError(FOR_MEMBERS)


def open_unit(connection: Connection, code: str, edition: str) -> Unit:
    """The unit, of which the transaction from here on reads what is in an edition and no more.

    NotFoundError for no unit, ForbiddenError for who may not have that edition.
    """
    viewer = acting_viewer(connection)
    unit = read_unit(connection, code)
    require(rights_in(connection, unit, viewer), edition)
    reader = Reader(READERS[edition], (unit.unit_code,))
    if viewer is None:
        set_operators_reader(connection, reader)
    else:
        set_reader(connection, reader)
    return unit


def read_pack(
    connection: Connection, code: str, edition: str, language: str, days: tuple[str | None, str | None] = (None, None)
) -> Contents:
    """A pack in a transaction of its own, which reads as the edition's reader from here on.

    `days` are the first and the last day; without any it is of the time since the last meeting.
    NotFoundError, ForbiddenError as `open_unit`; QuestionError for days that are none.
    """
    unit = open_unit(connection, code, edition)
    full = edition == RESTRICTED
    committees = read_committees(connection, unit)
    given = any(days)
    period = read_period(connection, *days, None) if given else since_last(committees, unit)
    changes = read_changes(connection, unit, period, language, full=full)
    sections = [
        decisions_section(committees, unit, language, MOST_ROWS),
        changes_section(changes, unit, language, since_meeting=not given and committees.last is not None),
        open_section(read_open(connection, unit, language, full=full, most=MOST_ROWS), unit, language),
        actions_section(read_due_actions(connection, unit), unit, language, MOST_ROWS),
        recorded_section(read_recorded(connection, unit, _a_year(period), full=full), _a_year(period), language),
        sites_section(read_sites(connection, unit, full=full, most=MOST_SITES), language),
        deployments_section(read_deployments(connection, unit, full=full), language),
        trainings_section(*read_trained(connection, unit), language, read_held(connection, unit, period, MOST_ROWS)),
    ]
    if full:
        sections.append(reviews_section(connection, unit, language, MOST_ROWS))
    drawing = draw_unit(connection, unit, language, full=full)
    return Contents(
        unit,
        edition,
        period,
        committees,
        sections,
        drawing,
        map_said(unit, language),
        read_version(connection),
    )


def _a_year(period: Period) -> Period:
    """The period, or the year up to its end where it is shorter: a month says little."""
    return Period(min(period.since, period.until - dt.timedelta(days=364)), period.until, period.units)


def recipient_of(text: str, otherwise: str) -> str:
    """Whom a restricted copy is for, in one line; QuestionError for one that is too long."""
    name = one_line(text) or otherwise
    if len(name) > LONGEST_RECIPIENT:
        raise QuestionError(
            f"recipient: has at most {LONGEST_RECIPIENT} characters. Shorten it.",
            f"destinataire : a au plus {LONGEST_RECIPIENT} caractères. Raccourcissez-le.",
        )
    return name


def number_copy(connection: Connection, unit: Unit, period: Period, language: str, recipient: str) -> int:
    """Note in the audit that a restricted copy is made, and for whom; its number, of which a unit has each once.

    The transaction is one that may write, of who makes it and not of the edition's reader.
    """
    facts = {
        "recipient": recipient,
        "language": language,
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
    }
    number = connection.scalar(select(func.number_pack(unit.unit_code, cast(facts, JSONB))))
    assert isinstance(number, int)  # noqa: S101 - the function answers with a number.
    return number


def print_pack(
    pack: Contents, language: str, by: str, made: dt.datetime, *, number: int | None = None, recipient: str = ""
) -> bytes:
    """The PDF of a pack; of the restricted edition a copy with its number and whom it is for."""
    name = pack.unit.name.in_language(language)
    if pack.edition == RESTRICTED:
        mark = said(
            Text("RESTRICTED – copy {number} – {recipient}", "RESTREINT – exemplaire {number} – {recipient}"),
            language,
            number=number,
            recipient=recipient,
        )
        whom = said(
            Text(
                "Restricted edition, copy {number}, for {recipient}. Do not copy it, and do not leave it in the room.",
                "Édition restreinte, exemplaire {number}, pour {recipient}. Ne la copiez pas, ne la laissez pas"
                " dans la salle.",
            ),
            language,
            number=number,
            recipient=recipient,
        )
    else:
        mark = said(Text("For members of the committee", "Pour les membres du comité"), language)
        whom = said(
            Text(
                "Room edition: what every member of the committee may see.",
                "Édition de salle : ce que chaque membre du comité peut voir.",
            ),
            language,
        )
    return print_paper(
        "pack.html",
        language,
        title=said(Text("Meeting pack: {unit}", "Dossier de réunion : {unit}"), language, unit=name),
        subtitle=until_said(pack.committees, language) or _period_said(pack.period, language),
        mark=mark,
        whom=whom,
        by=by,
        made=made,
        version=said(
            Text("Data of {day}, version {code}", "Données du {day}, version {code}"),
            language,
            day=day(pack.version.day, language),
            code=pack.version.code,
        ),
        synthetic=pack.synthetic,
        pack=pack,
        ended=ended_said(pack.unit, language),
    )


def _period_said(period: Period, language: str) -> str:
    return said(
        Text("From {since} to {until}", "Du {since} au {until}"),
        language,
        since=day(period.since, language),
        until=day(period.until, language),
    )


def ended_said(unit: Unit, language: str) -> str:
    """That a unit is of an old vintage, in words; "" for one of today."""
    if not unit.ended:
        return ""
    return said(
        Text(
            "There has been no {unit} since {day}. What was recorded before stands here; what is of today stands with"
            " the units that followed it.",
            "{unit} n'existe plus depuis le {day}. Ce qui fut enregistré avant figure ici ; ce qui est d'aujourd'hui"
            " figure auprès des unités qui lui ont succédé.",
        ),
        language,
        unit=unit.name.in_language(language),
        day=day(unit.valid_to, language),
    )
