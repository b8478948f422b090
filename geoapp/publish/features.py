"""Features of a layer as GeoJSON made by PostGIS, a page at a time, each page at the same cost."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Subquery,
    Text,
    and_,
    cast,
    false,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from geoapp.errors import BadRequestError, NotFoundError
from geoapp.publish.cql import GEOMETRY, Expression
from geoapp.publish.details import number_of
from layers.filter import Filter
from layers.layer import MapLayer, Place

MOST = 10_000
# Counting further than this would cost more than the page itself.
COUNTED = 10_000
DECIMALS = 9
NO_SUCH_FEATURE = "There is no such feature, or it is not for you."
KEY = "feature_key"
BAD_CURSOR = "after: is not what a page gave as its next. Start again without it."
# Names of attributes, each with whether it descends.
Sort = Sequence[tuple[str, bool]]


@dataclass(frozen=True)
class Crs:
    """A coordinate reference system that features are given in; `flipped` where latitude comes first."""

    uri: str
    srid: int
    flipped: bool = False


EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
CRS84 = Crs("http://www.opengis.net/def/crs/OGC/1.3/CRS84", 4326)
SYSTEMS: Mapping[str, Crs] = {
    each.uri: each
    for each in (
        CRS84,
        Crs(f"{EPSG}4326", 4326, flipped=True),
        Crs(f"{EPSG}3857", 3857),
        *(
            Crs(f"{EPSG}{code}", code)
            for code in (32633, 32634, 32635, 32636, 32733, 32734, 32735, 32736, 21035, 21036)
        ),
    )
}


@dataclass(frozen=True)
class Box:
    """A rectangle in one system; west of east and south of north, in the system's order of axes put right."""

    west: float
    south: float
    east: float
    north: float
    srid: int = 4326


@dataclass(frozen=True)
class Question:
    """Which features are asked for, in which order, and how many; `after` is where the page before ended."""

    limit: int
    box: Box | None = None
    since: dt.date | None = None
    until: dt.date | None = None
    expression: Expression | None = None
    sort: Sort = ()
    after: str | None = None
    crs: Crs = CRS84


@dataclass(frozen=True)
class Page:
    """Features as GeoJSON texts; `next` is what asks for the page after this one, None at the end.

    `matched` is the number of all that match, None where it was not counted or is very large.
    """

    features: Sequence[str]
    next: str | None
    matched: int | None
    synthetic: bool


def queryables(layer: MapLayer) -> dict[str, ColumnElement[Any]]:
    """The attributes of a layer by their names, which filters and orders may name."""
    return {str(column.key): column for column in layer.attributes}  # type: ignore[misc]


def read_page(connection: Connection, layer: MapLayer, question: Question) -> Page:
    """One page of the features that the transaction's viewer may see.

    Raises BadRequestError for an order or a filter that the layer does not have.
    """
    sort = _sort_columns(layer, question)
    read = _read_sorted if sort else _read_in_turn
    rows, following = read(connection, layer, question, sort)
    matched = None if question.after else _count(connection, layer, question)
    synthetic = any('"synthetic":true' in row.feature for row in rows)
    return Page([row.feature for row in rows], following, matched, synthetic)


def read_feature(connection: Connection, layer: MapLayer, key: str, crs: Crs = CRS84) -> str:
    """One feature as GeoJSON; NotFoundError where there is none for this viewer."""
    parts = [
        part.where(each.key == _as_type(each.key.type.python_type, key))
        for each, place in _places(layer)
        for part in [_part(each, place, layer)]
    ]
    found = _together(parts).limit(1).subquery("found")
    row = connection.execute(_as_geojson(found, layer, crs, [])).one_or_none()
    if row is None:
        raise NotFoundError(NO_SUCH_FEATURE)
    feature: str = row.feature
    return feature


def _places(layer: MapLayer) -> list[tuple[MapLayer, Place]]:
    shown = [layer, layer.stand_in] if layer.stand_in else [layer]
    return [(each, place) for each in shown for place in each.feature_places or each.places]


