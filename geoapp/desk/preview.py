"""What an import would do, before anything is written: counts, findings by kind, rows before and after, places."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, literal, literal_column, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from geoapp.ingest.findings import Finding, shown
from geoapp.ingest.importing import Watcher
from geoapp.ingest.matching import merged
from geoapp.ingest.report import Report
from geoapp.ingest.stage import NAME as STAGE
from geoapp.ingest.stage import Stage, plain

SAMPLES = 10
SENTENCES = 12
MOST_SHAPES = 1_500
# Of a line or an outline on the map of a preview, in degrees.
SIMPLIFIED = 0.0005
DECIMALS = 5
LONGEST = 160
GRAVITY = {"error": 0, "warning": 1, "repair": 2}
# What says nothing to people, or is said by the map.
UNSHOWN = {"content_key", "handlers"}


class Look(Watcher):
    """Takes down what an import is about to do."""

    def __init__(self) -> None:
        self.mark: str | None = None
        self.sealed = 0
        self.samples: dict[str, list[dict[str, Any]]] = {}
        self.shapes: list[dict[str, Any]] = []
        self.shapes_of = 0

    def staged(self, connection: Connection, stage: Stage) -> None:
        """Look at the rows as they are and as they would be."""
        self.mark = mark_of(connection, stage)
        self.sealed = _count_sealed(connection, stage)
        self.samples = {action: list(_samples(connection, stage, action)) for action in ("update", "insert")}
        if "geom" in stage.brought:
            self.shapes_of = connection.scalar(select(func.count()).where(stage.table.c.geom.is_not(None))) or 0
            self.shapes = list(_shapes(connection, stage, self.shapes_of))

    def preview(self, report: Report) -> dict[str, Any]:
        """The preview, as a job keeps it."""
        told = report.as_json()
        kept = ("rows", "crs", "encoding", "source", "recognised", "mapping", "proposals", "layer")
        findings = [finding for finding in report.findings if finding.rule != "refused"]
        return {
            **{name: told[name] for name in kept},
            "groups": grouped(findings),
            "samples": self.samples,
            "shapes": self.shapes,
            "shapes_of": self.shapes_of,
            "sealed": self.sealed,
            "meanwhile": report.meanwhile.as_json() if report.meanwhile is not None else None,
        }


def mark_of(connection: Connection, stage: Stage) -> str:
    """A hash of what is to be done with which row, and of the rows as they are: another one means another preview."""
    old = func.to_jsonb(literal_column(f'"{stage.target.table.name}"')).op("-")("geom_3857")
    new = func.to_jsonb(literal_column(STAGE)).op("-")("import_id")
    line = func.md5(func.concat_ws("|", new, old))
    joined = stage.table.outerjoin(stage.target.table, stage.is_same_row() & stage.table.c.import_found)
    lines = func.string_agg(line, aggregate_order_by(literal_column("','"), stage.row))
    gone = ",".join("/".join(each) for each in stage.removed)
    return str(connection.scalar(select(func.md5(func.concat(lines, literal(gone)))).select_from(joined)))


def grouped(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings by their rule and column, the worst first, each with the first of its sentences in both languages."""
    groups: dict[tuple[str, str | None], dict[str, Any]] = {}
    for finding in findings:
        key = (finding.rule, finding.column)
        group = groups.setdefault(
            key, {"rule": finding.rule, "column": finding.column, "severity": finding.severity, "count": 0, "said": []}
        )
        group["count"] += 1
        if len(group["said"]) < SENTENCES:
            group["said"].append({"row": finding.row, "en": finding.sentence("en"), "fr": finding.sentence("fr")})
    return sorted(groups.values(), key=lambda group: (GRAVITY[group["severity"]], -group["count"]))


def _count_sealed(connection: Connection, stage: Stage) -> int:
    table = stage.target.table
    if "sealed" not in table.c:
        return 0
    then = merged(stage)
    joined = then.join(stage.table, stage.row == then.c.import_row).outerjoin(
        table, stage.is_same_row() & stage.table.c.import_found
    )
    sealed = or_(then.c.sealed, func.coalesce(table.c.sealed, False))
    return connection.scalar(select(func.count()).select_from(joined).where(sealed)) or 0


def _samples(connection: Connection, stage: Stage, action: str) -> Iterator[dict[str, Any]]:
    """The first rows of an action, as they would be; those that change with what they were."""
    table, then = stage.target.table, merged(stage)
    key = stage.target.key
    shown_names = [name for name in stage.brought if name not in UNSHOWN]
    names = sorted(shown_names, key=lambda name: (name not in key, name == "geom"))
    columns: list[ColumnElement[Any]] = [then.c.import_row]
    for prefix, rows in (("new", then), ("old", table)):
        columns += [_readable(rows.c[name]).label(f"{prefix}_{name}") for name in names]
    joined = then.join(stage.table, stage.row == then.c.import_row).outerjoin(
        table, stage.is_same_row() & stage.table.c.import_found
    )
    asked = select(*columns).select_from(joined).where(stage.action == action).order_by(then.c.import_row)
    titles = {column.stored.name: name for name, column in stage.target.columns.items()}
    for row in connection.execute(asked.limit(SAMPLES)).mappings():
        new = {name: _text(row[f"new_{name}"]) for name in names}
        sample: dict[str, Any] = {"row": row["import_row"]}
        if action == "update":
            changes = [(titles.get(name, name), _text(row[f"old_{name}"]), new[name]) for name in names]
            sample["changes"] = [change for change in changes if change[1] != change[2]]
            sample["key"] = ", ".join(str(new[name]) for name in stage.target.key if new.get(name) is not None)
        else:
            sample["values"] = {titles.get(name, name): value for name, value in new.items() if value is not None}
        yield sample


def _readable(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.ST_AsText(plain(column), DECIMALS) if column.name == "geom" else column


def _text(value: Any) -> str | None:
    if value is None or value == []:
        return None
    if isinstance(value, str) and value.startswith("POINT("):
        return value.removeprefix("POINT(").removesuffix(")")
    if isinstance(value, list):
        return shown("; ".join(map(str, value)), LONGEST)
    return shown(json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value, LONGEST)


def _shapes(connection: Connection, stage: Stage, number: int) -> Iterator[dict[str, Any]]:
    """Where rows would be and are now; of too many every so manieth, those that change before all others."""
    table = stage.target.table
    new, old = plain(stage.table.c.geom), plain(table.c.geom)
    moved = (stage.action == "update") & new.is_distinct_from(old)
    joined = stage.table.outerjoin(table, stage.is_same_row() & stage.table.c.import_found)
    every = max(1, number // MOST_SHAPES)
    asked = (
        select(stage.row, stage.action, _drawn(new).label("new"), _drawn(old).label("old"), moved.label("moved"))
        .select_from(joined)
        .where(new.is_not(None), or_(stage.row % every == 0, stage.action == "update"))
        .order_by(moved.desc(), stage.action, stage.row)
        .limit(MOST_SHAPES)
    )
    for row in connection.execute(asked):
        yield _shape(row)


def _drawn(geometry: ColumnElement[Any]) -> ColumnElement[str]:
    return func.ST_AsGeoJSON(func.ST_SimplifyPreserveTopology(geometry, SIMPLIFIED), DECIMALS)


def _shape(row: Any) -> dict[str, Any]:
    shape: dict[str, Any] = {"row": row.import_row, "action": row.import_action, "new": json.loads(row.new)}
    if row.moved and row.old is not None:
        shape["old"] = json.loads(row.old)
    return shape
