"""Files that people bring, kept under GEOAPP_HOME by their hash: for as long as they may be needed, and no longer."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from sqlalchemy import Connection, func, insert, select, update

from geoapp.access.viewer import read_viewer
from geoapp.errors import ImportRefusedError
from geoapp.ingest.archive import ARCHIVES, SINGLE_FILES
from geoapp.ingest.findings import printable, storable
from geoapp.scratch import scratch
from geoapp.settings import Settings
from layers.tables import ImportJob, ImportUpload

UPLOADS = "uploads"
MIB = 1024 * 1024
PIECE = 1024 * 1024
LONGEST_NAME = 150
# A file that no row names yet may be one that is just coming in.
UNKNOWN_SECONDS = 3600
# Parts of a shapefile, which make one file together.
PARTS = {"shp", "shx", "dbf", "prj", "cpg", "sbn", "sbx", "qpj", "qmd"}
KNOWN = {*ARCHIVES, *SINGLE_FILES, "shp"}


class NoRoomError(Exception):
    """The disk is full, or cannot be written."""


@dataclass(frozen=True)
class Brought:
    """A file that a form brings: the name that it has there, and its bytes."""

    name: str
    content: IO[bytes]


@dataclass(frozen=True)
class Kept:
    """A file that is on the disk now."""

    name: str
    sha256: str
    size: int


def keep_files(settings: Settings, brought: Sequence[Brought]) -> list[Kept]:
    """Keep files; those that are parts of one shapefile are zipped together.

    Raises ImportRefusedError, with nothing kept, for a kind that is not known and where there would be too many; and
    NoRoomError where the disk is full.
    """
    groups = _groups(brought)
    kept = []
    try:
        with _folder(settings) as folder:
            room = settings.uploads_mb * MIB - size_of_kept(settings)
            for name, parts in groups:
                made = folder / uuid.uuid4().hex
                size = _write(made, parts)
                room -= size
                if room < 0:
                    raise ImportRefusedError(
                        f"{name} finds no room: {settings.uploads_mb} MB of uploads are kept already. Wait until older"
                        " ones are removed, or ask the operator.",
                        f"{name} ne trouve pas de place : {settings.uploads_mb} Mo de fichiers sont déjà gardés."
                        " Attendez que d'anciens soient supprimés, ou demandez à l'exploitant.",
                    )
                kept.append((made, name, size))
            return [_settle(settings, *each) for each in kept]
    except OSError as error:
        raise NoRoomError(error.strerror or str(error)) from error


def record_upload(connection: Connection, kept: Kept) -> uuid.UUID:
    """Write an upload of the transaction's viewer down, with the work of looking into it; its id."""
    units = list(read_viewer(connection).rights.get("gis", ()))
    upload = uuid.uuid4()
    values = {"upload_id": upload, "file_name": kept.name, "sha256": kept.sha256, "bytes": kept.size, "units": units}
    connection.execute(insert(ImportUpload).values(values))
    job = {"job_id": uuid.uuid4(), "upload_id": upload, "task": "open", "units": units}
    connection.execute(insert(ImportJob).values(job))
    return upload


def path_of(settings: Settings, sha256: str) -> Path:
    """Where the file of a hash is kept."""
    return settings.home / UPLOADS / sha256[:2] / sha256


@contextmanager
def opened_as(settings: Settings, sha256: str, name: str) -> Iterator[Path]:
    """A kept file under the name that it was brought by; raises ImportRefusedError where it was removed."""
    kept = path_of(settings, sha256)
    if not kept.is_file():
        raise ImportRefusedError(
            f"{name} is no longer kept, so it cannot be read again. Bring it once more.",
            f"{name} n'est plus gardé, et ne peut donc être relu. Apportez-le encore une fois.",
        )
    with scratch("upload") as folder:
        link = folder / name
        link.symlink_to(kept)
        yield link


def size_of_kept(settings: Settings) -> int:
    """How many bytes of uploads are kept."""
    found = 0
    for path in (settings.home / UPLOADS).glob("*/*"):
        with suppress(OSError):
            found += path.stat().st_size
    return found


def remove_upload(connection: Connection, settings: Settings, sha256: str) -> int:
    """Remove the file of a hash for good, within the operator's transaction; how many uploads were of it."""
    gone = update(ImportUpload).where(ImportUpload.sha256 == sha256, ImportUpload.removed_at.is_(None))
    removed = connection.execute(gone.values(removed_at=func.now(), layers=None)).rowcount
    path_of(settings, sha256).unlink(missing_ok=True)
    return removed


