"""A topic in one language, as pages, screens and papers show it: sentences, tables with bars, what is missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from babel.dates import format_date
from babel.numbers import format_decimal

from geoapp.publish.released import date_in_words
from layers.text import Text, typeset

NO_BREAK = "\u00a0"


@dataclass(frozen=True)
class Cell:
    """A cell: its words, a smaller line under them, the path of the row's own page, the level that it names.

    `mark` is a short word that stands out, such as "overdue".
    """

    words: str
    under: str = ""
    href: str = ""
    level: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Bar:
    """A part of a bar: its tone (a level, or `plain`), its start and length in hundredths of the longest."""

    tone: str
    start: float
    length: float


@dataclass(frozen=True)
class Row:
    """A row of a table, with its bar where the table has bars."""

    cells: tuple[Cell, ...]
    bars: tuple[Bar, ...] = ()
    stands_out: bool = False


@dataclass(frozen=True)
class Table:
    """A table: `numbers` are the columns that hold numbers, `total` how many rows there are, of which some are shown.

    `bar` is what the bars show, in words; without it there are none.
    """

    title: str
    headings: tuple[str, ...]
    rows: Sequence[Row]
    numbers: frozenset[int] = frozenset()
    total: int = 0
    bar: str = ""
    tones: tuple[tuple[str, str], ...] = ()
    href: str = ""

    @property
    def cut(self) -> bool:
        """Whether there are more rows than it holds."""
        return self.total > len(self.rows)


@dataclass(frozen=True)
class Section:
    """A topic: `lead` are sentences above its tables, `empty` stands where there is nothing, `notes` below."""

    name: str
    title: str
    lead: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    empty: str = ""
    synthetic: bool = False
    links: tuple[tuple[str, str], ...] = ()


def said(words: Text, language: str, **values: object) -> str:
    """A phrase in a language, its typography and the values of its `{names}`."""
    return typeset(words.in_language(language), language).format(**values)


def counted(number: int, one: Text, many: Text, language: str, **values: object) -> str:
    """A phrase with a number in it, `{n}`; French has one for 0, too."""
    single = number == 1 or (language == "fr" and number == 0)
    return said(one if single else many, language, n=in_digits(number, language), **values)


def in_digits(number: float, language: str) -> str:
    """A number as readers of a language write it."""
    return str(format_decimal(number, "#,##0.#", locale=language))


def day(value: dt.date | None, language: str) -> str:
    """A day in full; "" for none."""
    return date_in_words(value, 1, language) if value else ""


def short_day(value: dt.date | None, language: str) -> str:
    """A day in digits, that does not break; "" for none."""
    return (
        str(format_date(value, "dd/MM/y" if language == "fr" else "d MMM y", locale=language)).replace(" ", NO_BREAK)
        if value
        else ""
    )


def bars_of(rows: Sequence[Sequence[tuple[str, int]]]) -> list[tuple[Bar, ...]]:
    """The bars of rows of (tone, number), the longest 100 long."""
    longest = max((sum(number for _, number in row) for row in rows), default=0)
    made = []
    for row in rows:
        bars, start = [], 0.0
        for tone, number in row:
            if number:
                length = 100 * number / longest
                bars.append(Bar(tone, round(start, 2), round(length, 2)))
                start += length
        made.append(tuple(bars))
    return made


def in_screens(section: Section, most: int) -> list[Section]:
    """A topic on as many screens as it needs: each table on its own, and so many rows of it at a time."""
    screens: list[Section] = []
    for table in section.tables:
        for at in range(0, max(1, len(table.rows)), most):
            part = replace(table, rows=table.rows[at : at + most], total=0)
            first = not screens
            screens.append(replace(section, tables=(part,), lead=section.lead if first else (), notes=()))
    if not screens:
        return [section]
    last = screens[-1]
    rest = section.tables[-1]
    screens[-1] = replace(last, notes=section.notes, tables=(replace(last.tables[0], total=rest.total),))
    return screens