def _part(each: MapLayer, place: Place, layer: MapLayer) -> Select[Any]:
    """The rows of one place with the columns of `layer`, which `each` is or stands in for."""
    own = queryables(each)
    columns = [
        (own[name] if name in own else cast(null(), column.type)).label(name)
        for name, column in queryables(layer).items()
    ]
    return each.rows(place, Filter()).add_columns(each.key.label(KEY), place.geom.label(GEOMETRY), *columns)


def _matching(each: MapLayer, place: Place, layer: MapLayer, question: Question) -> Select[Any]:
    part = _part(each, place, layer)
    own = queryables(each)
    if question.box is not None:
        box = question.box
        corners = func.ST_MakeEnvelope(box.west, box.south, box.east, box.north, box.srid)
        area = corners if box.srid == 4326 else func.ST_Transform(func.ST_Segmentize(corners, 20_000.0), 4326)
        part = part.where(place.geom.op("&&")(area), func.ST_Intersects(place.geom, area))
    if each.when is not None:
        first, last = each.when
        if question.until is not None:
            part = part.where(first <= question.until)
        if question.since is not None:
            part = part.where(or_(last.is_(None), last >= question.since))
    if question.expression is not None:
        known = {name: own.get(name, cast(null(), column.type)) for name, column in queryables(layer).items()}
        part = part.where(question.expression.compile(known, place.geom))
    return part


def _together(parts: Sequence[Select[Any]]) -> Select[Any]:
    if len(parts) == 1:
        return parts[0]
    united = union_all(*[part.subquery().select() for part in parts]).subquery("united")
    return select(united)


def _sort_columns(layer: MapLayer, question: Question) -> list[tuple[str, bool]]:
    known = queryables(layer)
    for name, _ in question.sort:
        if name not in known or isinstance(known[name].type, ARRAY | JSONB):
            raise BadRequestError(f"sortby: there is no order by {name[:60]}. There are: {', '.join(known)}.")
    return list(question.sort)


def _read_in_turn(
    connection: Connection, layer: MapLayer, question: Question, sort: Sort
) -> tuple[list[Row[Any]], str | None]:
    """A page in the order of the keys, one part after the other: a page that the first part fills asks no other."""
    places = _places(layer)
    start, after = _turn(question.after, places)
    rows: list[Row[Any]] = []
    for number in range(start, len(places)):
        each, place = places[number]
        before = len(rows)
        part = _matching(each, place, layer, question).order_by(each.key).limit(question.limit + 1 - before)
        if number == start and after is not None:
            part = part.where(each.key > after)
        rows += connection.execute(_as_geojson(part.subquery("found"), layer, question.crs, sort)).all()
        if len(rows) > question.limit:
            # Where the row too many is the first of its part, the next page begins with that part.
            return rows[:-1], _cursor([number, None if before == question.limit else rows[-2].key])
    return rows, None


def _turn(cursor: str | None, places: Sequence[tuple[MapLayer, Place]]) -> tuple[int, ColumnElement[Any] | None]:
    """The part that a page begins in, and the key that it begins after."""
    if cursor is None:
        return 0, None
    values = _decoded(cursor)
    if len(values) != 2 or values[0] not in range(len(places)):
        raise BadRequestError(BAD_CURSOR)
    number, key = values
    return number, _bound(key, places[number][0].key)


def _read_sorted(
    connection: Connection, layer: MapLayer, question: Question, sort: Sort
) -> tuple[list[Row[Any]], str | None]:
    """A page in the order that was asked for. Each part is cut on its own, so that each can read along an index."""
    parts = []
    for each, place in _places(layer):
        part = _matching(each, place, layer, question)
        own = queryables(each)
        columns = [own.get(name, cast(null(), queryables(layer)[name].type)) for name, _ in sort]
        if question.after:
            part = part.where(_after(question.after, columns, sort, each.key))
        parts.append(part.order_by(*_order(columns, sort, each.key)).limit(question.limit + 1))
    united = union_all(*[part.subquery().select() for part in parts]).subquery("united")
    order = _order([united.c[name] for name, _ in sort], sort, united.c[KEY])
    found = select(united).order_by(*order).limit(question.limit + 1).subquery("found")
    rows = list(connection.execute(_as_geojson(found, layer, question.crs, sort)).all())
    if len(rows) <= question.limit:
        return rows, None
    last = rows[-2]
    return rows[:-1], _cursor([*last[2:], last.key])


