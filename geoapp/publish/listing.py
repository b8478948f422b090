"""The table beside the map: the rows of a layer under a filter and in a part of the map, sorted, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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

from geoapp.naming import fold
from geoapp.publish.corridor import near_routes
from geoapp.publish.released import date_in_words
from geoapp.snapshot.columns import CODES, matching
from geoapp.snapshot.snapshot import Snapshot
from layers import vocabulary as vocab
from layers.checkpoints import CHECKPOINTS
from layers.deployments import DEPLOYMENTS
from layers.facilities import FACILITIES
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
        replace(PLACE, sortable=True),
        Heading("incident_no", Text("Number", "Numéro")),
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
    "facilities": (
        Heading("name", Text("Name", "Nom")),
        Heading("kind", Text("Kind", "Type"), vocab.FACILITY_KIND),
        Heading("operator", Text("Operator", "Exploitant")),
        PLACE,
        Heading("facility_id", Text("Code", "Code")),
    ),
    "checkpoints": (
        Heading("name", Text("Name", "Nom")),
        Heading("operator_kind", Text("Held by", "Tenue par"), vocab.ACTOR_KIND),
        Heading("lawful", Text("Lawful", "Légalité"), vocab.LAWFUL),
        Heading("levy", Text("Levy", "Prélèvement"), vocab.LEVY),
        Heading("last_seen", Text("Last seen", "Vue en dernier le")),
        PLACE,
        Heading("checkpoint_id", Text("Code", "Code")),
    ),
}
# The vocabularies by which incidents can be sorted.
CODED = {each.name: each.vocabulary for each in HEADINGS["incidents"] if each.vocabulary is not None}
LISTED: dict[str, MapLayer] = {
    layer.name: layer for layer in (INCIDENTS, MINE_SITES, DEPLOYMENTS, ROUTES, FACILITIES, CHECKPOINTS)
}
# How each table is sorted at first: the last first, or by name.
FIRST_SORT = {
    "incidents": "-occurred_from",
    "mine_sites": "name",
    "deployments": "force",
    "routes": "name",
    "facilities": "name",
    "checkpoints": "name",
}
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
    rows = passing_incidents(connection, snapshot, chosen, asked.box)
    page = _clamped(asked.page, len(rows))
    name, descending = asked.order
    end = min(page * PAGE, len(rows))
    if name == "incident_no":
        order = _by_number(columns.number[rows], end, descending)
    else:
        ranks = None if name == "occurred_from" else _ranks(connection, snapshot, rows, name, language)
        keys = _sort_keys(snapshot, rows, ranks, descending)
        order = np.argpartition(keys, end)[:end] if end < len(rows) else np.arange(len(rows))
        order = order[np.argsort(keys[order])]
    shown = rows[order[(page - 1) * PAGE : end]]
    return len(rows), page, [UUID(bytes=each.tobytes()) for each in columns.ids[shown]]


def passing_incidents(connection: Connection, snapshot: Snapshot, chosen: Filter, box: Box | None) -> NDArray[np.int64]:
    """The positions in the snapshot's columns of the incidents under a filter and in a part of the map."""
    columns = snapshot.columns
    of_incidents = chosen.applying(INCIDENTS.filters)
    near = near_routes(connection, of_incidents)
    passed = matching(columns, snapshot.unit_sets, of_incidents, near, sources=snapshot.sources)
    if box is not None:
        west, south, east, north = box
        inside = (columns.lon >= west) & (columns.lon <= east) & (columns.lat >= south) & (columns.lat <= north)
        passed = inside if passed is None else passed & inside
    return np.arange(len(columns)) if passed is None else np.flatnonzero(passed)


