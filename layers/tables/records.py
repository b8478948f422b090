"""The records about records: vocabularies, sources, import batches with their findings, the audit."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, Computed, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from layers import vocabulary as vocab
from layers.tables.base import Base, check, not_negative, one_of, random_id


class Vocab(Base):
    """A code of a vocabulary with its labels, so that a client of the database alone can read codes."""

    __tablename__ = "vocab"

    vocabulary: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    label_en: Mapped[str]
    label_fr: Mapped[str]


class Setting(Base):
    """Something that this installation knows about itself, such as which base map is loaded."""

    __tablename__ = "setting"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB())


class Source(Base):
    """Where rows come from: a programme, an organisation or a published data set."""

    __tablename__ = "source"

    source_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    licence: Mapped[str | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))


class ImportBatch(Base):
    """One file that was brought in, and what became of its rows; or, by its `kind`, one edit or merge by hand.

    `rows_removed` are beside those of the file.
    """

    __tablename__ = "import_batch"

    import_batch_id: Mapped[uuid.UUID] = random_id()
    file_name: Mapped[str]
    sha256: Mapped[str]
    layer: Mapped[str | None]
    table_name: Mapped[str]
    source_id: Mapped[str | None] = mapped_column(ForeignKey("source.source_id"))
    crs_found: Mapped[str | None]
    crs_used: Mapped[str | None]
    encoding_found: Mapped[str | None]
    encoding_used: Mapped[str | None]
    rows_in: Mapped[int]
    rows_inserted: Mapped[int]
    rows_updated: Mapped[int]
    rows_unchanged: Mapped[int]
    rows_rejected: Mapped[int]
    imported_by: Mapped[str] = mapped_column(server_default=text("session_user"))
    imported_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    undone_at: Mapped[dt.datetime | None]
    source_date: Mapped[dt.date | None]
    licence: Mapped[str | None]
    # Which columns it brought, without which it cannot be undone; who shares it, as with an upload.
    columns: Mapped[list[str] | None]
    units: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    private: Mapped[bool] = mapped_column(server_default=text("true"))
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"))
    undone_by: Mapped[str | None]
    kind: Mapped[str] = mapped_column(server_default=text("'file'"))
    rows_removed: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        check("sha256", "sha256 ~ '^[0-9a-f]{64}$'"),
        one_of("kind", vocab.BATCH_KIND),
        *not_negative("rows_in", "rows_inserted", "rows_updated", "rows_unchanged", "rows_rejected", "rows_removed"),
        check("rows", "rows_in = rows_inserted + rows_updated + rows_unchanged + rows_rejected"),
    )


class ImportIssue(Base):
    """A finding about one row of a batch: what was wrong, and what was done about it."""

    __tablename__ = "import_issue"

    import_issue_id: Mapped[uuid.UUID] = random_id()
    import_batch_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("import_batch.import_batch_id", ondelete="CASCADE"), index=True
    )
    row: Mapped[int | None]
    column: Mapped[str | None]
    rule: Mapped[str]
    severity: Mapped[str]
    value: Mapped[str | None]
    repair: Mapped[str | None]

    __table_args__ = (one_of("severity", vocab.SEVERITY),)


class ImportMapping(Base):
    """Which columns of a file of one shape go where, as somebody confirmed; `confirmed_by` is NULL for the operator.

    `fingerprint` is the hash of the file's column names; `columns` holds a list of them for each column of the table.
    """

    __tablename__ = "import_mapping"

    id: Mapped[uuid.UUID] = random_id()
    fingerprint: Mapped[str]
    table_name: Mapped[str]
    source_id: Mapped[str | None] = mapped_column(ForeignKey("source.source_id"))
    columns: Mapped[dict[str, list[str]]] = mapped_column(JSONB())
    confirmed_by: Mapped[str | None]
    confirmed_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = (
        UniqueConstraint("fingerprint", "table_name", "source_id", "confirmed_by", postgresql_nulls_not_distinct=True),
        check("fingerprint", "fingerprint ~ '^[0-9a-f]{64}$'"),
    )


# As PostgreSQL writes it, so that it is found unchanged.
_ROWS = (
    "CASE WHEN (jsonb_typeof((after -> 'rows'::text)) = 'number'::text) THEN ((after -> 'rows'::text))::bigint"
    " ELSE NULL::bigint END"
)


class AuditEvent(Base):
    """What somebody did, and when; rows are only ever added.

    `xid` is the transaction that wrote the row, of the server `era`. `before` and `after` hold codes and counts, and
    keyed hashes in place of all that is content; `rows` is how many rows an event of many is about.
    """

    __tablename__ = "audit_event"

    audit_event_id: Mapped[int] = mapped_column(BigInteger(), Identity(), primary_key=True)
    happened_at: Mapped[dt.datetime] = mapped_column(server_default=text("clock_timestamp()"))
    user_name: Mapped[str | None]
    what: Mapped[str]
    object: Mapped[str | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB())
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB())
    request_id: Mapped[str | None]
    xid: Mapped[int] = mapped_column(BigInteger())
    era: Mapped[int] = mapped_column(BigInteger())
    rows: Mapped[int | None] = mapped_column(BigInteger(), Computed(_ROWS, persisted=True))

    __table_args__ = (
        Index("ix_audit_event_happened_at", "happened_at"),
        Index("ix_audit_event_user_name", "user_name", "audit_event_id"),
        Index("ix_audit_event_object", "object", "audit_event_id", postgresql_ops={"object": "text_pattern_ops"}),
        Index("ix_audit_event_xid", "xid"),
    )


class AuditSeal(Base):
    """A seal over the events of the transactions `from_xid` up to, but without, `to_xid`, chained to the one before it.

    `event_hashes` holds 32 bytes for each of `event_ids`; `key_mark` tells which key the hashes are made with.
    """

    __tablename__ = "audit_seal"

    seal_no: Mapped[int] = mapped_column(BigInteger(), primary_key=True, autoincrement=False)
    era: Mapped[int] = mapped_column(BigInteger())
    from_xid: Mapped[int] = mapped_column(BigInteger())
    to_xid: Mapped[int] = mapped_column(BigInteger())
    event_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger()))
    event_hashes: Mapped[bytes]
    previous_hash: Mapped[bytes]
    key_mark: Mapped[bytes]
    seal_hash: Mapped[bytes]
    sealed_at: Mapped[dt.datetime]

    __table_args__ = (check("xids", "from_xid <= to_xid"),)
