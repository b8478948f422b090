"""The real outlines of the four countries and their provinces, as they come with geoapp."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from geoapp.ingest.sheet import Values
from geoapp.naming import squeeze
from geoapp.resources import folder

# About 5 km: survey points stand on beaches and borders, and outlines are drawn coarsely there.
ROOM = 0.05


@dataclass(frozen=True)
class Provinces:
    """The outlines of the provinces, and which of them a name may mean, by its squeezed form."""

    outlines: tuple[Any, ...]
    names: dict[str, set[int]]


def inside_countries(longitude: Values, latitude: Values) -> NDArray[np.bool_]:
    """Whether each point, in degrees on WGS 84, lies in one of the four countries, or within some 5 km of one."""
    inside: NDArray[np.bool_] = shapely.contains_xy(_countries(), longitude, latitude)
    return inside


def in_stated_province(longitude: Values, latitude: Values, stated: Values) -> NDArray[np.float64]:
    """For each point 1 where it lies in the province that its row states, 0 where not, NaN where it states none."""
    known = _provinces()
    result = np.full(len(longitude), np.nan)
    words = np.array([squeeze(str(word)) if word is not None else "" for word in stated], dtype=object)
    for word in set(words) & set(known.names):
        here = np.flatnonzero(words == word)
        hits = np.zeros(len(here), dtype=bool)
        for place in known.names[word]:
            hits |= shapely.contains_xy(known.outlines[place], longitude[here], latitude[here])
        result[here] = hits
    return result


@cache
def _countries() -> Any:
    outline = shapely.union_all([outline for outline, _ in _read("countries")]).simplify(0.01).buffer(ROOM)
    shapely.prepare(outline)
    return outline


@cache
def _provinces() -> Provinces:
    names: dict[str, set[int]] = {}
    outlines = []
    for place, (outline, properties) in enumerate(_read("provinces")):
        wide = outline.simplify(0.01).buffer(ROOM)
        shapely.prepare(wide)
        outlines.append(wide)
        for key in ("unit_code", "name_en", "name_fr", "pcode"):
            if properties.get(key):
                names.setdefault(squeeze(str(properties[key])), set()).add(place)
    return Provinces(tuple(outlines), names)


def _read(name: str) -> list[tuple[Any, dict[str, Any]]]:
    content = json.loads((folder("data/boundaries") / f"{name}.geojson").read_text("utf-8"))
    return [(shape(feature["geometry"]), feature["properties"]) for feature in content["features"]]
