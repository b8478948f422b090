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
TEXT_TABLES = ("csv", "tsv", "txt")
WORKBOOKS = ("xlsx", "xlsm", "xls", "ods")
SINGLE_FILES = (
    "gpkg",
    "geojson",
    "json",
    "topojson",
    "kml",
    "gpx",
    "fgb",
    "parquet",
    "geoparquet",
    *TEXT_TABLES,
    *WORKBOOKS,
)
# A KMZ is a zip with a KML in it.
ARCHIVES = ("zip", "kmz")
JUNK = {"thumbs.db", "desktop.ini"}

# Real archives are far below both; a bomb is far above.
MAX_BYTES = 2 * 1024**3
MAX_ENTRIES = 10_000
# An export of exports is a zip of zips; deeper than that nobody packs by accident.
MAX_DEPTH = 3
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
                raise ImportRefusedError(
                    f"{path.name}: two files beside it differ only in case. Remove one of them.",
                    f"{path.name} : deux fichiers voisins ne diffèrent que par la casse. Retirez-en un.",
                )
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


def no_room(shown: str) -> tuple[str, str]:
    """Why a file is not read where the disk for temporary files is full, in English and French."""
    return (
        f"{shown} was not read: the disk for temporary files is full. Free some space there, or name another place in"
        " TMPDIR; then try again.",
        f"{shown} n'a pas été lu : le disque des fichiers temporaires est plein. Libérez-y de la place, ou indiquez un"
        " autre endroit par TMPDIR ; puis réessayez.",
    )


def unpack(path: Path, folder: Path) -> list[Found]:
    """Unpack the files of a zip that can be read, and of the zips in it, and nothing else, into `folder`.

    Entries are written under names made here, so none can leave the folder. Raises ImportRefusedError for an archive
    that is broken, protected, too large, or names places outside itself.
    """
    return _Unpacking(path.name, folder).unpack(path, PurePosixPath(), 1)


class _Unpacking:
    """One archive being unpacked, with all that is nested in it: what it may still write, and the places taken."""

    def __init__(self, shown: str, folder: Path):
        self.shown = shown
        self.folder = folder
        self.bytes_left = MAX_BYTES
        self.entries_left = MAX_ENTRIES
        self.groups: dict[tuple[str, str], Path] = {}

    def unpack(self, path: Path, inside: PurePosixPath, depth: int) -> list[Found]:
        """The files of the zip `path`, which lies at `inside` of the outermost one."""
        try:
            with zipfile.ZipFile(path) as archive:
                return list(self._entries(archive, inside, depth))
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
                f"{self.shown} is not a zip that can be unpacked ({error}). Make the zip again and import that.",
                f"{self.shown} n'est pas un zip qui puisse être ouvert ({error}). Refaites le zip et importez-le.",
            ) from None

    def _entries(self, archive: zipfile.ZipFile, inside: PurePosixPath, depth: int) -> Iterator[Found]:
        entries = [entry for entry in archive.infolist() if entry.filename and not entry.is_dir()]
        self.entries_left -= len(entries)
        if self.entries_left < 0:
            raise ImportRefusedError(
                f"{self.shown} holds more than {MAX_ENTRIES} files. Zip only what is to be imported.",
                f"{self.shown} contient plus de {MAX_ENTRIES} fichiers. Ne zippez que ce qui doit être importé.",
            )
        for entry in entries:
            name = inside / self._safe_name(entry)
            suffix = name.suffix.lower().lstrip(".")
            if _is_junk(name) or suffix not in (*SHAPEFILE_PARTS, *SINGLE_FILES, *ARCHIVES):
                continue
            copy = self._place(name, suffix)
            self._copy(archive, entry, copy)
            if suffix in ARCHIVES:
                if depth == MAX_DEPTH:
                    raise ImportRefusedError(
                        f"{self.shown} holds zips in zips in zips ({name}). Import the innermost by itself.",
                        f"{self.shown} contient des zips emboîtés ({name}). Importez séparément celui du fond.",
                    )
                yield from self.unpack(copy, name.with_suffix(""), depth + 1)
                copy.unlink()
            elif suffix in ("shp", *SINGLE_FILES):
                yield Found(copy, str(name.with_suffix("")), suffix)

    def _place(self, name: PurePosixPath, suffix: str) -> Path:
        """Where an entry is written: the parts of a shapefile, of whatever case, beside each other."""
        group = (str(name.parent), name.stem.casefold())
        place = self.groups.setdefault(group, self.folder / str(len(self.groups)))
        place.mkdir(exist_ok=True)
        copy = place / f"layer.{suffix}"
        if copy.exists():
            raise ImportRefusedError(
                f"{self.shown} holds {name} twice. Zip only one of them.",
                f"{self.shown} contient {name} deux fois. N'en zippez qu'un.",
            )
        return copy

    def _safe_name(self, entry: zipfile.ZipInfo) -> PurePosixPath:
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        if not name.parts or name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
            raise ImportRefusedError(
                f"{self.shown} names a place outside itself ({name}). It was not unpacked.",
                f"{self.shown} désigne un endroit hors de lui-même ({name}). Il n'a pas été ouvert.",
            )
        mode = entry.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ImportRefusedError(
                f"{self.shown} holds a link or a device ({name}). Zip the files themselves.",
                f"{self.shown} contient un lien ou un périphérique ({name}). Zippez les fichiers eux-mêmes.",
            )
        if entry.flag_bits & 0x1:
            raise ImportRefusedError(
                f"{self.shown} is protected by a password. Zip it again without one.",
                f"{self.shown} est protégé par un mot de passe. Zippez-le sans mot de passe.",
            )
        return name

    def _copy(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, copy: Path) -> None:
        """Unpack one entry. The size that the entry claims is not believed."""
        with archive.open(entry) as packed, copy.open("wb") as unpacked:
            while chunk := packed.read(CHUNK):
                self.bytes_left -= len(chunk)
                if self.bytes_left < 0 or shutil.disk_usage(copy.parent).free < CHUNK:
                    raise ImportRefusedError(
                        f"{self.shown} unpacks to more than {MAX_BYTES // 1024**3} GB, or than the disk holds."
                        " Import its layers one by one.",
                        f"{self.shown} donne plus de {MAX_BYTES // 1024**3} Go, ou plus que le disque n'en tient."
                        " Importez ses couches une à une.",
                    )
                unpacked.write(chunk)


def _is_junk(name: PurePosixPath) -> bool:
    return name.name.lower() in JUNK or any(part.startswith((".", "__MACOSX")) for part in name.parts)
