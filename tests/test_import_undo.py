"""Undoing a batch: nothing of it is left, and everything of the others is, also where they touched the same rows."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from browser import GEOAPP
from importing import ask, bring, write_csv
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import ProgrammingError

from geoapp.access.acting import acting_engine
from geoapp.access.viewer import set_viewer
from geoapp.database.engine import open_web_engine
from geoapp.desk.history import history_of
from geoapp.desk.undo import Undone, undo_batch
from geoapp.errors import ImportRefusedError, NotFoundError
from geoapp.settings import Settings
from layers.tables import Base, Facility, MineSite

Row = dict[str, str | None]
FACTS = "SELECT facility_id, kind, name, operator, round(ST_X(geom)::numeric, 4)::text, import_batch_id FROM facility"


def undo(engine: Engine, batch: str) -> Undone:
    """Undo a batch."""
    with engine.begin() as connection:
        return undo_batch(connection, UUID(batch))


def sites(folder: Path, name: str, *lines: str, head: str = "site_id,name,workers_est,lon,lat") -> Path:
    """A table of sites."""
    return write_csv(folder / f"{name}.csv", head, *lines)


def test_what_it_added_is_gone_and_what_it_changed_is_as_before(engine: Engine, tmp_path: Path) -> None:
    first = bring(engine, sites(tmp_path, "a", "S1,One,10,28.84,-2.50", "S2,Two,20,28.85,-2.51"), "mine_sites")
    before = ask(engine, "SELECT * FROM mine_site ORDER BY site_id")
    second = bring(
        engine,
        sites(tmp_path, "b", "S1,Uno,11,28.86,-2.52", "S2,Two,20,28.85,-2.51", "S3,Three,30,28.87,-2.53"),
        "mine_sites",
    )
    done = undo(engine, second["batch"])
    assert (done.removed, done.restored, done.stays) == (1, 1, [])
    assert ask(engine, "SELECT * FROM mine_site ORDER BY site_id") == before
    assert ask(engine, "SELECT undone_at IS NOT NULL, undone_by FROM import_batch ORDER BY imported_at")[0] == (
        False,
        None,
    )
    done = undo(engine, first["batch"])
    assert (done.removed, done.restored, done.stays) == (2, 0, [])
    assert ask(engine, "SELECT * FROM mine_site") == []


def test_it_cannot_be_undone_twice(engine: Engine, tmp_path: Path) -> None:
    batch = bring(engine, sites(tmp_path, "a", "S1,One,10,28.84,-2.50"), "mine_sites")["batch"]
    undo(engine, batch)
    with pytest.raises(ImportRefusedError, match="undone already"):
        undo(engine, batch)
    with pytest.raises(NotFoundError):
        undo(engine, "00000000-0000-4000-8000-000000000000")


def test_what_others_changed_since_stays_and_is_listed(engine: Engine, tmp_path: Path) -> None:
    batch = bring(engine, sites(tmp_path, "a", "S1,One,10,28.84,-2.50", "S2,Two,20,28.85,-2.51"), "mine_sites")["batch"]
    with engine.begin() as connection:
        connection.execute(text("UPDATE mine_site SET territory = 'Kalehe' WHERE site_id = 'S1'"))
    done = undo(engine, batch)
    assert done.removed == 1
    assert [(each.key, each.name, each.why, each.columns) for each in done.stays] == [
        ("S1", "One", "needed", ("name", "geom"))
    ]
    assert ask(engine, "SELECT site_id, territory, workers_est, import_batch_id FROM mine_site") == [
        ("S1", "Kalehe", None, None)
    ]


def test_a_row_that_others_hang_on_stays_without_what_it_can_be_without(engine: Engine, tmp_path: Path) -> None:
    batch = bring(engine, sites(tmp_path, "a", "S1,One,10,28.84,-2.50"), "mine_sites")["batch"]
    bring(engine, write_csv(tmp_path / "v.csv", "site_id,visited_on", "S1,2024-03-01"), "visits")
    done = undo(engine, batch)
    assert [(each.key, each.why) for each in done.stays] == [("S1", "needed")]
    assert ask(engine, "SELECT name, workers_est FROM mine_site") == [("One", None)]
    assert ask(engine, "SELECT count(*) FROM site_visit") == [(1,)]


def test_what_a_file_brought_unchanged_is_its_own_too(engine: Engine, tmp_path: Path) -> None:
    """Two files say the same of a site: without the first it is still there, by the second."""
    lines = ("S1,One,10,28.84,-2.50",)
    first = bring(engine, sites(tmp_path, "a", *lines), "mine_sites")["batch"]
    second = bring(engine, sites(tmp_path, "b", *lines), "mine_sites")["batch"]
    assert undo(engine, first).removed == 0
    assert ask(engine, "SELECT site_id, name, workers_est, import_batch_id::text FROM mine_site") == [
        ("S1", "One", 10, second)
    ]
    assert undo(engine, second).removed == 1
    assert ask(engine, "SELECT count(*) FROM mine_site") == [(0,)]


def test_a_value_that_lost_against_the_batch_comes_back(engine: Engine, tmp_path: Path) -> None:
    head = "site_id,name,workers_est,lon,lat,position_method"
    bring(engine, sites(tmp_path, "a", "S1,One,10,28.84,-2.50,map", head=head), "mine_sites", source="A")
    gps = bring(engine, sites(tmp_path, "b", "S1,One,10,28.86,-2.52,gps", head=head), "mine_sites", source="B")
    lost = bring(engine, sites(tmp_path, "c", "S1,One,10,28.90,-2.55,map", head=head), "mine_sites", source="C")
    assert "other_source_wins" in {issue["rule"] for issue in lost["issues"]}
    undo(engine, gps["batch"])
    assert ask(engine, "SELECT ST_AsText(geom), position_method, source_id FROM mine_site") != []
    assert ask(engine, "SELECT position_method FROM mine_site") == [("map",)]
    assert ask(engine, "SELECT ST_X(geom) IN (28.84, 28.90) FROM mine_site") == [(True,)]
    assert ask(engine, "SELECT source FROM site_alias ORDER BY source") == [("A",), ("C",)]


# === The property =====================================================================================================


class Model:
    """What the table should hold, told by a person who knows nothing of how it is done."""

    def __init__(self, rng: random.Random, prefix: str):
        self.rng = rng
        self.keys = [f"{prefix}{number}" for number in range(5)]
        self.events: list[tuple[str, dict[str, Row]]] = []

    def batch(self) -> dict[str, Row]:
        """Some rows, with or without a column."""
        with_operator = self.rng.random() < 0.7
        rows: dict[str, Row] = {}
        for key in self.rng.sample(self.keys, self.rng.randint(1, len(self.keys))):
            rows[key] = {
                "kind": self.rng.choice(["depot", "police_post"]),
                "name": self.rng.choice("XYZ"),
                "x": f"28.{self.rng.randint(8000, 8004)}",
            }
            if with_operator:
                rows[key]["operator"] = self.rng.choice(["P", "Q", None])
        return rows

    def without(self, left_out: set[int]) -> dict[str, Row]:
        """The table had these events never been."""
        table: dict[str, Row] = {}
        for number, (kind, rows) in enumerate(self.events):
            if number in left_out:
                continue
            for key, row in rows.items():
                if kind == "edit" and key not in table:
                    # What a person wrote stays, on whatever a row cannot be without.
                    table[key] = {"kind": "?", "name": "?", "x": "?", "operator": None}
                table[key] = {"operator": None, **table.get(key, {}), **row}
        return table


def as_file(folder: Path, number: int, rows: dict[str, Row]) -> Path:
    """A batch as a file."""
    columns = ["kind", "name", *(["operator"] if "operator" in next(iter(rows.values())) else [])]
    lines = [
        ",".join([key, *(row[name] or "" for name in columns), str(row["x"]), "-2.5"]) for key, row in rows.items()
    ]
    return write_csv(folder / f"{number}.csv", ",".join(["facility_id", *columns, "lon", "lat"]), *lines)


def held(engine: Engine, prefix: str) -> dict[str, Row]:
    """The same rows as they are in the database."""
    found = ask(engine, f"{FACTS} WHERE facility_id LIKE :prefix", prefix=f"{prefix}%")
    return {row[0]: {"kind": row[1], "name": row[2], "operator": row[3], "x": row[4]} for row in found}


def agrees(found: dict[str, Row], wanted: dict[str, Row]) -> bool:
    """Whether they are the same but for what no row can be without."""
    return found.keys() == wanted.keys() and all(
        value in {"?", found[key][name]} for key, row in wanted.items() for name, value in row.items()
    )


@pytest.mark.parametrize("seed", range(12))
def test_nothing_of_a_batch_is_left_and_everything_of_the_others_is(engine: Engine, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    model, batches = Model(rng, "F"), {}
    for number in range(rng.randint(4, 6)):
        if rng.random() < 0.25 and held(engine, "F"):
            key, value = rng.choice(sorted(held(engine, "F"))), rng.choice("RS")
            with engine.begin() as connection:
                values = {"key": key, "value": value}
                done = connection.execute(
                    text(
                        "UPDATE facility SET operator = :value"
                        " WHERE facility_id = :key AND operator IS DISTINCT FROM :value"
                    ),
                    values,
                )
            model.events.append(("edit", {key: {"operator": value}} if done.rowcount else {}))
            continue
        rows = model.batch()
        batches[number] = bring(engine, as_file(tmp_path, number, rows), "facilities")["batch"]
        model.events.append(("batch", rows))
        assert agrees(held(engine, "F"), model.without(set()))
    left_out: set[int] = set()
    for number in rng.sample(sorted(batches), min(3, len(batches))):
        undo(engine, batches[number])
        left_out.add(number)
        assert agrees(held(engine, "F"), model.without(left_out)), (left_out, model.events)
        named = {str(row[0]) for row in ask(engine, "SELECT DISTINCT import_batch_id FROM facility") if row[0]}
        assert not named & {batches[each] for each in left_out}


# === Whose it is ======================================================================================================


@pytest.fixture
def officers(settings: Settings) -> Iterator[dict[str, Engine]]:
    """Engines with the rights of two GIS officers."""
    with acting_engine(settings, "gis-cd") as congo, acting_engine(settings, "gis-rw") as rwanda:
        yield {"gis-cd": congo, "gis-rw": rwanda}


def test_an_officer_undoes_their_own_alone(officers: dict[str, Engine], engine: Engine, tmp_path: Path) -> None:
    batch = bring(officers["gis-cd"], sites(tmp_path, "a", "S1,One,10,28.84,-2.50"), "mine_sites")["batch"]
    with pytest.raises(NotFoundError):
        undo(officers["gis-rw"], batch)
    assert undo(officers["gis-cd"], batch).removed == 1
    assert ask(engine, "SELECT what, user_name FROM audit_event WHERE what = 'undo'") == [("undo", "gis-cd")]


def test_a_row_that_went_to_another_country_stays(officers: dict[str, Engine], engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "f.csv", "facility_id,kind,name,lon,lat", "F1,depot,D,28.84,-2.50")
    batch = bring(officers["gis-cd"], path, "facilities")["batch"]
    with engine.begin() as connection:
        connection.execute(text("UPDATE facility SET geom = 'SRID=4326;POINT(30.06 -1.94)'"))
    done = undo(officers["gis-cd"], batch)
    assert (done.removed, done.restored) == (0, 0)
    assert ask(engine, "SELECT name, country FROM facility") == [("D", "RW")]


@pytest.mark.parametrize("name", ["gis-rw", "coordinator-sk", "analyst", "admin", "public"])
def test_history_is_for_gis_officers_of_the_row(settings: Settings, engine: Engine, name: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO mine_site (site_id, name, geom) VALUES ('S1', 'One', 'SRID=4326;POINT(28.84 -2.5)')")
        )
        connection.execute(text("UPDATE mine_site SET name = 'Two'"))
    web = open_web_engine(settings)
    with web.connect() as connection:
        set_viewer(connection, "gis-cd")
        assert connection.scalar(text("SELECT count(*) FROM row_change")) == 1
        set_viewer(connection, name)
        assert connection.scalar(text("SELECT count(*) FROM row_change")) == 0
    web.dispose()


def test_history_of_a_sealed_row_is_its_handlers(settings: Settings, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO incident (incident_no, occurred_from, summary_en, geom)"
                " VALUES ('N', '2024-01-01', 'told', 'SRID=4326;POINT(28.84 -2.5)')"
            )
        )
        connection.execute(text("UPDATE incident SET summary_en = 'told again'"))
        connection.execute(text("UPDATE incident SET sealed = true, handlers = '{coordinator-sk}'"))
    web = open_web_engine(settings)
    with web.connect() as connection:
        set_viewer(connection, "gis-cd")
        assert connection.scalar(text("SELECT count(*) FROM row_change")) == 0
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM incident"))
    with web.connect() as connection:
        set_viewer(connection, "gis-cd")
        assert connection.scalar(text("SELECT count(*) FROM row_change")) == 0
        with pytest.raises(ProgrammingError, match="permission denied"), connection.begin_nested():
            connection.execute(text("DELETE FROM row_change"))
    web.dispose()


def test_every_given_column_is_in_the_log(connection: Connection) -> None:
    """A column that a later migration adds has to be in the triggers too."""
    for table in {
        MineSite.__table__,
        Facility.__table__,
        *(Base.metadata.tables[each] for each in ("incident", "route", "training")),
    }:
        logged = connection.scalars(
            text(
                "SELECT attname FROM pg_trigger CROSS JOIN LATERAL unnest(tgattr) AS each (number)"
                " JOIN pg_attribute ON attrelid = tgrelid AND attnum = number"
                " WHERE tgname = 'kept_change' AND tgrelid = CAST(:name AS regclass)"
            ),
            {"name": table.name},
        ).all()
        derived = {"units", "country", "geom_3857", "length_km", "near_magazine", "participants", "women"}
        derived |= {"created_at", "created_by"}
        assert {column.name for column in table.columns} - derived == set(logged), table.name


# === What a row went through ==========================================================================================


def test_the_history_of_a_row(engine: Engine, tmp_path: Path) -> None:
    first = bring(engine, sites(tmp_path, "a", "S0,Zero,1,28.80,-2.5", "S1,One,10,28.84,-2.50"), "mine_sites")
    second = bring(engine, sites(tmp_path, "b", "S1,Uno,10,28.84,-2.50"), "mine_sites")
    with engine.begin() as connection:
        set_viewer(connection, "gis-cd")
        connection.execute(text("UPDATE mine_site SET workers_est = 12 WHERE site_id = 'S1'"))
    undo(engine, second["batch"])
    with engine.connect() as connection:
        events = history_of(connection, MineSite.__table__, "S1")
    told: list[Any] = [
        (each.deed, each.undoing, str(each.batch) if each.batch else None, each.row, each.changes) for each in events
    ]
    assert told == [
        ("update", True, second["batch"], 1, {"name": ("Uno", "One")}),
        ("update", False, None, None, {"workers_est": (10, 12)}),
        ("update", False, second["batch"], 1, {"name": ("One", "Uno")}),
        ("insert", False, first["batch"], 2, {}),
    ]
    assert [each.who for each in events][1] == "gis-cd"
    assert (events[3].file, events[3].sha256) == ("a.csv", first["sha256"])


def command(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """`geoapp imports ...`."""
    return subprocess.run(
        [GEOAPP, "imports", *arguments], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_commands(engine: Engine, environment: dict[str, str], tmp_path: Path) -> None:
    batch = bring(engine, sites(tmp_path, "a", "S1,One,10,28.84,-2.50"), "mine_sites")["batch"]
    listed = command(environment, "list")
    assert batch in listed.stdout and "a.csv" in listed.stdout
    assert command(environment, "list", "--user", "gis-cd").stdout == "Nothing was imported yet.\n"
    shown = json.loads(command(environment, "show", batch, "--json").stdout)
    assert (shown["file_name"], shown["rows_inserted"], shown["undone_at"]) == ("a.csv", 1, None)
    told = json.loads(command(environment, "history", "mine_sites", "S1", "--json").stdout)
    assert told[0]["events"][0]["row"] == 1
    tried = command(environment, "undo", batch, "--dry-run")
    assert "1 removed" in tried.stdout, tried.stderr
    assert ask(engine, "SELECT count(*) FROM mine_site") == [(1,)]
    assert "1 removed" in command(environment, "undo", batch, "--yes").stdout
    again = command(environment, "undo", batch, "--yes")
    assert again.returncode == 1
    assert "undone already" in again.stderr
