"""The snapshot says what SQL says, to each viewer, at each moment: after any commit, in every process."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import re
import signal
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest
from cast import CAST
from conftest import a_database
from hypothesis import strategies as st
from snapshotting import Worker, add_incidents, told_by_snapshot, told_by_sql, transaction
from sqlalchemy import Engine, text

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.settings import Settings
from geoapp.snapshot import file, store
from geoapp.snapshot.changes import changes_since
from geoapp.snapshot.snapshot import TABLES
from layers.filter import Filter

ALL = Filter()
EVERYBODY = ("public", *CAST)


@pytest.fixture
def filled(engine: Engine) -> Engine:
    """A database with incidents of every kind."""
    add_incidents(engine)
    return engine


@pytest.fixture
def worker(settings: Settings, tmp_path: Path) -> Iterator[Worker]:
    """One process's part."""
    made = Worker(settings, tmp_path / "snapshots")
    yield made
    made.web.dispose()


@pytest.fixture
def other(settings: Settings, tmp_path: Path) -> Iterator[Worker]:
    """Another one's on the same machine."""
    made = Worker(settings, tmp_path / "snapshots")
    yield made
    made.web.dispose()


def same_as_sql(worker: Worker, name: str) -> int:
    """Fail where the snapshot tells somebody something else than SQL; how many rows both tell."""
    with transaction(worker.web, name, worker.watch) as (connection, _):
        wanted = told_by_sql(connection, ALL)
    assert told_by_snapshot(worker.read(name), ALL) == wanted
    return len(wanted)


def change(engine: Engine, statement: str) -> None:
    """Commit one statement."""
    with engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.usefixtures("filled")
def test_everybody_gets_what_sql_gives_them(worker: Worker, other: Worker) -> None:
    told = {name: same_as_sql(worker, name) for name in EVERYBODY}
    assert told["public"] == told["admin"] == 0
    assert 0 < told["committee-sk"] < told["coordinator-sk"] < told["analyst"]
    # The other process takes the files.
    assert {name: same_as_sql(other, name) for name in EVERYBODY} == told


