"""The funder's report in words, the same for its page and its paper."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

from geoapp.followup.funder import REASONS, Figure, FunderReport
from geoapp.publish.paper import print_paper
from layers.text import Text, typeset
from layers.vocabulary import PARTICIPANT_GROUP, TRAINING_TOPIC

TITLE = Text("Funder’s report", "Rapport au bailleur")
COLON = Text(": ", " : ")
NOT_REACHED = Text("not reached", "non atteinte")
DAY, DAYS = Text("{} day", "{} jour"), Text("{} days", "{} jours")
INTERVAL = Text("95 % interval: {low} to {high}", "intervalle à 95 % : {low} à {high}")
PARAMETERS = {
    "since": Text("from {}", "du {}"),
    "until": Text("until {}", "jusqu’au {}"),
    "unit": Text("units {}", "unités {}"),
    "funder": Text("funder {}", "bailleur {}"),
    "trained_after": Text("trained after {}", "formés après le {}"),
}
PERIOD = Text("{since} to {until}", "du {since} au {until}")
ALL_UNITS = Text("Of all units that its reader may see.", "De toutes les unités que son lecteur peut voir.")
UNITS = Text(
    "Of the units {units}, as far as its reader may see them.",
    "Des unités {units}, autant que son lecteur peut les voir.",
)
SEALED = Text(
    "Sealed incidents are counted for their handlers alone.",
    "Les incidents scellés ne sont comptés que pour ceux qui les traitent.",
)


@dataclass(frozen=True)
class Shown:
    """A figure in words."""

    name: str
    title: str
    value: str
    notes: list[str]
    counted: str
    parameters: list[str]
    used: str
    left_out: list[str]


def figures_shown(report: FunderReport, language: str) -> list[Shown]:
    """The figures in words."""
    return [_figure(each, language) for each in report.figures]


def groups_shown(report: FunderReport, language: str) -> list[dict[str, Any]]:
    """The participants by group in words; `women` is None where none were counted."""
    return [
        {
            "group": PARTICIPANT_GROUP.label(each["group"], language),
            "people": _number(each["people"], language),
            "women": None if each["women"] is None else _number(each["women"], language),
        }
        for each in report.groups
    ]


def trainings_shown(report: FunderReport, language: str) -> list[dict[str, Any]]:
    """The trainings in words."""
    return [
        {
            "id": row["id"],
            "place": row["place_text"] or row["unit_code"] or row["training_id"],
            "on": day_said(row["held_on"], language),
            "topic": TRAINING_TOPIC.label(row["topic"], language),
            "participants": _number(row["participants"], language),
            "women": _number(row["women"], language),
        }
        for row in report.trainings
    ]


def period_said(report: FunderReport, language: str) -> str:
    """The period of a report in words."""
    since, until = (day_said(day, language) for day in (report.period.since, report.period.until))
    return PERIOD.in_language(language).format(since=since, until=until)


def units_said(report: FunderReport, language: str) -> str:
    """The units of a report in words."""
    if not report.period.units:
        return ALL_UNITS.in_language(language)
    return UNITS.in_language(language).format(units=", ".join(report.period.units))


def day_said(day: dt.date, language: str) -> str:
    """A day as readers of a language write it."""
    said = str(format_date(day, "long", locale=language))
    return f"1er{said[1:]}" if language == "fr" and day.day == 1 else said


def as_pdf(report: FunderReport, language: str, by: str, made: dt.datetime) -> bytes:
    """The report as a tagged A4 PDF. Raises PaperError where none can be set here."""
    return print_paper(
        "funder.html",
        language,
        title=f"{TITLE.in_language(language)}{' : ' if language == 'fr' else ': '}{report.funder}".replace(
            " :", "\u00a0:"
        ),
        subtitle=period_said(report, language),
        made=made,
        by=by,
        synthetic=report.synthetic > 0,
        units=units_said(report, language),
        sealed=SEALED.in_language(language),
        figures=figures_shown(report, language),
        groups=groups_shown(report, language),
        trainings=trainings_shown(report, language),
    )


def _figure(figure: Figure, language: str) -> Shown:
    notes = []
    if figure.low is not None or figure.high is not None:
        low, high = (
            NOT_REACHED.in_language(language) if each is None else _number(each, language)
            for each in (figure.low, figure.high)
        )
        notes.append(INTERVAL.in_language(language).format(low=low, high=high))
    if figure.note:
        notes.append(figure.note.in_language(language))
    return Shown(
        figure.name,
        figure.title.in_language(language),
        _value(figure, language),
        [typeset(each, language) for each in notes],
        typeset(figure.counted.in_language(language), language),
        [PARAMETERS[name].in_language(language).format(text) for name, text in figure.of.items()],
        _number(figure.used, language),
        [
            typeset(
                f"{REASONS[name].in_language(language)}{COLON.in_language(language)}{_number(count, language)}",
                language,
            )
            for name, count in figure.left_out.items()
            if count
        ],
    )


def _value(figure: Figure, language: str) -> str:
    if figure.value is None:
        return NOT_REACHED.in_language(language) if figure.kind == "days" and figure.used else "–"
    if figure.kind == "share":
        return typeset(f"{_number(round(100 * figure.value), language)} %", language)
    if figure.kind == "days":
        words = DAY if figure.value < 2 and (language == "fr" or figure.value == 1) else DAYS
        return words.in_language(language).format(_number(figure.value, language))
    return _number(figure.value, language)


def _number(value: float | None, language: str) -> str:
    return "–" if value is None else str(format_decimal(value, "#,##0", locale=language))
