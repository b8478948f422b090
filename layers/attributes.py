"""The columns that features and exports of a layer bear, under the names of the data dictionary."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ScalarSelect, Table, select
from sqlalchemy.orm import aliased

from layers.layer import Column
from layers.tables import Base, Deployment, Facility, Route

# Geometry stands beside the attributes; the others are the database's own, or name people.
LEFT_OUT = {
    "geom",
    "geom_3857",
    "content_key",
    "import_batch_id",
    "repairs",
    "created_by",
    "handlers",
    "sealed",
    "near_magazine",
}
# Rows refer to each other by random ids; files and features bear the readable key.
READABLE: dict[str, tuple[type[Any], str]] = {
    "route_ref": (Route, "route_id"),
    "facility_ref": (Facility, "facility_id"),
    "deployment_ref": (Deployment, "deployment_id"),
}


def attributes_of(model: type[Base], *without: str) -> tuple[Column, ...]:
    """The columns of a table that its features bear, but those of the names `without`."""
    table: Table = model.__table__  # type: ignore[assignment]
    return tuple(
        _readable(column) if column.name in READABLE else column
        for column in table.columns
        if column.name not in LEFT_OUT.union(without)
    )


def _readable(column: Any) -> Any:
    """The readable key of the row that a column refers to; none where the viewer may not see that row."""
    model, name = READABLE[column.name]
    # Under a name of its own, since the row may stand beside a joined one of the same table.
    referred = aliased(model)
    key: ScalarSelect[Any] = select(getattr(referred, name)).where(referred.id == column).scalar_subquery()
    return key.label(name)
