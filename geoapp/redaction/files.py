"""Uploads that hold a redacted text: which they are, and their removal."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, select

from geoapp.desk.uploads import opened_as, path_of, remove_upload
from geoapp.errors import ImportRefusedError
from geoapp.ingest.reading import open_layers, read_layer
from geoapp.ingest.sheet import Values
from geoapp.redaction.redact import SHORTEST_PART
from geoapp.redaction.subject import Subject
from geoapp.settings import Settings
from layers.tables import ImportJob, ImportPart, ImportUpload

# In which a file may hold a text as it is.
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp1252")


def remove_uploads(connection: Connection, settings: Settings, subject: Subject) -> int:
    """Remove the kept files that the row was imported from, and all others that hold one of its texts; how many.

    A file that can no longer be read is taken to hold it. What was imported from a file stays.
    """
    kept = select(ImportUpload.sha256, ImportUpload.file_name).where(ImportUpload.removed_at.is_(None)).distinct()
    origins = _origins(connection, subject)
    removed = 0
    for sha256, name in connection.execute(kept).all():
        if sha256 in origins or any(_holds(settings, sha256, name, words) for words in subject.texts):
            remove_upload(connection, settings, sha256)
            removed += 1
    return removed


def _origins(connection: Connection, subject: Subject) -> set[str]:
    """The hashes of the uploads whose batches brought the row."""
    key = "/".join(map(str, subject.row))
    brought = select(ImportPart.import_batch_id).where(
        ImportPart.table_name == subject.table.name, ImportPart.keys.contains([key])
    )
    uploads = (
        select(ImportUpload.sha256)
        .join(ImportJob, ImportJob.upload_id == ImportUpload.upload_id)
        .where(ImportJob.import_batch_id.in_(brought))
    )
    return set(connection.scalars(uploads))


def _holds(settings: Settings, sha256: str, name: str, words: str) -> bool:
    path = path_of(settings, sha256)
    if not path.is_file():
        return False
    content = path.read_bytes()
    if any(_encoded(words, encoding) in content for encoding in ENCODINGS if len(words) >= SHORTEST_PART):
        return True
    try:
        with opened_as(settings, sha256, name) as opened:
            return any(_is_said(values, words) for values in _cells(opened))
    except ImportRefusedError:
        return True


def _encoded(words: str, encoding: str) -> bytes:
    return words.encode(encoding, "ignore") or words.encode()


def _cells(path: Path) -> Iterable[Values]:
    """The columns of text of every layer of a file."""
    with open_layers(path) as (layers, folder):
        for layer in layers:
            try:
                sheet = read_layer(layer, folder, None)
            except ImportRefusedError as refusal:
                if "holds no rows" in refusal.said.en:
                    continue
                raise
            yield from (values for values in sheet.columns.values() if values.dtype == object)


def _is_said(values: Values, words: str) -> bool:
    short = len(words) < SHORTEST_PART
    return any(isinstance(value, str) and (value == words if short else words in value) for value in values)
