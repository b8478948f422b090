"""The table beside the map: the rows of a layer under a filter and in a part of the map, sorted, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
from babel.dates import format_date
from babel.numbers import format_decimal
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    SQLColumnExpression,
    Uuid,
    any_,
    cast,
    false,
    func,
    null,
    select,
    union_all,
)
from sqlalchemy import Text as TextType
from sqlalchemy.dialects.postgresql import ARRAY

from geoapp.publish.corridor import near_routes
from geoapp.publish.released import date_in_words
from geoapp.snapshot.columns import CODES, matching
from geoapp.snapshot.snapshot import Snapshot
from layers import vocabulary as vocab
from layers.deployments import DEPLOYMENTS
from layers.filter import Filter
from layers.incidents import INCIDENTS
from layers.layer import MapLayer, Place
from layers.mine_sites import MINE_SITES
from layers.routes import ROUTES
from layers.tables import AdminUnit, Incident, IncidentRelease
from layers.text import Text
from layers.vocabulary import Vocabulary

PAGE = 25
# West, south, east, north in degrees.
Box = tuple[float, float, float, float]
# More rows than a snapshot of one process can hold.
MOST_ROWS = 2**24
NOT_RECORDED = Text("not recorded", "non noté")
COMMA = ", "


@dataclass(frozen=True)
class Heading:
    """A column of the table: what it holds of each layer's rows, and how it is said."""

    name: str
    title: Text
    vocabulary: Vocabulary | None = None
    sortable: bool = True
    unit: str = ""
    number: bool = False


PLACE = Heading("units", Text("Province", "Province"), sortable=False)
HEADINGS: dict[str, tuple[Heading, ...]] = {
    "incidents": (
        Heading("occurred_from", Text("Date", "Date")),
        Heading("level", Text("Level", "Niveau"), vocab.LEVEL),
        Heading("category", Text("Category", "Catégorie"), vocab.CATEGORY),
        Heading("status", Text("Status", "État"), vocab.STATUS),
        PLACE,
        Heading("incident_no", Text("Number", "Numéro"), sortable=False),
    ),
    "mine_sites": (
        Heading("name", Text("Name", "Nom")),
        Heading("icglr_status", Text("ICGLR status", "Statut CIRGL"), vocab.ICGLR_STATUS),
        Heading("minerals", Text("Minerals", "Minerais"), vocab.MINERAL, sortable=False),
        PLACE,
        Heading("site_id", Text("Code", "Code")),
    ),
    "deployments": (
        Heading("force", Text("Force", "Force"), vocab.FORCE),
        Heading("function", Text("Function", "Fonction"), vocab.DEPLOYMENT_FUNCTION),
        Heading("strength", Text("Strength", "Effectif"), number=True),
        Heading("valid_from", Text("Since", "Depuis le")),
        PLACE,
        Heading("deployment_id", Text("Code", "Code")),
    ),
    "routes": (
        Heading("name", Text("Name", "Nom")),
        Heading("mode", Text("Mode", "Mode"), vocab.ROUTE_MODE),
        Heading("use", Text("Use", "Usage"), vocab.ROUTE_USE),
        Heading("length_km", Text("Length", "Longueur"), unit="km", number=True),
        PLACE,
        Heading("route_id", Text("Code", "Code")),
    ),
}
# The vocabularies by which incidents can be sorted.
CODED = {each.name: each.vocabulary for each in HEADINGS["incidents"] if each.vocabulary is not None}
LISTED: dict[str, MapLayer] = {layer.name: layer for layer in (INCIDENTS, MINE_SITES, DEPLOYMENTS, ROUTES)}
# How each table is sorted at first: the last first, or by name.
FIRST_SORT = {"incidents": "-occurred_from", "mine_sites": "name", "deployments": "force", "routes": "name"}
PRECISION = {
    Incident.__tablename__: Incident.date_precision,
    IncidentRelease.__tablename__: IncidentRelease.shown_date_precision,
}


@dataclass(frozen=True)
class Item:
    """A row in words; `lon` and `lat` are a point of it in degrees, None for none."""

    key: str
    cells: tuple[str, ...]
    codes: Mapping[str, str]
    lon: float | None
    lat: float | None
    synthetic: bool


