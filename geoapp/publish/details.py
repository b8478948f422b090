"""What a popup says of one row, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from babel.dates import format_date
from babel.numbers import format_decimal
from sqlalchemy import Connection, Row, Select, SQLColumnExpression, false, select

from geoapp.errors import NotFoundError
from layers.layer import Field, MapLayer
from layers.vocabulary import Vocabulary

# The same for a row that does not exist and for one that this viewer may not see.
NO_SUCH_ROW = "There is no such row, or it is not for you."


@dataclass(frozen=True)
class Detail:
    """A row in words: a title, a subtitle, labelled values, and whether it is synthetic."""

    title: str
    subtitle: str | None
    synthetic: bool
    fields: Sequence[dict[str, str]]


def read_detail(
    connection: Connection, layer: MapLayer, key: str, language: str, told: Sequence[SQLColumnExpression[Any]] = ()
) -> Detail:
    """The detail of the row of `layer` whose key is `key`, or of what stands in for it.

    Columns that are `told` elsewhere are left out. Raises NotFoundError where there is none for this viewer.
    """
    shown: MapLayer | None = layer
    while shown:
        row = connection.execute(_row(shown, key, language)).one_or_none()
        if row:
            return _detail(row, shown, language, told)
        shown = shown.stand_in
    raise NotFoundError(NO_SUCH_ROW)


def _row(layer: MapLayer, key: str, language: str) -> Select[Any]:
    heading = layer.heading[1 if language == "fr" else 0] if isinstance(layer.heading, tuple) else layer.heading
    columns: list[SQLColumnExpression[Any]] = [
        heading.label("heading"),
        (layer.synthetic if layer.synthetic is not None else false()).label("synthetic"),
        *(each.column(language).label(f"field_{place}") for place, each in enumerate(_asked(layer))),
    ]
    place = layer.places[0]
    source, conditions = (place.rows, place.where) if layer.details is None else (layer.details, ())
    return (
        select(*columns)
        .select_from(source)
        .where(layer.key == _as_key(layer, key), *conditions, *layer.always)
        .limit(1)
    )


def _asked(layer: MapLayer) -> list[Field]:
    return [layer.subheading, *layer.fields] if layer.subheading else list(layer.fields)


def _detail(row: Row[Any], layer: MapLayer, language: str, told: Sequence[SQLColumnExpression[Any]]) -> Detail:
    said = [(each, _in_words(row[place + 2], each, language)) for place, each in enumerate(_asked(layer))]
    subtitle = said.pop(0)[1] if layer.subheading else None
    said = [(each, words) for each, words in said if not any(each.column(language) is column for column in told)]
    return Detail(
        title=row.heading or layer.title.in_language(language),
        subtitle=subtitle or None,
        synthetic=row.synthetic,
        fields=[{"label": each.title.in_language(language), "value": words} for each, words in said if words],
    )


def _as_key(layer: MapLayer, text: str) -> str | int | UUID:
    """The key as its column holds it, so that the column's index finds it."""
    try:
        if layer.key.type.python_type is UUID:
            return UUID(text)
        if layer.key.type.python_type is int:
            return number_of(text)
        if "\0" not in text:
            return text
    except ValueError:
        pass
    raise NotFoundError(NO_SUCH_ROW)


def number_of(text: str) -> int:
    """A whole number as the database holds one; ValueError where it is none."""
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise ValueError(text)
    return number


def _in_words(value: Any, shown: Field, language: str) -> str:
    if value is None:
        return ""
    if shown.vocabulary is not None:
        return _labels(value, shown.vocabulary, language)
    if isinstance(value, date):
        return format_date(value, "long", locale=language)
    if isinstance(value, int | float):
        number = format_decimal(value, format="#,##0.#" if isinstance(value, float) else None, locale=language)
        # A narrow no-break space keeps the number and its unit on one line.
        return f"{number} {shown.unit}".strip() if shown.unit else number
    return str(value)


def _labels(value: Any, vocabulary: Vocabulary, language: str) -> str:
    codes = value if isinstance(value, list) else [value]
    return ", ".join(vocabulary.label(code, language) for code in codes)
