"""`geoapp redact`: a name that was imported, edited and redacted is nowhere any more; the audit is content."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from browser import GEOAPP
from click.testing import CliRunner
from importing import ask, bring, write_csv
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url

from geoapp.access.sealer import seal_once
from geoapp.access.verifying import verify
from geoapp.access.viewer import set_viewer
from geoapp.cli import cli
from geoapp.database import binaries
from geoapp.database.audit_key import seal_key
from geoapp.database.cluster import Cluster
from geoapp.errors import GeoappError, NotFoundError, RedactionError
from geoapp.ingest.targets import TARGETS
from geoapp.redaction.redact import redact
from geoapp.redaction.remains import blot_out_of_logs, forget_snapshots, write_anew
from geoapp.redaction.subject import REDACTED, find_subject, text_columns
from geoapp.settings import Settings

NAME = "Zoraptera Plantée-Mwamba"
REPORT = f"On Monday {NAME} told the team that men in uniform had taken two bags from the depot."
AT = "SRID=4326;POINT(28.84 -2.50)"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """This test's database, with a home of its own."""
    return replace(settings, home=tmp_path / "home")


@pytest.fixture
def environment(environment: dict[str, str], settings: Settings) -> dict[str, str]:
    """The environment of commands, with the same home."""
    return {**environment, "GEOAPP_HOME": str(settings.home)}


