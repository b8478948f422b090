"""New rows that may be there already under another key, in other tables than that of the mine sites.

A site has aliases by which two become one (`doubles`); of other rows it is told, and people decide.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, TextClause, text

from geoapp.ingest.findings import Findings
from geoapp.ingest.likeness import UNSTATED, name_likeness
from geoapp.ingest.stage import Stage

# Two positions of unstated accuracy may be as far apart, in metres, and be one; and as many degrees at most.
APART_M = 2 * UNSTATED
APART_DEGREES = 0.03
LIKE_ENOUGH = 0.85
# Pairs that are looked at. A file that makes more of them puts everything in one place.
MOST_PAIRS = 200_000

# What is around a row is worked out beside the join: a policy keeps an operator from the index whose other side is a
# function that could tell of hidden rows.
AROUND = "CROSS JOIN LATERAL (SELECT ST_Expand(mine.geom, {degrees}) AS box OFFSET 0) AS around"
NEAR = "other.geom && around.box AND ST_DWithin(other.geom::geography, mine.geom::geography, :metres)"
# The same place as far as formats tell, found by its index or by its hash.
SAME_SPOT = "other.geom && around.box AND ST_SnapToGrid(other.geom, 1e-5) = ST_SnapToGrid(mine.geom, 1e-5)"
SAME_SPOT_DEGREES = "2e-5"


def _ends_near(one: str, other: str) -> str:
    return (
        f"ST_DWithin(ST_StartPoint(ST_GeometryN(mine.geom, 1))::geography, ST_{one}::geography, :metres)"
        f" AND ST_DWithin(ST_EndPoint(ST_GeometryN(mine.geom, ST_NumGeometries(mine.geom)))::geography,"
        f" ST_{other}::geography, :metres)"
    )


FIRST, LAST = (
    "StartPoint(ST_GeometryN(other.geom, 1))",
    "EndPoint(ST_GeometryN(other.geom, ST_NumGeometries(other.geom)))",
)


def _text_of(row: str) -> str:
    return f"coalesce({row}.summary_fr, {row}.summary_en, '')"


def _kind_of(row: str) -> str:
    """What kind of incident it was, where no text tells."""
    return f"CASE WHEN coalesce({row}.summary_fr, {row}.summary_en) IS NULL THEN {row}.category ELSE '' END"


SAME_REFERENCES = {name: f"other.{name} = mine.{name}" for name in ("site_id", "facility_ref", "route_ref")}


@dataclass(frozen=True)
class Repeat:
    """How rows of a table are told to be one: what must hold of both, and by which columns their place is the same.

    Each of the `ways` is a join by itself, so that the work grows with a row's neighbours and not with the table; one
    by a column that a file does not bring finds nothing. With `by_name`, their names must be alike too. `around.box` is
    what lies within so many `degrees` of the row.
    """

    key: str
    table: str
    id: str
    condition: str
    ways: Mapping[str, str]
    by_name: bool = True
    degrees: str = ":degrees"

    def pairs(self, brought: Collection[str]) -> TextClause | None:
        """Row of the file, names of both, and key and source of the other; all from constants of this file."""
        names = "mine.name, other.name" if self.by_name else "NULL, NULL"
        ways = [
            f"SELECT stage.import_row, {names}, coalesce(mine.{self.key}, ''),"  # noqa: S608
            f" coalesce(other.{self.key}, other.{self.id}::text), other.source_id"
            f" FROM import_stage AS stage JOIN {self.table} AS mine ON mine.{self.id} = stage.import_id"
            f" {AROUND.format(degrees=self.degrees) if 'around.' in way else ''}"
            f" JOIN {self.table} AS other ON other.{self.id} <> mine.{self.id} AND {self.condition} AND {way}"
            " WHERE stage.import_action = 'insert'"
            for column, way in self.ways.items()
            if column in brought
        ]
        if not ways:
            return None
        # One more than is looked at tells that there are more. Several ways may find a pair; to leave it out the second
        # time here, all pairs would have to be found first, which may be as many as the square of the rows.
        found = " UNION ALL ".join(ways)
        return text(f"SELECT * FROM ({found} LIMIT {MOST_PAIRS + 1}) AS pairs ORDER BY 1, 5")  # noqa: S608


# Where it is the place that few rows share, what else is equal is written so that no join is made of it, in which every
# row would meet all others of its kind.
REPEATS = {
    "incidents": Repeat(
        "incident_no",
        "incident",
        "incident_id",
        "other.occurred_from = mine.occurred_from"
        f" AND {_text_of('other')} = {_text_of('mine')} AND {_kind_of('other')} = {_kind_of('mine')}",
        {"geom": SAME_SPOT, **SAME_REFERENCES},
        by_name=False,
        degrees=SAME_SPOT_DEGREES,
    ),
    "facilities": Repeat("facility_id", "facility", "id", "other.kind IS NOT DISTINCT FROM mine.kind", {"geom": NEAR}),
    "checkpoints": Repeat("checkpoint_id", "checkpoint", "id", "true", {"geom": NEAR}),
    "routes": Repeat(
        "route_id",
        "route",
        "id",
        "other.mode IS NOT DISTINCT FROM mine.mode",
        {"geom": f"other.geom && around.box AND ({_ends_near(FIRST, LAST)} OR {_ends_near(LAST, FIRST)})"},
    ),
    "deployments": Repeat(
        "deployment_id",
        "deployment",
        "id",
        "other.force IS NOT DISTINCT FROM mine.force AND other.function IS NOT DISTINCT FROM mine.function"
        " AND other.provider_name IS NOT DISTINCT FROM mine.provider_name"
        " AND other.force_unit IS NOT DISTINCT FROM mine.force_unit"
        " AND daterange(other.valid_from, other.valid_to) && daterange(mine.valid_from, mine.valid_to)",
        {"geom": NEAR, **SAME_REFERENCES},
        by_name=False,
    ),
}


def tell(connection: Connection, stage: Stage, new: int, findings: Findings) -> None:
    """Note the new rows of the stage that may be there already, among rows that whoever acts may see."""
    repeat = REPEATS.get(stage.target.name)
    pairs = repeat.pairs(stage.brought) if repeat is not None and new else None
    if repeat is None or pairs is None:
        return
    bounds = {"degrees": APART_DEGREES, "metres": APART_M}
    bound = {name: value for name, value in bounds.items() if f":{name}" in str(pairs)}
    found = connection.execute(pairs, bound).all()
    if len(found) > MOST_PAIRS:
        findings.add("too_many_to_compare", None, repeat.key, f"{MOST_PAIRS:,}")
    for row, own_name, other_name, own, other, source in dict.fromkeys(map(tuple, found[:MOST_PAIRS])):
        if repeat.by_name and not (own_name and other_name and name_likeness(own_name, other_name) >= LIKE_ENOUGH):
            continue
        findings.add("maybe_same_row", row, repeat.key, own_name or own, f"{other} ({source})" if source else other)
