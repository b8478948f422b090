"""The file of a backup: a tar of what belongs to it, encrypted by age; written and read as a stream.

Any machine opens one without geoapp: `age -d -i backup.key FILE | tar -x`, then `pg_restore`.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import tarfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyrage
from pyrage import x25519

from geoapp.database.checksums import Checksums
from geoapp.errors import BackupError

FORMAT = 2
# Older ones hold no files of people.
READABLE = (1, FORMAT)
MANIFEST, DUMP, AUDIT_KEY, SETTINGS = "manifest.json", "database.dump", "audit.key", "settings.env"
MEMBERS = (MANIFEST, DUMP, AUDIT_KEY, SETTINGS)
# What people brought, each file under its SHA-256 in a folder of its first two letters.
FILES = "files"
FILE = re.compile(rf"{FILES}/([0-9a-f]{{2}})/(\1[0-9a-f]{{62}})")
CHUNK = 1024 * 1024
UNREADABLE = "{path} cannot be read: it is damaged or cut off, or was made for another key. Nothing was changed."


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself: versions, the moment (ISO 8601, UTC), and what each table held then."""

    format: int
    geoapp: str
    schema: str
    postgresql: str
    made_at: str
    tables: Checksums

    @property
    def rows(self) -> int:
        """How many rows all tables held."""
        return sum(rows for rows, _ in self.tables.values())


def create_private(path: Path) -> BinaryIO:
    """A new file that nobody else may read, to be written. FileExistsError where there is one."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Put the manifest into the folder that becomes the archive."""
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1))


def write_archive(folder: Path, path: Path, recipients: Sequence[x25519.Recipient], files: Path | None = None) -> None:
    """Write what is in the folder to a file that was not there before; a whole one appears, or none.

    `files` is the folder of what people brought.

    Raises BackupError where the file is there or cannot be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with create_private(part) as written:
            _piped(
                lambda pipe: _pack(folder, pipe, files), lambda pipe: pyrage.encrypt_io(pipe, written, list(recipients))
            )
            written.flush()
            os.fsync(written.fileno())
        path.hardlink_to(part)
    except FileExistsError:
        raise BackupError(f"{path} is there already. Give another name.") from None
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror}. Nothing was kept.") from error
    finally:
        part.unlink(missing_ok=True)


def read_archive(path: Path, folder: Path, identity: x25519.Identity) -> Manifest:
    """Unpack a backup into a folder; what it says of itself.

    Raises BackupError where it cannot be read, is no backup, or was made by a newer geoapp.
    """
    try:
        with path.open("rb") as file:
            _piped(
                lambda pipe: pyrage.decrypt_io(file, pipe, [identity]),
                lambda pipe: _unpack(pipe, folder),
            )
        told = json.loads((folder / MANIFEST).read_text())
    except FileNotFoundError as error:
        if error.filename == str(path):
            raise BackupError(f"There is no file {path}.") from None
        raise BackupError(f"{path} is no backup of geoapp.") from None
    except OSError as error:
        # Without a number it is not the system's: a piece of the file that the key does not open.
        if error.errno is None:
            raise BackupError(UNREADABLE.format(path=path)) from None
        raise BackupError(f"{path} cannot be unpacked: {error.strerror}. Nothing was changed.") from error
    except (pyrage.DecryptError, tarfile.TarError, ValueError):
        raise BackupError(UNREADABLE.format(path=path)) from None
    if told.get("format") not in READABLE:
        raise BackupError(f"{path} was made by another version of geoapp. Restore it with that one, or a newer one.")
    return _manifest(told)


def _manifest(told: dict[str, Any]) -> Manifest:
    tables = {name: (rows, checksum) for name, (rows, checksum) in told.pop("tables").items()}
    return Manifest(**told, tables=tables)


def _pack(folder: Path, pipe: BinaryIO, files: Path | None) -> None:
    with tarfile.open(fileobj=pipe, mode="w|", bufsize=CHUNK) as archive:
        for name in MEMBERS:
            if (folder / name).exists():
                archive.add(folder / name, name)
        for path in sorted(files.glob("??/*")) if files else ():
            name = f"{FILES}/{path.parent.name}/{path.name}"
            # One may have come to its end meanwhile.
            if FILE.fullmatch(name):
                with suppress(FileNotFoundError):
                    archive.add(path, name)


def _unpack(pipe: BinaryIO, folder: Path) -> None:
    with tarfile.open(fileobj=pipe, mode="r|", bufsize=CHUNK) as archive:
        for member in archive:
            # Only what geoapp packs, and only as plain files: nothing else of an archive is trusted.
            known = member.name in MEMBERS or FILE.fullmatch(member.name)
            if known and (content := archive.extractfile(member)) is not None:
                (folder / member.name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with create_private(folder / member.name) as written:
                    while chunk := content.read(CHUNK):
                        written.write(chunk)
    # What is behind the archive's end has to be sound, too.
    while pipe.read(CHUNK):
        pass


def _piped(write: Callable[[BinaryIO], Any], read: Callable[[BinaryIO], Any]) -> None:
    """Run the two at once, one reading what the other writes; raises what went wrong first."""
    reading, writing = os.pipe()
    faults: list[BaseException] = []

    def run() -> None:
        try:
            with os.fdopen(writing, "wb") as pipe:
                write(pipe)
        except BaseException as fault:
            faults.append(fault)

    thread = threading.Thread(target=run)
    thread.start()
    fault: Exception | None = None
    with os.fdopen(reading, "rb") as pipe:
        try:
            read(pipe)
        except Exception as error:
            fault = error
    thread.join()
    # The writer's fault is the reason; the reader then only finds an early end, and a pipe that nobody reads is none.
    for reason in (*(each for each in faults if not isinstance(each, BrokenPipeError)), fault, *faults):
        if reason is not None:
            raise reason
