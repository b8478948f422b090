"""The filter: one object that yields the SQL conditions and the sentence that stands above what it lets through."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import SQLColumnExpression, cast, false
from sqlalchemy import Text as TextType
from sqlalchemy.dialects.postgresql import ARRAY

from layers import vocabulary as vocab
from layers.text import Text, typeset
from layers.vocabulary import Vocabulary

MOST_VALUES = 100
UNIT_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,8})*")
UNKNOWN = "unknown"


class FilterError(ValueError):
    """A part of a filter that cannot be understood; `said` is what is allowed, in every language."""

    def __init__(self, en: str, fr: str):
        super().__init__(en)
        self.said = Text(en, typeset(fr, "fr"))


@dataclass(frozen=True)
class Filter:
    """Which rows are asked for. Dates are inclusive; an empty tuple lets everything through.

    `level` holds "1", "2", "3" and "unknown".
    """

    since: date | None = None
    until: date | None = None
    level: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()

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
        for name in ("category", "status"):
            chosen = getattr(self, name)
            if chosen and name in columns:
                made.append(columns[name].in_(chosen))
        if self.unit and "unit" in columns:
            made.append(columns["unit"].op("&&")(cast(list(self.unit), ARRAY(TextType()))))
        return made

    def applying(self, columns: Mapping[str, SQLColumnExpression[Any]]) -> Filter:
        """What of it a layer with these columns goes by."""
        named = {"since": "occurred", "until": "occurred"}
        kept = {each.name for each in fields(self) if named.get(each.name, each.name) in columns}
        return Filter(**{name: getattr(self, name) for name in kept})

    def phrases(self, language: str) -> list[str]:
        """What each part lets through, in words."""
        french = language == "fr"
        parts = []
        if self.since and self.until:
            parts.append(f"du {self.since} au {self.until}" if french else f"from {self.since} to {self.until}")
        elif self.since:
            parts.append(f"depuis le {self.since}" if french else f"since {self.since}")
        elif self.until:
            parts.append(f"jusqu'au {self.until}" if french else f"until {self.until}")
        for name, vocabulary in (
            ("level", vocab.LEVEL),
            ("category", vocab.CATEGORY),
            ("status", vocab.STATUS),
        ):
            chosen = getattr(self, name)
            if chosen:
                labels = (_label(vocabulary, code, language) for code in chosen)
                parts.append((" ou " if french else " or ").join(labels))
        if self.unit:
            parts.append(("dans " if french else "in ") + ", ".join(self.unit))
        return parts

    def sentence(self, language: str) -> str:
        """What the filter lets through, as a sentence for people."""
        french = language == "fr"
        parts = self.phrases(language)
        if not parts:
            return "Tous les incidents" if french else "All incidents"
        return ("Incidents : " if french else "Incidents: ") + "; ".join(parts)


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


PARSERS: dict[str, Callable[[str, str], Any]] = {
    "since": _date,
    "until": _date,
    "level": _codes(vocab.LEVEL, UNKNOWN),
    "category": _codes(vocab.CATEGORY),
    "status": _codes(vocab.STATUS),
    "unit": _units,
}
