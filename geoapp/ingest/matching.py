"""What becomes of the rows in the stage: which are refused, which are new, which change something."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    Connection,
    Subquery,
    Table,
    and_,
    case,
    delete,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)

from geoapp.ingest.findings import Findings
from geoapp.ingest.stage import Stage, plain
from layers.tables import IncidentRelease
from layers.text import Text

# The references by which a row without a position has a country.
PLACED_BY = ("site_id", "facility_id", "route_id")
# Checks with a sentence of their own: the rule, and the two columns that it compares.
WORDED = {
    "received_kg <= dispatched_kg": ("more_received", "received_kg", "dispatched_kg"),
    "arrived_at >= departed_at": ("arrived_early", "arrived_at", "departed_at"),
}
UNNUMBERED = Text("the same day, place and text", "les mêmes jour, lieu et texte")


def match(connection: Connection, stage: Stage, source_id: str | None, findings: Findings) -> None:
    """Decide on every row of the stage, and take out those that are refused.

    Afterwards each row has its action, and the random id under which it is or will be stored.
    """
    if stage.target.by_country:
        _find_countries(connection, stage)
    _refuse_duplicates(connection, stage, findings)
    if stage.target.random_id is not None:
        _find_by_id(connection, stage, stage.target.random_id)
        if stage.target.name == "incidents":
            _refuse_releases(connection, stage, findings)
        _refuse_ambiguous(connection, stage, source_id, findings)
    _find_existing(connection, stage, source_id)
    if stage.target.by_country:
        _adopt_placeless(connection, stage)
        _tell_of_other_countries(connection, stage, findings)
    if stage.target.random_id is not None:
        missing = stage.table.c.import_id.is_(None)
        connection.execute(update(stage.table).where(missing).values(import_id=func.gen_random_uuid()))
    _refuse_broken(connection, stage, findings)
    _decide(connection, stage)


def recheck(connection: Connection, stage: Stage, findings: Findings) -> None:
    """Decide anew on rows that were changed in the stage."""
    _refuse_broken(connection, stage, findings)
    _decide(connection, stage)


def refuse(connection: Connection, stage: Stage, rows: Sequence[int]) -> None:
    """Take rows out of the stage."""
    if rows:
        connection.execute(delete(stage.table).where(stage.row == func.any(list(rows))))


def merged(stage: Stage) -> Subquery:
    """The rows of the stage as their table would hold them, with what it holds where the file brings nothing."""
    table = stage.target.table
    columns = [
        stage.kept_value(name).label(name) if name in stage.brought else plain(table.c[name]).label(name)
        for name in table.c.keys()  # noqa: SIM118 - the names, not the columns.
        if table.c[name].computed is None
    ]
    joined = stage.table.outerjoin(table, stage.is_same_row() & stage.table.c.import_found)
    return select(stage.row, *columns).select_from(joined).subquery()


def _key(stage: Stage, table: Table) -> list[ColumnElement[str]]:
    """The expressions whose equality makes two rows the same thing."""
    if stage.target.name == "incidents":
        number = table.c.incident_no if "incident_no" in table.c else null()
        return [
            case((number.is_not(None), func.concat("n", number)), else_=func.concat("k", table.c.content_key)),
        ]
    return [table.c[name] for name in stage.target.key]


def _find_countries(connection: Connection, stage: Stage) -> None:
    """The country in which the database will find each row, which its key is unique in."""
    columns = stage.table.c
    found: list[ColumnElement[str]] = []
    if stage.is_placed:
        found.append(columns.import_lies_in)
    for name in PLACED_BY:
        column = stage.target.columns.get(name)
        if column is None or column.refers_to is None or column.stored.name not in columns:
            continue
        other = column.refers_to.table
        (own_key,) = other.primary_key.columns
        country = select(other.c.country).where(own_key == columns[column.stored.name])
        found.append(country.scalar_subquery())
    stated = [columns[name] for name in ("unit_code", "stated_unit") if name in columns]
    if stated:
        found.append(func.country_of(func.units_above(func.coalesce(*stated))))
    if found:
        connection.execute(update(stage.table).values(import_country=func.coalesce(*found)))


def _refuse_duplicates(connection: Connection, stage: Stage, findings: Findings) -> None:
    key = _key(stage, stage.table)
    within = [*key, stage.table.c.import_given, *([stage.table.c.import_country] if stage.target.by_country else [])]
    first = func.min(stage.row).over(partition_by=within)
    numbered = select(stage.row, first.label("first"), _shown_key(stage).label("shown")).subquery()
    again = connection.execute(
        select(numbered).where(numbered.c.import_row > numbered.c.first).order_by(numbered.c.import_row)
    ).all()
    for row, first_row, value in again:
        findings.add("duplicate", row, stage.target.key[0], value or UNNUMBERED, first_row)
    refuse(connection, stage, [row for row, _, _ in again])


def _shown_key(stage: Stage) -> ColumnElement[Any]:
    named = [stage.table.c[name] for name in stage.target.key if name in stage.table.c]
    return func.concat_ws(", ", *named) if named else null()


def _is_same(stage: Stage, source_id: str | None) -> ColumnElement[bool]:
    """The condition that a row of the target has the key of a row of the stage."""
    table = stage.target.table
    same = [theirs == ours for theirs, ours in zip(_key(stage, table), _key(stage, stage.table), strict=True)]
    if stage.target.by_source:
        same.append(func.coalesce(table.c.source_id, "") == (source_id or ""))
    if stage.target.by_country:
        same.append(func.coalesce(table.c.country, "") == func.coalesce(stage.table.c.import_country, ""))
    return and_(*same)


def _find_by_id(connection: Connection, stage: Stage, random_id: ColumnElement[Any]) -> None:
    """A row that bears the id of one of the same key is that one, of whatever source and country it is."""
    table, key = stage.target.table, stage.target.key[0]
    own = stage.table.c[key] if key in stage.table.c else null()
    same = (random_id == stage.table.c.import_given) & table.c[key].is_not_distinct_from(own)
    connection.execute(update(stage.table).where(same).values(import_found=True, import_id=random_id))


def _refuse_releases(connection: Connection, stage: Stage, findings: Findings) -> None:
    """What was released of an incident that whoever acts does not see is no incident of its own."""
    released = (
        select(stage.row)
        .join(IncidentRelease, IncidentRelease.incident_id == stage.table.c.import_given)
        .where(~stage.table.c.import_found)
        .order_by(stage.row)
    )
    rows = list(connection.scalars(released))
    for row in rows:
        findings.add("only_released", row, "incident_id")
    refuse(connection, stage, rows)


def _refuse_ambiguous(connection: Connection, stage: Stage, source_id: str | None, findings: Findings) -> None:
    """Refuse rows that could stand for several: people who do not see each other's rows may give the same key."""
    several = (
        select(stage.row, _shown_key(stage).label("shown"), func.count().label("rows"))
        .join(stage.target.table, _is_same(stage, source_id))
        .where(~stage.table.c.import_found)
        .group_by(stage.row)
        .having(func.count() > 1)
        .order_by(stage.row)
    )
    found = connection.execute(several).all()
    for row, value, count in found:
        findings.add("ambiguous_key", row, stage.target.key[0], value or UNNUMBERED, count)
    refuse(connection, stage, [row for row, _, _ in found])


