"""How many incidents fail each check of data quality, by source."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoapp.snapshot.columns import Columns
from layers.vocabulary.quality import BITS


def count_wanting(columns: Columns, sources: int = 0) -> NDArray[np.int64]:
    """A line for each of BITS with the incidents of each source that fail it, and behind them one with all of these.

    There are as many sources as the columns name, and at least `sources`. What is seen of a release is left out: what
    is wanting in the incident is not told by it.
    """
    own = ~columns.released
    source, quality = columns.source[own], columns.quality[own]
    sources = max(sources, int(source.max(initial=0)) + 1 if len(source) else 0)
    lines = [np.bincount(source[(quality & np.uint64(bit)) != 0], minlength=sources) for bit in BITS.values()]
    return np.array([*lines, np.bincount(source, minlength=sources)], dtype=np.int64)
