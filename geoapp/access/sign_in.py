"""Signing in with a password: guessing is slowed where it comes from, and the owner of the account is let in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from geoapp.access.audit import record
from geoapp.access.passwords import verify
from geoapp.access.secret import hash_of

Transaction = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True)
class Origin:
    """Where an attempt comes from: the address network, and the hash of the secret that a browser was given before."""

    network: str
    device: str | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether a password was right; `wait` is the seconds after which it is looked at at all."""

    right: bool
    wait: int = 0


def check_password(transaction: Transaction, name: str, password: str, origin: Origin) -> Verdict:
    """Look at a password unless guessing from there is slowed; failures are in the audit.

    The attempt is counted and committed before the password is looked at, and takes the same time for a name that does
    not exist, is disabled or has another password.
    """
    with transaction() as connection:
        attempt = connection.execute(
            text("SELECT * FROM begin_sign_in(:person, :account, :network, :device)"),
            {"person": name, "account": hash_of(name), "network": origin.network, "device": origin.device},
        ).one()
        if attempt.wait and attempt.turned_away == 1:
            # Of a thousand a minute the first is told at once, the total by `note_sign_ins`.
            _record_failure(connection, name if attempt.is_known else None, origin, attempt)
    if attempt.wait:
        return Verdict(right=False, wait=attempt.wait)
    if verify(password, attempt.password_hash):
        return Verdict(right=True)
    with transaction() as connection:
        _record_failure(connection, name if attempt.is_known else None, origin, attempt)
    return Verdict(right=False)


def remember(connection: Connection, name: str, origin: Origin, device: str) -> None:
    """Take the count of a right password back, and know the browser of the secret `device` from now on."""
    connection.execute(select(func.end_sign_in(name, hash_of(name), origin.network, origin.device, hash_of(device))))


def note_sign_ins(connection: Connection) -> None:
    """Write the totals of attempts that were turned away into the audit, where it does not have them; as the owner."""
    connection.execute(select(func.note_sign_ins()))


def _record_failure(connection: Connection, name: str | None, origin: Origin, attempt: object) -> None:
    """Write a failure down; what was typed for a name that nobody has could be a password, so it is left out."""
    who = f"app_user/{name}" if name else "app_user"
    counts = {"failures": attempt.failed, "refused": attempt.turned_away}  # type: ignore[attr-defined]
    record(connection, "sign_in_failed", f"{who} from {origin.network}", after=counts)
