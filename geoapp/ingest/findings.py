"""What an import found: one finding a row and rule, and which rows they refuse."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from geoapp.ingest.rules import RULES
from layers.text import Text, typeset

# A value is shown to be recognised; a whole outline or report would bury the finding.
SHOWN = 120
# What to do about it is told in full, but for the names in a file that could be endless.
TOLD = 2000


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; `row` counts from 1 in the order of the file, and is None where the whole file is meant.

    `value` and `repair` are as the report has them, in English where they are words of geoapp's; `in_french` holds
    the French of both.
    """

    row: int | None
    column: str | None
    rule: str
    severity: str
    value: str | None
    repair: str | None
    in_french: tuple[str | None, str | None]

    def as_json(self) -> dict[str, object]:
        """The finding as the report has it."""
        return {name: getattr(self, name) for name in ("row", "column", "rule", "severity", "value", "repair")}

    def sentence(self, language: str = "en", with_row: bool = True) -> str:
        """The finding as one line of plain text, such as "row 12, workers_est: 'abc' is not a whole number"."""
        value, repair = self.in_french if language == "fr" else (self.value, self.repair)
        words = {"column": self.column or "", "value": value or "", "repair": repair or ""}
        text = RULES[self.rule].text.in_language(language).format(**words).strip("; ")
        # The reason of a refusal says by itself where.
        named = self.rule != "refused"
        where = ", ".join(
            [
                *([f"{'ligne' if language == 'fr' else 'row'} {self.row}"] if self.row and with_row and named else []),
                *([self.column] if self.column and named else []),
            ]
        )
        colon = " :" if language == "fr" else ":"
        return typeset(printable(f"{where}{colon} {text}" if where else text), language)


class Findings:
    """The findings of one import, in the order of the rows, and the set of rows that they refuse."""

    def __init__(self) -> None:
        self._all: list[Finding] = []
        self.rejected: set[int] = set()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Finding]:
        """The file's own findings first, then those of each row."""
        return iter(sorted(self._all, key=lambda finding: finding.row or 0))

    def add(
        self,
        rule: str,
        row: int | None = None,
        column: str | None = None,
        value: object = None,
        repair: object = None,
    ) -> None:
        """Note that `rule` applies; an error refuses its row. A `Text` is told in the language of who reads it."""
        severity = RULES[rule].severity
        longest = TOLD if rule == "refused" else SHOWN
        in_french = (shown(value, longest, "fr"), shown(repair, TOLD, "fr"))
        self._all.append(Finding(row, column, rule, severity, shown(value, longest), shown(repair, TOLD), in_french))
        if severity == "error" and row is not None:
            self.rejected.add(row)


def shown(value: object, longest: int, language: str = "en") -> str | None:
    """A value as text of bounded length; None stays None."""
    if value is None:
        return None
    text = storable(value.in_language(language) if isinstance(value, Text) else str(value))
    return text if len(text) <= longest else text[: longest - 1] + "…"


def storable(text: str) -> str:
    """`text` without what the database cannot hold, as names of files may have it."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def printable(text: str) -> str:
    """`text` without the control characters by which a file could steer a terminal."""
    return "".join(" " if unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"} else each for each in text)
