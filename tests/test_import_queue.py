"""Files that people bring: looked into, previewed, accepted, written, each by a worker outside the request."""

from __future__ import annotations

import os
import random
import signal
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from uuid import UUID

import geopandas
import pytest
from desk import accept, at_home, count, layers_of, one, ready, upload, work
from importing import ask, bring, write_csv, write_layer
from psycopg.errors import DiskFull
from shapely import LineString, Point
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from geoapp.access.acting import acting_engine
from geoapp.desk import jobs, tasks, uploads
from geoapp.desk.options import Options
from geoapp.desk.undo import undo_batch
from geoapp.desk.uploads import Brought, NoRoomError, keep_files, path_of, remove_old, size_of_kept
from geoapp.desk.worker import Worker
from geoapp.errors import ConflictError, ImportRefusedError, NotFoundError
from geoapp.settings import Settings

SITES = ("S1,One,10,28.84,-2.50", "S2,Two,20,28.85,-2.51", "S3,,30,28.86,-2.52")


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """This test's database, with uploads in a home of its own."""
    return at_home(settings, tmp_path / "home")


def sites(folder: Path, *lines: str, name: str = "sites.csv") -> Path:
    """A table of sites."""
    return write_csv(folder / name, "site_id,name,workers_est,lon,lat", *(lines or SITES))


def two_layers(folder: Path) -> Path:
    """A zip with shapefiles of sites and of routes, in UTM."""
    made = folder / "made"
    points = geopandas.GeoDataFrame(
        {"site_id": ["S1", "S2"], "nom": ["Bisié", "Nyabibwe"]},
        geometry=[Point(28.84, -2.5), Point(28.8, -2.55)],
        crs="EPSG:4326",
    )
    lines = geopandas.GeoDataFrame(
        {"route_id": ["R1"], "name": ["RN2"], "surface": ["laterite"]},
        geometry=[LineString([(28.84, -2.5), (28.8, -2.55)])],
        crs="EPSG:4326",
    )
    write_layer(points.to_crs("EPSG:32735"), made / "sites.shp", encoding="utf-8")
    write_layer(lines.to_crs("EPSG:32735"), made / "axes.shp")
    path = folder / "kivu.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(made.iterdir()):
            archive.write(file, file.name)
    return path


