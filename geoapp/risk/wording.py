"""The sentence under an answer: what was counted, what was not, and what that does not tell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from geoapp.access.viewer import FULL_ROLES
from geoapp.risk.ground import Ground
from geoapp.risk.parameters import Asked
from layers.text import Text, typeset

# More units than these are counted, not named.
MOST_NAMED = 6
ABSENCE = Text(
    "Absence of reports is not absence of incidents.",
    "L'absence de signalements n'est pas l'absence d'incidents.",
)
REASONS = {
    "without_point": Text("without a point", "sans point"),
    "coarse_position": Text("whose position is that of a whole area", "dont la position est celle d'une zone entière"),
    "without_unit": Text("in none of these units", "dans aucune de ces unités"),
    "elsewhere": Text("in none of the places compared", "dans aucun des lieux comparés"),
    "deployment_without_place": Text(
        "deployments without a place that you may see", "déploiements sans lieu que vous puissiez voir"
    ),
    "without_weights": Text("without both weighings", "sans les deux pesées"),
}


def n(value: float, digits: int = 0) -> Text:
    """A number in words, rounded."""
    pattern = "#,##0" + ("." + "#" * digits if digits else "")
    return Text(format_decimal(value, pattern, locale="en"), format_decimal(value, pattern, locale="fr"))


def many(count: int, one: Text, more: Text) -> Text:
    """A count with its noun; in French 0 of something is still singular."""
    number = n(count)
    return Text(f"{number.en} {one.en if count == 1 else more.en}", f"{number.fr} {one.fr if count < 2 else more.fr}")


def incidents(count: int) -> Text:
    """How many incidents, in words."""
    return many(count, Text("incident", "incident"), Text("incidents", "incidents"))


def d(day: dt.date) -> Text:
    """A day in words."""
    french = format_date(day, "long", locale="fr")
    return Text(format_date(day, "long", locale="en"), f"1er{french[1:]}" if day.day == 1 else french)


def share(value: float) -> Text:
    """A share of 1 in words."""
    pattern = "#,##0.#%"
    return Text(format_percent(value, pattern, locale="en"), format_percent(value, "#,##0.# %", locale="fr"))


def counted(asked: Asked) -> Text:
    """The days and the filter, as a part of a sentence in brackets."""
    days = Text("", "")
    if asked.since and asked.until:
        since, until = d(asked.since), d(asked.until)
        days = Text(f"{since.en} to {until.en}", f"du {since.fr} au {until.fr}")
    named = Text(asked.chosen.sentence("en"), asked.chosen.sentence("fr"))
    if named.en == "All incidents":
        return days
    chosen = Text(named.en.partition(": ")[2], named.fr.partition(" : ")[2] or named.fr.partition("\u00a0: ")[2])
    return Text("; ".join(filter(None, (days.en, chosen.en))), "\u00a0; ".join(filter(None, (days.fr, chosen.fr))))


def sentence(
    told: Text,
    asked: Asked,
    ground: Ground,
    left_out: Mapping[str, int],
    *,
    outside: float | None = None,
    synthetic: tuple[int, int] = (0, 0),
) -> Text:
    """The sentence of an answer: `told`, then the reservations that apply.

    `synthetic` is how many of how many rows used are synthetic.
    """
    parts = [told]
    if asked.on < ground.today:
        day = d(asked.on)
        parts.append(
            Text(
                f"As known on {day.en}, with later corrections.",
                f"Selon ce qui était connu le {day.fr}, avec les corrections ultérieures.",
            )
        )
    reasons = [(number, REASONS[name]) for name, number in left_out.items() if number]
    if reasons:
        parts.append(
            Text(
                "Left out: " + ", ".join(f"{n(number).en} {why.en}" for number, why in reasons) + ".",
                "Laissés de côté : " + ", ".join(f"{n(number).fr} {why.fr}" for number, why in reasons) + ".",
            )
        )
    if outside:
        much = share(outside)
        parts.append(
            Text(
                f"{much.en} of the ground asked about lies outside your units and is not visible to you.",
                f"{much.fr} du terrain en question est hors de vos unités et ne vous est pas visible.",
            )
            if ground.viewer
            else Text(
                f"{much.en} of the ground asked about lies outside the countries that are covered.",
                f"{much.fr} du terrain en question est hors des pays couverts.",
            )
        )
    if ground.viewer is not None:
        units = sorted({unit for role in FULL_ROLES for unit in ground.viewer.rights.get(role, ())})
        named = ", ".join(units) if len(units) <= MOST_NAMED else ""
        where = Text(named or f"{len(units)} units", named or f"{len(units)} unités")
        parts.append(
            Text(
                f"Counted from what you may see ({where.en}).", f"Calculé d'après ce que vous pouvez voir ({where.fr})."
            )
        )
    number, of = synthetic
    if number:
        much = n(number)
        parts.append(
            Text("All of them are synthetic.", "Tous sont synthétiques.")
            if number == of
            else Text(f"{much.en} of them are synthetic.", f"{much.fr} d'entre eux sont synthétiques.")
        )
    parts.append(ABSENCE)
    return Text(" ".join(each.en for each in parts), typeset(" ".join(each.fr for each in parts), "fr"))
