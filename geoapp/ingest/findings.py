"""What an import found: one finding a row and rule, and which rows they refuse."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from geoapp.ingest.rules import RULES

# A value is shown to be recognised; a whole outline or report would bury the finding.
SHOWN = 120
# What to do about it is told in full, but for the names in a file that could be endless.
TOLD = 2000


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; `row` counts from 1 in the order of the file, and is None where the whole file is meant."""

    row: int | None
    column: str | None
    rule: str
    severity: str
    value: str | None
    repair: str | None

    def as_json(self) -> dict[str, object]:
        """The finding as the report has it."""
        return {name: getattr(self, name) for name in self.__slots__}

    def sentence(self, language: str = "en") -> str:
        """The finding as one line of plain text, such as "row 12, workers_est: 'abc' is not a whole number"."""
        words = {"column": self.column or "", "value": self.value or "", "repair": self.repair or ""}
        text = RULES[self.rule].text.in_language(language).format(**words).strip("; ")
        where = ", ".join(
            [
                *([f"{'ligne' if language == 'fr' else 'row'} {self.row}"] if self.row else []),
                *([self.column] if self.column else []),
            ]
        )
        return printable(f"{where}: {text}" if where else text)


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
        """Note that `rule` applies; an error refuses its row."""
        severity = RULES[rule].severity
        self._all.append(
            Finding(
                row, column, rule, severity, shown(value, TOLD if rule == "refused" else SHOWN), shown(repair, TOLD)
            )
        )
        if severity == "error" and row is not None:
            self.rejected.add(row)


def shown(value: object, longest: int) -> str | None:
    """A value as text of bounded length; None stays None."""
    if value is None:
        return None
    text = storable(str(value))
    return text if len(text) <= longest else text[: longest - 1] + "…"


def storable(text: str) -> str:
    """`text` without what the database cannot hold, as names of files may have it."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def printable(text: str) -> str:
    """`text` without the control characters by which a file could steer a terminal."""
    return "".join(" " if unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"} else each for each in text)
