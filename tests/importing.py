"""What the tests of the import share: writing files with GDAL, and importing them."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any, Literal, overload

import geopandas
from sqlalchemy import Engine, text

from geoapp.ingest.importing import import_file
from geoapp.ingest.request import Request

ZONE = "Africa/Kigali"


@overload
def bring(engine: Engine, path: Path, table: str, *, refused: Literal[True], **options: Any) -> str: ...
@overload
def bring(engine: Engine, path: Path, table: str, **options: Any) -> dict[str, Any]: ...


def bring(engine: Engine, path: Path, table: str, *, refused: bool = False, **options: Any) -> dict[str, Any] | str:
    """Import a file; the report as JSON, or, where the whole file must be refused, the reason."""
    report = import_file(engine, Request(path=path, table=table, **options), ZONE)
    rows = report.as_json()["rows"]
    assert rows["read"] == rows["inserted"] + rows["updated"] + rows["unchanged"] + rows["rejected"]
    if refused:
        assert report.refusal is not None, report.as_json()
        assert report.batch is None
        assert "\n" not in report.refusal
        (finding,) = [each for each in report.findings if each.rule == "refused"]
        english, french = finding.value or "", finding.in_french[0] or ""
        assert path.name in english
        assert path.name in french
        assert english != french
        for told, word in ((english, "layer"), (french, "couche")):
            assert report.layer in {None, path.name} or report.layer in told, (told, word)
        return report.refusal
    assert report.refusal is None, report.refusal
    return report.as_json()


def ask(engine: Engine, question: str, **values: Any) -> list[tuple[Any, ...]]:
    """The rows that answer a question, each question in a transaction of its own."""
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(question), values)]


def rules(report: dict[str, Any]) -> list[tuple[int | None, str | None, str]]:
    """Where each finding of a report is, and which it is."""
    return [(issue["row"], issue["column"], issue["rule"]) for issue in report["issues"]]


def write_layer(frame: geopandas.GeoDataFrame, path: Path, **options: Any) -> Path:
    """Write a layer with GDAL, of the format that the suffix of `path` says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # Shapefiles cut names; that they do is what is tested.
        warnings.simplefilter("ignore")
        frame.to_file(path, engine="pyogrio", **options)
    return path


def write_csv(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    """Write a text table line by line."""
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def zip_folder(folder: Path, path: Path) -> Path:
    """Zip all files of a folder."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path
