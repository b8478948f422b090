"""The filter: one object that yields the SQL conditions and the sentence that stands above what it lets through."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from types import MappingProxyType
from typing import Any
from typing import cast as cast_type

from babel.dates import format_date
from geoalchemy2 import Geography
from sqlalchemy import SQLColumnExpression, cast, false, func, or_, select
from sqlalchemy import Text as TextType
from sqlalchemy.dialects.postgresql import ARRAY, array

from layers import vocabulary as vocab
from layers.tables import Route
from layers.text import Text, typeset
from layers.vocabulary import Vocabulary
from layers.vocabulary.quality import NO_SOURCE

MOST_VALUES = 100
UNIT_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,8})*")
UNKNOWN = "unknown"
NO_NAMES: Mapping[str, str] = MappingProxyType({})
# How far from a route a row still belongs to it, in kilometres; half of what a corridor may be wide.
WITHIN_KM, LEAST_KM, MOST_KM = 5.0, 0.1, 50.0
# The longest key of a route that is looked for.
LONGEST_KEY = 200
# A degree of longitude is shorter than one of latitude; at 20 degrees north or south by 6 %.
KM_OF_A_DEGREE = 103.0

ALL_INCIDENTS, INCIDENTS = Text("All incidents", "Tous les incidents"), Text("Incidents", "Incidents")
ALL_SITES, SITES = Text("All mine sites", "Tous les sites miniers"), Text("Mine sites", "Sites miniers")


class FilterError(ValueError):
    """A part of a filter that cannot be understood; `said` is what is allowed, in every language."""

    def __init__(self, en: str, fr: str):
        super().__init__(en)
        self.said = Text(en, typeset(fr, "fr"))


@dataclass(frozen=True)
class Filter:
    """Which rows are asked for. Dates are inclusive; an empty tuple lets everything through.

    `level` holds "1", "2", "3" and "unknown"; `route` the `route_id` of routes, or the ids of their rows, which let
    through what lies within `within_km` of one of them. Each part applies to the layers that have a column for it:
    those about incidents to incidents, `mineral` and `icglr_status` to mine sites, `force` and `function` to
    deployments, and `unit` and `route` to all. `quality` lets rows through that fail one of some checks, `source` those
    of one source, or with NO_SOURCE those of none.
    """

    since: date | None = None
    until: date | None = None
    level: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    actor_kind: tuple[str, ...] = ()
    mineral: tuple[str, ...] = ()
    icglr_status: tuple[str, ...] = ()
    force: tuple[str, ...] = ()
    function: tuple[str, ...] = ()
    route: tuple[str, ...] = ()
    within_km: float = WITHIN_KM
    quality: tuple[str, ...] = ()
    source: tuple[str, ...] = ()

    @classmethod
    def parse(cls, parameters: Mapping[str, str]) -> Filter:
        """Read URL parameters; lists are comma separated. Raises FilterError."""
        known = {each.name: PARSERS[each.name] for each in fields(cls)}
        for name in parameters:
            if name not in known:
                listed = ", ".join(known)
                raise FilterError(
                    f"{name}: there is no such filter; there are {listed}",
                    f"{name} : ce filtre n'existe pas ; il y a {listed}",
                )
        values = {name: known[name](name, text) for name, text in parameters.items() if text}
        parsed = cls(**values)
        if parsed.since and parsed.until and parsed.since > parsed.until:
            raise FilterError("since: is after until", "since : est après until")
        return parsed

    @classmethod
    def understand(cls, parameters: Mapping[str, str]) -> tuple[Filter, tuple[Text, ...]]:
        """What can be understood of URL parameters that somebody may have edited, and what is wrong with the rest."""
        understood: dict[str, Any] = {}
        faults: list[Text] = []
        for name, text in parameters.items():
            if name not in PARSERS or not text:
                continue
            try:
                understood[name] = PARSERS[name](name, text)
            except FilterError as fault:
                faults.append(fault.said)
                if kept := _understood_values(name, text):
                    understood[name] = kept
        parsed = cls(**understood)
        if parsed.since and parsed.until and parsed.since > parsed.until:
            faults.append(FilterError("since: is after until", "since : est après until").said)
            parsed = replace(parsed, since=None, until=None)
        return parsed, tuple(faults)

    def applying(self, columns: Mapping[str, SQLColumnExpression[Any]]) -> Filter:
        """What of it a layer with these columns goes by."""
        there = {"since": "occurred", "until": "occurred", "within_km": "near"}
        kept = {each.name for each in fields(self) if there.get(each.name, each.name) in columns}
        if "near" in columns:
            kept.add("route")
        if not self.route:
            kept.discard("within_km")
        others: dict[str, Any] = {each.name: each.default for each in fields(self) if each.name not in kept}
        return replace(self, **others)

    def query(self) -> dict[str, str]:
        """The URL parameters that it is read from."""
        made = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if value == each.default or (each.name == "within_km" and not self.route):
                continue
            if isinstance(value, tuple):
                made[each.name] = ",".join(value)
            else:
                made[each.name] = f"{value:g}" if isinstance(value, float) else str(value)
        return made

    def conditions(self, columns: Mapping[str, SQLColumnExpression[Any]]) -> list[SQLColumnExpression[bool]]:
        """The conditions on the columns that a layer gives for each part; parts without a column do not apply."""
        made: list[SQLColumnExpression[bool]] = []
        if self.since and "occurred" in columns:
            made.append(columns["occurred"] >= self.since)
        if self.until and "occurred" in columns:
            made.append(columns["occurred"] <= self.until)
        if self.level and "level" in columns:
            known = [int(level) for level in self.level if level != UNKNOWN]
            unknown = columns["level"].is_(None) if UNKNOWN in self.level else false()
            made.append(columns["level"].in_(known) | unknown)
        for name in ("category", "status", "icglr_status", "force", "function"):
            chosen = getattr(self, name)
            if chosen and name in columns:
                made.append(columns[name].in_(chosen))
        if self.actor_kind and "actor_kind" in columns:
            unknown = columns["actor_kind"].is_(None) if UNKNOWN in self.actor_kind else false()
            made.append(columns["actor_kind"].in_(self.actor_kind) | unknown)
        for name in ("unit", "mineral"):
            chosen = getattr(self, name)
            if chosen and name in columns:
                made.append(columns[name].op("&&")(cast(list(chosen), ARRAY(TextType()))))
        if self.quality and "quality" in columns:
            checks = cast_type("array[Any]", columns["quality"]).clauses
            made.append(or_(false(), *(check.element for check in checks if check.name in self.quality)))
        if self.source and "source" in columns:
            made.append(columns["source"].in_(self.source))
        if self.route and "route" in columns:
            made.append(routes_named(self.route))
        if self.route and "near" in columns:
            made.append(self._near(columns["near"]))
        return made

    def _near(self, place: SQLColumnExpression[Any]) -> SQLColumnExpression[bool]:
        """Whether a geometry is near the routes, of those that the viewer of the transaction sees."""
        named = routes_named(self.route)
        lines = select(func.ST_Collect(Route.geom)).where(named).scalar_subquery()
        # Made within the query: a policy keeps `&&` from the index whose other side is a function.
        box = select(func.ST_Expand(func.ST_Collect(Route.geom), self.within_km / KM_OF_A_DEGREE)).where(named)
        exact = func.ST_DWithin(cast(place, Geography()), cast(lines, Geography()), self.within_km * 1000)
        return place.op("&&")(box.scalar_subquery()) & exact

    def phrases(self, language: str, names: Mapping[str, str] = NO_NAMES) -> list[str]:
        """What each part lets through, in words; `names` are those of units and routes by their codes."""
        french = language == "fr"
        since, until = (day and _day_in_words(day, language) for day in (self.since, self.until))
        parts = []
        if since and until:
            parts.append(f"du {since} au {until}" if french else f"from {since} to {until}")
        elif since:
            parts.append(f"depuis le {since}" if french else f"since {since}")
        elif until:
            parts.append(f"jusqu'au {until}" if french else f"until {until}")
        for name, vocabulary in VOCABULARIES.items():
            chosen = getattr(self, name)
            if chosen:
                labels = (_label(vocabulary, code, language) for code in chosen)
                parts.append((" ou " if french else " or ").join(labels))
        if self.unit:
            parts.append(("dans " if french else "in ") + ", ".join(names.get(code, code) for code in self.unit))
        if self.source:
            none = "sans source" if french else "without a source"
            named = ", ".join(none if each == NO_SOURCE else each for each in self.source)
            parts.append(f"source : {named}" if french else f"source: {named}")
        if self.route:
            km = f"{self.within_km:g}".replace(".", "," if french else ".")
            routes = ", ".join(names.get(key, key) for key in self.route)
            parts.append(f"à moins de {km} km de {routes}" if french else f"within {km} km of {routes}")
        return parts

    def sentence(self, language: str, names: Mapping[str, str] = NO_NAMES, *, of_sites: bool = False) -> str:
        """What the filter lets through, as a sentence for people; `names` are as `phrases` takes them.

        It is about incidents, or `of_sites` for those who see no incident.
        """
        french = language == "fr"
        parts = self.phrases(language, names)
        if not parts:
            return (ALL_SITES if of_sites else ALL_INCIDENTS).in_language(language)
        subject = (SITES if of_sites else INCIDENTS).in_language(language)
        return f"{subject}{' : ' if french else ': '}{'; '.join(parts)}"


def _day_in_words(day: date, language: str) -> str:
    # The first of a month is the only day that French numbers by rank.
    style = "1'er' MMMM y" if language == "fr" and day.day == 1 else "long"
    return format_date(day, style, locale=language)


def routes_named(keys: tuple[str, ...]) -> SQLColumnExpression[bool]:
    """The condition on `Route` that one of some keys means it: its `route_id`, or the id of its row."""
    return or_(Route.route_id.in_(keys), cast(Route.id, TextType()).in_(keys))


def _label(vocabulary: Vocabulary, code: str, language: str) -> str:
    if code == UNKNOWN and vocabulary is vocab.LEVEL:
        return "niveau inconnu" if language == "fr" else "level unknown"
    return vocabulary.label(code, language)


def _date(name: str, text: str) -> date:
    # Python would also take other ways of ISO 8601, such as a week's number.
    written = re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII)
    try:
        return date.fromisoformat(text if written else "")
    except ValueError:
        raise FilterError(
            f"{name}: is not a day; write it as 2026-03-31", f"{name} : n'est pas un jour ; écrivez-le comme 2026-03-31"
        ) from None


def _values(name: str, text: str) -> list[str]:
    values = text.split(",")
    if len(values) > MOST_VALUES:
        raise FilterError(f"{name}: has more than {MOST_VALUES} values", f"{name} : a plus de {MOST_VALUES} valeurs")
    return sorted(set(values))


def _understood_values(name: str, text: str) -> Any:
    """Those of several values that can be understood on their own; None where none can."""
    kept = []
    for value in _values(name, text) if text.count(",") < MOST_VALUES else ():
        try:
            kept += PARSERS[name](name, value)
        except (FilterError, TypeError):
            continue
    return tuple(kept) or None


def _codes(vocabulary: Vocabulary, *more: str) -> Callable[[str, str], tuple[str, ...]]:
    def parse(name: str, text: str) -> tuple[str, ...]:
        allowed = [*vocabulary, *more]
        values = _values(name, text)
        if any(value not in allowed for value in values):
            listed = ", ".join(allowed)
            raise FilterError(
                f"{name}: has an unknown value; there are {listed}",
                f"{name} : a une valeur inconnue ; il y a {listed}",
            )
        return tuple(values)

    return parse


def _units(name: str, text: str) -> tuple[str, ...]:
    values = _values(name, text)
    if not all(UNIT_CODE.fullmatch(value) for value in values):
        raise FilterError(
            f"{name}: is not a unit code; write it as CD or CD-SK",
            f"{name} : n'est pas un code d'unité ; écrivez-le comme CD ou CD-SK",
        )
    return tuple(values)


def _routes(name: str, text: str) -> tuple[str, ...]:
    values = _values(name, text)
    if any(not value or len(value) > LONGEST_KEY or "\0" in value for value in values):
        raise FilterError(
            f"{name}: is not the route_id of a route; the layer routes has them",
            f"{name} : n'est pas le route_id d'un itinéraire ; la couche routes les a",
        )
    return tuple(values)


def _source(name: str, text: str) -> tuple[str, ...]:
    # Its id may hold a comma, so there is one alone.
    if len(text) > LONGEST_KEY or "\0" in text:
        raise FilterError(
            f"{name}: is not the id of a source; the page of data quality has them",
            f"{name} : n'est pas l'identifiant d'une source ; la page de la qualité des données les a",
        )
    return (text,)


def _kilometres(name: str, text: str) -> float:
    written = re.fullmatch(r"\d{1,3}(\.\d{1,6})?", text, re.ASCII)
    if not written or not LEAST_KM <= float(text) <= MOST_KM:
        raise FilterError(
            f"{name}: is not a number from {LEAST_KM:g} to {MOST_KM:g}, such as 5",
            f"{name} : n'est pas un nombre de {LEAST_KM:g} à {MOST_KM:g}, comme 5",
        )
    return float(text)


# The parts whose values are codes, in the order in which a sentence names them.
VOCABULARIES: dict[str, Vocabulary] = {
    "level": vocab.LEVEL,
    "category": vocab.CATEGORY,
    "status": vocab.STATUS,
    "actor_kind": vocab.ACTOR_KIND,
    "mineral": vocab.MINERAL,
    "icglr_status": vocab.ICGLR_STATUS,
    "force": vocab.FORCE,
    "function": vocab.DEPLOYMENT_FUNCTION,
    "quality": vocab.QUALITY,
}
PARSERS: dict[str, Callable[[str, str], Any]] = {
    "since": _date,
    "until": _date,
    "level": _codes(vocab.LEVEL, UNKNOWN),
    "category": _codes(vocab.CATEGORY),
    "status": _codes(vocab.STATUS),
    "unit": _units,
    "actor_kind": _codes(vocab.ACTOR_KIND),
    "mineral": _codes(vocab.MINERAL),
    "icglr_status": _codes(vocab.ICGLR_STATUS),
    "force": _codes(vocab.FORCE),
    "function": _codes(vocab.DEPLOYMENT_FUNCTION),
    "route": _routes,
    "within_km": _kilometres,
    "quality": _codes(vocab.QUALITY),
    "source": _source,
}
