"""Unpacking what was brought, a zip or the parts of a shapefile, into a folder of our own under names of our own."""

from __future__ import annotations

import lzma
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from geoapp.errors import ImportRefusedError

SHAPEFILE_PARTS = ("shp", "dbf", "shx", "prj", "cpg")
SINGLE_FILES = ("gpkg", "geojson", "json", "csv", "tsv", "txt")

# Real archives are far below both; a bomb is far above.
MAX_BYTES = 2 * 1024**3
MAX_ENTRIES = 10_000
CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Found:
    """A file to read: where it is now, what its owner called it, and its suffix in lower case."""

    path: Path
    name: str
    suffix: str


def collect_shapefile(path: Path, folder: Path) -> Found:
    """Gather the parts of the loose shapefile `path`, of whatever case, in `folder`."""
    for part in sorted(path.parent.iterdir()):
        suffix = part.suffix.lower().lstrip(".")
        if part.stem.casefold() == path.stem.casefold() and suffix in SHAPEFILE_PARTS:
            copy = folder / f"layer.{suffix}"
            if copy.exists():
                raise ImportRefusedError(f"{path.name}: two files beside it differ only in case. Remove one of them.")
            # Opened here, so that a part that may not be read is named; GDAL would only find it missing.
            with part.open("rb"):
                copy.symlink_to(part.absolute())
    return Found(folder / "layer.shp", path.stem, "shp")


def collect_single(path: Path, folder: Path) -> Found:
    """Link the single file `path` into `folder`, under a name in which no reader finds a meaning of its own."""
    suffix = path.suffix.lower().lstrip(".")
    copy = folder / f"layer.{suffix}"
    copy.symlink_to(path.absolute())
    return Found(copy, path.stem, suffix)


def unpack(path: Path, folder: Path) -> list[Found]:
    """Unpack the files of a zip that can be read, and nothing else, into `folder`.

    Entries are written under names made here, so none can leave the folder. Raises ImportRefusedError for an archive
    that is broken, protected, too large, or names places outside itself.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return list(_unpack(archive, path, folder))
    except (
        zipfile.BadZipFile,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        OverflowError,
        lzma.LZMAError,
        struct.error,
        zlib.error,
    ) as error:
        raise ImportRefusedError(
            f"{path.name} is not a zip that can be unpacked ({error}). Make the zip again and import that."
        ) from None


def _unpack(archive: zipfile.ZipFile, path: Path, folder: Path) -> Iterator[Found]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MAX_ENTRIES:
        raise ImportRefusedError(f"{path.name} holds more than {MAX_ENTRIES} files. Zip only what is to be imported.")
    left = MAX_BYTES
    groups: dict[tuple[str, str], Path] = {}
    for entry in entries:
        name = _safe_name(entry, path)
        suffix = name.suffix.lower().lstrip(".")
        if _is_junk(name) or suffix not in (*SHAPEFILE_PARTS, *SINGLE_FILES):
            continue
        group = (str(name.parent), name.stem.casefold())
        place = groups.setdefault(group, folder / str(len(groups)))
        place.mkdir(exist_ok=True)
        copy = place / f"layer.{suffix}"
        if copy.exists():
            raise ImportRefusedError(f"{path.name} holds {name} twice. Zip only one of them.")
        left = _copy(archive, entry, copy, left, path)
        if suffix in ("shp", *SINGLE_FILES):
            yield Found(copy, str(name.with_suffix("")), suffix)


def _safe_name(entry: zipfile.ZipInfo, path: Path) -> PurePosixPath:
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
        raise ImportRefusedError(f"{path.name} names a place outside itself ({name}). It was not unpacked.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ImportRefusedError(f"{path.name} holds a link ({name}). Zip the files themselves.")
    if entry.flag_bits & 0x1:
        raise ImportRefusedError(f"{path.name} is protected by a password. Zip it again without one.")
    return name


def _is_junk(name: PurePosixPath) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.parts)


def _copy(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, copy: Path, left: int, path: Path) -> int:
    """Unpack one entry; the bytes that may still follow. The size that the entry claims is not believed."""
    with archive.open(entry) as packed, copy.open("wb") as unpacked:
        while chunk := packed.read(CHUNK):
            left -= len(chunk)
            if left < 0 or shutil.disk_usage(copy.parent).free < CHUNK:
                raise ImportRefusedError(
                    f"{path.name} unpacks to more than {MAX_BYTES // 1024**3} GB, or than the disk holds."
                    " Import its layers one by one."
                )
            unpacked.write(chunk)
    return left
