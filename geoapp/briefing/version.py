"""The version of the data that a paper is made of."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, func, select, text

# What the figures of all answers depend on.
TABLES = (
    "admin_unit", "deployment", "escort_movement", "incident", "incident_release", "mine_site", "network_edge", "route",
    "site_visit",
)  # fmt: skip
VERSIONS = text("SELECT table_versions()")


@dataclass(frozen=True)
class Version:
    """Which data a paper was made of: `code` is the same as long as no row of them has changed."""

    code: str
    day: dt.date
    snapshot: str


def read_version(connection: Connection) -> Version:
    """The version of the data that the transaction reads."""
    versions: Mapping[str, Any] = connection.scalar(VERSIONS) or {}
    told = {name: versions[name] for name in ("", *TABLES) if name in versions}
    code = sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:12]
    snapshot = connection.scalar(text("SELECT pg_current_snapshot()::text"))
    day = connection.scalar(select(func.today()))
    assert day is not None  # noqa: S101 - a function of the database always has one.
    return Version(code, day, str(snapshot))
