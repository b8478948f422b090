"""GeoJSON, with every digit of the coordinates."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import shapely

from geoapp.publish.exports.writing import Content


def write_geojson(path: Path, content: Content) -> int:
    """A feature collection whose members say what it is about; a feature stands on each line."""
    about = content.about
    head = {
        "type": "FeatureCollection",
        "name": content.layer.name,
        "title": about.title,
        "description": about.text,
        **({"geoapp-synthetic": True} if about.synthetic else {}),
    }
    names = content.names
    with path.open("w", encoding="utf-8") as opened:
        opened.write(json.dumps(head, ensure_ascii=False)[:-1] + ', "features": [\n')
        before = ""
        for batch in content.batches():
            *columns, shapes = [column.to_pylist() for column in batch.columns]
            places = shapely.to_geojson(shapely.from_wkb(shapes))
            for place, *values in zip(places, *columns, strict=True):
                properties = json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False, default=_plain)
                opened.write(f'{before}{{"type": "Feature", "geometry": {place}, "properties": {properties}}}')
                before = ",\n"
        opened.write("\n]}\n")
    return 0


def _plain(value: Any) -> Any:
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
