"""The tables that a file may be imported into: their columns as files name them, and what identifies a row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from sqlalchemy import Column, Table, Uuid

from geoapp.errors import ImportRefusedError
from geoapp.ingest.kinds import Kind, kind_of
from layers.tables import (
    AdminUnit,
    Base,
    Checkpoint,
    Deployment,
    EscortMovement,
    Facility,
    Incident,
    MineSite,
    Route,
    SiteVisit,
    Training,
)

# Written by the database or by the import itself, whatever a file says.
KEPT = {
    "country",
    "units",
    "source_id",
    "import_batch_id",
    "repairs",
    "created_at",
    "created_by",
    "content_key",
    "geom",
    "near_magazine",
}

# Facts that are recorded after they happened, so that a day after today is a mistake.
PAST = {
    "workers_on",
    "icglr_status_on",
    "visited_on",
    "first_seen",
    "last_seen",
    "occurred_from",
    "occurred_to",
    "reported_on",
    "opened_on",
    "closed_on",
    "vps_trained_on",
    "held_on",
    "departed_at",
    "arrived_at",
}


STORED_TYPES: dict[str, tuple[str, ...]] = {
    "POINT": ("Point",),
    "MULTILINESTRING": ("MultiLineString",),
    "MULTIPOLYGON": ("MultiPolygon",),
    "GEOMETRY": ("Point", "LineString"),
}


@dataclass(frozen=True)
class FileColumn:
    """A column that files may bring: its name in files, where it is stored, and what it may hold.

    `refers_to` is the column of another table whose values it must hold; where it is stored under a random id, files
    bear the readable key instead (`route_id` for `route_ref`).
    """

    name: str
    stored: Column[Any]
    kind: Kind
    refers_to: Column[Any] | None = None

    @property
    def required(self) -> bool:
        """Whether every row needs a value that only the file can give."""
        return not self.stored.nullable and self.stored.server_default is None

    @property
    def has_default(self) -> bool:
        """Whether an empty cell means the table's default."""
        return not self.stored.nullable and self.stored.server_default is not None

    @property
    def past(self) -> bool:
        """Whether a day after today is a mistake."""
        return self.name in PAST


@dataclass(frozen=True)
class Target:
    """A table of the import under its public name.

    `key` are the columns that tell which row a row of a file is: within its source where `by_source`, within its
    country where `by_country`. `made_from` names what a key is made from where a row has none. `keeps` are columns
    in which an empty cell leaves what the table holds, because the database sets them too. `places` are the columns
    by which a row without a position still has a place.
    """

    name: str
    table: Table
    key: tuple[str, ...]
    made_from: tuple[str, ...] = ()
    by_source: bool = False
    by_country: bool = False
    keeps: tuple[str, ...] = ()
    places: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> dict[str, FileColumn]:
        """The columns that files may bring, by their names in files."""
        found = (self._file_column(column) for column in self.table.columns)
        return {column.name: column for column in found if column is not None}

    @property
    def random_id(self) -> Column[Any] | None:
        """The random primary key; None where the key that files bear is the primary key."""
        primary = list(self.table.primary_key.columns)
        return primary[0] if isinstance(primary[0].type, Uuid) else None

    @property
    def has_geometry(self) -> bool:
        """Whether rows may have a position."""
        return "geom" in self.table.columns

    @property
    def needs_geometry(self) -> bool:
        """Whether every row must have a position."""
        return self.has_geometry and not self.table.c.geom.nullable

    @property
    def geometry_types(self) -> tuple[str, ...]:
        """The geometry types that the table stores, such as ("Point",)."""
        return STORED_TYPES[cast(Any, self.table.c.geom.type).geometry_type]

    def _file_column(self, column: Column[Any]) -> FileColumn | None:
        kept = KEPT - {"country"} if self.name == "boundaries" else KEPT
        if column.computed is not None or column.name in kept:
            return None
        name, refers_to = column.name, REFERENCES.get(column.name)
        if column.name.endswith("_ref") and refers_to is not None:
            name = refers_to.name
        elif isinstance(column.type, Uuid):
            return None
        if refers_to is not None and refers_to.table is self.table and column.name in self.key:
            refers_to = None
        return FileColumn(name, column, kind_of(self.table, column), refers_to)


def _table(model: type[Base]) -> Table:
    return cast(Table, model.__table__)


REFERENCES: dict[str, Column[Any]] = {
    "site_id": _table(MineSite).c.site_id,
    "route_ref": _table(Route).c.route_id,
    "facility_ref": _table(Facility).c.facility_id,
    "deployment_ref": _table(Deployment).c.deployment_id,
    "committee_id": Base.metadata.tables["committee"].c.committee_id,
    "parent_code": _table(AdminUnit).c.unit_code,
    "unit_code": _table(AdminUnit).c.unit_code,
}

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("mine_sites", _table(MineSite), ("site_id",), ("name", "geom")),
        Target("visits", _table(SiteVisit), ("site_id", "visited_on"), by_source=True),
        Target(
            "incidents",
            _table(Incident),
            ("incident_no",),
            by_source=True,
            places=("site_id", "route_id", "facility_id", "stated_unit"),
        ),
        Target(
            "deployments",
            _table(Deployment),
            ("deployment_id",),
            (
                "force",
                "provider_name",
                "force_unit",
                "function",
                "site_id",
                "route_id",
                "facility_id",
                "valid_from",
                "geom",
            ),
            by_country=True,
            places=("site_id", "route_id", "facility_id"),
        ),
        Target("routes", _table(Route), ("route_id",), ("name", "mode", "geom"), by_country=True),
        Target("facilities", _table(Facility), ("facility_id",), ("kind", "name", "geom"), by_country=True),
        Target("checkpoints", _table(Checkpoint), ("checkpoint_id",), ("name", "geom"), by_country=True),
        Target(
            "movements",
            _table(EscortMovement),
            ("movement_id",),
            ("route_id", "cargo", "permit_no", "departed_at", "arrived_at"),
            by_country=True,
        ),
        Target(
            "trainings",
            _table(Training),
            ("training_id",),
            ("topic", "held_on", "place_text", "unit_code", "trainer_org"),
            by_country=True,
            places=("unit_code", "stated_unit"),
        ),
        Target("boundaries", _table(AdminUnit), ("unit_code", "valid_from"), keeps=("valid_to",)),
    )
}


def target_named(name: str) -> Target:
    """The target of that public name.

    Raises ImportRefusedError, with the names there are, for any other.
    """
    if name not in TARGETS:
        raise ImportRefusedError(
            f"{name} is not a table of the import. Choose one of: {', '.join(TARGETS)}.",
            f"{name} n'est pas une table de l'import. Choisissez parmi : {', '.join(TARGETS)}.",
        )
    return TARGETS[name]
