"""A row as a form has it: texts by column, its place as coordinates, and what somebody else changed of it meanwhile."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, Uuid, func, null, or_, select

from geoapp.desk import rows
from geoapp.desk.lines import write_line
from geoapp.ingest.targets import TARGETS, FileColumn, Target

# The tables whose rows can be added and mended by hand.
MENDABLE = ("mine_sites", "routes", "facilities", "checkpoints", "deployments", "trainings", "movements")
# Set by geoapp itself.
UNTYPED = {"synthetic"}
# A training bears the code of its unit itself.
OTHERWISE_TYPED = {("trainings", "stated_unit")}
# What people call a row, the best first.
NAMES = ("name", "provider_name", "place_text")
GEOM = "geom"
# So many matches of a search are shown.
MOST_FOUND = 30
# A reference is chosen from a list where there are no more rows than this, else its key is typed.
MOST_CHOICES = 600


@dataclass(frozen=True)
class Held:
    """A row as the database holds it: `texts` by the column's name in files, `shape` in EPSG:4326 or None."""

    key: str
    texts: Mapping[str, str]
    shape: BaseGeometry | None
    name: str
    units: Sequence[str]
    synthetic: bool

    def mark(self) -> str:
        """What a form that shows this row remembers of it, to be given back with what was typed."""
        return json.dumps({**self.texts, GEOM: _digest(write_line(self.shape))}, ensure_ascii=False)

    def changed_since(self, mark: str) -> list[str]:
        """The columns that have another value by now than a form remembers; all, where it remembers nothing."""
        try:
            then = json.loads(mark)
        except ValueError:
            then = {}
        if not isinstance(then, dict):
            then = {}
        now = {**self.texts, GEOM: _digest(write_line(self.shape))}
        return [name for name, value in now.items() if then.get(name) != value]


def remembered(mark: str) -> dict[str, str]:
    """The texts that a form remembers; none of a mark that is not one."""
    try:
        found = json.loads(mark)
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def columns_of(target: Target) -> list[FileColumn]:
    """The columns that somebody may type, in the order of the table."""
    return [
        column
        for column in target.columns.values()
        if column.name not in UNTYPED and (target.name, column.name) not in OTHERWISE_TYPED
    ]


def is_line(target: Target) -> bool:
    """Whether the place of a row may be a line."""
    return target.has_geometry and any("LineString" in kind for kind in target.geometry_types)


def read_held(
    connection: Connection, target: Target, key: str, *, lock: bool = False, zone: ZoneInfo | None = None
) -> Held | None:
    """The row of a key of the log, as far as whoever acts may see it; locked, only one that they may change.

    Times are those of `zone` where there is one.
    """
    table = target.table
    if not _is_key(target, key):
        return None
    columns = columns_of(target)
    values = [_readable(column).label(f"typed_{place}") for place, column in enumerate(columns)]
    place = func.ST_AsBinary(table.c.geom) if target.has_geometry else null()
    asked = select(*values, place.label("place"), table.c.units, table.c.synthetic)
    asked = asked.where(rows.is_among(table, [key]))
    if lock:
        asked = asked.with_for_update(of=table)
    row = connection.execute(asked).one_or_none()
    if row is None:
        return None
    texts = {column.name: as_text(value, zone) for column, value in zip(columns, row, strict=False)}
    shape = shapely.from_wkb(bytes(row.place)) if row.place is not None else None
    own = target.key[0]
    name = next(filter(None, (texts.get(each) for each in NAMES)), texts[own])
    return Held(key, texts, shape, name, row.units, row.synthetic)


def find_rows(connection: Connection, target: Target, words: str) -> list[dict[str, Any]]:
    """The rows whose key or name holds some words, that whoever acts may see; the nearest to the words first."""
    table = target.table
    own = table.c[target.key[0]]
    names = [table.c[name] for name in (*NAMES, "force_unit") if name in table.c]
    pattern = f"%{words.replace('%', '').replace('_', chr(92) + '_')}%"
    holds = or_(*(column.ilike(pattern) for column in (own, *names)))
    called = func.coalesce(*names, own) if names else own
    asked = select(rows.key_of(table).label("key"), own.label("own"), called.label("name"), table.c.units)
    asked = asked.where(holds).order_by(func.length(called), called, own).limit(MOST_FOUND)
    return [dict(row) for row in connection.execute(asked).mappings()]


def choices_of(connection: Connection, column: FileColumn, language: str) -> list[tuple[str, str]]:
    """The rows that a reference may name and whoever acts may see: their keys with what people call them.

    Empty where the column is no reference, or where there are too many.
    """
    other = column.refers_to
    if other is None:
        return []
    table = other.table
    if table.name == "admin_unit":
        called = table.c.name_fr if language == "fr" else table.c.name_en
        asked = select(other, called).where(table.c.level <= 1, table.c.valid_to.is_(None))
    else:
        asked = select(other, func.coalesce(*(table.c[name] for name in NAMES if name in table.c), other))
    if table.name == "deployment":
        asked = asked.where(table.c.function.in_(("convoy_escort", "explosives_escort")))
    found = connection.execute(asked.order_by(asked.selected_columns[1], other).limit(MOST_CHOICES + 1)).all()
    if len(found) > MOST_CHOICES:
        return []
    twice = Counter(called for _, called in found)
    return [(key, called if twice[called] == 1 else f"{called} ({key})") for key, called in found]


def as_text(value: Any, zone: ZoneInfo | None = None) -> str:
    """A value as a form shows it."""
    if value is None or isinstance(value, bool):
        return {None: "", True: "yes", False: "no"}[value]
    if isinstance(value, list):
        return "; ".join(map(str, value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dict):
        return as_people(value)
    if isinstance(value, dt.datetime) and zone is not None:
        return value.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def as_people(counted: Mapping[str, Any]) -> str:
    """People by group as JSON, written the same however they were given."""
    whole = {group: each if isinstance(each, dict) else {"total": each} for group, each in counted.items()}
    kept = {
        group: {name: number for name, number in each.items() if number is not None} for group, each in whole.items()
    }
    return json.dumps(kept, ensure_ascii=False, sort_keys=True) if kept else ""


def as_cell(column: FileColumn, typed: str) -> str | None:
    """What somebody typed as the cell of a file: the elements of a list apart, whatever signs are in them."""
    if not typed.strip():
        return None
    if column.kind.name == "texts":
        return json.dumps([part.strip() for part in typed.replace("\n", ";").split(";") if part.strip()])
    return typed


def _readable(column: FileColumn) -> ColumnElement[Any]:
    """The value of a column; of a reference by a random id the readable key."""
    if column.refers_to is None or not isinstance(column.stored.type, Uuid):
        return column.stored
    other = column.refers_to.table.alias()
    (own,) = column.refers_to.table.primary_key.columns
    return select(other.c[column.refers_to.name]).where(other.c[own.name] == column.stored).scalar_subquery()


def mendable(name: str) -> Target | None:
    """The target of a public name whose rows can be mended by hand; None for any other."""
    return TARGETS[name] if name in MENDABLE else None


def _is_key(target: Target, key: str) -> bool:
    """Whether a text can be the key of a row at all."""
    if target.random_id is None:
        return True
    try:
        UUID(key)
    except ValueError:
        return False
    return True


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
