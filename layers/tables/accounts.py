"""People who may sign in: their scopes, and the secrets and sessions by which they are known."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from layers import vocabulary as vocab
from layers.tables.base import Base, check, not_negative, one_of, random_id

NOW = text("now()")
HASH = "~ '^[0-9a-f]{64}$'"


class AppUser(Base):
    """A person who may sign in."""

    __tablename__ = "app_user"

    user_name: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)
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


class UserPassword(Base):
    """The argon2id hash of a person's password; who is invited has none yet."""

    __tablename__ = "user_password"

    user_name: Mapped[str] = mapped_column(ForeignKey("app_user.user_name", ondelete="CASCADE"), primary_key=True)
    password_hash: Mapped[str]
    changed_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)

    __table_args__ = (check("password_hash", r"password_hash ~ '^\$argon2id\$'"),)


class WebSession(Base):
    """A browser that somebody is signed in with; only the hash of its token is kept.

    `browser` names its family and system; `idle_minutes` is how long it may rest, None where only `expires_at` ends it.
    """

    __tablename__ = "web_session"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_name: Mapped[str] = mapped_column(ForeignKey("app_user.user_name", ondelete="CASCADE"), index=True)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)
    expires_at: Mapped[dt.datetime]
    session_id: Mapped[uuid.UUID] = mapped_column(Uuid(), unique=True, server_default=text("gen_random_uuid()"))
    last_seen_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)
    idle_minutes: Mapped[int | None]
    browser: Mapped[str | None]
    shared_computer: Mapped[bool] = mapped_column(server_default=text("true"))

    __table_args__ = (check("token_hash", f"token_hash {HASH}"), check("idle_minutes", "idle_minutes >= 1"))


class SignInLink(Base):
    """A link that signs somebody in once: one of the demonstration's people, an invited person, or after a reset."""

    __tablename__ = "sign_in_link"

    link_hash: Mapped[str] = mapped_column(primary_key=True)
    user_name: Mapped[str] = mapped_column(ForeignKey("app_user.user_name", ondelete="CASCADE"), index=True)
    purpose: Mapped[str]
    made_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)
    expires_at: Mapped[dt.datetime]

    __table_args__ = (
        check("link_hash", f"link_hash {HASH}"),
        check("purpose", "purpose = ANY (ARRAY['demonstration'::text, 'invitation'::text, 'reset'::text])"),
    )


class SignInCount(Base):
    """Failed sign-ins of one account from one origin: a network, or a browser that is known.

    `account` is the hash of the name that was typed; an empty account or origin stands for all of them. No password is
    looked at before `open_at`; `refused` counts what came too early, `noted` how many of these the audit was told of.
    """

    __tablename__ = "sign_in_count"

    account: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    refused: Mapped[int] = mapped_column(server_default=text("0"))
    noted: Mapped[int] = mapped_column(server_default=text("0"))
    last_at: Mapped[dt.datetime] = mapped_column(server_default=NOW, index=True)
    open_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)

    __table_args__ = (*not_negative("failures", "refused", "noted"),)


class KnownBrowser(Base):
    """A browser that somebody has signed in with before, and the network that they last did so from."""

    __tablename__ = "known_browser"

    device_hash: Mapped[str] = mapped_column(primary_key=True)
    user_name: Mapped[str] = mapped_column(
        ForeignKey("app_user.user_name", ondelete="CASCADE"), primary_key=True, index=True
    )
    network: Mapped[str]
    seen_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)

    __table_args__ = (check("device_hash", f"device_hash {HASH}"),)


class ApiToken(Base):
    """A token by which a program reads as its owner, within `roles` and `scopes` where these are not None.

    With the purpose `feed` it is good for the feed of its owner's watches alone.
    """

    __tablename__ = "api_token"

    token_id: Mapped[uuid.UUID] = random_id()
    token_hash: Mapped[str] = mapped_column(unique=True)
    user_name: Mapped[str] = mapped_column(ForeignKey("app_user.user_name", ondelete="CASCADE"), index=True)
    label: Mapped[str | None]
    roles: Mapped[list[str] | None]
    scopes: Mapped[list[str] | None]
    made_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)
    expires_at: Mapped[dt.datetime]
    last_used_at: Mapped[dt.datetime | None]
    purpose: Mapped[str] = mapped_column(server_default=text("'api'"))

    __table_args__ = (
        check("token_hash", f"token_hash {HASH}"),
        check("purpose", "purpose = ANY (ARRAY['api'::text, 'feed'::text])"),
        check("label", "length(label) <= 80"),
        # An administrator's role is for no program.
        check("roles", "roles <@ ARRAY['committee'::text, 'coordinator'::text, 'analyst'::text, 'gis'::text]"),
    )


class SavedView(Base):
    """A view of the map that somebody keeps under a name; `query` is the state of the map as its address holds it."""

    __tablename__ = "saved_view"

    view_id: Mapped[uuid.UUID] = random_id()
    user_name: Mapped[str] = mapped_column(ForeignKey("app_user.user_name", ondelete="CASCADE"))
    name: Mapped[str]
    query: Mapped[str]
    saved_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)

    __table_args__ = (
        UniqueConstraint("user_name", "name"),
        check("name", "length(name) BETWEEN 1 AND 1000"),
        check("query", "length(query) <= 4000"),
    )
