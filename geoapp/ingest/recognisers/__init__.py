"""Published exports that are known by their columns, one file each; docs/recognisers.md says how to add one."""

from __future__ import annotations

from collections.abc import Iterable

from geoapp.ingest.recognisers import acled, cod_ab, ipis, kst, ucdp
from geoapp.ingest.recognisers.recogniser import Recogniser

RECOGNISERS: tuple[Recogniser, ...] = (
    ipis.IPIS,
    acled.ACLED,
    ucdp.UCDP,
    kst.KST,
    cod_ab.COD_AB,
)


def recogniser_of(names: Iterable[str]) -> Recogniser | None:
    """The recogniser that knows a file with columns of these names; None where none does."""
    names = list(names)
    return next((each for each in RECOGNISERS if each.knows(names)), None)