def remove_old(connection: Connection, settings: Settings) -> int:
    """Remove the files that were kept long enough, and those that nobody knows any more; how many."""
    old = ImportUpload.created_at < func.now() - func.make_interval(0, 0, 0, settings.upload_days)
    young = select(ImportUpload.sha256).where(~old, ImportUpload.removed_at.is_(None))
    busy = (
        select(ImportUpload.sha256)
        .join(ImportJob, ImportJob.upload_id == ImportUpload.upload_id)
        .where(ImportJob.state.in_(("waiting", "running")))
    )
    gone = select(ImportUpload.sha256).where(ImportUpload.removed_at.is_(None), old)
    hashes = connection.scalars(gone.where(ImportUpload.sha256.not_in(young), ImportUpload.sha256.not_in(busy)))
    removed = sum(1 for sha256 in set(hashes) if remove_upload(connection, settings, sha256))
    known = set(connection.scalars(select(ImportUpload.sha256).where(ImportUpload.removed_at.is_(None))))
    for path in (settings.home / UPLOADS).glob("??/*"):
        with suppress(OSError):
            if path.name not in known and time.time() - path.stat().st_mtime > UNKNOWN_SECONDS:
                path.unlink()
                removed += 1
    return removed


def _groups(brought: Sequence[Brought]) -> list[tuple[str, list[Brought]]]:
    """Files by the name that each is kept under; the parts of a shapefile under that of its .shp, zipped."""
    shapes = {_stem(each.name) for each in brought if _suffix(each.name) == "shp"}
    groups: dict[str, list[Brought]] = {}
    for each in brought:
        name = _plain_name(each.name)
        # GDAL writes sites.shp.xml beside sites.shp.
        if _suffix(name) == "xml" and _stem(_stem(name)) in shapes:
            continue
        if _suffix(name) in PARTS and _stem(name) in shapes:
            groups.setdefault(f"{_stem(name)}.zip", []).append(each)
            continue
        if _suffix(name) not in KNOWN:
            raise ImportRefusedError(
                f"{name} is of no format that is known. Bring a shapefile (all its parts, or zipped), GeoPackage,"
                " GeoJSON, KML, GPX, FlatGeobuf, GeoParquet, XLSX or CSV.",
                f"{name} n'est d'aucun format connu. Apportez un shapefile (toutes ses parties, ou zippé), GeoPackage,"
                " GeoJSON, KML, GPX, FlatGeobuf, GeoParquet, XLSX ou CSV.",
            )
        if name in groups:
            raise ImportRefusedError(
                f"Two files are called {name}. Rename one, or bring them one after the other.",
                f"Deux fichiers s'appellent {name}. Renommez-en un, ou apportez-les l'un après l'autre.",
            )
        groups[name] = [each]
    return list(groups.items())


def _plain_name(name: str) -> str:
    """The last part of a name as a browser sends it, without what no file of ours is called."""
    last = PurePosixPath(printable(storable(name)).replace("\\", "/")).name.strip().lstrip(".") or "file"
    stem, dot, suffix = last.rpartition(".")
    return f"{stem[:LONGEST_NAME]}{dot}{suffix}"[: LONGEST_NAME + 20]


def _suffix(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def _stem(name: str) -> str:
    return _plain_name(name).rpartition(".")[0]


@contextmanager
def _folder(settings: Settings) -> Iterator[Path]:
    """A folder beside those of the kept files, so that moving into these cannot be done by half."""
    place = settings.home / UPLOADS
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with scratch("coming", place) as folder:
        yield folder


def _write(path: Path, parts: Sequence[Brought]) -> int:
    with path.open("xb") as out:
        os.fchmod(out.fileno(), 0o600)
        if len(parts) == 1 and _suffix(parts[0].name) != "shp":
            while piece := parts[0].content.read(PIECE):
                out.write(piece)
        else:
            with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
                for part in sorted(parts, key=lambda each: each.name):
                    # One moment for all, so that the same parts make the same file.
                    entry = zipfile.ZipInfo(_plain_name(part.name))
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(entry, part.content.read())
        out.flush()
        os.fsync(out.fileno())
    return path.stat().st_size


def _settle(settings: Settings, made: Path, name: str, size: int) -> Kept:
    with made.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    place = path_of(settings, sha256)
    place.parent.mkdir(mode=0o700, exist_ok=True)
    made.replace(place)
    return Kept(name, sha256, size)
