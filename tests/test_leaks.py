"""No answer tells a person of a row, or of a part of one, that is not for them; and each gets what is.

Every address and every command that reads has a line in tests/walk_lines.py or tests/walk_commands.py. A new one
without a line fails; so does a new table without rows in tests/planting.py, while a new column of text is planted by
itself.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click
import pytest
from cast import CAST
from conftest import a_database
from flask import Flask
from pages import without_way_back
from planting import LOGGED, OF_PEOPLE, PLACES, PUBLIC, UNPLANTED, Planting, Row, is_free_text, plant_everything
from releasing import ClientOf
from rights import FULL_ROLES, PEOPLE, may_see
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError
from telling import told
from test_tiles import read, tile_of
from walk_asks import HAPPENED, map_asks, risk_asks
from walk_commands import COMMANDS, IMPORTED, SHOW_NOTHING
from walk_lines import URLS
from werkzeug.test import TestResponse

from geoapp.access.secret import hash_of
from geoapp.access.viewer import set_viewer
from geoapp.cli import cli, main
from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine, open_web_engine
from geoapp.publish.paper import fill
from geoapp.settings import Settings
from layers.tables import Base


@pytest.fixture(scope="module")
def planted(cluster: Cluster, template: str) -> Iterator[tuple[str, Planting]]:
    """The name of a database with planted rows, and what was planted."""
    with a_database(cluster, template) as made:
        engine = open_engine(made)
        with engine.begin() as connection:
            planting = plant_everything(connection)
        engine.dispose()
        yield make_url(made.database_url or "").database or "", planting


@pytest.fixture
def planting(planted: tuple[str, Planting]) -> Planting:
    """What was planted."""
    return planted[1]


@pytest.fixture
def settings(cluster: Cluster, planted: tuple[str, Planting]) -> Iterator[Settings]:
    """Settings for a copy of the planted database, of this test's own."""
    with a_database(cluster, planted[0]) as made:
        yield made


def expected(name: str, shows: dict[str, dict[str, str]], planting: Planting) -> set[tuple[Row, str]]:
    """What a line has to show to a person: what it lists, of the rows that they may see."""
    listed: set[tuple[Row, str]] = set()
    for people, tables in shows.items():
        if name in people.split():
            for which, columns in tables.items():
                table, _, state = which.partition(":")
                rows = planting.of(table, *([state] if state else []))
                listed |= {(row, column) for row in rows for column in columns.split()}
    return {(row, column) for row, column in listed if may_see(name, row, column)}


def readable(found: Iterable[tuple[Row, str]]) -> list[str]:
    """Columns of rows in words, for a message."""
    return sorted(f"{row.table}.{column} of {row.unit} {row.state}".strip() for row, column in found)


