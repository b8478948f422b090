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

    `bar` is what the bars show, in words; without it there are none. `before` are rows that an earlier screen shows.
    """

    title: str
    headings: tuple[str, ...]
    rows: Sequence[Row]
    numbers: frozenset[int] = frozenset()
    total: int = 0
    bar: str = ""
    tones: tuple[tuple[str, str], ...] = ()
    href: str = ""
    before: int = 0

    @property
    def shown(self) -> int:
        """How many rows were shown up to its last one."""
        return self.before + len(self.rows)

    @property
    def cut(self) -> bool:
        """Whether there are more rows than are shown."""
        return self.total > self.shown


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
    text = typeset(words.in_language(language), language)
    return (text.replace("'", "\u2019") if language == "fr" else text).format(**values)


def counted(number: int, one: Text, many: Text, language: str, none: Text | None = None, **values: object) -> str:
    """A phrase with a number in it, `{n}`; French has one for 0, too, where there is no phrase for `none`."""
    if none is not None and number == 0:
        return said(none, language, **values)
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


def in_screens(section: Section, rows: int, most: int) -> list[Section]:
    """A topic on as many screens as it needs, up to `most`: each table on its own, so many rows of it at a time.

    Of a table that does not fit the first rows are shown, with how many there are.
    """
    screens: list[Section] = []
    for table in section.tables:
        total, room = max(table.total, len(table.rows)), rows * max(1, most - len(screens))
        shown = table.rows[:room]
        # Rows of figures are short: some more of them, in parts of like size.
        parts = -(-len(shown) // (rows + 3)) or 1
        step = -(-len(shown) // parts) if table.numbers else rows
        pieces = [shown[at : at + step] for at in range(0, len(shown), max(1, step))]
        for number, piece in enumerate(pieces, 1):
            last = number == len(pieces) and total > len(shown)
            part = replace(table, rows=piece, total=total if last else 0, before=(number - 1) * step)
            screens.append(replace(section, tables=(part,), lead=() if screens else section.lead, notes=()))
    if not screens:
        return [section]
    screens[-1] = replace(screens[-1], notes=section.notes)
    return screens