def _find_existing(connection: Connection, stage: Stage, source_id: str | None) -> None:
    values: dict[str, object] = {"import_found": True}
    if stage.target.random_id is not None:
        values["import_id"] = stage.target.random_id
    missing = ~stage.table.c.import_found
    connection.execute(update(stage.table).where(_is_same(stage, source_id), missing).values(values))


def _adopt_placeless(connection: Connection, stage: Stage) -> None:
    """A row that lies in no country yet, because its place was wrong, is the one that the file now puts right."""
    table, key = stage.target.table, stage.target.key[0]
    other = stage.table.alias()
    first = select(func.min(other.c.import_row)).where(other.c[key] == stage.table.c[key], ~other.c.import_found)
    connection.execute(
        update(stage.table)
        .where(
            ~stage.table.c.import_found,
            table.c[key] == stage.table.c[key],
            table.c.country.is_(None),
            stage.row == first.scalar_subquery(),
        )
        .values(import_found=True, import_id=stage.target.random_id)
    )


def _tell_of_other_countries(connection: Connection, stage: Stage, findings: Findings) -> None:
    table, key = stage.target.table, stage.target.key[0]
    elsewhere = (
        select(stage.row, stage.table.c[key], func.string_agg(table.c.country, ", ").label("countries"))
        .join(table, table.c[key] == stage.table.c[key])
        .where(~stage.table.c.import_found)
        .group_by(stage.row, stage.table.c[key])
        .order_by(stage.row)
    )
    for row, value, countries in connection.execute(elsewhere).all():
        findings.add("key_elsewhere", row, key, value, countries)


