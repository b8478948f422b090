"""How rows leave columns and others come in between, copying each run of rows at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoapp.risk.earth import Ints


@dataclass(frozen=True)
class Splice:
    """How rows leave a column and others come between: runs of old rows, each followed by a run of new ones."""

    runs: list[tuple[int, int, int, int]]

    @classmethod
    def plan(cls, length: int, gone: Ints, before: Ints) -> Splice:
        """Rows at the places `gone` leave; the new rows, in order, come `before` these places, which are ascending."""
        events = sorted([(place, False) for place in before.tolist()] + [(place, True) for place in gone.tolist()])
        runs = []
        old = new = 0
        for place, goes in events:
            runs.append((old, place, new, new + (not goes)))
            old, new = place + goes, new + (not goes)
        return cls([*runs, (old, length, new, new)])

    def of(self, column: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
        """The column afterwards."""
        parts = [part for old, end, first, after in self.runs for part in (column[old:end], new[first:after])]
        return np.concatenate(parts) if parts else column
