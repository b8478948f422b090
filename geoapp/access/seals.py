"""Seals over the events of the audit: a chain of keyed hashes that shows what was changed, cut out or slipped in.

A seal is made from transactions that have all ended: those below the oldest one that still runs (PostgreSQL's
pg_snapshot_xmin). An event's place is the number of its transaction, which the database gives once, so that the set
below that bound is final in whatever order transactions commit.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, text

from geoapp.database.audit_key import key_mark
from geoapp.errors import AuditError
from layers.tables import AuditEvent, AuditSeal

# Any number will do, as long as it is always the same: one process seals at a time.
LOCK = 6_318_007
START = b"\0" * 32
HASH_BYTES = 32
# Events that are read at once.
CHUNK = 10_000
NOW = text(
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xid,"
    " (SELECT system_identifier FROM pg_control_system()) AS era"
)


@dataclass(frozen=True)
class Head:
    """The newest seal: its number, its hash in hexadecimal, and when it was made."""

    seal_no: int
    hash: str
    sealed_at: datetime


def seal(connection: Connection, key: bytes, new_key: bool = False) -> Head | None:
    """Seal the events of all transactions that have ended, within the caller's transaction; the head afterwards.

    None where nothing was ever sealed, and nothing is to be. Waits for no other process that seals: its seal is ours.
    Raises AuditError where the last seal was made with another key, unless `new_key` says that this is meant.
    """
    if not connection.scalar(select(func.pg_try_advisory_xact_lock(LOCK))):
        return read_head(connection)
    last = _last(connection)
    if last is not None and last.key_mark != key_mark(key) and not new_key:
        raise AuditError(
            "The last seal was made with another key. Put that key back (GEOAPP_AUDIT_KEY, or audit.key under"
            " GEOAPP_HOME); or, if it is lost, go on with this one by `geoapp audit seal --new-key`: the seals before"
            " it can then no longer be checked."
        )
    # First the bound, then the events: whatever lies below it has been committed by now, or never will be.
    now = connection.execute(NOW).one()
    start = last.to_xid if last is not None and last.era == now.era else 0
    if last is not None and last.era == now.era and now.xid < last.to_xid:
        raise AuditError(
            "The server counts transactions anew, below those of the last seal. Its data were put back from a copy"
            " without their control file: see docs/audit.md."
        )
    new = _between(now.era, start, now.xid)
    if last is not None and last.era != now.era:
        # Restored on another server: what the old one had not sealed yet.
        new = or_(new, and_(AuditEvent.era == last.era, AuditEvent.xid >= last.to_xid))
    elif last is None:
        new = or_(new, AuditEvent.era != now.era)
    ids, hashes = _hashed(connection, key, new)
    if ids:
        values = {
            "seal_no": last.seal_no + 1 if last is not None else 1,
            "era": now.era,
            "from_xid": start,
            "to_xid": now.xid,
            "event_ids": ids,
            "event_hashes": b"".join(hashes),
            "previous_hash": last.seal_hash if last is not None else START,
            "key_mark": key_mark(key),
            "sealed_at": datetime.now(UTC),
        }
        connection.execute(insert(AuditSeal).values(**values, seal_hash=seal_hash(key, values)))
    return read_head(connection)


def read_head(connection: Connection) -> Head | None:
    """The newest seal; None where there is none."""
    last = _last(connection)
    if last is None:
        return None
    return Head(last.seal_no, last.seal_hash.hex(), last.sealed_at)


def read_seals(connection: Connection) -> Iterator[Row[Any]]:
    """All seals in their order."""
    yield from connection.execute(
        select(AuditSeal.__table__).order_by(AuditSeal.seal_no).execution_options(yield_per=200)
    )


def read_events(connection: Connection, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """The events of those numbers that there are."""
    found: dict[int, Row[Any]] = {}
    for start in range(0, len(ids), CHUNK):
        asked = select(AuditEvent.__table__).where(
            AuditEvent.audit_event_id == func.any(list(ids[start : start + CHUNK]))
        )
        found |= {row.audit_event_id: row for row in connection.execute(asked)}
    return found


def event_hash(key: bytes, event: Any) -> bytes:
    """HMAC-SHA-256 of all that an event says."""
    said = [
        event.audit_event_id,
        event.happened_at.astimezone(UTC).isoformat(),
        event.user_name,
        event.what,
        event.object,
        event.before,
        event.after,
        event.request_id,
        event.xid,
        event.era,
    ]
    return hmac.digest(key, b"event" + _canonical(said), "sha256")


def seal_hash(key: bytes, values: Any) -> bytes:
    """HMAC-SHA-256 of all that a seal says, the hash of the one before it included."""
    said = [
        values["seal_no"],
        values["era"],
        values["from_xid"],
        values["to_xid"],
        list(values["event_ids"]),
        values["event_hashes"].hex(),
        values["previous_hash"].hex(),
        values["key_mark"].hex(),
        values["sealed_at"].astimezone(UTC).isoformat(),
    ]
    return hmac.digest(key, b"seal" + _canonical(said), "sha256")


def _canonical(said: list[Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _last(connection: Connection) -> Row[Any] | None:
    return connection.execute(select(AuditSeal.__table__).order_by(AuditSeal.seal_no.desc()).limit(1)).one_or_none()


def _between(era: int, start: int, end: int) -> Any:
    return and_(AuditEvent.era == era, AuditEvent.xid >= start, AuditEvent.xid < end)


def _hashed(connection: Connection, key: bytes, condition: Any) -> tuple[list[int], list[bytes]]:
    ids, hashes = [], []
    events = select(AuditEvent.__table__).where(condition).order_by(AuditEvent.audit_event_id)
    for event in connection.execute(events.execution_options(yield_per=CHUNK)):
        ids.append(event.audit_event_id)
        hashes.append(event_hash(key, event))
    return ids, hashes