@dataclass(frozen=True)
class Asked:
    """Which rows: `sort` is a column's name, with - before it the other way round; `page` counts from 1."""

    layer: str
    chosen: Filter = field(default_factory=Filter)
    box: Box | None = None
    sort: str = ""
    page: int = 1

    @property
    def order(self) -> tuple[str, bool]:
        """The column to sort by, and whether the highest comes first; the first sort of the layer for another."""
        sortable = {each.name for each in HEADINGS[self.layer] if each.sortable}
        chosen = self.sort if self.sort.removeprefix("-") in sortable else FIRST_SORT[self.layer]
        return chosen.removeprefix("-"), chosen.startswith("-")


@dataclass(frozen=True)
class Listing:
    """A page of the table: `total` rows pass, on `pages` pages, of which this is `page`."""

    layer: str
    title: Text
    headings: tuple[Heading, ...]
    items: Sequence[Item]
    total: int
    page: int
    pages: int
    sort: str


def read_listing(connection: Connection, snapshot: Snapshot, asked: Asked, language: str) -> Listing:
    """A page of the rows that the transaction's viewer, whose snapshot it is, may see."""
    layer = LISTED[asked.layer]
    chosen = asked.chosen.applying(layer.filters)
    if asked.layer == INCIDENTS.name:
        total, page, ids = _page_of_incidents(connection, snapshot, asked, chosen, language)
        rows: Sequence[Any] = _by_id(connection, layer, ids)
    else:
        asked_rows = _rows(layer, chosen, asked.box).subquery()
        total = connection.scalar(select(func.count()).select_from(asked_rows)) or 0
        page = _clamped(asked.page, total)
        name, descending = asked.order
        column: ColumnElement[Any] = asked_rows.c[name]
        heading = next(each for each in HEADINGS[asked.layer] if each.name == name)
        if heading.vocabulary is not None:
            labels = {code: heading.vocabulary.label(code, language) for code in heading.vocabulary}
            ranks = {code: rank for rank, code in enumerate(sorted(labels, key=lambda code: labels[code].casefold()))}
            column = func.array_position(cast(sorted(ranks, key=lambda code: ranks[code]), ARRAY(TextType())), column)
        ordered = column.desc().nulls_last() if descending else column.asc().nulls_last()
        rows = connection.execute(
            select(asked_rows).order_by(ordered, asked_rows.c.key).offset((page - 1) * PAGE).limit(PAGE)
        ).all()
    names = _unit_names(connection, rows, language)
    items = [_item(row, asked.layer, names, language) for row in rows]
    name, descending = asked.order
    sort = f"-{name}" if descending else name
    return Listing(asked.layer, layer.title, HEADINGS[asked.layer], items, total, page, _pages(total), sort)


