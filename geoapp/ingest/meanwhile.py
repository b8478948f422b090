"""A file that was exported, edited and brought back: what others changed meanwhile, and which of its rows are gone.

The file says which version each of its rows had. What a row said then is told from its history, backwards from now
until that version is reached. Columns that only others changed stay as they are now; those that both changed are
conflicts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
import shapely
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from geoapp.database.versions import DERIVED, UNSAID, said_by, version_of
from geoapp.ingest import matching
from geoapp.ingest.findings import Findings
from geoapp.ingest.sheet import Sheet, Values
from geoapp.ingest.stage import Stage, plain
from geoapp.ingest.targets import Target
from layers.tables import RowChange

Side = Literal["mine", "theirs"]
# Which side wins, by the key of the row and the column; the column "" means the row itself.
Settled = Mapping[str, Mapping[str, Side]]
ROW = ""
LONGEST = 200
NAMES = ("name", "incident_no", "provider_name", "deployment_id", "checkpoint_id")
HASHES = text(
    "SELECT md5(CAST(each AS text)) FROM unnest(CAST(:states AS jsonb[])) WITH ORDINALITY AS u (each, n) ORDER BY n"
)


@dataclass(frozen=True)
class Conflict:
    """A column of a row that both the file and somebody else changed, or, with the column "", a row that is gone.

    `before` is what the export said; `settled` which side wins, None until somebody says so.
    """

    row: int
    key: str
    name: str
    column: str
    before: str | None
    mine: str | None
    theirs: str | None
    who: str | None
    settled: Side | None


@dataclass(frozen=True)
class Gone:
    """A row of the export that the file no longer has: whether somebody changed it since, and whether it is to go."""

    key: str
    name: str
    changed: bool
    chosen: bool


@dataclass
class Meanwhile:
    """What is to be decided about an edited export; `kept` columns were changed by others alone, and stay."""

    conflicts: list[Conflict] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    kept: int = 0

    @property
    def removing(self) -> list[str]:
        """The keys of the rows that are to go."""
        return [each.key for each in self.gone if each.chosen]

    def as_json(self) -> dict[str, Any]:
        """The same for a page."""
        return asdict(self)


@dataclass(frozen=True)
class Edited:
    """An edited export: the versions that its rows had, and the keys that it still holds.

    `settled` and `removing` are what somebody decided; `all_conflicts` settles those that are left, and `remove_all`
    has every row go that the file no longer holds.
    """

    versions: Mapping[str, str]
    held: frozenset[str]
    settled: Settled = field(default_factory=dict)
    removing: frozenset[str] = frozenset()
    all_conflicts: Side | None = None
    remove_all: bool = False


def versions_in(sheet: Sheet, layer: str) -> dict[str, str]:
    """The versions by key of the rows of one layer, as the table of an export has them."""
    names = ("layer", "row_key", "version")
    if any(name not in sheet.columns for name in names):
        return {}
    rows = zip(*(sheet.columns[name] for name in names), strict=True)
    return {str(key): str(version) for of, key, version in rows if of == layer}


def keys_held(target: Target, ids: Values | None, rows: Mapping[str, Values]) -> frozenset[str]:
    """The keys of the log that a file still holds."""
    found = ids if target.random_id is not None else rows.get(target.key[0])
    return frozenset(str(each) for each in (found if found is not None else ()) if each is not None)


def compare(connection: Connection, stage: Stage, edited: Edited, findings: Findings) -> tuple[Stage, Meanwhile]:
    """Let rows of the stage be as others have them by now, where the file did not change that; what is to be decided.

    Rows with a conflict that is not settled are refused. The stage that is given back knows which rows are to go.
    """
    job = _Comparing(connection, stage, edited, findings)
    job.look_at_changed()
    job.look_at_gone_from_table()
    matching.recheck(connection, stage, findings)
    removed = job.look_at_gone_from_file()
    return replace(stage, removed=tuple(removed)), job.found


class _Comparing:
    """One comparison under way."""

    def __init__(self, connection: Connection, stage: Stage, edited: Edited, findings: Findings):
        self.connection = connection
        self.stage = stage
        self.edited = edited
        self.findings = findings
        self.found = Meanwhile()
        self.table: Table = stage.target.table
        (self.own_key,) = self.table.primary_key.columns
        public = {column.stored.name: name for name, column in stage.target.columns.items()}
        self.columns = [name for name in stage.brought if name not in {*stage.target.key, "content_key", "synthetic"}]
        self.public = {name: public.get(name, name) for name in self.columns}

    def look_at_changed(self) -> None:
        """Rows that are there in another version than the file had."""
        for row in self.connection.execute(self._changed()).all():
            base = self._said_then(row.key, row.said, self.edited.versions[row.key])
            who = self._who(row.key)
            theirs: list[str] = []
            unsettled = False
            for name in self.columns:
                now, mine = row.said.get(name), row.then.get(name)
                was = base.get(name) if base is not None else None
                if _same(mine, now) or (base is not None and _same(now, was)):
                    continue
                if base is not None and _same(mine, was):
                    # Only somebody else changed it.
                    theirs.append(name)
                    self.found.kept += 1
                    continue
                conflict = self._conflict(row, name, was, (mine, now, who))
                unsettled = unsettled or conflict.settled is None
                if conflict.settled == "theirs":
                    theirs.append(name)
            self._take_theirs(row.import_row, theirs)
            if unsettled:
                self._leave_out(row.import_row)

    def _changed(self) -> Any:
        then = matching.merged(self.stage)
        base = _paired(self.edited.versions)
        as_json = func.jsonb_build_object(
            *(each for name in self.columns for each in (literal(name), _json(then.c[name], is_place=name == "geom")))
        )
        key = cast(self.own_key, Text())
        joined = (
            self.stage.table.join(self.table, self.stage.is_same_row() & self.stage.table.c.import_found)
            .join(base, base.c.key == key)
            .join(then, then.c.import_row == self.stage.row)
        )
        return (
            select(self.stage.row, key.label("key"), said_by(self.table).label("said"), as_json.label("then"))
            .select_from(joined)
            .where(version_of(self.table) != base.c.version)
            .order_by(self.stage.row)
        )

    def _said_then(self, key: str, now: Mapping[str, Any], version: str) -> Mapping[str, Any] | None:
        """What a row said in that version, from its history; None where that does not reach so far."""
        asked = select(RowChange.before).where(RowChange.table_name == self.table.name, RowChange.row_key == key)
        states = [dict(now)]
        for before in self.connection.scalars(asked.order_by(RowChange.changed_at.desc())):
            earlier = {name: value for name, value in before.items() if name not in DERIVED | UNSAID}
            states.append({**states[-1], **earlier})
        hashes = self.connection.scalars(HASHES, {"states": [json.dumps(state) for state in states]}).all()
        return next((state for state, found in zip(states, hashes, strict=True) if found == version), None)

    def _who(self, key: str) -> str | None:
        """Who changed a row last."""
        asked = select(RowChange.changed_by).where(RowChange.table_name == self.table.name, RowChange.row_key == key)
        return self.connection.scalar(asked.order_by(RowChange.changed_at.desc()).limit(1))

    def _conflict(self, row: Row[Any], name: str, was: Any, sides: tuple[Any, Any, str | None]) -> Conflict:
        column = self.public[name]
        mine, theirs, who = sides
        settled = self.edited.settled.get(row.key, {}).get(column, self.edited.all_conflicts)
        shown = [_shown(each, is_place=name == "geom") for each in (was, mine, theirs)]
        called = _name(row.said, row.key)
        conflict = Conflict(row.import_row, row.key, called, column, shown[0], shown[1], shown[2], who, settled)
        self.found.conflicts.append(conflict)
        if settled is None:
            self.findings.add("changed_meanwhile", row.import_row, column, shown[1], shown[2])
        return conflict

    def _take_theirs(self, row: int, names: Iterable[str]) -> None:
        values = {name: plain(self.table.c[name]) for name in names}
        if values:
            same = self.stage.is_same_row() & (self.stage.row == row)
            self.connection.execute(update(self.stage.table).where(same).values(values))

    def _leave_out(self, row: int) -> None:
        self.connection.execute(delete(self.stage.table).where(self.stage.row == row))

    def look_at_gone_from_table(self) -> None:
        """Rows of the file that somebody removed since: left out, unless the file changed them and is to win."""
        own = self.stage.table.c.import_given if self.stage.target.random_id is not None else None
        given = own if own is not None else self.stage.table.c[self.stage.target.key[0]]
        base = _paired(self.edited.versions)
        then = matching.merged(self.stage)
        as_json = func.jsonb_build_object(
            *(each for name in self.columns for each in (literal(name), _json(then.c[name], is_place=name == "geom")))
        )
        joined = self.stage.table.join(base, base.c.key == cast(given, Text())).join(
            then, then.c.import_row == self.stage.row
        )
        asked = select(self.stage.row, base.c.key, as_json.label("then")).select_from(joined)
        for row in self.connection.execute(
            asked.where(~self.stage.table.c.import_found).order_by(self.stage.row)
        ).all():
            last = select(RowChange.before, RowChange.changed_by).where(
                RowChange.table_name == self.table.name, RowChange.row_key == row.key, RowChange.deed == "delete"
            )
            gone = self.connection.execute(last.order_by(RowChange.changed_at.desc()).limit(1)).one_or_none()
            edited = gone is None or any(not _same(row.then[name], gone.before.get(name)) for name in self.columns)
            settled: Side | None = "theirs"
            if edited:
                settled = self.edited.settled.get(row.key, {}).get(ROW, self.edited.all_conflicts)
                name = _name(row.then, row.key)
                who = gone.changed_by if gone is not None else None
                self.found.conflicts.append(
                    Conflict(row.import_row, row.key, name, ROW, None, name, None, who, settled)
                )
            if settled != "mine":
                rule = "gone_meanwhile" if settled == "theirs" else "gone_and_edited"
                self.findings.add(rule, row.import_row, self.stage.target.key[0], _name(row.then, row.key))
                self._leave_out(row.import_row)

    def look_at_gone_from_file(self) -> list[tuple[str, str]]:
        """Rows of the export that the file has no longer; the keys and versions of those that are to go."""
        missing = sorted(set(self.edited.versions) - self.edited.held)
        # Incidents are closed, merged or undone with their batch; no file removes one.
        if not missing or self.stage.target.name == "incidents":
            return []
        base = _paired({key: self.edited.versions[key] for key in missing})
        key = cast(self.own_key, Text())
        asked = select(key.label("key"), said_by(self.table).label("said"), version_of(self.table).label("version"))
        joined = self.table.join(base, base.c.key == key)
        removed = []
        for row in self.connection.execute(asked.select_from(joined).order_by(key)):
            chosen = row.key in self.edited.removing or self.edited.remove_all
            changed = row.version != self.edited.versions[row.key]
            self.found.gone.append(Gone(row.key, _name(row.said, row.key), changed, chosen))
            if chosen:
                removed.append((row.key, row.version))
        return removed


def _paired(versions: Mapping[str, str]) -> Any:
    """Keys with their versions, as rows."""
    keys = bindparam(None, list(versions), type_=ARRAY(Text()))
    values = bindparam(None, list(versions.values()), type_=ARRAY(Text()))
    return select(func.unnest(keys).label("key"), func.unnest(values).label("version")).subquery()


def _json(value: ColumnElement[Any], *, is_place: bool) -> ColumnElement[Any]:
    return cast(value, Text()) if is_place else func.to_jsonb(value, type_=JSONB())


def _same(one: Any, other: Any) -> bool:
    """Whether two values of a column are one; formats turn lines and rings round, and that is no change."""
    if one == other:
        return True
    if isinstance(one, str) and isinstance(other, str) and _is_place(one) and _is_place(other):
        pair = shapely.normalize(shapely.from_wkb(np.array([one, other], dtype=object)))
        return bool(pair[0] == pair[1])
    return False


def _is_place(value: str) -> bool:
    return value.startswith(("0101000020", "0102000020", "0105000020", "0106000020"))


def _shown(value: Any, *, is_place: bool) -> str | None:
    if value is None or value == []:
        return None
    if is_place:
        shape = shapely.from_wkb(value)
        if isinstance(shape, shapely.Point):
            return f"{shape.x:.6f} {shape.y:.6f}"
        return f"{shape.geom_type}, {shapely.get_num_coordinates(shape)} × lon lat"
    shown = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def _name(said: Mapping[str, Any], key: str) -> str:
    return str(next((said[name] for name in NAMES if said.get(name)), key))


def remove_gone(connection: Connection, target: Target, keys: Sequence[str]) -> int:
    """Remove the rows of some keys; how many could be."""
    (own,) = target.table.primary_key.columns
    wanted = bindparam("keys", list(keys), type_=ARRAY(Text()))
    among = own == func.any(cast(wanted, ARRAY(own.type)))
    return connection.execute(delete(target.table).where(among)).rowcount
