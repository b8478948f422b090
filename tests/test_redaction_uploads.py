"""`geoapp redact` reaches what the desk keeps: uploads, previews, and the history of rows."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

import pytest
from browser import GEOAPP
from desk import accept, at_home, ready, upload, work
from importing import ask, write_csv
from sqlalchemy import Engine, text

from geoapp.desk.uploads import path_of
from geoapp.settings import Settings

NAME = "Zoraptera Plantée-Mwamba"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """This test's database, with a home of its own."""
    return at_home(settings, tmp_path / "home")


def incidents(folder: Path, name: str, number: str, place: str) -> Path:
    """A zip with a table of one incident."""
    table = write_csv(
        folder / f"{name}.csv",
        "incident_no,occurred_from,place_text,longitude,latitude",
        f'{number},2024-03-01,"{place}",28.84,-2.50',
    )
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(table, table.name)
    return path


def test_it_is_nowhere_of_what_the_desk_keeps(
    settings: Settings, engine: Engine, environment: dict[str, str], tmp_path: Path
) -> None:
    for name, place in (("first", NAME), ("second", "Elsewhere")):
        job = ready(settings, engine, "gis-cd", incidents(tmp_path, name, "N1", place))
        accept(settings, "gis-cd", job)
        work(settings)
    # One that quotes the name of another row, one that does not; both are previewed and not written.
    ready(settings, engine, "gis-cd", incidents(tmp_path, "third", "N3", f"near {NAME}"))
    ready(settings, engine, "gis-cd", incidents(tmp_path, "fourth", "N4", "Nowhere"))
    hashes = dict(ask(engine, "SELECT file_name, sha256 FROM import_upload"))
    everything = "SELECT count(*) FROM {} AS each WHERE each::text LIKE '%Zoraptera%'"
    for table in ("import_job", "import_upload", "row_change"):
        assert ask(engine, everything.format(table))[0][0] > 0, table
    with engine.begin() as connection:
        connection.execute(text("UPDATE incident SET place_text = :name"), {"name": NAME})

    done = subprocess.run(
        [GEOAPP, "redact", "incidents", "N1", "place_text", "--yes"],
        env={**environment, "GEOAPP_HOME": str(settings.home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    for table in ("import_job", "import_upload", "row_change", "incident"):
        assert ask(engine, everything.format(table)) == [(0,)], table
    kept = {name: path_of(settings, sha256).exists() for name, sha256 in hashes.items()}
    # The second held the row too, with another text.
    assert kept == {"first.zip": False, "second.zip": False, "third.zip": False, "fourth.zip": True}
    assert ask(engine, "SELECT count(*) FROM import_upload WHERE removed_at IS NULL") == [(1,)]
    assert "Removed: 3 of the files" in done.stdout


def test_what_a_removed_upload_was_for_is_said(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    upload_id = upload(settings, "gis-cd", incidents(tmp_path, "a", "N1", "x"))
    ((sha256,),) = ask(engine, "SELECT sha256 FROM import_upload")
    path_of(settings, sha256).unlink()
    work(settings)
    assert "no longer kept" in ask(engine, "SELECT reason_en FROM import_job WHERE upload_id = :id", id=upload_id)[0][0]