def _refuse_broken(connection: Connection, stage: Stage, findings: Findings) -> None:
    """Ask each check of the table about the rows as they would be, so that none fails when they are written."""
    checks = sorted(
        (each for each in stage.target.table.constraints if isinstance(each, CheckConstraint)),
        key=lambda each: str(each.name),
    )
    rows_then = merged(stage)
    # The conditions are the table's own, written with bare names, which mean the columns of those rows.
    fails: list[ColumnElement[bool]] = [literal_column(f"({each.sqltext}) IS FALSE") for each in checks]
    broken = connection.execute(
        select(rows_then, *(fail.label(f"fails_{place}") for place, fail in enumerate(fails)))
        .where(or_(*fails))
        .order_by(rows_then.c.import_row)
    ).mappings()
    rows = []
    for found in broken.all():
        rows.append(found["import_row"])
        for place, each in enumerate(checks):
            if found[f"fails_{place}"]:
                _tell(findings, stage, found["import_row"], str(each.sqltext), dict(found))
    refuse(connection, stage, rows)


def _tell(findings: Findings, stage: Stage, row: int, condition: str, values: dict[str, object]) -> None:
    """Note a broken check in the words of its kind."""
    named = {column.stored.name: name for name, column in stage.target.columns.items()}
    if condition in WORDED:
        rule, left, right = WORDED[condition]
        one, other = (f"{value:g}" if isinstance(value, float) else value for value in (values[left], values[right]))
        findings.add(rule, row, named.get(left, left), one, other)
    elif pair := re.fullmatch(r"(\w+) (>=|>|<=) (\w+)", condition):
        left, sign, right = pair.groups()
        if right.isdecimal():
            findings.add("out_of_range", row, named.get(left, left), values[left], condition)
        else:
            rule = f"{left} {sign} {right} ({values[right]})"
            findings.add("wrong_order", row, named.get(left, left), values[left], rule)
    elif spread := re.fullmatch(r"(\w+) BETWEEN (-?\d+) AND (-?\d+)", condition):
        within = Text(f"{spread[2]} to {spread[3]}", f"de {spread[2]} à {spread[3]}")
        findings.add("out_of_range", row, spread[1], values[spread[1]], within)
    elif "num_nonnulls" in condition:
        places = [named.get(name, name) for name in re.findall(r"\w+", condition.partition("(")[2].partition(")")[0])]
        few = Text("at most one of", "au plus l'un de") if "<=" in condition else Text("at least one of", "l'un de")
        wanted = Text(f"{few.en} {', '.join(places)}", f"{few.fr} {', '.join(places)}")
        findings.add("check_failed", row, places[0], Text("its place", "son lieu"), wanted)
    else:
        column = next((name for name in re.findall(r"\w+", condition) if name in values), None)
        value = None if column in {None, "geom"} else values[str(column)]
        findings.add("check_failed", row, column, value or Text("its geometry", "sa géométrie"), condition)


def _decide(connection: Connection, stage: Stage) -> None:
    changed = or_(
        false(),
        *(_is_changed(stage, name) for name in stage.brought if name not in _fixed(stage)),
    )
    connection.execute(
        update(stage.table)
        .where(stage.is_same_row(), stage.table.c.import_found)
        .values(import_action=case((changed, "update"), else_="unchanged"))
    )


def _is_changed(stage: Stage, name: str) -> ColumnElement[bool]:
    then, now = stage.kept_value(name), plain(stage.target.table.c[name])
    if name != "geom" or "Point" in stage.target.geometry_types:
        return then.is_distinct_from(now)
    # Formats turn rings round, and the same shape is no change.
    same = func.ST_AsBinary(func.ST_Normalize(then)).is_not_distinct_from(func.ST_AsBinary(func.ST_Normalize(now)))
    return and_(then.is_distinct_from(now), ~same)


def _fixed(stage: Stage) -> set[str]:
    """The columns in which an existing row equals the file's by being the same row."""
    return {*stage.target.key, "content_key"}