@pytest.mark.usefixtures("filled")
def test_it_is_read_once_for_all_who_may_see_the_same(
    worker: Worker, other: Worker, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    real = store.read_rows
    monkeypatch.setattr(store, "read_rows", lambda *given: read.append(given) or real(*given))
    change(engine, "INSERT INTO app_user (user_name) VALUES ('analyst-2')")
    change(
        engine,
        "INSERT INTO user_scope (user_name, role, unit_code) SELECT 'analyst-2', role, unit_code"
        " FROM user_scope WHERE user_name = 'analyst'",
    )
    change(engine, "INSERT INTO web_session SELECT encode(sha256('analyst-2'), 'hex'), 'analyst-2', now(), 'tomorrow'")
    for each in (worker, other):
        for _ in range(2):
            each.read("analyst")
            each.read("analyst-2")
    assert len(read) == 1


COMMITS = (
    "INSERT INTO incident (occurred_from, level, geom) VALUES ('2024-01-01', 1, 'SRID=4326;POINT(28.9 -2.5)')",
    "UPDATE incident SET level = 3, category = 'smuggling', killed = 9 WHERE incident_no IN ('N-10', 'N-11')",
    "UPDATE incident SET geom = 'SRID=4326;POINT(30.06 -1.94)' WHERE incident_no = 'N-10'",
    "UPDATE incident SET geom = NULL WHERE incident_no = 'N-10'",
    "UPDATE incident SET sealed = true, handlers = '{coordinator-sk}' WHERE incident_no IN ('N-11', 'N-99')",
    "UPDATE incident SET sealed = false WHERE incident_no IN ('N-13', 'N-26')",
    "UPDATE incident SET incident_id = gen_random_uuid() WHERE incident_no = 'N-12'",
    "DELETE FROM incident WHERE incident_no IN ('N-11', 'N-13', 'N-26')",
    "UPDATE incident_release SET level = 2, category = NULL",
    "DELETE FROM incident_release WHERE level = 2",
    "INSERT INTO incident (occurred_from, geom) SELECT '2024-01-01', 'SRID=4326;POINT(28.9 -2.5)'"
    " FROM generate_series(1, 1100)",
    "TRUNCATE incident CASCADE",
)


def test_the_next_reader_sees_every_commit(filled: Engine, worker: Worker, other: Worker) -> None:
    people = ("committee-sk", "coordinator-sk", "analyst")
    for statement in COMMITS:
        before = {name: told_by_snapshot(worker.read(name), ALL) for name in people}
        change(filled, statement)
        for name in people:
            for each in (worker, other):
                same_as_sql(each, name)
        assert {name: told_by_snapshot(worker.read(name), ALL) for name in people} != before, statement


def test_many_small_changes_are_folded_in(
    filled: Engine, worker: Worker, other: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "MOST_CHANGES", 30)
    same_as_sql(other, "analyst")
    for number in range(10, 30):
        change(filled, f"UPDATE incident SET level = 1, killed = {number} WHERE incident_no LIKE 'N-{number}%'")
        same_as_sql(worker, "analyst")
        snapshot = worker.read("analyst")
        assert len(snapshot.removed) + len(snapshot.added or ()) <= 30
    same_as_sql(other, "analyst")


def test_commits_out_of_order_are_not_missed(filled: Engine, worker: Worker) -> None:
    """The first transaction to start is the last to commit; a number or a time of its entry would be passed by then."""
    with filled.connect() as early:
        early.execute(text("UPDATE incident SET level = 1 WHERE incident_no = 'N-10'"))
        change(filled, "UPDATE incident SET level = 2 WHERE incident_no = 'N-11'")
        first = worker.read("analyst")
        early.commit()
    assert worker.read("analyst").seen != first.seen
    same_as_sql(worker, "analyst")


def test_what_is_rolled_back_was_never_there(filled: Engine, worker: Worker) -> None:
    first = worker.read("analyst")
    with filled.connect() as connection:
        connection.execute(text("DELETE FROM incident"))
    assert worker.read("analyst") is first


def test_a_reader_who_began_before_another_commit_does_not_set_it_back(filled: Engine, worker: Worker) -> None:
    with transaction(worker.web, "analyst", worker.watch) as (connection, reading):
        change(filled, "UPDATE incident SET level = 3 WHERE incident_no = 'N-10'")
        newer = worker.read("analyst")
        kept = worker.store.read(connection, reading)
    assert kept is newer
    same_as_sql(worker, "analyst")


def test_pruned_entries_are_read_as_a_change_of_everything(filled: Engine, worker: Worker, other: Worker) -> None:
    worker.read("analyst")
    with filled.connect() as early:
        early.execute(text("UPDATE incident SET level = 1 WHERE incident_no = 'N-10'"))
        change(filled, "UPDATE incident SET level = 2 WHERE incident_no = 'N-11'")
        other.read("analyst")
        early.commit()
    change(filled, "SELECT prune_changes('0 seconds')")
    with filled.connect() as connection:
        left = connection.execute(
            text("SELECT pruned, count(*) FROM change_log WHERE table_name = 'incident' GROUP BY 1")
        )
        assert left.all() == [(True, 1)]
    for each in (worker, other):
        same_as_sql(each, "analyst")
    seen = worker.read("analyst").seen
    with worker.web.connect() as connection:
        assert changes_since(connection, seen) == {}


def test_bulk_is_one_entry(filled: Engine) -> None:
    with filled.begin() as connection:
        logged = connection.scalar(text("SELECT count(*) FROM change_log"))
        for _ in range(3):
            connection.execute(
                text("INSERT INTO incident (occurred_from) SELECT '2024-01-01' FROM generate_series(1, 1001)")
            )
        assert connection.scalar(text("SELECT count(*) FROM change_log")) == logged + 1


def test_a_right_taken_away_takes_the_file_along(filled: Engine, worker: Worker, tmp_path: Path) -> None:
    def files() -> int:
        return len([*(tmp_path / "snapshots").rglob("*.columns")])

    assert same_as_sql(worker, "analyst-rw") > 0
    worker.read("coordinator-sk")
    assert files() == 2
    change(filled, "DELETE FROM user_scope WHERE user_name = 'analyst-rw'")
    worker.read("public")
    assert files() == 2, "the coordinator's, and the empty one of the public"
    assert same_as_sql(worker, "analyst-rw") == 0
    change(filled, "UPDATE app_user SET disabled_at = now() WHERE user_name = 'coordinator-sk'")
    assert same_as_sql(worker, "coordinator-sk") == 0
    assert files() == 1


def test_a_handler_shares_with_nobody(filled: Engine, worker: Worker) -> None:
    change(filled, "INSERT INTO user_scope (user_name, role, unit_code) VALUES ('gis-rw', 'coordinator', 'CD-SK')")
    change(filled, "DELETE FROM user_scope WHERE user_name = 'gis-rw' AND role = 'gis'")
    handler, colleague = same_as_sql(worker, "coordinator-sk"), same_as_sql(worker, "gis-rw")
    assert handler > colleague > 0


def test_midnight_ends_every_scope(filled: Engine, settings: Settings, tmp_path: Path) -> None:
    days = []
    for zone in ("Pacific/Pago_Pago", "Pacific/Kiritimati"):
        worker = Worker(replace(settings, time_zone=zone), tmp_path)
        with transaction(worker.web, "analyst", worker.watch) as (connection, reading):
            worker.store.read(connection, reading)
            days.append(reading.scope.day)
        worker.web.dispose()
    assert days[0] < days[1]
    assert len([*tmp_path.rglob("*.columns")]) == 2


def _die_while_writing(settings: Settings, home: Path) -> None:
    real = file._encode

    def half(snapshot: object) -> Iterator[bytes]:
        for number, part in enumerate(real(snapshot)):  # type: ignore[arg-type]
            if number == 4:
                os.kill(os.getpid(), signal.SIGKILL)
            yield part

    file._encode = half
    Worker(settings, home).read("analyst")


@pytest.mark.usefixtures("filled")
def test_a_process_that_is_killed_half_way_leaves_nothing(settings: Settings, worker: Worker, tmp_path: Path) -> None:
    home = tmp_path / "snapshots"
    child = multiprocessing.get_context("fork").Process(target=_die_while_writing, args=(settings, home))
    child.start()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    assert [*home.rglob("*.partial")]
    same_as_sql(worker, "analyst")
    assert not [*home.rglob("*.partial")]


@pytest.mark.usefixtures("filled")
def test_files_are_private_bounded_and_never_trusted_when_broken(
    worker: Worker, other: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.read("analyst")
    (kept,) = (tmp_path / "snapshots").rglob("*.columns")
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    whole = kept.read_bytes()
    kept.unlink()
    kept.write_bytes(whole[:2000])
    same_as_sql(other, "analyst")
    monkeypatch.setattr(file, "MOST_FILES", 2)
    for name in ("gis-cd", "analyst-rw", "coordinator-sk"):
        worker.read(name)
    assert len([*kept.parent.glob("*.columns")]) == 2
    same_as_sql(worker, "analyst")


@pytest.mark.usefixtures("filled")
def test_without_a_folder_it_is_kept_in_the_process(settings: Settings) -> None:
    worker = Worker(settings, None)
    same_as_sql(worker, "analyst")
    worker.web.dispose()


@pytest.fixture(scope="module")
def many(cluster: Cluster, template: str) -> Iterator[Settings]:
    """A database with incidents that no test changes."""
    with a_database(cluster, template) as made:
        engine = open_engine(made)
        add_incidents(engine)
        engine.dispose()
        yield made


@pytest.fixture(scope="module")
def asked(many: Settings) -> Iterator[Worker]:
    """A process's part on it."""
    made = Worker(many, None)
    yield made
    made.web.dispose()


DAYS = st.dates(dt.date(2021, 12, 20), dt.date(2026, 3, 1))


def some(codes: Iterable[str]) -> st.SearchStrategy[tuple[str, ...]]:
    """None, one or several codes."""
    return st.lists(st.sampled_from(sorted(codes)), max_size=3, unique=True).map(tuple)


FILTERS = st.builds(
    Filter,
    since=st.none() | DAYS,
    until=st.none() | DAYS,
    level=some(["1", "2", "3", "unknown"]),
    category=some(["violence", "bribery", "smuggling"]),
    status=some(["open", "closed", "rejected"]),
    unit=some(["CD", "RW", "CD-SK", "CD-NK", "XX"]),
    actor_kind=some(["armed_group", "state_army", "unknown", "trader"]),
)


@hypothesis.given(chosen=FILTERS, name=st.sampled_from(["committee-sk", "coordinator-sk", "analyst"]))
@hypothesis.settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_a_filter_chooses_the_rows_that_sql_chooses(asked: Worker, chosen: Filter, name: str) -> None:
    with transaction(asked.web, name, asked.watch) as (connection, reading):
        snapshot = asked.store.read(connection, reading)
        assert told_by_snapshot(snapshot, chosen) == told_by_sql(connection, chosen)


POLICIES = text("SELECT tablename, qual FROM pg_policies WHERE tablename = ANY (:names) AND cmd IN ('SELECT', 'ALL')")


def test_what_is_shared_hangs_on_no_more_than_the_scope_says(filled: Engine) -> None:
    """Who reads which row: by units, and by name where it is sealed. More than that has to be told to start_reading."""
    with filled.connect() as connection:
        found = connection.execute(POLICIES, {"names": list(TABLES)}).all()
    assert {row.tablename for row in found} == set(TABLES)
    for condition in (row.qual for row in found):
        asked = re.sub(r"\(\s*SELECT viewer_units\([^)]*\) AS viewer_units\)(::text\[\])?", "UNITS", condition)
        # It opens no row that its neighbour would not: it only spares comparing them one by one.
        everywhere = r"\(\s*SELECT viewer_sees_everywhere\([^)]*\) AS viewer_sees_everywhere\)"
        asked = re.sub(everywhere, "UNITS", asked)
        # The rights that start_reading says tell the demonstration's people from others.
        asked = re.sub(r"\(\s*SELECT viewer_sees_real\(\) AS viewer_sees_real\)", "REAL", asked)
        asked = re.sub(r"\(NOT sealed\) OR \(viewer\(\) = ANY \(handlers\)\)", "SEALED", asked)
        assert not re.search(r"SELECT|viewer|now|today|current", asked), asked
