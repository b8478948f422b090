"""The records about records: vocabularies, sources, import batches with their findings, people, the audit."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
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
    """One file that was brought in, and what became of its rows."""

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

    __table_args__ = (
        check("sha256", "sha256 ~ '^[0-9a-f]{64}$'"),
        *not_negative("rows_in", "rows_inserted", "rows_updated", "rows_unchanged", "rows_rejected"),
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


class AppUser(Base):
    """A person who may sign in."""

    __tablename__ = "app_user"

    user_name: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    disabled_at: Mapped[dt.datetime | None]
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"))

    # "public" is the viewer who is not signed in.
    __table_args__ = (check("user_name", "user_name ~ '^[a-z0-9][a-z0-9._-]{1,63}$' AND user_name <> 'public'"),)


class UserScope(Base):
    """A role that a person has in a unit; an administrator's is of no unit."""

    __tablename__ = "user_scope"

    id: Mapped[uuid.UUID] = random_id()
    user_name: Mapped[str] = mapped_column(ForeignKey("app_user.user_name", ondelete="CASCADE"))
    role: Mapped[str]
    unit_code: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("user_name", "role", "unit_code", postgresql_nulls_not_distinct=True),
        one_of("role", vocab.ROLE),
        check("unit_code", "(unit_code IS NULL) = (role = 'admin')"),
    )


class WebSession(Base):
    """A browser that somebody is signed in with; only the hash of its token is kept."""

    __tablename__ = "web_session"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_name: Mapped[str] = mapped_column(ForeignKey("app_user.user_name", ondelete="CASCADE"), index=True)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[dt.datetime]

    __table_args__ = (check("token_hash", "token_hash ~ '^[0-9a-f]{64}$'"),)


class AuditEvent(Base):
    """What somebody did, and when; rows are only ever added."""

    __tablename__ = "audit_event"

    audit_event_id: Mapped[int] = mapped_column(BigInteger(), Identity(), primary_key=True)
    happened_at: Mapped[dt.datetime] = mapped_column(server_default=text("clock_timestamp()"))
    user_name: Mapped[str | None]
    what: Mapped[str]
    object: Mapped[str | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB())
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB())
    request_id: Mapped[str | None]

    __table_args__ = (Index("ix_audit_event_happened_at", "happened_at"),)
