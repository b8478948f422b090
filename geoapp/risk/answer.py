"""What every answer holds beside its figures, and how answers become JSON."""

from __future__ import annotations

import datetime as dt
import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
from shapely import Geometry, to_geojson

from geoapp.risk.listing import Listing
from layers.text import Text


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The question with its parameters, and what was counted.

    `used` is the number of rows that the figures are made of. `left_out` counts by reason those that pass the days,
    the filter and the rights, but have no place; `excluded` those that were rejected, unfounded or merged.
    `outside_scope` is the share, 0 to 1, of the route, area or radius where the viewer sees no incidents; None where
    the question has none.
    """

    question: str
    parameters: Mapping[str, Any]
    used: int
    left_out: Mapping[str, int]
    excluded: Mapping[str, int]
    level_unknown: int
    synthetic: int
    outside_scope: float | None
    sentence: Text


def as_json(value: Any) -> Any:  # noqa: PLR0911
    """What JSON can hold of an answer or a part of it: days as ISO dates, geometries as GeoJSON."""
    match value:
        case np.generic():
            return as_json(value.item())
        case None | bool() | str() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Text():
            return {"fr": value.fr, "en": value.en}
        case dt.date() | uuid.UUID():
            return str(value)
        case Geometry():
            return json.loads(to_geojson(value))
        case np.ndarray():
            return value.tolist()
        case Mapping():
            return {str(name): as_json(each) for name, each in value.items()}
        case Listing():
            return value.as_json()
        case list() | tuple():
            return [as_json(each) for each in value]
    if is_dataclass(value):
        return {each.name: as_json(getattr(value, each.name)) for each in fields(value)}
    raise TypeError(f"an answer holds a {type(value).__name__}")
