"""A layer as read: its columns, its geometries, and what the file says about both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from geoapp.ingest.report import Found

Values: TypeAlias = NDArray[Any]


@dataclass
class Sheet:
    """The rows of one layer, in the order of the file; row n of a finding is index n - 1 here.

    `columns` holds one array a column, by its name in the file. `geometry` holds shapely geometries, None for rows
    without one, in the coordinates of the file, of which `crs` is the file's own description; it is None where the
    layer has no geometries. `notes` are findings about the file: rule and value.
    """

    columns: dict[str, Values]
    count: int
    encoding: Found
    geometry: Values | None = None
    crs: str | None = None
    has_heights: NDArray[np.bool_] | None = None
    notes: list[tuple[str, str | None]] = field(default_factory=list)


def distinct_names(names: list[str]) -> list[str]:
    """Names of columns with the later of equal ones numbered, and those without a name called by their place."""
    seen: dict[str, int] = {}
    result = []
    for place, name in enumerate(names, 1):
        stripped = name.strip() or f"column {place}"
        seen[stripped] = seen.get(stripped, 0) + 1
        result.append(stripped if seen[stripped] == 1 else f"{stripped} ({seen[stripped]})")
    return result
