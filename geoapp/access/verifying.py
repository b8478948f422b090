"""Checking the audit against its seals: what was changed, cut out, cut off or slipped in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, and_, func, not_, or_, select, text, true

from geoapp.access.seals import (
    CHUNK,
    HASH_BYTES,
    NOW,
    START,
    Head,
    event_hash,
    read_events,
    read_head,
    read_seals,
    seal_hash,
)
from geoapp.database.audit_key import key_mark
from layers.tables import AuditEvent, AuditSeal

Fault = Literal[
    "event_changed",
    "event_missing",
    "event_inserted",
    "seal_changed",
    "seal_missing",
    "seal_of_another_key",
    "head_unknown",
    "guard_off",
]
# What keeps the two tables as they are has to be on in every session; what writes the events, in ordinary ones.
GUARDS_OFF = text("""
    SELECT guard.name || ' on ' || guard.relation
      FROM (VALUES ('audit_event', 'stamped'), ('audit_event', 'kept'), ('audit_event', 'kept_whole'),
                   ('audit_seal', 'kept'), ('audit_seal', 'kept_whole')) AS guard (relation, name)
     WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = guard.relation::regclass AND tgname = guard.name
                          AND tgenabled = 'A')
     UNION ALL
    SELECT tgname || ' on ' || tgrelid::regclass::text FROM pg_trigger
     WHERE tgname = 'audited' AND tgenabled NOT IN ('O', 'A')
     ORDER BY 1
""")
IN_WORDS: dict[Fault, str] = {
    "event_changed": "event {number} was changed",
    "event_missing": "event {number} was removed",
    "event_inserted": "event {number} was slipped in behind a seal",
    "seal_changed": "seal {number} was changed",
    "seal_missing": "seal {number} was removed",
    "seal_of_another_key": "seal {number} was made with another key, and cannot be checked",
    "head_unknown": "seal {number}, whose hash was kept elsewhere, is not there: the tail was cut off or changed",
    "guard_off": "the trigger {name} is switched off or gone: since when, nothing tells",
}


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was sealed or should be: of the event or seal `number`, or of the trigger `name`.

    `number` is 0 where it is not known.
    """

    fault: Fault
    number: int
    name: str | None = None

    def in_words(self) -> str:
        """The finding as a line."""
        return IN_WORDS[self.fault].format(number=self.number or "of unknown number", name=self.name)


@dataclass
class Verification:
    """What a check found: how many seals and events are sealed, how many wait, since when, and what is wrong."""

    head: Head | None
    seals: int = 0
    events: int = 0
    waiting: int = 0
    waiting_since: datetime | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def content(self) -> bool:
        """Whether everything is as it was sealed."""
        return not self.findings


def verify(connection: Connection, key: bytes, heads: Iterable[tuple[int, str]] = ()) -> Verification:
    """Check all events and seals; `heads` are numbers (0 where unknown) and hashes that were kept elsewhere.

    The transaction must be of one snapshot (REPEATABLE READ), or events that come meanwhile could seem wrong.
    """
    result = Verification(read_head(connection))
    hashes = _check_seals(connection, key, result)
    result.findings += [
        Finding("head_unknown", number)
        for number, kept in heads
        if (number and hashes.get(number) != kept) or kept not in hashes.values()
    ]
    _check_others(connection, result)
    result.findings += [Finding("guard_off", 0, name) for name in connection.scalars(GUARDS_OFF)]
    return result


def _check_seals(connection: Connection, key: bytes, result: Verification) -> dict[int, str]:
    """The hash of each seal, in hexadecimal, after checking it and its events."""
    hashes: dict[int, str] = {}
    previous, expected = START, 1
    for piece in _pieces(read_seals(connection)):
        events = read_events(connection, [number for seal in piece for number in seal.event_ids])
        for seal in piece:
            result.findings += [Finding("seal_missing", number) for number in range(expected, seal.seal_no)]
            if seal.key_mark != key_mark(key):
                result.findings.append(Finding("seal_of_another_key", seal.seal_no))
            elif (
                seal.seal_hash != seal_hash(key, seal._mapping)
                or len(seal.event_hashes) != HASH_BYTES * len(seal.event_ids)
                or (seal.seal_no == expected and seal.previous_hash != previous)
            ):
                result.findings.append(Finding("seal_changed", seal.seal_no))
            else:
                result.findings += _check_events(key, seal, events)
            hashes[seal.seal_no] = seal.seal_hash.hex()
            previous, expected = seal.seal_hash, seal.seal_no + 1
            result.seals += 1
            result.events += len(seal.event_ids)
    return hashes


def _check_events(key: bytes, seal: Row[Any], events: dict[int, Row[Any]]) -> Iterator[Finding]:
    for place, number in enumerate(seal.event_ids):
        if number not in events:
            yield Finding("event_missing", number)
        elif event_hash(key, events[number]) != seal.event_hashes[HASH_BYTES * place : HASH_BYTES * (place + 1)]:
            yield Finding("event_changed", number)


def _check_others(connection: Connection, result: Verification) -> None:
    """Look at the events that no seal holds: those that came after the last one wait for theirs."""
    sealed = select(func.unnest(AuditSeal.event_ids))
    unsealed = select(AuditEvent.audit_event_id).except_(sealed).subquery()
    waits: ColumnElement[bool] = true()
    last = select(AuditSeal.era, AuditSeal.to_xid).order_by(AuditSeal.seal_no.desc()).limit(1)
    if found := connection.execute(last).one_or_none():
        now = connection.execute(NOW).one()
        waits = and_(AuditEvent.era == found.era, AuditEvent.xid >= found.to_xid)
        if now.era != found.era:
            waits = or_(waits, AuditEvent.era == now.era)
    among = AuditEvent.audit_event_id.in_(select(unsealed.c[0]))
    result.waiting, result.waiting_since = connection.execute(
        select(func.count(), func.min(AuditEvent.happened_at)).where(among, waits)
    ).one()
    inserted = select(AuditEvent.audit_event_id).where(among, not_(waits)).order_by(AuditEvent.audit_event_id)
    result.findings += [Finding("event_inserted", number) for number in connection.scalars(inserted)]


def _pieces(seals: Iterable[Row[Any]]) -> Iterator[Sequence[Row[Any]]]:
    """The seals in pieces whose events are read at once."""
    piece: list[Row[Any]] = []
    count = 0
    for seal in seals:
        piece.append(seal)
        count += len(seal.event_ids)
        if count >= CHUNK:
            yield piece
            piece, count = [], 0
    if piece:
        yield piece