def _order(columns: Sequence[Any], sort: Sort, key: Any) -> list[ColumnElement[Any]]:
    order = [
        column.desc().nulls_last() if descending else column.asc().nulls_last()
        for column, (_, descending) in zip(columns, sort, strict=True)
    ]
    return [*order, key.asc()]


def _after(cursor: str, columns: Sequence[Any], sort: Sort, key: Any) -> ColumnElement[bool]:
    """The rows behind the one that `cursor` names, in the order of `sort` and the key."""
    given = _decoded(cursor)
    if len(given) != len(columns) + 1 or given[-1] is None:
        raise BadRequestError(BAD_CURSOR)
    values = [_bound(value, column) for value, column in zip(given, [*columns, key], strict=True)]
    behind: list[ColumnElement[bool]] = []
    same: list[ColumnElement[bool]] = []
    for column, (_, descending), value in zip(columns, sort, values[:-1], strict=True):
        if value is None:
            strictly: ColumnElement[bool] = false()
        else:
            strictly = or_(column < value if descending else column > value, column.is_(None))
        behind.append(and_(*same, strictly))
        same.append(column.is_(None) if value is None else column == value)
    return or_(*behind, and_(*same, key > values[-1]))


def _as_geojson(found: Subquery, layer: MapLayer, crs: Crs, sort: Sort) -> Select[Any]:
    """Each row of `found` as the text of a feature, with its key and what it was ordered by.

    Put together as text: PostgreSQL builds a document of a thousand features three times slower from JSON values.
    """
    shape = found.c[GEOMETRY] if crs.srid == 4326 else func.ST_Transform(found.c[GEOMETRY], crs.srid)
    shape = func.ST_FlipCoordinates(shape) if crs.flipped else shape
    names = [str(column.key) for column in layer.attributes]
    bare = select(*(found.c[name] for name in names)).correlate(found).lateral("properties")
    properties = select(func.row_to_json(literal_column("properties"))).select_from(bare).scalar_subquery()
    feature = func.concat(
        '{"type":"Feature","id":',
        func.to_json(cast(found.c[KEY], Text)),
        ',"geometry":',
        func.coalesce(func.ST_AsGeoJSON(shape, DECIMALS, 0), "null"),
        ',"properties":',
        cast(properties, Text),
        "}",
    )
    ordered_by = [cast(found.c[name], Text).label(f"by_{place}") for place, (name, _) in enumerate(sort)]
    columns: list[ColumnElement[Any]] = [feature.label("feature"), cast(found.c[KEY], Text).label("key"), *ordered_by]
    made: Select[Any] = select(*columns)
    return made.order_by(*_order([found.c[name] for name, _ in sort], sort, found.c[KEY]))


def _count(connection: Connection, layer: MapLayer, question: Question) -> int | None:
    counted = 0
    for each, place in _places(layer):
        matching = _matching(each, place, layer, question).with_only_columns(literal(1).label("one"))
        rows = matching.limit(COUNTED + 1 - counted).subquery()
        counted += connection.scalar(select(func.count()).select_from(rows)) or 0
        if counted > COUNTED:
            return None
    return counted


def _cursor(values: Sequence[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _decoded(cursor: str) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        values = None
    if not isinstance(values, list):
        raise BadRequestError(BAD_CURSOR)
    return values


def _bound(value: Any, column: Any) -> ColumnElement[Any] | None:
    """A value of a cursor, of the type of its column; BadRequestError where it is none."""
    if value is None:
        return None
    try:
        return literal(_as_type(column.type.python_type, str(value)), column.type)
    except NotFoundError:
        raise BadRequestError(BAD_CURSOR) from None


def _as_type(kind: type, text: str) -> Any:
    """A value that was written as text; NotFoundError where it is none of its kind."""
    readers: dict[type, Any] = {
        UUID: UUID,
        int: number_of,
        float: float,
        dt.date: dt.date.fromisoformat,
        dt.datetime: dt.datetime.fromisoformat,
        bool: {"true": True, "false": False}.__getitem__,
    }
    if "\0" in text:
        raise NotFoundError(NO_SUCH_FEATURE)
    try:
        return readers.get(kind, str)(text)
    except (ValueError, KeyError):
        raise NotFoundError(NO_SUCH_FEATURE) from None
