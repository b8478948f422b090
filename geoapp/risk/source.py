"""Where the rows of the questions come from: how they are read, from which tables, and how a change is taken in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Connection

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Source(Generic[Thing]):
    """What `load` reads for a transaction's viewer, which depends on `tables`.

    `refresh` makes it anew from what it was and the ids of rows that have changed since, and reads no others; without
    it a change has all of it read again.
    """

    tables: tuple[str, ...]
    load: Callable[[Connection], Thing]
    refresh: Callable[[Connection, Any, set[UUID]], Thing] | None = None
