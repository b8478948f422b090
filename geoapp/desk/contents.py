"""What is in a file that was brought: its layers, their columns with some values, and the table that each fits best."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geoapp.errors import ImportRefusedError
from geoapp.ingest.columns import find_source, match_columns
from geoapp.ingest.findings import shown, storable
from geoapp.ingest.positions import find_positions
from geoapp.ingest.reading import DESCRIPTIONS, VERTICES, open_layers, read_layer
from geoapp.ingest.recognisers import recogniser_of
from geoapp.ingest.rejected import restore
from geoapp.ingest.sheet import Sheet
from geoapp.ingest.targets import TARGETS, Target
from geoapp.ingest.values import is_missing

SAMPLES = 3
SHOWN = 40
MOST_LAYERS = 30
MOST_COLUMNS = 400
# Columns that many tables have, and so tell little of which one is meant.
COMMON = {"name", "stated_unit", "site_id", "country", "unit_code", "notes", "status", "synthetic"}
LIKELY = 1.0
SPEAKING = 2


def look_into(path: Path, tables: Iterable[str]) -> list[dict[str, Any]]:
    """The layers of a file: `name`, `rows`, `geometry`, `columns` with values, and `table`, the likeliest of `tables`.

    A layer that cannot be read says why, in `refused`. Raises ImportRefusedError where nothing can.
    """
    with open_layers(path) as (inside, folder):
        layers = [layer for layer in inside if layer.inner not in VERTICES | DESCRIPTIONS]
        if not layers:
            raise ImportRefusedError(
                f"{path.name} holds no layer. Check that it is whole, and export it again.",
                f"{path.name} ne contient aucune couche. Vérifiez qu'il est entier, et exportez-le de nouveau.",
            )
        if len(layers) > MOST_LAYERS:
            raise ImportRefusedError(
                f"{path.name} holds {len(layers)} layers. Bring at most {MOST_LAYERS} at once.",
                f"{path.name} contient {len(layers)} couches. Apportez-en au plus {MOST_LAYERS} à la fois.",
            )
        found: list[dict[str, Any]] = []
        for layer in layers:
            about: dict[str, Any] = {"name": storable(layer.name)}
            try:
                sheet = read_layer(layer, folder, None)
            except ImportRefusedError as refusal:
                if len(layers) == 1:
                    raise
                found.append(about | {"refused": [refusal.said.en, refusal.said.fr]})
                continue
            restore(sheet)
            found.append(about | describe(sheet) | {"table": likely_table(sheet, tables)})
        return found


def describe(sheet: Sheet) -> dict[str, Any]:
    """What a sheet holds, for somebody who chooses what it means."""
    return {
        "rows": sheet.count,
        "geometry": _kinds(sheet),
        "crs": _name(sheet.crs),
        "encoding": sheet.encoding.used,
        "columns": [
            {"name": storable(name), "samples": list(_samples(values))}
            for name, values in list(sheet.columns.items())[:MOST_COLUMNS]
        ],
    }


def likely_table(sheet: Sheet, tables: Iterable[str]) -> str | None:
    """The table that the columns of a sheet, and its geometries, speak for most; None where nothing does."""
    names = list(sheet.columns)
    recogniser = recogniser_of(names)
    allowed = list(tables)
    if recogniser is not None and (known := [table for table in recogniser.reads if table in allowed]):
        return known[0]
    ranked = sorted(((_fitness(sheet, names, TARGETS[table]), table) for table in allowed), reverse=True)
    return ranked[0][1] if ranked and ranked[0][0] >= LIKELY else None


def _fitness(sheet: Sheet, names: Sequence[str], target: Target) -> float:
    matched = match_columns(target, names, {})
    missing = any(column.required and column.name not in matched for column in target.columns.values())
    # Where something that every row needs is missing, its key still speaks for a table, or columns that few have.
    known = any(find_source(key, names) for key in target.key if key not in COMMON)
    if missing and not known and len(set(matched) - COMMON) < SPEAKING:
        return 0.0
    own = sum(0.25 if name in COMMON and name not in target.key[:1] else 1.0 for name in matched)
    if not _placed(sheet, names, target):
        return 0.0
    key = target.columns.get(target.key[0])
    return own + (2.0 if key is not None and key.name in matched else 0.0)


def _placed(sheet: Sheet, names: Sequence[str], target: Target) -> bool:
    """Whether the geometries, or what stands for them, are of the kind that the table stores."""
    if sheet.geometry is None:
        return not target.needs_geometry or find_positions(list(names), {}) is not None
    if not target.has_geometry:
        return False
    kinds = {kind.removeprefix("MULTI") for kind in _kinds(sheet)}
    stored = {kind.removeprefix("Multi").upper() for kind in target.geometry_types}
    return not kinds or bool(kinds & stored)


def _kinds(sheet: Sheet) -> list[str]:
    """The geometry types of a sheet, such as POINT."""
    if sheet.geometry is None:
        return []
    present = sheet.geometry[~shapely.is_missing(sheet.geometry)]
    return sorted({shapely.GeometryType(int(kind)).name for kind in np.unique(shapely.get_type_id(present))})


def _samples(values: Any) -> Iterator[str]:
    seen: set[str] = set()
    for value in values[:2000]:
        if is_missing(value):
            continue
        text = shown(value, SHOWN) or ""
        if text.strip() and text not in seen:
            seen.add(text)
            yield text
        if len(seen) == SAMPLES:
            return


def _name(crs: str | None) -> str | None:
    """What a file says of its system, cut to a line."""
    return shown(" ".join(crs.split()), 80) if crs else None