def _pages(total: int) -> int:
    return max(1, -(-total // PAGE))


def _clamped(page: int, total: int) -> int:
    return min(max(1, page), _pages(total))


def _page_of_incidents(
    connection: Connection, snapshot: Snapshot, asked: Asked, chosen: Filter, language: str
) -> tuple[int, int, list[UUID]]:
    """How many incidents pass, the page that is meant, and the ids on it in their order."""
    columns = snapshot.columns
    passed = matching(columns, snapshot.unit_sets, chosen, near_routes(connection, chosen), sources=snapshot.sources)
    if asked.box is not None:
        west, south, east, north = asked.box
        inside = (columns.lon >= west) & (columns.lon <= east) & (columns.lat >= south) & (columns.lat <= north)
        passed = inside if passed is None else passed & inside
    rows = np.arange(len(columns)) if passed is None else np.flatnonzero(passed)
    page = _clamped(asked.page, len(rows))
    keys = _sort_keys(snapshot, rows, *asked.order, language)
    end = min(page * PAGE, len(rows))
    if end < len(rows):
        rows_to_sort = np.argpartition(keys, end)[:end]
        order = rows_to_sort[np.argsort(keys[rows_to_sort])]
    else:
        order = np.argsort(keys)
    shown = rows[order[(page - 1) * PAGE : end]]
    return len(rows), page, [UUID(bytes=each.tobytes()) for each in columns.ids[shown]]


def _sort_keys(
    snapshot: Snapshot, rows: NDArray[np.int64], name: str, descending: bool, language: str
) -> NDArray[np.int64]:
    """A number a row, no two the same: by a column, the unknown last, then the latest first."""
    columns = snapshot.columns
    latest = np.int64(2**20) - columns.occurred[rows].astype(np.int64)
    if name == "occurred_from":
        value = -latest if not descending else latest
        return value * MOST_ROWS + rows
    if name == "level":
        # 0 is unknown.
        ranks = np.array([9, 1, 2, 3])
        numbers = columns.level[rows]
    else:
        labels = [CODED[name].label(code, language).casefold() for code in CODES[name]]
        ranks = np.array([len(labels) + 1, *(np.argsort(np.argsort(labels)) + 1)])
        numbers = getattr(columns, name)[rows]
    value = ranks[numbers].astype(np.int64)
    if descending:
        value = np.where(numbers == 0, value, -value)
    return (value * np.int64(2**22) + latest) * MOST_ROWS + rows


def _rows(layer: MapLayer, chosen: Filter, box: Box | None) -> Select[Any]:
    parts = []
    for place in layer.places:
        asked = layer.rows(place, chosen).add_columns(*_columns(layer, place))
        if box is not None:
            asked = asked.where(place.geom.op("&&")(func.ST_MakeEnvelope(*box, 4326)))
        parts.append(asked)
    return parts[0] if len(parts) == 1 else select(union_all(*parts).subquery())


def _by_id(connection: Connection, layer: MapLayer, ids: list[UUID]) -> list[Any]:
    """The rows of some ids in their order, or what stands in for them; those without a place too."""
    found: dict[UUID, Any] = {}
    shown: MapLayer | None = layer
    while shown and len(found) < len(ids):
        (place,) = shown.places
        missing = [each for each in ids if each not in found]
        asked = select(*_columns(shown, place)).select_from(place.rows)
        asked = asked.where(shown.key == any_(cast(missing, ARRAY(Uuid()))))
        found |= {row.key: row for row in connection.execute(asked).all()}
        shown = shown.stand_in
    return [found[each] for each in ids if each in found]


def _columns(layer: MapLayer, place: Place) -> list[SQLColumnExpression[Any]]:
    held: dict[str, Any] = {str(each.key): each for each in (*layer.attributes, *layer.properties)}
    point = place.geom if layer.points else func.ST_PointOnSurface(place.geom)
    precision = PRECISION.get(layer.key.table.name)
    return [
        layer.key.label("key"),
        *(held[each.name].label(each.name) for each in HEADINGS[layer.name]),
        (precision if precision is not None else null()).label("date_precision"),
        func.ST_X(point).label("lon"),
        func.ST_Y(point).label("lat"),
        (layer.synthetic if layer.synthetic is not None else false()).label("synthetic"),
    ]


def _unit_names(connection: Connection, rows: Sequence[Any], language: str) -> dict[str, tuple[int, str]]:
    """The level and the name of each unit that the rows lie in; of several lives of a code, the last."""
    codes = sorted({code for row in rows for code in row.units or ()})
    name = AdminUnit.name_fr if language == "fr" else AdminUnit.name_en
    asked = select(AdminUnit.unit_code, AdminUnit.level, name).where(AdminUnit.unit_code.in_(codes))
    return {code: (level, said) for code, level, said in connection.execute(asked.order_by(AdminUnit.valid_from)).all()}


def _item(row: Any, layer: str, names: Mapping[str, tuple[int, str]], language: str) -> Item:
    cells = tuple(_in_words(row, each, names, language) for each in HEADINGS[layer])
    values = {each.name: getattr(row, each.name) for each in HEADINGS[layer] if each.vocabulary is not None}
    codes = {name: str(value) for name, value in values.items() if isinstance(value, str | int)}
    return Item(str(row.key), cells, codes, row.lon, row.lat, bool(row.synthetic))


def _in_words(row: Any, heading: Heading, names: Mapping[str, tuple[int, str]], language: str) -> str:  # noqa: PLR0911
    value = getattr(row, heading.name)
    if heading is PLACE:
        known = [names[code] for code in value or () if code in names]
        finest = max((level for level, _ in known), default=0)
        return COMMA.join(said for level, said in known if level == finest)
    if value is None or value == []:
        return NOT_RECORDED.in_language(language) if heading.vocabulary else ""
    if heading.vocabulary is not None:
        codes = value if isinstance(value, list) else [value]
        return COMMA.join(heading.vocabulary.label(code, language) for code in codes)
    if isinstance(value, date):
        if row.date_precision and row.date_precision > 1:
            return date_in_words(value, row.date_precision, language)
        return format_date(value, "medium", locale=language)
    if isinstance(value, int | float):
        number = format_decimal(value, format="#,##0.#" if isinstance(value, float) else None, locale=language)
        return f"{number}\u202f{heading.unit}" if heading.unit else number
    return str(value)
