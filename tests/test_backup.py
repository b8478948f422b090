"""Backups: one moment of a database that is being written to, encrypted, and put back whole or not at all."""

from __future__ import annotations

import hashlib
import json
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pyrage
import pytest
from browser import GEOAPP
from conftest import environment_for
from importing import ask
from planting import plant_everything
from pyrage import x25519
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from geoapp.access.leakproof import MARKED
from geoapp.access.viewer import set_viewer
from geoapp.database.engine import open_engine, open_web_engine
from geoapp.settings import Settings

KEY = x25519.Identity.generate()
NAME = "Zqwitness Kabila-Ntumba"
COUNTS = "SELECT (SELECT count(*) FROM mine_site), (SELECT count(*) FROM incident), (SELECT count(*) FROM audit_event)"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A GEOAPP_HOME of the test's own: it holds the keys."""
    made = tmp_path / "home"
    made.mkdir()
    return made


@pytest.fixture
def run(settings: Settings, home: Path) -> Run:
    """Runs `geoapp db`."""

    def call(*words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        environment = environment_for(settings) | {"GEOAPP_HOME": str(home), "GEOAPP_BACKUP_KEY": str(KEY)} | more
        command = [GEOAPP, "db", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return call


@pytest.fixture
def owner(settings: Settings) -> Iterator[Engine]:
    """An engine whose connections are closed before a command runs."""
    engine = open_engine(settings)
    yield engine
    engine.dispose()


@pytest.fixture
def planted(owner: Engine) -> Engine:
    """A database with rows of every table."""
    with owner.begin() as connection:
        plant_everything(connection, f"{NAME} {{}}")
    owner.dispose()
    return owner


def open_archive(path: Path, folder: Path) -> Path:
    """Unpack a backup as anybody with the key can, without geoapp."""
    folder.mkdir()
    (folder / "all.tar").write_bytes(pyrage.decrypt(path.read_bytes(), [KEY]))
    with tarfile.open(folder / "all.tar") as archive:
        archive.extractall(folder, filter="data")
    return folder


def pack(folder: Path, path: Path) -> None:
    """Make a backup of unpacked files again."""
    with tarfile.open(folder / "again.tar", "w") as archive:
        for name in ("manifest.json", "database.dump", "audit.key", "settings.env"):
            archive.add(folder / name, name)
    path.write_bytes(pyrage.encrypt((folder / "again.tar").read_bytes(), [KEY.to_public()]))


def test_what_people_brought_goes_along(run: Run, planted: Engine, home: Path, tmp_path: Path) -> None:
    planted.dispose()
    content = b"site_id,name\nS1,One\n"
    name = hashlib.sha256(content).hexdigest()
    kept = home / "uploads" / name[:2] / name
    kept.parent.mkdir(parents=True)
    kept.write_bytes(content)
    (kept.parent / "stray.part").write_bytes(b"half")
    path = tmp_path / "one.age"
    assert run("backup", path).returncode == 0
    unpacked = open_archive(path, tmp_path / "unpacked")
    assert [each.name for each in (unpacked / "files").glob("*/*")] == [name]
    kept.unlink()
    restored = run("restore", path, "--overwrite")
    assert "1 files that people brought are back" in restored.stderr
    assert kept.read_bytes() == content
    assert kept.stat().st_mode & 0o777 == 0o600
    # One that is not what it was is found before anything is changed.
    (unpacked / "files" / name[:2] / name).write_bytes(b"another")
    with tarfile.open(tmp_path / "again.tar", "w") as archive:
        for member in ("manifest.json", "database.dump", "audit.key", "settings.env", f"files/{name[:2]}/{name}"):
            archive.add(unpacked / member, member)
    (tmp_path / "two.age").write_bytes(pyrage.encrypt((tmp_path / "again.tar").read_bytes(), [KEY.to_public()]))
    refused = run("restore", tmp_path / "two.age", "--overwrite")
    assert refused.returncode == 1
    assert "not what was backed up" in refused.stderr


def test_it_works(run: Run, planted: Engine, settings: Settings, tmp_path: Path) -> None:
    before = ask(planted, COUNTS)
    planted.dispose()
    path = tmp_path / "one.age"
    made = run("backup", path, "--verify", GEOAPP_LANGUAGE="fr")
    assert made.returncode == 0, made.stderr
    assert "restored and compared" in made.stdout
    assert path.stat().st_mode & 0o777 == 0o600
    assert NAME.encode() not in path.read_bytes()

    with planted.begin() as connection:
        connection.execute(text("DELETE FROM action; DELETE FROM incident; UPDATE mine_site SET name = 'gone'"))
    planted.dispose()
    refused = run("restore", path)
    assert refused.returncode == 1
    assert "--overwrite" in refused.stderr
    assert ask(planted, "SELECT count(*) FROM incident") == [(0,)]
    planted.dispose()

    restored = run("restore", path, "--overwrite")
    assert restored.returncode == 0, restored.stderr
    assert ask(planted, COUNTS)[0][:2] == before[0][:2]
    assert ask(planted, "SELECT count(*) FROM mine_site WHERE name = 'gone'") == [(0,)]
    assert ask(planted, "SELECT what FROM audit_event ORDER BY audit_event_id DESC LIMIT 1") == [("restore",)]
    # The database of before is gone, and so is the one that it came in.
    name = make_url(settings.database_url or "").database
    assert ask(planted, "SELECT datname FROM pg_database WHERE starts_with(datname, :name)", name=name) == [(name,)]


def test_rights_hold_in_what_was_restored(
    run: Run, planted: Engine, settings: Settings, tmp_path: Path, home: Path
) -> None:
    assert run("backup", tmp_path / "one.age").returncode == 0
    assert run("restore", tmp_path / "one.age", "--overwrite").returncode == 0
    with planted.connect() as connection:
        assert connection.scalar(MARKED)
        everything = connection.scalar(text("SELECT count(*) FROM incident"))
    web = open_web_engine(settings)
    with web.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM incident")) == 0
        set_viewer(connection, "coordinator-sk")
        assert 0 < (connection.scalar(text("SELECT count(*) FROM incident")) or 0) < (everything or 0)
    web.dispose()
    planted.dispose()


def test_the_audit_still_verifies(run: Run, owner: Engine, settings: Settings, tmp_path: Path, home: Path) -> None:
    """With the key that is in the archive, on a machine that has another."""
    environment = environment_for(settings) | {"GEOAPP_HOME": str(home)}

    def audit(word: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([GEOAPP, "audit", word], env=environment, capture_output=True, text=True, check=False)

    with owner.begin() as connection:
        connection.execute(text("INSERT INTO source (source_id, name) VALUES ('S', 'a source')"))
    owner.dispose()
    assert audit("seal").returncode == 0
    assert run("backup", tmp_path / "one.age").returncode == 0
    (home / "audit.key").write_text("another " * 8)
    (home / "audit.heads").unlink()
    assert run("restore", tmp_path / "one.age", "--overwrite").returncode == 0
    assert len(list(home.glob("audit.key.until-*"))) == 1
    verified = audit("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_it_is_of_one_moment(run: Run, planted: Engine, tmp_path: Path) -> None:
    """Two rows that are only ever written together are both in it, or neither is."""
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with planted.begin() as connection:
                for half in ("A", "B"):
                    connection.execute(
                        text("INSERT INTO source (source_id, name) VALUES (:id, 'pair')"), {"id": f"{half}-{number}"}
                    )

    writer = threading.Thread(target=write)
    writer.start()
    made = run("backup", tmp_path / "one.age", "--verify")
    stop.set()
    writer.join()
    planted.dispose()
    assert made.returncode == 0, made.stderr
    assert run("restore", tmp_path / "one.age", "--overwrite").returncode == 0
    pairs = "SELECT count(*) FROM source WHERE starts_with(source_id, :half)"
    first, second = (ask(planted, pairs, half=half)[0][0] for half in ("A-", "B-"))
    assert first == second > 0


def damaged(path: Path, folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Spoil a backup in each way; what is said of it, and what is set for the command."""
    whole = path.read_bytes()
    path.write_bytes(whole[:-1000])
    yield "damaged or cut off", {}
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    yield "damaged or cut off", {}
    path.write_bytes(whole)
    yield "another key", {"GEOAPP_BACKUP_KEY": str(x25519.Identity.generate())}
    path.write_bytes(pyrage.encrypt(b"a letter", [KEY.to_public()]))
    yield "damaged or cut off", {}
    path.unlink()
    yield "There is no file", {}

    path.write_bytes(whole)
    open_archive(path, folder)
    manifest, dump = folder / "manifest.json", folder / "database.dump"
    told, dumped = json.loads(manifest.read_text()), dump.read_bytes()
    for changed, said in (
        (told | {"schema": "9999"}, "newer"),
        (told | {"format": 9}, "another version"),
        (told | {"tables": told["tables"] | {"incident": [1, "1"]}}, "in incident"),
    ):
        manifest.write_text(json.dumps(changed))
        pack(folder, path)
        yield said, {}
    manifest.write_text(json.dumps(told))
    dump.write_bytes(dumped[: len(dumped) // 2])
    pack(folder, path)
    yield "pg_restore gave up", {}


def test_what_is_not_sound_changes_nothing(run: Run, planted: Engine, tmp_path: Path, home: Path) -> None:
    path = tmp_path / "one.age"
    assert run("backup", path).returncode == 0
    before = ask(planted, COUNTS)
    planted.dispose()
    for said, more in damaged(path, tmp_path / "open"):
        done = run("restore", path, "--overwrite", **more)
        assert done.returncode == 1, said
        assert said in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stderr.count("geoapp:") == 1
        assert ask(planted, COUNTS) == before
        planted.dispose()
        assert not list(home.glob("backup-*"))


def test_nobody_may_be_connected(run: Run, planted: Engine, tmp_path: Path) -> None:
    assert run("backup", tmp_path / "one.age").returncode == 0
    with planted.connect() as connection:
        connection.execute(text("SELECT 1"))
        done = run("restore", tmp_path / "one.age", "--overwrite")
    assert done.returncode == 1
    assert "Stop geoapp first" in done.stderr


def test_nothing_is_overwritten(run: Run, planted: Engine, tmp_path: Path) -> None:
    path = tmp_path / "one.age"
    path.write_text("a letter")
    done = run("backup", path)
    assert done.returncode == 1
    assert "is there already" in done.stderr
    assert path.read_text() == "a letter"
    assert run("backup", tmp_path / "none" / "one.age").returncode == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["home", "one.age"]


def test_old_ones_expire_and_nothing_else(run: Run, planted: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    for number in range(3):
        (folder / f"geoapp-2026010{number}-000000.backup.age").touch()
    (folder / "notes.txt").touch()
    done = run("backup", folder, "--keep", "2")
    assert done.returncode == 0, done.stderr
    left = sorted(each.name for each in folder.iterdir())
    assert len(left) == 3
    assert left[0] == "geoapp-20260102-000000.backup.age"
    assert left[2] == "notes.txt"
    assert run("backup", tmp_path / "file.age", "--keep", "2").returncode == 2


def test_a_public_key_makes_them_and_opens_none(run: Run, planted: Engine, tmp_path: Path) -> None:
    public = str(KEY.to_public())
    path = tmp_path / "one.age"
    assert run("backup", path, GEOAPP_BACKUP_KEY=public).returncode == 0
    refused = run("restore", path, "--overwrite", GEOAPP_BACKUP_KEY=public)
    assert refused.returncode == 1
    assert "public part" in refused.stderr
    assert run("restore", path, "--overwrite").returncode == 0
    wrong = run("backup", tmp_path / "two.age", GEOAPP_BACKUP_KEY="x" * 40)
    assert wrong.returncode == 1
    assert "holds no age key" in wrong.stderr


def test_the_settings_go_with_it_and_the_secrets_do_not(run: Run, planted: Engine, tmp_path: Path) -> None:
    path = tmp_path / "one.age"
    made = run("backup", path, GEOAPP_TIME_ZONE="Africa/Kampala", GEOAPP_AUDIT_KEY="s" * 40)
    assert made.returncode == 0, made.stderr
    folder = open_archive(path, tmp_path / "open")
    said = (folder / "settings.env").read_text()
    assert "GEOAPP_TIME_ZONE=Africa/Kampala\n" in said
    assert "KEY" not in said
    assert "DATABASE" not in said
    assert (folder / "audit.key").read_text() == "s" * 40


def test_a_text_that_was_taken_out_is_in_no_backup(
    run: Run, planted: Engine, settings: Settings, tmp_path: Path, home: Path
) -> None:
    (key,) = ask(planted, "SELECT incident_id::text FROM incident WHERE summary_fr IS NOT NULL LIMIT 1")[0]
    with planted.begin() as connection:
        connection.execute(
            text("UPDATE incident SET summary_fr = 'Zqonly Tenge' WHERE incident_id::text = :key"), {"key": key}
        )
    planted.dispose()
    environment = environment_for(settings) | {"GEOAPP_HOME": str(home)}

    def dumped(name: str) -> str:
        assert run("backup", tmp_path / name).returncode == 0
        folder = open_archive(tmp_path / name, tmp_path / f"open-{name}")
        words = ["pg_restore", "--file=-", folder / "database.dump"]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    assert "Zqonly Tenge" in dumped("before.age")
    redacted = subprocess.run(
        [GEOAPP, "redact", "incidents", key, "summary_fr", "--yes"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert redacted.returncode == 0, redacted.stderr
    assert "Zqonly" not in dumped("after.age")
