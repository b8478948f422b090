"""What geoapp's own exports bear for an import: the ids of rows, and whose place a position is."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import numpy as np

from geoapp.formulas import original
from geoapp.ingest.columns import first_named
from geoapp.ingest.sheet import Sheet, Values
from geoapp.ingest.targets import Target
from geoapp.ingest.values import is_missing
from geoapp.naming import ABOUT, PLACE_OF, short_name

# Whose position is not the row's own.
OTHERS = {"site", "facility", "route"}
# What the database says of a row, so that no file brings it.
DERIVED = {"country", "units", "length_km", "created_at", "source_id", PLACE_OF}


def restore(sheet: Sheet) -> bool:
    """Take what an export says about itself out of a sheet, and put texts that it made harmless back.

    The answer is whether it is one that says so.
    """
    if sheet.columns.pop(ABOUT, None) is None:
        return False
    for name, values in sheet.columns.items():
        if values.dtype == object:
            texts = [original(each) if isinstance(each, str) else each for each in values]
            sheet.columns[name] = np.array([*texts, None], dtype=object)[:-1]
    return True


def derived_columns(target: Target) -> frozenset[str]:
    """The columns of an export that an import has no use for, or has used already."""
    return frozenset(DERIVED | ({target.random_id.name} if target.random_id is not None else set()))


def ids_of(target: Target, columns: Mapping[str, Values]) -> Values | None:
    """The random ids that rows of a file bear, None for rows without; None where the file has no such column."""
    if target.random_id is None:
        return None
    name = first_named([target.random_id.name, short_name(target.random_id.name)], columns)
    if name is None:
        return None
    ids = [None if is_missing(each) else _uuid(str(each)) for each in columns[name]]
    return np.array([*ids, None], dtype=object)[:-1]


def own_places(target: Target, columns: Mapping[str, Values], positions: Values | None) -> Values | None:
    """The positions without those that are another row's, by which a deployment is shown."""
    if positions is None or target.name != "deployments" or PLACE_OF not in columns:
        return positions
    others = np.array([each in OTHERS for each in columns[PLACE_OF]], dtype=bool)
    kept = np.array([*positions, None], dtype=object)[:-1]
    kept[others] = None
    return kept


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None
