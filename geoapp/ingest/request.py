"""What is asked of an import: the file, its table, and how to read it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from geoapp.ingest import meanwhile
from geoapp.ingest.precedence import Order
from geoapp.ingest.understanding import Memory


@dataclass(frozen=True)
class Request:
    """What is to be imported, and how: the options of `geoapp import`."""

    path: Path
    table: str
    layer: str | None = None
    mapping: Mapping[str, Sequence[str]] = field(default_factory=dict)
    source: str | None = None
    crs: str | None = None
    encoding: str | None = None
    repair_text: bool = False
    dry_run: bool = False
    on_error: Literal["reject", "abort"] = "reject"
    source_date: dt.date | None = None
    licence: str | None = None
    accept_proposals: bool = False
    memory: Memory = "use"
    precedence: Order = field(default_factory=dict)
    rejected: Path | None = None
    language: str = "en"
    # What was decided about an edited export.
    settled: meanwhile.Settled = field(default_factory=dict)
    removing: frozenset[str] = frozenset()
    conflicts: meanwhile.Side | None = None
    remove_missing: bool = False
