"""Exports from the page and the command: what stands inside, whose rows they hold, and how they are refused."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pyogrio
import pytest
from cast import signed_in
from click.testing import CliRunner
from conftest import a_database, environment_for
from export_rows import FORMULAS, TABLES, insert_rows, write_export
from flask import Flask
from flask.testing import FlaskClient
from importing import ask
from python_calamine import CalamineWorkbook
from sqlalchemy import Engine

from geoapp.cli import cli
from geoapp.database.engine import open_engine
from geoapp.publish.exports.export import FORMS
from geoapp.settings import Settings
from geoapp.web.app import create_app
from geoapp.web.database import KEY as ENGINE

TOLD = (
    "Incidents: from January 1, 2025 to December 31, 2025; in CD-SK",
    "2025",
    "ipis (licence CC BY 4.0)",
    "exported from geoapp on",
)
QUERY = "since=2025-01-01&until=2025-12-31&unit=CD-SK&lang=en"


@pytest.fixture(scope="module")
def made(cluster: Any, template: str) -> Iterator[tuple[Settings, Engine, Flask]]:
    """An application on rows in every layer; nothing here changes them."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        insert_rows(engine)
        app = create_app(settings)
        yield settings, engine, app
        app.extensions[ENGINE].dispose()
        engine.dispose()


@pytest.fixture
def client_as(made: tuple[Settings, Engine, Flask]) -> Callable[[str], FlaskClient]:
    """Clients of the cast."""
    return lambda name: signed_in(made[2].test_client(), name)


@pytest.mark.parametrize("suffix", FORMS)
def test_a_file_says_what_it_holds(client_as: Any, tmp_path: Path, suffix: str) -> None:
    answer = client_as("analyst").get(f"/export/incidents.{suffix}?{QUERY}")
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == FORMS[suffix].mimetype
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == f"attachment; filename=incidents.{suffix}"
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    (tmp_path / f"i.{suffix}").write_bytes(answer.data)
    told = _told(tmp_path / f"i.{suffix}", suffix)
    for each in TOLD:
        assert each in told, told


def _told(path: Path, suffix: str) -> str:
    if suffix in {"gpkg", "fgb"}:
        metadata: dict[str, str] = pyogrio.read_info(path)["layer_metadata"] or {}
        return metadata.get("DESCRIPTION", "")
    if suffix == "geojson":
        return str(json.loads(path.read_text())["description"])
    if suffix == "parquet":
        return (pq.read_schema(path).metadata or {})[b"description"].decode()
    if suffix == "shp.zip":
        return zipfile.ZipFile(path).read("about.txt").decode().replace("\n", " ")
    if suffix == "csv":
        return list(csv.reader(path.open(encoding="utf-8-sig")))[2][-1]
    return str(CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[1][-1])


