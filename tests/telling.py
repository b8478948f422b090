"""What an answer tells of the rows that were planted: in its headers, in its bytes, and in what they mean."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
from planting import Planting, Row
from pypdf import PdfReader
from test_tiles import read
from werkzeug.test import TestResponse

from geoapp.publish.exports.export import FORMS

TEXTS = {
    "application/x-qgis-project",
    "text/html",
    "text/css",
    "text/javascript",
    "text/plain",
    "application/json",
    "application/geo+json",
    "application/schema+json",
    "application/vnd.oai.openapi+json",
    "application/problem+json",
    "application/atom+xml",
    "image/svg+xml",
}
MVT = "application/vnd.mapbox-vector-tile"
PDF = "application/pdf"
FILES = {form.mimetype for form in FORMS.values()} - TEXTS


def told(answer: TestResponse, planting: Planting, folder: Path) -> set[tuple[Row, str]]:
    """What an answer tells of: in its headers, in its bytes, and in what they mean."""
    found = planting.found_in(f"{answer.headers}\n{answer.get_data().decode('utf-8', 'replace')}")
    if answer.mimetype == MVT:
        z, x, y = (int(part) for part in answer.request.path.removesuffix(".mvt").split("/")[-3:])
        for features in read(answer.data, folder, z, x, y).values():
            for feature in features:
                found |= planting.found_in(json.dumps(feature, default=str))
                # The middle of several is the place of none.
                if feature.get("count", 1) == 1:
                    found |= planting.found_at(float(str(feature["lon"])), float(str(feature["lat"])))
    elif answer.mimetype == PDF:
        found |= planting.found_in("\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages))
    elif answer.mimetype in FILES:
        found |= planting.found_in("\n".join(_unpacked(answer.get_data())))
    else:
        assert answer.mimetype in TEXTS or not answer.data, f"teach this test to read {answer.mimetype}"
    return found


def _unpacked(content: bytes) -> Iterator[str]:
    """What a file holds as text, its compressed parts unpacked; the other formats keep their texts as they are."""
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    elif content.startswith(b"PAR1"):
        yield str(pq.read_table(io.BytesIO(content)).drop_columns("geom").to_pylist())
    else:
        yield content.decode("utf-8", "replace")
