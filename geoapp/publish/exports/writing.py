"""What a writer of a format is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from geoapp.errors import GeoappError
from geoapp.publish.cql import GEOMETRY
from geoapp.publish.exports.about import About
from geoapp.publish.exports.columnar import schema_of
from layers.layer import MapLayer

KINDS = {"POINT": "Point", "MULTILINESTRING": "MultiLineString", "MULTIPOLYGON": "MultiPolygon"}


class ExportError(GeoappError):
    """An export that cannot be written, or that has nothing in it."""


@dataclass(frozen=True)
class Content:
    """The rows that go into a file: `batches` reads them anew each time it is called."""

    layer: MapLayer
    about: About
    batches: Callable[[], Iterator[pa.RecordBatch]]

    @property
    def geometry_type(self) -> str:
        """The type of all geometries, Unknown where there are several."""
        places = self.layer.feature_places or self.layer.places
        kinds = {place.geom.type.geometry_type for place in places}  # type: ignore[attr-defined]
        return KINDS.get(kinds.pop(), "Unknown") if len(kinds) == 1 else "Unknown"

    @property
    def names(self) -> list[str]:
        """The columns beside the geometry."""
        return [name for name in schema_of(self.layer).names if name != GEOMETRY]


# Writes a file; how many texts it had to cut.
Write = Callable[[Path, Content], int]
