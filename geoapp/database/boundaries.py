"""Loading the boundaries and the base map that come with geoapp."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from geoalchemy2 import WKTElement
from shapely.geometry import MultiPolygon, Polygon, shape
from sqlalchemy import Connection, Engine, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from geoapp.database.outlines import draw_outlines
from geoapp.resources import folder
from layers.tables import AdminUnit, AdminUnitOutline, BaseFeature, Setting, Source

SOURCE = "geoapp-boundaries"
LOADED = "base_map"
BASE_FILES = {"context": "context", "lake": "lakes", "river": "rivers", "town": "towns"}
UNIT_FILES = ("countries", "provinces")
UNIT_COLUMNS = (
    "unit_code",
    "valid_from",
    "valid_to",
    "level",
    "parent_code",
    "country",
    "pcode",
    "name_en",
    "name_fr",
    "admin_type",
    "awaits_successor",
    "approximate",
    "note",
)


_RECORD = text("SELECT record_event('insert', 'admin_unit', NULL, jsonb_build_object('rows', CAST(:rows AS integer)))")


def load_base_map(engine: Engine) -> int:
    """Load what is new in `data/boundaries`, in one transaction; the number of features, 0 when nothing changed.

    Units that somebody imported, or that an import closed, are left as they are.
    """
    source = folder("data/boundaries")
    mark = _fingerprint(source)
    with engine.begin() as connection:
        if connection.scalar(select(Setting.value).where(Setting.name == LOADED)) == mark:
            if connection.scalar(select(AdminUnitOutline.zoom).limit(1)) is None:
                draw_outlines(connection)
            return 0
        # One event for all of it, in place of one a row.
        connection.execute(select(func.set_config("geoapp.bulk", "on", True)))
        connection.execute(
            insert(Source)
            .values(source_id=SOURCE, name="geoapp boundaries", licence="ODbL 1.0; towns CC BY 4.0")
            .on_conflict_do_nothing()
        )
        units = [feature for name in UNIT_FILES for feature in _features(source, name)]
        for unit in units:
            _load_unit(connection, unit)
        loaded = len(units) + _load_base_features(connection, source)
        connection.execute(
            insert(Setting)
            .values(name=LOADED, value=mark)
            .on_conflict_do_update(index_elements=["name"], set_={"value": mark})
        )
        assign_units_anew(connection)
        connection.execute(_RECORD, {"rows": loaded})
    return loaded


def assign_units_anew(connection: Connection, since: date | None = None) -> None:
    """Have the database find the units of every row again; of incidents, only those from `since` on.

    Called after boundaries changed, whose outlines are drawn anew. Rows without a place of their own follow the row
    that they hang on.
    """
    draw_outlines(connection)
    connection.execute(select(func.find_unit_origins()))
    for table in ("mine_site", "facility", "route", "checkpoint", "deployment", "training", "committee"):
        connection.execute(update(_table(table)).values(units=None))
    incidents = update(_table("incident")).values(units=None)
    if since is not None:
        incidents = incidents.where(_table("incident").c.occurred_from >= since)
    connection.execute(incidents)


def _table(name: str) -> Any:
    return AdminUnit.metadata.tables[name]


def _load_unit(connection: Connection, feature: dict[str, Any]) -> None:
    outline = shape(feature["geometry"])
    if isinstance(outline, Polygon):
        outline = MultiPolygon([outline])
    values = {name: feature["properties"][name] for name in UNIT_COLUMNS}
    statement = insert(AdminUnit).values(**values, source_id=SOURCE, geom=WKTElement(outline.wkt, srid=4326))
    changed = {name: statement.excluded[name] for name in (*values, "geom") if name not in {"unit_code", "valid_from"}}
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["unit_code", "valid_from"], set_=changed, where=AdminUnit.source_id == SOURCE
        )
    )


def _load_base_features(connection: Connection, source: Path) -> int:
    connection.execute(delete(BaseFeature).where(BaseFeature.kind.in_(BASE_FILES), ~BaseFeature.synthetic))
    rows = [
        {
            "kind": kind,
            **_names(feature["properties"]),
            "rank": feature["properties"].get("rank", 1),
            "geom": WKTElement(shape(feature["geometry"]).wkt, srid=4326),
        }
        for kind, name in BASE_FILES.items()
        for feature in _features(source, name)
    ]
    connection.execute(insert(BaseFeature), rows)
    return len(rows)


def _names(properties: dict[str, Any]) -> dict[str, str | None]:
    """English and French; most towns have one name alone."""
    name = properties.get("name_en") or properties.get("name")
    return {"name_en": name, "name_fr": properties.get("name_fr") or name}


def _features(source: Path, name: str) -> Iterator[dict[str, Any]]:
    collection = json.loads((source / f"{name}.geojson").read_text(encoding="utf-8"))
    yield from collection["features"]


def _fingerprint(source: Path) -> str:
    digest = hashlib.sha256()
    for name in (*UNIT_FILES, *BASE_FILES.values()):
        digest.update((source / f"{name}.geojson").read_bytes())
    return digest.hexdigest()