@pytest.mark.parametrize("suffix", FORMS)
def test_synthetic_rows_are_marked(made: Any, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"mine_sites.{suffix}"
    write_export(made[1], "mine_sites", target, unit="RW,UG,CD")
    assert "Holds synthetic data" in _told(target, suffix)
    write_export(made[1], "routes", tmp_path / f"r.{suffix}", language="fr")
    assert "ynth" not in _told(tmp_path / f"r.{suffix}", suffix)


def test_a_shapefile_is_utf8_and_has_its_codebook(client_as: Any) -> None:
    archive = zipfile.ZipFile(io.BytesIO(client_as("analyst").get("/export/incidents.shp.zip").data))
    assert archive.read("incidents.cpg").decode() == "UTF-8"
    book = list(csv.DictReader(io.StringIO(archive.read("codebook.csv").decode("utf-8-sig"))))
    whole = {row["column_in_file"]: row for row in book}
    assert whole["loca_preci"]["column"] == "location_precision"
    assert whole["level"]["codes_fr"].startswith("1 = ")
    header = archive.read("incidents.dbf")
    for name in whole:
        assert len(name) <= 10
        assert name.encode() in header
    assert "Bisié".encode() in header


def test_a_csv_has_hxl_tags_under_its_names(client_as: Any) -> None:
    rows = list(csv.reader(io.StringIO(client_as("analyst").get("/export/incidents.csv").data.decode("utf-8-sig"))))
    tags = dict(zip(rows[0], rows[1], strict=True))
    assert tags["occurred_from"] == "#date+occurred+start"
    assert (tags["longitude"], tags["latitude"]) == ("#geo+lon", "#geo+lat")
    assert all(not tag or tag.startswith("#") for tag in rows[1])


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_no_spreadsheet_calculates_a_text(client_as: Any, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"i.{suffix}"
    path.write_bytes(client_as("analyst").get(f"/export/incidents.{suffix}").data)
    if suffix == "csv":
        rows: list[list[Any]] = list(csv.reader(path.open(encoding="utf-8-sig")))
    else:
        rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
        sheet = zipfile.ZipFile(path).read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "hyperlink" not in sheet
    place = rows[0].index("place_text")
    shown = {str(row[place]) for row in rows}
    assert {"'=cmd|' /C calc'!A1", "'+243 97", "'-1+2", "'@SUM(A1)", "''=already", "-5"} <= shown
    assert not shown & (set(FORMULAS[:5]))


# Which layers are for whom, and how many of the incidents of ROWS.
THEIRS = {
    "public": {"mine_sites", "provinces", "countries"},
    "committee-sk": {"mine_sites", "provinces", "countries", "facilities", "routes", "trainings"},
    "coordinator-sk": set(TABLES),
    "gis-cd": set(TABLES),
}


@pytest.mark.parametrize("name", THEIRS)
def test_each_gets_their_own_rows(client_as: Any, name: str) -> None:
    client = client_as(name)
    answers = {layer: client.get(f"/export/{layer}.geojson") for layer in TABLES}
    assert {layer for layer, answer in answers.items() if answer.status_code == 200} == THEIRS[name]
    assert {answer.status_code for answer in answers.values()} <= {200, 404}
    sites = {
        each["properties"]["site_id"]: each["properties"] for each in answers["mine_sites"].get_json(True)["features"]
    }
    assert set(sites) == {"S1", "S2"}
    assert (sites["S1"]["operator_name"] == "secret") == (name == "gis-cd")
    assert "SEALED-1" not in "".join(answer.text for answer in answers.values())
    page = client.get("/export").text
    assert {layer for layer in TABLES if f"/export/{layer}.gpkg" in page} >= THEIRS[name]


def test_a_layer_that_is_not_ones_own_is_like_none(client_as: Any) -> None:
    hidden, none = (client_as("public").get(f"/export/{name}.csv") for name in ("deployments", "none"))
    assert (hidden.status_code, hidden.get_json(True)) == (none.status_code, none.get_json(True))


def test_the_filter_of_the_map_and_a_box(client_as: Any) -> None:
    client = client_as("analyst")

    def found(query: str) -> set[str | None]:
        answer = client.get(f"/export/incidents.geojson?{query}")
        return {each["properties"]["incident_no"] for each in answer.get_json(True)["features"]}

    assert found("level=1,unknown") == {"A-1"}
    assert found("category=smuggling") == {None}
    assert found("since=2025-06-01&level=2") == {f"F-{number}" for number in range(len(FORMULAS))}
    assert found("bbox=28.49,-2.6,28.7,-2.4") == {"F-0", "F-1"}


def test_it_is_in_the_audit_with_its_rows(client_as: Any, made: Any) -> None:
    client_as("gis-cd").get("/export/deployments.gpkg")
    events = "SELECT user_name, object, after->>'rows' FROM audit_event WHERE what = 'export'"
    question = f"{events} ORDER BY audit_event_id DESC LIMIT 1"
    assert ask(made[1], question) == [("gis-cd", "layer/deployments", "5")]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/export/incidents.csv?since=1999-01-01&until=1999-01-02", 404),
        ("/export/incidents.exe", 404),
        ("/export/incidents", 404),
        ("/export/incidents.csv?level=9", 400),
        ("/export/incidents.csv?levle=1", 400),
        ("/export/incidents.csv?level=1&level=2", 400),
        ("/export/incidents.csv?bbox=1,NaN,2,3", 400),
        ("/export/incidents.csv?bbox=3,1,2,3", 400),
    ],
)
def test_what_cannot_be_exported_is_a_problem(client_as: Any, path: str, status: int) -> None:
    answer = client_as("analyst").get(path)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.get_json()["detail"]
    page = client_as("analyst").get(path, headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.mimetype) == (status, "text/html")


def test_nothing_is_left_of_an_export_that_failed(made: Any, tmp_path: Path) -> None:
    runner, environment = CliRunner(), environment_for(made[0])
    for arguments, code in (
        (["incidents", "nothing.csv", "--since", "2999-01-01"], 1),
        (["incidents", "nothing.doc"], 1),
        (["incidents", "no/such/folder.csv"], 1),
        (["incidents", "nothing.csv", "--level", "9"], 2),
        (["nothing", "nothing.csv"], 2),
        (["incidents", "nothing.csv", "--user", "nobody"], 1),
    ):
        with runner.isolated_filesystem(tmp_path) as folder:
            done = runner.invoke(cli, ["export", *arguments], env=environment, catch_exceptions=True)
            assert done.exit_code == code, done.output
            assert not list(Path(folder).iterdir())