def command(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """`geoapp redact ...`."""
    return subprocess.run(
        [GEOAPP, "redact", *arguments], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def told(environment: dict[str, str], *arguments: str, said: str = "") -> tuple[int, str]:
    """The same in this process: the exit code, and what it says."""
    done = CliRunner().invoke(cli, ["redact", *arguments], env=environment, input=said)
    reason = f"{done.exception}\n" if isinstance(done.exception, GeoappError) else ""
    assert reason or done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output + reason


def dumped(settings: Settings) -> str:
    """All of the database as pg_dump writes it."""
    url = make_url(settings.database_url or "")
    done = subprocess.run(
        [
            binaries.find().program("pg_dump"),
            f"--host={url.query['host']}",
            f"--username={url.username}",
            str(url.database),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def files_with(folder: Path, words: str) -> list[str]:
    """The files below a folder that hold the words, but for those of the write-ahead log."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "pg_wal" not in path.parts and words.encode() in path.read_bytes():
            found.append(str(path.relative_to(folder)))
    return found


def plant(engine: Engine, folder: Path) -> str:
    """Import the name, with findings that quote it, edit its row, and release it; the row's id."""
    long = " ".join(f"{word} {REPORT}" for word in range(40))
    path = write_csv(
        folder / "i.csv",
        "incident_no,occurred_from,level,place_text,summary_en,summary_fr,longitude,latitude",
        f'N1,2024-03-01,2,"{NAME}","{REPORT}","{long}",28.84,-2.50',
        f'N2,2024-03-01,"{NAME}",,,,28.84,-2.51',
        f'N3,2024-03-01,"{REPORT[:40]}",,,,28.84,-2.52',
    )
    report = bring(engine, path, "incidents")
    assert NAME in str(report["issues"])
    with engine.begin() as connection:
        set_viewer(connection, "coordinator-sk")
        connection.execute(text("UPDATE incident SET status = 'open', summary_en = summary_en || ' Later.'"))
        connection.execute(text("UPDATE incident SET summary_en = :said WHERE incident_no = 'N1'"), {"said": REPORT})
        connection.execute(
            text(
                "INSERT INTO incident_release (incident_id, released_on, released_by, status, shown_date,"
                " shown_date_precision, location_precision, summary_fr, summary_en) SELECT incident_id, now(), 'x',"
                " 'open', now(), 3, 5, 'Rien.', 'Told: ' || summary_en FROM incident WHERE incident_no = 'N1'"
            )
        )
        return str(connection.scalar(text("SELECT incident_id FROM incident WHERE incident_no = 'N1'")))


@pytest.fixture
def planted(engine: Engine, tmp_path: Path) -> str:
    """The id of a row with the name."""
    return plant(engine, tmp_path)


def test_a_planted_name_is_nowhere(
    engine: Engine, cluster: Cluster, settings: Settings, environment: dict[str, str], tmp_path: Path
) -> None:
    incident = plant(engine, tmp_path)
    (tmp_path / "i.csv").unlink()
    (settings.home / "postgres.log").write_text(f"ERROR: near {NAME}\nLOG: ok {REPORT}\n")
    seal_once(engine, settings)
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("CHECKPOINT"))
    assert NAME in dumped(settings)
    assert files_with(cluster.data, NAME) != []

    for key, column in ((incident, "summary_en"), ("N1", "summary_fr"), ("N1", "place_text")):
        done = command(environment, "incidents", key, column, "--yes")
        assert done.returncode == 0, done.stderr
        assert NAME not in done.stdout + done.stderr

    assert NAME not in dumped(settings)
    assert files_with(cluster.data, NAME) == []
    assert files_with(settings.home, NAME) == []
    assert ask(engine, "SELECT place_text, summary_en, summary_fr FROM incident WHERE incident_no = 'N1'") == [
        (REDACTED, REDACTED, REDACTED)
    ]
    assert ask(engine, "SELECT summary_fr, summary_en FROM incident_release") == [("Rien.", REDACTED)]
    assert ask(engine, "SELECT count(*) FROM import_issue WHERE value = :mark", mark=REDACTED) == [(2,)]
    seal_once(engine, settings)
    with engine.connect() as connection:
        state = verify(connection, seal_key(settings))
        assert (state.content, state.seals) == (True, 2)
    recorded = ask(engine, "SELECT object, after FROM audit_event WHERE what = 'redact' ORDER BY 1")
    assert recorded[0][0] == f"incident/{incident}"
    assert [after["column"] for _, after in recorded] == ["summary_en", "summary_fr", "place_text"]


def test_the_row_shows_it(engine: Engine, planted: str) -> None:
    with engine.begin() as connection:
        redact(connection, find_subject(connection, "incidents", planted, "incident_no"))
        redact(connection, find_subject(connection, "incidents", planted, "summary_en"))
    row = ask(engine, "SELECT incident_no, summary_en, level FROM incident WHERE incident_id = :id", id=planted)
    assert row == [(None, REDACTED, 2)]


def test_a_short_text_is_no_part_of_others(engine: Engine, planted: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE incident SET place_text = 'men' WHERE incident_no = 'N1'"))
        connection.execute(text("UPDATE incident_release SET summary_fr = 'men'"))
        done = redact(connection, find_subject(connection, "incidents", planted, "place_text"))
    assert "import_issue.value" not in done.places
    assert ask(engine, "SELECT summary_en FROM incident")[0][0] is not None


def test_where_it_still_stands_is_said(engine: Engine, environment: dict[str, str], planted: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO mine_site (site_id, name, operator_name, geom) VALUES ('S1', 'n', :name, :at)"),
            {"name": f"{NAME} & Co", "at": AT},
        )
    code, said = told(environment, "incidents", planted, "place_text", "--yes")
    assert code == 0
    assert "Still in mine_site.operator_name, 1 row:" in said
    assert "Still in incident.summary_fr, 1 row:" in said


def test_a_key_made_of_the_text_does_not_confirm_it(connection: Connection) -> None:
    connection.execute(
        text("INSERT INTO incident (occurred_from, place_text, content_key) VALUES ('2024-01-01', :name, 'a hash')"),
        {"name": NAME},
    )
    row = connection.scalar(text("SELECT incident_id FROM incident"))
    redact(connection, find_subject(connection, "incidents", str(row), "place_text"))
    assert connection.scalar(text("SELECT length(content_key) FROM incident")) == 64


def test_it_asks_first(engine: Engine, environment: dict[str, str], planted: str) -> None:
    code, said = told(environment, "incidents", planted, "place_text", said="n\n")
    assert code == 1
    assert f"a text of {len(NAME)} characters" in said
    assert NAME not in said
    assert ask(engine, "SELECT place_text FROM incident WHERE incident_id = :id", id=planted) == [(NAME,)]
    assert told(environment, "incidents", planted, "place_text", said="y\n")[0] == 0
    assert ask(engine, "SELECT place_text FROM incident WHERE incident_id = :id", id=planted) == [(REDACTED,)]


@pytest.mark.parametrize(
    "expected",
    [
        ("gis-cd", 0, "Redacted: incident.place_text"),
        ("coordinator-sk", 0, "Redacted: incident.place_text"),
        ("analyst", 1, "may not change it"),
        ("gis-rw", 1, "There is no such row, or it is not for you."),
        ("nobody", 1, "There is no user nobody"),
    ],
)
def test_with_the_rights_of_a_person(
    engine: Engine, environment: dict[str, str], planted: str, expected: tuple[str, int, str]
) -> None:
    person, code, said = expected
    found, answer = told(environment, "incidents", planted, "place_text", "--yes", "--user", person)
    assert (found, said in answer) == (code, True), answer
    assert ask(engine, "SELECT user_name FROM audit_event WHERE what = 'redact'") == ([(person,)] if code == 0 else [])


def test_a_key_of_several_rows(engine: Engine, planted: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO source (source_id, name) VALUES ('other', 'o');"
                "INSERT INTO incident (incident_no, occurred_from, source_id) VALUES ('N1', '2024-01-01', 'other')"
            )
        )
        with pytest.raises(RedactionError, match=f"Give the id of one: .*{planted}"):
            find_subject(connection, "incidents", "N1", "summary_en")


@pytest.mark.parametrize(
    "expected",
    [
        ("incidents", "N9", "summary_en", NotFoundError, "There is no such row"),
        ("incidents", "a\0b", "summary_en", NotFoundError, "no key of incidents"),
        ("incidents", "N1", "level", RedactionError, "incident_no, place_text, summary_fr, summary_en"),
        ("incidents", "N1", "source_id", RedactionError, "is no column"),
        ("visits", "S1", "site_id", RedactionError, "is no column"),
        ("visits", "S1", "notes", NotFoundError, "Give SITE_ID/VISITED_ON, or the id of the row"),
        ("boundaries", "CD-SK/no day", "name_en", NotFoundError, "There is no such row"),
    ],
)
def test_what_there_is_not(connection: Connection, expected: tuple[str, str, str, type[Exception], str]) -> None:
    table, key, column, error, said = expected
    with pytest.raises(error, match=said):
        find_subject(connection, table, key, column)


def test_a_key_of_two_parts(connection: Connection) -> None:
    day = connection.scalar(text("SELECT valid_from FROM admin_unit WHERE unit_code = 'CD-SK'"))
    assert find_subject(connection, "boundaries", f"CD-SK/{day}", "name_fr").texts == ("Sud-Kivu",)


def test_every_name_of_several(connection: Connection) -> None:
    connection.execute(
        text(
            "INSERT INTO mine_site (site_id, name, name_alt, geom) VALUES ('S1', 'n', :names, :at),"
            " ('S2', :other, '{}', :at)"
        ),
        {"names": [NAME, "Second name"], "other": "At Second name", "at": AT},
    )
    done = redact(connection, find_subject(connection, "mine_sites", "S1", "name_alt"))
    assert connection.scalar(text("SELECT name_alt FROM mine_site WHERE site_id = 'S1'")) == [REDACTED]
    assert done.left == {"mine_site.name": 1}
    again = redact(connection, find_subject(connection, "mine_sites", "S1", "name_alt"))
    assert (again.places, again.left) == ({}, {})


@pytest.mark.parametrize("name", list(TARGETS))
def test_every_column_of_words_can_be_redacted(name: str) -> None:
    columns = text_columns(TARGETS[name])
    assert "units" not in columns
    assert {"site_id", "route_id"} & set(columns) == set()


def test_an_open_transaction_keeps_old_rows(engine: Engine, planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geoapp.redaction.remains.WAIT_SECONDS", 0.5)
    with engine.connect() as reader:
        reader.execution_options(isolation_level="REPEATABLE READ")
        reader.execute(text("SELECT 1 FROM setting"))
        with engine.begin() as connection:
            done = redact(connection, find_subject(connection, "incidents", planted, "place_text"))
        with pytest.raises(RedactionError, match="still holds on to the old ones"):
            write_anew(engine, done.tables, done.transaction)
    assert write_anew(engine, done.tables, done.transaction) == []


def test_logs_keep_their_length(settings: Settings) -> None:
    settings.home.mkdir()
    log = settings.home / "postgres.log"
    log.write_text(f"one {NAME} two\n{NAME}\n")
    before = log.stat().st_size
    assert blot_out_of_logs(settings, [f"{NAME}\nand more"]) == 2
    assert log.stat().st_size == before
    assert log.read_text().startswith("one xxx")
    assert blot_out_of_logs(settings, [f"{NAME}\nand more"]) == 0


def test_snapshots_of_server_processes_are_forgotten(settings: Settings, tmp_path: Path) -> None:
    home = tmp_path / "home"
    file = home / "snapshots" / "database" / "rights.columns"
    file.parent.mkdir(parents=True)
    file.write_bytes(NAME.encode())
    forget_snapshots(replace(settings, home=home))
    assert not file.exists()
    assert file.parent.exists()
