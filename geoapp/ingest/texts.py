"""Texts that were broken before they came here."""

from __future__ import annotations

import numpy as np
import pandas as pd

from geoapp.ingest import french
from geoapp.ingest.findings import Findings
from geoapp.ingest.sheet import Values


def look_for_mojibake(columns: dict[str, Values], repair: bool, findings: Findings) -> None:
    """Notice texts that were once read in a wrong encoding, such as "BisiÃ©", and put them right where asked to.

    Each row of each column gets a finding: what stands there, and what it should be.
    """
    for name, values in columns.items():
        if values.dtype != object:
            continue
        # One look at all of them, since hardly any column has one.
        if set(map(type, values)) <= {str, type(None)} and not french.SUSPECT.search("\n".join(filter(None, values))):
            continue
        codes, distinct = pd.factorize(values)
        for code, text in enumerate(distinct):
            mended = french.mended(text) if isinstance(text, str) else None
            if mended is None:
                continue
            for index in np.flatnonzero(codes == code):
                findings.add("text_repaired" if repair else "mojibake", int(index) + 1, name, text, mended)
                if repair:
                    values[index] = mended