def _by_number(numbers: NDArray[np.bytes_], end: int, descending: bool) -> NDArray[np.int64]:
    """The order of the first `end` of these numbers; rows without one come last."""
    # Bytes as whole numbers, eight at a time, are compared much faster than texts.
    long = -(-numbers.itemsize // 8)
    words = numbers.astype(f"S{8 * long}").view(">u8").reshape(len(numbers), long).astype(np.uint64)
    first = np.where(words[:, 0] == 0, 0 if descending else np.iinfo(np.uint64).max, words[:, 0])
    kept = np.arange(len(numbers))
    if 0 < end < len(numbers):
        # What begins later than the last on the page does need no sorting.
        last = np.partition(first, len(first) - end if descending else end - 1)
        bound = last[len(first) - end if descending else end - 1]
        kept = np.flatnonzero(first >= bound if descending else first <= bound)
    order = np.lexsort([*words[kept, :0:-1].T, first[kept]])
    return kept[order[::-1] if descending else order][:end]


def _ranks(
    connection: Connection, snapshot: Snapshot, rows: NDArray[np.int64], name: str, language: str
) -> NDArray[np.int64]:
    """The rank of each row in one column, from 1 on, by what the table shows there; 0 where that is not known."""
    columns = snapshot.columns
    if name == "level":
        return columns.level[rows].astype(np.int64)
    if name == PLACE.name:
        codes = sorted({code for codes in snapshot.unit_sets for code in codes})
        names = _names_of(connection, codes, language)
        shown = [fold(_finest(codes, names)) for codes in snapshot.unit_sets]
        numbers: NDArray[Any] = columns.units[rows]
    else:
        shown = ["", *(fold(CODED[name].label(code, language)) for code in CODES[name])]
        numbers = getattr(columns, name)[rows]
    ordered = {said: rank for rank, said in enumerate(sorted(set(shown) - {""}), start=1)}
    ranks = np.array([ordered.get(said, 0) for said in shown] or [0], dtype=np.int64)
    found: NDArray[np.int64] = ranks[numbers]
    return found


def _sort_keys(
    snapshot: Snapshot, rows: NDArray[np.int64], ranks: NDArray[np.int64] | None, descending: bool
) -> NDArray[np.int64]:
    """A number a row, no two the same: by rank, the unknown last, then the latest first; without ranks by the day."""
    latest = np.int64(2**20) - snapshot.columns.occurred[rows].astype(np.int64)
    if ranks is None:
        return (latest if descending else -latest) * MOST_ROWS + rows
    value = np.where(ranks == 0, np.int64(2**16), -ranks if descending else ranks)
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
    return _names_of(connection, sorted({code for row in rows for code in row.units or ()}), language)


def _names_of(connection: Connection, codes: Sequence[str], language: str) -> dict[str, tuple[int, str]]:
    name = AdminUnit.name_fr if language == "fr" else AdminUnit.name_en
    asked = select(AdminUnit.unit_code, AdminUnit.level, name).where(AdminUnit.unit_code.in_(codes))
    return {code: (level, said) for code, level, said in connection.execute(asked.order_by(AdminUnit.valid_from)).all()}


def _item(row: Any, layer: str, names: Mapping[str, tuple[int, str]], language: str) -> Item:
    cells = tuple(_in_words(row, each, names, language) for each in HEADINGS[layer])
    values = {each.name: getattr(row, each.name) for each in HEADINGS[layer] if each.vocabulary is not None}
    codes = {name: str(value) for name, value in values.items() if isinstance(value, str | int)}
    return Item(str(row.key), cells, codes, row.lon, row.lat, bool(row.synthetic))


def _finest(codes: Iterable[str], names: Mapping[str, tuple[int, str]]) -> str:
    """The names of those of some units that are of the finest level."""
    known = [names[code] for code in codes if code in names]
    finest = max((level for level, _ in known), default=0)
    return COMMA.join(said for level, said in known if level == finest)


def _in_words(row: Any, heading: Heading, names: Mapping[str, tuple[int, str]], language: str) -> str:  # noqa: PLR0911
    value = getattr(row, heading.name)
    if heading.name == PLACE.name:
        return _finest(value or (), names)
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
