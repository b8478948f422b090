"""What reports are asked for with, and how each kind is made."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class Asked:
    """What a report was asked for with: the arguments before OUT, and the options."""

    arguments: tuple[str, ...]
    funder: str | None
    since: str | None
    until: str | None
    unit: str | None
    edition: str
    recipient: str | None
    language: str
    made: dt.datetime
    by: str
