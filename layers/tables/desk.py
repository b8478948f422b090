"""The GIS officer's desk: kept uploads, the queue of work on them, and what each import and edit did to which row."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers import vocabulary as vocab
from layers.tables.base import Base, check, not_negative, one_of, random_id


class ImportUpload(Base):
    """A file that somebody brought, kept on the disk under its hash until `removed_at`.

    `units` are those in which its bringer was a GIS officer: whoever is one in all of them sees it too, unless it is
    `private`, which it is until it is known to hold nothing sealed. `layers` tells what was found in it.
    """

    __tablename__ = "import_upload"

    upload_id: Mapped[uuid.UUID] = random_id()
    file_name: Mapped[str]
    sha256: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger())
    layers: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    units: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    private: Mapped[bool] = mapped_column(server_default=text("true"))
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    created_by: Mapped[str] = mapped_column(server_default=text("session_user"))
    removed_at: Mapped[dt.datetime | None]

    __table_args__ = (
        check("sha256", "sha256 ~ '^[0-9a-f]{64}$'"),
        *not_negative("bytes"),
        Index("ix_import_upload_sha256", "sha256"),
    )


class ImportJob(Base):
    """A piece of work for the worker: `task` is what is done next or was done last, `state` how far that has come.

    A job of a layer is checked, then ready, and written once it is accepted; `version` counts the changes of its
    `options`. `attempt` counts how often a worker began, and `beat_at` when it was last heard of. `mark` is a hash of
    what the preview would do. `import_batch_id` is the batch that was written, or is to be undone.
    """

    __tablename__ = "import_job"

    job_id: Mapped[uuid.UUID] = random_id()
    upload_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("import_upload.upload_id", ondelete="CASCADE"), index=True
    )
    import_batch_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("import_batch.import_batch_id", ondelete="CASCADE"), index=True
    )
    task: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    layer: Mapped[str | None]
    table_name: Mapped[str | None]
    options: Mapped[dict[str, Any]] = mapped_column(JSONB(), server_default=text("'{}'::jsonb"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    accepted_by: Mapped[str | None]
    accepted_at: Mapped[dt.datetime | None]
    step: Mapped[str | None]
    rows_done: Mapped[int] = mapped_column(server_default=text("0"))
    rows_total: Mapped[int] = mapped_column(server_default=text("0"))
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    beat_at: Mapped[dt.datetime | None]
    cancel: Mapped[bool] = mapped_column(server_default=text("false"))
    mark: Mapped[str | None]
    preview: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    reason_en: Mapped[str | None]
    reason_fr: Mapped[str | None]
    finished_at: Mapped[dt.datetime | None]
    units: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    private: Mapped[bool] = mapped_column(server_default=text("true"))
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    created_by: Mapped[str] = mapped_column(server_default=text("session_user"))

    __table_args__ = (
        one_of("task", vocab.JOB_TASK),
        one_of("state", vocab.JOB_STATE),
        *not_negative("version", "rows_done", "rows_total", "attempt"),
        Index("ix_import_job_open", "created_at", postgresql_where=text("state IN ('waiting', 'running')")),
    )


class ImportPart(Base):
    """Some thousand rows of a batch: the keys of the rows that it brought, beside their numbers in the file.

    `written_at` orders the batches that brought a row. A key is the row's id, or the parts of its primary key with a
    slash between.
    """

    __tablename__ = "import_part"

    id: Mapped[uuid.UUID] = random_id()
    import_batch_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("import_batch.import_batch_id", ondelete="CASCADE"), index=True
    )
    table_name: Mapped[str]
    deed: Mapped[str]
    keys: Mapped[list[str]]
    rows: Mapped[list[int]] = mapped_column(ARRAY(Integer()))
    written_at: Mapped[dt.datetime] = mapped_column(server_default=text("clock_timestamp()"))

    __table_args__ = (
        one_of("deed", vocab.DEED),
        check("rows", "cardinality(keys) = cardinality(rows)"),
    )


class RowChange(Base):
    """A row as it was before somebody changed or removed it: in `before` and `after` the columns that changed.

    `import_batch_id` is the batch that changed it; `undoing` that the batch was undone by it.
    """

    __tablename__ = "row_change"

    id: Mapped[uuid.UUID] = random_id()
    table_name: Mapped[str]
    row_key: Mapped[str]
    deed: Mapped[str]
    import_batch_id: Mapped[uuid.UUID | None] = mapped_column(index=True)
    undoing: Mapped[bool] = mapped_column(server_default=text("false"))
    before: Mapped[dict[str, Any]] = mapped_column(JSONB())
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    sealed: Mapped[bool] = mapped_column(server_default=text("false"))
    units: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"))
    changed_by: Mapped[str]
    changed_at: Mapped[dt.datetime] = mapped_column(server_default=text("clock_timestamp()"))

    __table_args__ = (
        one_of("deed", vocab.DEED),
        Index("ix_row_change_row", "table_name", "row_key", "changed_at"),
    )