def test_a_file_is_looked_into_previewed_and_written(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    bring(engine, sites(tmp_path, "S1,One,7,28.84,-2.50", "S9,Nine,1,28.9,-2.5", name="before.csv"), "mine_sites")
    job = ready(settings, engine, "gis-cd", sites(tmp_path))
    assert (job.table_name, job.task, job.created_by) == ("mine_sites", "check", "gis-cd")
    shown = job.preview
    assert shown["rows"] == {"read": 3, "inserted": 1, "updated": 1, "unchanged": 0, "rejected": 1}
    assert shown["groups"][0]["severity"] == "error"
    assert shown["groups"][0]["said"][0]["en"].startswith("row 3, name: is empty, but every row needs it")
    assert shown["samples"]["update"][0]["changes"] == [["workers_est", "7", "10"]]
    assert shown["samples"]["insert"][0]["values"]["name"] == "Two"
    assert {shape["action"] for shape in shown["shapes"]} == {"insert", "update"}
    assert count(engine, "mine_site") == 2
    accept(settings, "gis-cd", job)
    assert work(settings) == 1
    done = one(engine, job)
    assert (done.state, done.task) == ("done", "write")
    assert ask(engine, "SELECT site_id, workers_est FROM mine_site ORDER BY site_id") == [
        ("S1", 10),
        ("S2", 20),
        ("S9", 1),
    ]
    assert ask(
        engine,
        "SELECT imported_by, private, units FROM import_batch WHERE import_batch_id = :id",
        id=done.import_batch_id,
    ) == [("gis-cd", False, ["CD"])]


def test_two_layers_of_a_zip_go_to_two_tables(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    upload_id = upload(settings, "gis-cd", two_layers(tmp_path))
    work(settings)
    found = layers_of(engine, upload_id)
    assert sorted((job.layer, job.table_name, job.state) for job in found) == [
        ("axes", "routes", "ready"),
        ("sites", "mine_sites", "ready"),
    ]
    layers = ask(engine, "SELECT layers FROM import_upload")[0][0]
    assert {column["name"] for layer in layers for column in layer["columns"]} >= {"nom", "surface"}
    for job in found:
        accept(settings, "gis-cd", job)
    work(settings)
    assert (count(engine, "mine_site"), count(engine, "route")) == (2, 1)


def test_the_loose_parts_of_a_shapefile_are_one_file(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    two_layers(tmp_path)
    parts = sorted((tmp_path / "made").glob("sites.*"))
    job = ready(settings, engine, "gis-cd", *parts)
    assert ask(engine, "SELECT file_name FROM import_upload") == [("sites.zip",)]
    assert job.preview["crs"]["used"] == "EPSG:32735"


def test_a_mended_mapping_is_previewed_anew_and_remembered(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    def file(name: str, label: str) -> Path:
        return write_csv(tmp_path / name, "site_id,bezeichnung,lon,lat", f"S1,{label},28.84,-2.50")

    upload_id = upload(settings, "gis-cd", file("a.csv", "One"))
    work(settings)
    (job,) = layers_of(engine, upload_id)
    if job.state == "asking":
        assert job.table_name is None
    with acting_engine(settings, "gis-cd") as acting, acting.begin() as connection:
        jobs.change_options(
            connection, job.job_id, job.version, "mine_sites", Options(mapping={"name": ["bezeichnung"]})
        )
    work(settings)
    job = one(engine, job)
    assert job.state == "ready", job.reason_en
    accept(settings, "gis-cd", job)
    work(settings)
    assert ask(engine, "SELECT name FROM mine_site") == [("One",)]
    upload_id = upload(settings, "gis-cd", file("b.csv", "Two"))
    work(settings)
    (job,) = layers_of(engine, upload_id)
    assert (job.state, job.table_name) == ("ready", "mine_sites")
    assert "mapping_remembered" in {group["rule"] for group in job.preview["groups"]}


def test_a_file_that_cannot_be_read_says_why(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "broken.gpkg"
    path.write_bytes(b"no geopackage")
    upload_id = upload(settings, "gis-cd", path)
    work(settings)
    (state, en, fr) = ask(engine, "SELECT state, reason_en, reason_fr FROM import_job")[0]
    assert state == "refused"
    assert "broken" in en and en != fr
    assert layers_of(engine, upload_id) == []


def test_files_of_no_known_kind_are_refused_and_not_kept(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ImportRefusedError, match="of no format"):
        keep_files(settings, [Brought("virus.exe", BytesIO(b"x"))])
    assert size_of_kept(settings) == 0


# === Bad moments ======================================================================================================


def test_the_second_person_who_accepts_is_told(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO app_user (user_name) VALUES ('gis-cd-2')"))
        connection.execute(text("INSERT INTO user_scope (user_name, role, unit_code) VALUES ('gis-cd-2', 'gis', 'CD')"))
    job = ready(settings, engine, "gis-cd", sites(tmp_path))
    accept(settings, "gis-cd-2", job)
    with pytest.raises(ConflictError):
        accept(settings, "gis-cd", job)
    work(settings)
    assert count(engine, "import_batch") == 1
    assert ask(engine, "SELECT imported_by FROM import_batch") == [("gis-cd-2",)]


@pytest.mark.parametrize("name", ["gis-rw", "coordinator-sk", "analyst", "admin", "public"])
def test_nobody_else_sees_it(settings: Settings, engine: Engine, tmp_path: Path, name: str) -> None:
    job = ready(settings, engine, "gis-cd", sites(tmp_path))
    with acting_engine(settings, name) as acting, acting.connect() as connection:
        with pytest.raises(NotFoundError):
            jobs.read_job(connection, job.job_id)
        for table in ("import_upload", "import_job", "import_part", "import_batch"):
            assert connection.scalar(text(f'SELECT count(*) FROM "{table}"')) == 0


def test_what_is_sealed_in_a_file_is_its_bringers_alone(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO app_user (user_name) VALUES ('gis-cd-2')"))
        connection.execute(text("INSERT INTO user_scope (user_name, role, unit_code) VALUES ('gis-cd-2', 'gis', 'CD')"))
    path = write_csv(
        tmp_path / "i.csv", "incident_no,occurred_from,sealed,handlers,lon,lat", "N1,2024-03-01,yes,gis-cd,28.84,-2.5"
    )
    job = ready(settings, engine, "gis-cd", path)
    assert job.private
    with acting_engine(settings, "gis-cd-2") as acting, acting.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM import_job")) == 0
        assert connection.scalar(text("SELECT count(*) FROM import_upload")) == 0
    accept(settings, "gis-cd", job)
    work(settings)
    assert ask(engine, "SELECT private FROM import_batch") == [(True,)]


def test_a_stale_preview_writes_nothing_and_is_made_anew(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    bring(engine, sites(tmp_path, "S1,One,7,28.84,-2.50", name="before.csv"), "mine_sites")
    job = ready(settings, engine, "gis-cd", sites(tmp_path))
    with engine.begin() as connection:
        connection.execute(text("UPDATE mine_site SET workers_est = 8"))
    accept(settings, "gis-cd", job)
    work(settings)
    again = one(engine, job)
    assert (again.state, again.task) == ("ready", "check")
    assert "changed by somebody else" in again.reason_en
    assert again.preview["samples"]["update"][0]["changes"] == [["workers_est", "8", "10"]]
    assert ask(engine, "SELECT workers_est FROM mine_site") == [(8,)]
    accept(settings, "gis-cd", again)
    work(settings)
    assert one(engine, job).state == "done"


def test_whoever_lost_the_right_writes_nothing(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    job = ready(settings, engine, "gis-cd", sites(tmp_path))
    accept(settings, "gis-cd", job)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM user_scope WHERE user_name = 'gis-cd'"))
    work(settings)
    assert one(engine, job).state in {"refused", "failed"}
    assert count(engine, "mine_site") == 0


def many(folder: Path, rows: int) -> Path:
    """A table of so many depots that writing them takes a moment."""
    lines = (f"F{row},depot,Depot {row},{27 + row % 200 / 100},{-3 + row // 200 / 100}" for row in range(rows))
    return write_csv(folder / "many.csv", "facility_id,kind,name,lon,lat", *lines)


def begin(settings: Settings, stale: float = 0.2) -> int:
    """A worker in a process of its own; its id."""
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            Worker(settings, stale_seconds=stale).run()
        finally:
            os._exit(0)
    return child


def kill(process: int) -> None:
    """`kill -9`."""
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def wait_until(asked: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not asked():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_a_cancelled_job_leaves_nothing(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    job = ready(settings, engine, "gis-cd", many(tmp_path, 12_000))
    accept(settings, "gis-cd", job)
    engine.dispose()
    worker = begin(settings, stale=30)
    try:
        wait_until(lambda: one(engine, job).step == "Writing")
        with acting_engine(settings, "gis-cd") as acting, acting.begin() as connection:
            jobs.cancel(connection, job.job_id)
        wait_until(lambda: one(engine, job).state == "cancelled")
    finally:
        kill(worker)
    assert (count(engine, "facility"), count(engine, "import_batch")) == (0, 0)
    with acting_engine(settings, "gis-cd") as acting, acting.begin() as connection:
        jobs.try_again(connection, job.job_id)
    assert (one(engine, job).task, one(engine, job).state) == ("check", "waiting")


def test_a_job_whose_process_ends_is_begun_anew_at_once(
    settings: Settings, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(settings, "gis-cd", sites(tmp_path))
    worker = Worker(settings)
    with monkeypatch.context() as broken:
        broken.setattr(tasks, "do", lambda *_: os._exit(9))
        assert worker.step()
    assert ask(engine, "SELECT state, attempt FROM import_job") == [("waiting", 1)]
    assert worker.step()
    assert ("done", "open", 2) in ask(engine, "SELECT state, task, attempt FROM import_job")
    worker.engine.dispose()


KILLS = 50
SILENT = "SELECT FROM import_job WHERE state = 'running' AND beat_at < clock_timestamp() - interval '0.2 s'"


def test_killed_at_any_moment_it_is_whole_or_absent_and_says_which(
    settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    """50 imports, each of whose workers is killed at another moment; every tenth is then taken up by another."""
    rows, rng = 400, random.Random(1)
    job = ready(settings, engine, "gis-cd", many(tmp_path, rows))
    again = text(
        "UPDATE import_job SET task = 'check', state = 'ready', import_batch_id = NULL, accepted_by = NULL"
        " WHERE job_id = :id"
    )
    longest, seen = 0.0, []
    for number in range(KILLS + 1):
        with engine.begin() as connection:
            connection.execute(again, {"id": job.job_id})
            for table in ("facility", "import_batch"):
                connection.execute(text(f"DELETE FROM {table}"))
        accept(settings, "gis-cd", job)
        engine.dispose()
        start = time.monotonic()
        worker = begin(settings)
        wait_until(lambda: one(engine, job).state != "waiting")
        if number == 0:
            # How long one takes that nobody kills.
            wait_until(lambda: one(engine, job).state == "done")
            longest = time.monotonic() - start
        else:
            time.sleep(rng.random() * longest * 1.1)
        kill(worker)
        # Whatever the dead worker's connection was still about is over.
        wait_until(lambda: not ask(engine, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"))
        state, written, batches = one(engine, job).state, count(engine, "facility"), count(engine, "import_batch")
        assert (state, written, batches) in {("running", 0, 0), ("done", rows, 1)}
        seen.append(state)
        if state == "running" and number % 10 == 0:
            wait_until(lambda: bool(ask(engine, SILENT)))
            other = Worker(settings, stale_seconds=0.2)
            assert other.step()
            other.engine.dispose()
            assert (one(engine, job).state, count(engine, "facility")) == ("done", rows)
    assert len(set(seen[1:])) == 2, seen


# === Where files are kept =============================================================================================


def test_the_same_file_is_kept_once_and_for_its_owner_alone(settings: Settings, tmp_path: Path) -> None:
    path = sites(tmp_path)
    kept = [keep_files(settings, [Brought("a.csv", path.open("rb"))])[0] for _ in range(2)]
    assert kept[0].sha256 == kept[1].sha256
    place = path_of(settings, kept[0].sha256)
    assert place.read_bytes() == path.read_bytes()
    assert place.stat().st_mode & 0o077 == 0
    assert (settings.home / uploads.UPLOADS).stat().st_mode & 0o077 == 0
    assert size_of_kept(settings) == path.stat().st_size


def test_no_more_is_kept_than_may_be(settings: Settings, tmp_path: Path) -> None:
    small = replace(settings, uploads_mb=1)
    with pytest.raises(ImportRefusedError, match="finds no room"):
        keep_files(small, [Brought("a.csv", BytesIO(b"x" * 1_100_000))])
    assert size_of_kept(settings) == 0


def test_a_full_disk_keeps_nothing_and_says_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(uploads, "_write", full)
    with pytest.raises(NoRoomError):
        keep_files(settings, [Brought("a.csv", BytesIO(b"x"))])
    assert list((settings.home / uploads.UPLOADS).iterdir()) == []


def test_a_full_disk_of_the_database_fails_the_job(
    settings: Settings, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ready(settings, engine, "gis-cd", sites(tmp_path))
    accept(settings, "gis-cd", job)

    def full(*_: object, **__: object) -> None:
        raise OperationalError("COPY", {}, DiskFull("could not extend file: No space left on device"))

    # The job's own process is forked from this one.
    monkeypatch.setattr(tasks, "import_file", full)
    work(settings)
    failed = one(engine, job)
    assert (failed.state, count(engine, "mine_site")) == ("failed", 0)
    assert "disk is full" in failed.reason_en and "disque" in failed.reason_fr


def test_old_uploads_are_removed_and_what_came_of_them_stays(
    settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    job = ready(settings, engine, "gis-cd", sites(tmp_path))
    accept(settings, "gis-cd", job)
    work(settings)
    ((sha256,),) = ask(engine, "SELECT sha256 FROM import_upload")
    with engine.begin() as connection:
        assert remove_old(connection, settings) == 0
        connection.execute(text("UPDATE import_upload SET created_at = now() - interval '31 days'"))
        assert remove_old(connection, settings) == 1
    assert not path_of(settings, sha256).exists()
    assert count(engine, "mine_site") == 2
    with acting_engine(settings, "gis-cd") as acting, acting.begin() as connection:
        undo_batch(connection, UUID(str(one(engine, job).import_batch_id)))
    assert count(engine, "mine_site") == 0
