"""How a layer of an upload is to be imported: what was found, and what somebody changed of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from geoapp.ingest.meanwhile import Side
from geoapp.ingest.precedence import Order
from geoapp.ingest.request import Request


@dataclass(frozen=True)
class Options:
    """The choices of a job, as its form has them; what is None is found by the import itself.

    `mapping` names the file's columns of each column of the table, as `--map` does.
    """

    source: str | None = None
    source_date: str | None = None
    licence: str | None = None
    crs: str | None = None
    encoding: str | None = None
    repair_text: bool = False
    accept_proposals: bool = False
    use_memory: bool = True
    mapping: Mapping[str, list[str]] = field(default_factory=dict)
    # Of an edited export: which side wins, by the key of the row and the column, and which rows are to go.
    settled: Mapping[str, Mapping[str, Side]] = field(default_factory=dict)
    removing: Sequence[str] = ()

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Options:
        """Those that a job stores."""
        return cls(**stored)

    def stored(self) -> dict[str, Any]:
        """The same as a job stores them."""
        return asdict(self)

    def request(self, path: Path, table: str, layer: str | None, order: Order, *, dry_run: bool) -> Request:
        """The import that they ask for."""
        return Request(
            path=path,
            table=table,
            layer=layer,
            mapping=self.mapping,
            source=self.source,
            source_date=dt.date.fromisoformat(self.source_date) if self.source_date else None,
            licence=self.licence,
            crs=self.crs,
            encoding=self.encoding,
            repair_text=self.repair_text,
            accept_proposals=self.accept_proposals,
            memory="use" if self.use_memory else "ignore",
            precedence=order,
            dry_run=dry_run,
            settled=self.settled,
            removing=frozenset(self.removing),
        )
