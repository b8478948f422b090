"""New rows that may be there already under another key, in other tables than that of the mine sites.

A site has aliases by which two become one (`doubles`); of other rows it is told, and people decide.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, TextClause, text

from geoapp.ingest.findings import Findings
from geoapp.ingest.likeness import UNSTATED, name_likeness
from geoapp.ingest.stage import Stage

# Two positions of unstated accuracy may be as far apart, in metres, and be one; and as many degrees at most.
APART_M = 2 * UNSTATED
APART_DEGREES = 0.03
LIKE_ENOUGH = 0.85
# Above this a file is too large to be compared pair by pair.
MOST_NEW = 20_000

NEAR = (
    "other.geom && ST_Expand(mine.geom, :degrees) AND ST_DWithin(other.geom::geography, mine.geom::geography, :metres)"
)


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


@dataclass(frozen=True)
class Repeat:
    """How rows of a table are told to be one: by which join, and whether their names must be alike too."""

    key: str
    table: str
    id: str
    condition: str
    by_name: bool = True

    @property
    def pairs(self) -> TextClause:
        """Row of the file, names of both, and key and source of the other; all from constants of this file."""
        names = "mine.name, other.name" if self.by_name else "NULL, NULL"
        return text(
            f"SELECT stage.import_row, {names}, coalesce(mine.{self.key}, ''),"  # noqa: S608
            f" coalesce(other.{self.key}, other.{self.id}::text), other.source_id"
            f" FROM import_stage AS stage JOIN {self.table} AS mine ON mine.{self.id} = stage.import_id"
            f" JOIN {self.table} AS other ON other.{self.id} <> mine.{self.id} AND {self.condition}"
            " WHERE stage.import_action = 'insert' ORDER BY stage.import_row, 5"
        )


REPEATS = {
    "incidents": Repeat(
        "incident_no",
        "incident",
        "incident_id",
        "other.occurred_from = mine.occurred_from"
        # The text, or what kind of incident it was where there is none.
        " AND coalesce(other.summary_fr, other.summary_en, '') = coalesce(mine.summary_fr, mine.summary_en, '')"
        " AND (coalesce(mine.summary_fr, mine.summary_en) IS NOT NULL OR other.category = mine.category)"
        " AND (ST_SnapToGrid(other.geom, 1e-5) = ST_SnapToGrid(mine.geom, 1e-5) OR other.site_id = mine.site_id"
        " OR other.facility_ref = mine.facility_ref OR other.route_ref = mine.route_ref)",
        by_name=False,
    ),
    "facilities": Repeat("facility_id", "facility", "id", f"other.kind = mine.kind AND {NEAR}"),
    "checkpoints": Repeat("checkpoint_id", "checkpoint", "id", NEAR),
    "routes": Repeat(
        "route_id",
        "route",
        "id",
        "other.mode IS NOT DISTINCT FROM mine.mode AND other.geom && ST_Expand(mine.geom, :degrees)"
        f" AND ({_ends_near(FIRST, LAST)} OR {_ends_near(LAST, FIRST)})",
    ),
    "deployments": Repeat(
        "deployment_id",
        "deployment",
        "id",
        "other.force = mine.force AND other.function IS NOT DISTINCT FROM mine.function"
        " AND other.provider_name IS NOT DISTINCT FROM mine.provider_name"
        " AND other.force_unit IS NOT DISTINCT FROM mine.force_unit"
        " AND daterange(other.valid_from, other.valid_to) && daterange(mine.valid_from, mine.valid_to)"
        " AND (other.site_id = mine.site_id OR other.facility_ref = mine.facility_ref"
        f" OR other.route_ref = mine.route_ref OR ({NEAR}))",
        by_name=False,
    ),
}


def tell(connection: Connection, stage: Stage, new: int, findings: Findings) -> None:
    """Note the new rows of the stage that may be there already, among rows that whoever acts may see."""
    repeat = REPEATS.get(stage.target.name)
    if repeat is None or not new:
        return
    if new > MOST_NEW:
        findings.add("too_many_new", None, repeat.key, f"{new:,}", f"{MOST_NEW:,}")
        return
    bound = {
        name: value
        for name, value in (("degrees", APART_DEGREES), ("metres", APART_M))
        if f":{name}" in repeat.condition
    }
    for row, own_name, other_name, own, other, source in connection.execute(repeat.pairs, bound):
        if repeat.by_name and not (own_name and other_name and name_likeness(own_name, other_name) >= LIKE_ENOUGH):
            continue
        findings.add("maybe_same_row", row, repeat.key, own_name or own, f"{other} ({source})" if source else other)