@pytest.mark.parametrize("endpoint", URLS)
def test_an_address_shows_each_person_what_is_theirs(
    endpoint: str,
    client_of: ClientOf,
    planting: Planting,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    line = URLS[endpoint]
    adapter = client_of("public").application.url_map.bind("localhost")
    wrong: list[str] = []
    caplog.set_level(logging.DEBUG)
    for name in PEOPLE:
        client = client_of(name)
        seen: set[tuple[Row, str]] = set()
        for ask in line.asks(planting):
            sent = {"json": ask.json} if ask.json else {"data": ask.form}
            answer = client.get(ask.path) if ask.form is None and ask.json is None else client.post(ask.path, **sent)
            assert adapter.match(answer.request.path, answer.request.method)[0] == endpoint
            assert answer.status_code < 500, (name, ask)
            # The way out is on every page, whatever it says.
            if answer.mimetype == "text/html" and b"<html" in answer.data and not answer.location and name != "public":
                assert 'action="/sign-out' in answer.text, (name, ask)
            # What was asked for is no news to who asked; the other columns of its row would be.
            asked = planting.found_in(f"{ask.path} {ask.form}")
            found = told(answer, planting, tmp_path)
            leaked = {each for each in found - asked if not may_see(name, *each)}
            wrong += [f"{name} saw {each} at {ask.path}" for each in readable(leaked)]
            seen |= found
        missed = expected(name, line.shows, planting) - seen
        wrong += [f"{name} did not see {each}" for each in readable(missed)]
        assert not any(hash_of(each) in caplog.text for each in CAST)
    assert wrong == []
    assert readable(planting.found_in(caplog.text)) == [], "in the log"


@pytest.mark.parametrize(
    "case",
    [
        ("analyst", "reader=committee&unit=CD-SK", "committee-sk"),
        ("analyst", "reader=coordinator&unit=CD-SK", "coordinator-sk"),
        ("analyst", "reader=analyst&unit=RW", "analyst-rw"),
        ("analyst", "reader=public", "public"),
        # What its author handles is not the reader's.
        ("coordinator-sk", "reader=coordinator&unit=CD-SK", "coordinator-sk"),
        # And nobody's reader has more than they have.
        ("analyst-rw", "reader=analyst&unit=CD,BI,UG", "public"),
        ("committee-sk", "reader=coordinator&unit=CD-SK", "public"),
        ("committee-sk", "reader=committee&unit=CD", "committee-sk"),
    ],
)
def test_a_paper_tells_its_reader_no_more_than_they_may_see(
    case: tuple[str, str, str], client_of: ClientOf, planting: Planting, monkeypatch: pytest.MonkeyPatch
) -> None:
    author, reader, like = case

    def fill_alone(template: str, language: str, **values: object) -> bytes:
        return fill(template, language, **values).encode()

    monkeypatch.setattr("geoapp.web.briefings.print_paper", fill_alone)
    monkeypatch.setattr("geoapp.access.briefings.MOST_ITEMS", 1000)
    client = client_of(author)
    made = str(client.post("/briefings", data={"title": "For others"}).location).partition("?")[0]
    asked = [ask.path for ask in (*risk_asks(planting), *map_asks(planting)) if "lang=fr&" not in ask.path]
    views = [f"/?at=12/{lat}/{lon}&layers=incidents,deployments,routes,mine_sites" for lon, lat in PLACES.values()]
    for path in (*asked, *views, f"/compare?{HAPPENED}", "/?source=demo"):
        assert client.post(made, data={"deed": "answer", "address": path}).status_code == 303
    paper = client.get(f"{made}/paper.pdf?paper=en&{reader}")
    assert paper.status_code == 200
    found = planting.found_in(paper.text)
    assert readable(each for each in found if not may_see(like, *each)) == []
    # Not even the one sealed incident that its author handles.
    assert not any(row.state == "handled" for row, _ in found)
    if like in {"coordinator-sk", "analyst-rw"}:
        assert {"incident", "route"} <= {row.table for row, _ in found}


@pytest.fixture
def packs_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Meeting packs as their HTML."""

    def fill_alone(template: str, language: str, **values: object) -> bytes:
        return fill(template, language, **values).encode()

    monkeypatch.setattr("geoapp.province.pack.print_paper", fill_alone)


@pytest.mark.usefixtures("packs_unset")
def test_a_room_is_shown_the_same_whoever_is_signed_in(
    client_of: ClientOf, planting: Planting, said_by: Callable[[list[str]], str], tmp_path: Path
) -> None:
    out, told_to = tmp_path / "pack.pdf", {}
    for name in ("committee-sk", "coordinator-sk", "analyst", "gis-cd"):
        client = client_of(name)
        said = ""
        for language in ("en", "fr"):
            for path in ("room?", "pack.pdf?", "pack.pdf?since=2020-01-01&"):
                answer = client.get(f"/provinces/CD-SK/{path}lang={language}")
                assert answer.status_code == 200
                said += answer.text
        said_by(["report", "CD-SK", str(out), "--since", "2020-01-01", "--user", name])
        told_to[name] = planting.found_in(said + out.read_text())
    said_by(["report", "CD-SK", str(out), "--since", "2020-01-01"])
    told_to["operator"] = planting.found_in(out.read_text())
    everybody = told_to["committee-sk"]
    assert {"incident_release", "action", "committee", "training"} <= {row.table for row, _ in everybody}
    for name, found in told_to.items():
        assert readable(each for each in found if not may_see("committee-sk", *each)) == [], name
        assert readable(found - everybody) == [], name
        if name != "operator":
            assert readable(everybody - found) == [], name


@pytest.mark.usefixtures("packs_unset")
def test_a_restricted_pack_tells_what_a_coordinator_of_the_unit_may_see(
    client_of: ClientOf, planting: Planting, said_by: Callable[[list[str]], str], tmp_path: Path
) -> None:
    out = tmp_path / "pack.pdf"
    papers = [client_of(name).post("/provinces/CD-SK/pack.pdf").text for name in ("coordinator-sk", "analyst")]
    said_by(["report", "CD-SK", str(out), "--edition", "restricted"])
    for paper in (*papers, out.read_text()):
        found = planting.found_in(paper)
        assert ("incident", "restricted") in {(row.table, row.state) for row, _ in found}
        assert readable(each for each in found if not may_see("coordinator-sk", *each)) == []
        # Not even the one sealed incident that its coordinator handles.
        assert not any(row.state in {"handled", "sealed"} for row, _ in found)


def test_every_address_has_a_line(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == set(URLS)


@pytest.fixture
def said_by(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[[list[str]], str]:
    """All that a command says, in this process.

    Starting a hundred would take minutes, and here what one person was answered is still held when the next asks.
    """

    def run(arguments: list[str]) -> str:
        with monkeypatch.context() as patched:
            for name in [each for each in os.environ if each.startswith("GEOAPP_")]:
                patched.delenv(name)
            for name, value in environment.items():
                patched.setenv(name, value)
            patched.setattr(sys, "argv", ["geoapp", *arguments])
            with pytest.raises(SystemExit):
                main()
        said = "".join(capfd.readouterr())
        assert "geoapp does not know" not in said
        return said

    return run


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_shows_each_person_what_is_theirs(
    command: str, said_by: Callable[[list[str]], str], planting: Planting, tmp_path: Path
) -> None:
    line = COMMANDS[command]
    file, report, table = tmp_path / "incidents.csv", tmp_path / "report.json", tmp_path / "table.csv"
    # A number that another unit's incident bears as well.
    file.write_text(IMPORTED.format(number=planting.marker(planting.of("incident", "sealed")[1], "incident_no")))
    asked = planting.found_in(file.read_text())
    for name in line.by:
        for written in (report, table):
            written.unlink(missing_ok=True)
        arguments = [each.format(file=file, report=report, table=table) for each in line.arguments]
        acting = [] if name == "operator" else ["--user", name]
        said = said_by([*arguments, *acting])
        said += "".join(each.read_text() for each in (report, table) if each.exists())
        found = planting.found_in(said)
        assert readable(each for each in found - asked if not may_see(name, *each)) == [], name
        assert readable(expected(name, line.shows, planting) - found) == [], name


def test_every_command_has_a_line() -> None:
    def names(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[str]:
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                yield from names(command, (*before, name))
            else:
                yield " ".join((*before, name))

    assert set(names(cli)) == set(COMMANDS) | set(SHOW_NOTHING)


def test_every_text_of_every_table_bears_a_marker(planting: Planting) -> None:
    planted = {(row.table, column) for row, column in planting.words.values()}
    for table in Base.metadata.sorted_tables:
        if table.name not in PUBLIC | OF_PEOPLE | LOGGED:
            texts = {(table.name, column.name) for column in table.columns if is_free_text(column)}
            assert texts - planted == set()
    columns = {column.name for table in Base.metadata.sorted_tables for column in table.columns}
    assert set(UNPLANTED) <= columns


@pytest.mark.parametrize("name", PEOPLE)
def test_a_hidden_row_answers_like_one_that_does_not_exist(name: str, client_of: ClientOf, planting: Planting) -> None:
    client = client_of(name)
    unknown = "00000000-0000-4000-8000-000000000000"
    tables = {"incident": "incidents", "deployment": "deployments", "facility": "facilities", "route": "routes"}
    hidden = [row for row in planting.rows if row.table in tables and not may_see(name, row, "geom")]
    assert hidden
    for row in hidden:
        if name == "committee-sk" and row.table == "incident" and may_see(name, row, "incident_id"):
            continue
        paths = [f"/api/v1/layers/{tables[row.table]}/{{}}?lang=en"]
        if row.table == "incident":
            paths += ["/incidents/{}?lang=en", "/incidents/{}/release?lang=en"]
        for path in paths:
            answers = [client.get(path.format(key)) for key in (row.key, unknown)]
            assert {answer.status_code for answer in answers} == {404}
            first, second = (_plain(answer) for answer in answers)
            assert first == second, path


def _plain(answer: TestResponse) -> tuple[str, list[tuple[str, str]]]:
    """An answer without what differs each time."""
    policy = answer.headers.pop("Content-Security-Policy")
    nonce = policy.split("'nonce-")[1].split("'")[0]
    answer.headers.pop("X-Request-ID")
    return without_way_back(answer.text.replace(nonce, "")), sorted(answer.headers.items())


GRANTED = text(
    "SELECT table_name, array_agg(column_name::text) FROM information_schema.columns"
    " WHERE table_schema = 'public' AND table_name <> ALL (:public)"
    " AND has_column_privilege(quote_ident(table_name), column_name, 'SELECT') GROUP BY table_name"
)


@pytest.mark.parametrize("name", PEOPLE)
def test_the_database_gives_no_more_to_whoever_asks_it(name: str, settings: Settings, planting: Planting) -> None:
    """The web role reads whatever it may of every table and view, with no page between."""
    web = open_web_engine(settings)
    with web.connect() as connection:
        set_viewer(connection, name)
        found: set[tuple[Row, str]] = set()
        for table, columns in connection.execute(GRANTED, {"public": [*PUBLIC, "spatial_ref_sys"]}).all():
            places = [column for column in columns if column.startswith("geom")]
            told = [f'"{column}"' for column in columns if column not in places]
            told += [f"ST_X(ST_PointN(ST_Points({column}), 1)) AS {column}" for column in places if column == "geom"]
            rows = connection.execute(text(f'SELECT {", ".join(told)} FROM "{table}"')).all()
            found |= planting.found_in("\n".join(str(row) for row in rows))
    web.dispose()
    # Whoever handles rows chooses among all sources; which rows a source has, they learn of their own units alone.
    chosen_from = {each for each in found if each[0].table == "source" and CAST[name][0] in FULL_ROLES}
    assert readable(each for each in found - chosen_from if not may_see(name, *each)) == []
    listed = {(row, column) for row, column in planting.words.values() if may_see(name, row, column)}
    assert readable(listed - found) == []


# How many incidents and releases lie in the five places: what a grid of counts may add up to.
COUNTS = {"public": 0, "committee-sk": 2, "coordinator-sk": 4, "analyst-rw": 3, "gis-cd": 6, "admin": 0}


@pytest.mark.parametrize("name", PEOPLE)
def test_counts_count_what_is_theirs(name: str, client_of: ClientOf, tmp_path: Path) -> None:
    client = client_of(name)
    total = 0
    for z, x, y in sorted({tile_of(lon, lat, 6) for lon, lat in PLACES.values()}):
        answer = client.get(f"/tiles/incidents/{z}/{x}/{y}.mvt")
        cells = read(answer.data, tmp_path, z, x, y).get("incidents", [])
        total += sum(int(str(cell["count"])) for cell in cells)
    assert total == COUNTS[name]


# === Logs and errors ==================================================================================================


@pytest.fixture
def quoting(engine: Engine, planting: Planting) -> None:
    """A database whose functions fail, each error quoting rows as errors of constraints do."""
    quoted = " ".join(sorted(planting.words))[:4000]
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE OR REPLACE FUNCTION today() RETURNS date LANGUAGE plpgsql STABLE PARALLEL SAFE AS"
                f" $$ BEGIN RAISE unique_violation USING MESSAGE = 'duplicate {quoted}', DETAIL = '{quoted}'; END $$"
            )
        )


@pytest.mark.usefixtures("quoting")
@pytest.mark.parametrize(
    "path", ["/tiles/deployments/6/37/32.mvt", "/api/v1/layers/provinces/CD-SK", "/tiles/base/5/18/16.mvt"]
)
def test_an_error_of_the_database_quotes_no_row(
    path: str, client_of: ClientOf, planting: Planting, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = client_of("analyst-rw").get(path)
    assert answer.status_code in {500, 503}
    assert readable(told(answer, planting, tmp_path)) == []
    assert readable(planting.found_in(caplog.text)) == []
    # What is left is enough to find the fault by.
    assert "Error" in caplog.text
    assert "geoapp/" in caplog.text


def test_the_log_of_the_database_quotes_no_row(cluster: Cluster, engine: Engine, planting: Planting) -> None:
    """A row that breaks a constraint is quoted in full to whoever wrote it, and to nobody else."""
    row = planting.of("incident", "restricted")[0]
    broken = "UPDATE incident SET level = 9 WHERE incident_id = CAST(:key AS uuid)"
    twice = (
        "INSERT INTO incident (incident_no, source_id, occurred_from, geom)"
        " SELECT incident_no, source_id, occurred_from, geom FROM incident WHERE incident_id = CAST(:key AS uuid)"
    )
    before = cluster.log.stat().st_size
    for statement in (broken, twice):
        with pytest.raises(IntegrityError) as error, engine.begin() as connection:
            connection.execute(text(statement), {"key": row.key})
        assert planting.found_in(str(error.value.orig))
    log = cluster.log.read_bytes()[before:].decode(errors="replace")
    assert "ck_incident_level" in log
    assert "uq_incident_incident_no" in log
    assert readable(planting.found_in(log)) == []
