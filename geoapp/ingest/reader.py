"""The process that reads foreign bytes: one request a line on its input, one answer a line on its output."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from geoapp.errors import ImportRefusedError, is_full
from geoapp.ingest import parquet, vector, workbook
from geoapp.ingest.archive import TEXT_TABLES, WORKBOOKS, no_room
from geoapp.ingest.delimited import read_delimited
from geoapp.ingest.exchange import save_sheet

GEOJSON = ("geojson", "json", "topojson")
ONE_LAYER: list[tuple[str, str | None, int | None]] = [("", "Unknown", None)]


def main() -> None:
    """Answer until the one who asks is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit = int(os.environ["GEOAPP_READER_BYTES"])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What a library prints must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        print(json.dumps(_answer(json.loads(line))), file=answers, flush=True)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        path = Path(request["path"])
        if request["do"] == "layers":
            return {"layers": _layers(path, request["suffix"], request["shown"])}
        return {"pieces": _read(path, request)}
    except ImportRefusedError as refusal:
        return {"refused": [refusal.said.en, refusal.said.fr], "row": refusal.row, "column": refusal.column}
    except MemoryError:
        return {
            "refused": [
                f"{request['shown']} takes more memory than there is for a file. Bring it in parts.",
                f"{request['shown']} demande plus de mémoire qu'il n'y en a pour un fichier. Apportez-le par parties.",
            ]
        }
    except OSError as error:
        if is_full(error):
            return {"refused": list(no_room(request["shown"]))}
        return {
            "refused": [
                f"{request['shown']} cannot be read: {error.strerror or error}. Check the file and its rights.",
                f"{request['shown']} ne peut être lu : {error.strerror or error}. Vérifiez le fichier et ses droits.",
            ]
        }


def _layers(path: Path, suffix: str, shown: str) -> list[tuple[str, str | None, int | None]]:
    if suffix in WORKBOOKS:
        return workbook.layers_of(path, shown)
    if suffix in ("parquet", "geoparquet"):
        return parquet.layers_of(path, shown)
    if suffix in ("gpkg", "kml", "gpx", "fgb"):
        return vector.layers_of(path, suffix, shown)
    if suffix == "shp":
        vector.require_content(path, suffix, shown)
        return vector.shapefile_layer(path)
    if suffix in GEOJSON:
        return vector.geojson_layers(path, shown)
    return ONE_LAYER


def _read(path: Path, request: dict[str, Any]) -> int:
    """Write what is asked for in pieces, each a file that is named by its number; how many there are."""
    suffix, shown, encoding = request["suffix"], request["shown"], request["encoding"]
    wkb = None
    if suffix in TEXT_TABLES:
        return _save(((sheet, None) for sheet in read_delimited(path, encoding)), request["out"])
    if suffix in WORKBOOKS:
        sheet = workbook.read_sheet(path, request["inner"], shown)
    elif suffix in ("parquet", "geoparquet"):
        sheet, wkb = parquet.read_parquet(path, shown)
    elif suffix in GEOJSON:
        sheet, wkb = vector.read_geojson(path, request["inner"], shown, encoding)
    else:
        vector.require_content(path, suffix, shown)
        if suffix == "shp":
            sheet, wkb = vector.read_shapefile(path, shown, encoding)
        else:
            return _save(vector.read_pieces(path, suffix, request["inner"], shown, encoding), request["out"])
    return _save([(sheet, wkb)], request["out"])


def _save(pieces: Iterable[vector.Read], out: str) -> int:
    number = -1
    for number, (sheet, wkb) in enumerate(pieces):
        save_sheet(sheet, wkb, Path(f"{out}.{number}"))
    return number + 1


if __name__ == "__main__":
    main()
