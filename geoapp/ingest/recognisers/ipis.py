"""The visits to mining sites of IPIS: one row a visit, of which the newest describes the site."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from geoapp.ingest import dates, words
from geoapp.ingest.recognisers.recogniser import Export, Recogniser, Translation, signs
from geoapp.ingest.values import NO, YES, plain_text
from geoapp.naming import fold
from layers import vocabulary as vocab
from layers.text import Text
from layers.vocabulary import Vocabulary

NOBODY = {"aucun", "aucune", "non", "0", "none"}
# By the beginning of the folded word, since the programme adds to it: "FARDC - Éléments indisciplinés".
KINDS = (
    ("fardc", "state_army"),
    ("armee", "state_army"),
    ("pmh", "mining_police"),
    ("police des mines", "mining_police"),
    ("police miniere", "mining_police"),
    ("pnc", "state_police"),
    ("police", "state_police"),
    ("groupe arme", "armed_group"),
    ("anr", "other_state"),
    ("dgm", "other_state"),
    ("garde", "private_guard"),
)
# What an armed group may be noted for, and what that is called here.
INTERFERENCE = {
    "digging": "digging",
    "taxation": "taxation",
    "commerce_taxation": "taxation",
    "entrance_taxation": "taxation",
    "forced_labour": "forced_labour",
    "pillaging": "pillage",
    "monopoly": "control",
    "pit_ownership": "control",
}
GROUPS = (1, 2, 3)


def sites(export: Export) -> Translation:
    """Each site as its newest visit describes it; qualification is the ICGLR status."""
    codes, days = export.texts("pcode"), export.raw("visit_date")
    minerals = [_coded(export, "minerals", vocab.MINERAL, f"mineral{number}") for number in GROUPS]
    workers = export.raw("workers_numb")
    return export.translation(
        {
            "site_id": codes,
            "ipis_pcode": codes,
            "name": export.texts("name"),
            "stated_unit": export.texts("province"),
            "territory": export.texts("territoire"),
            "groupement": export.texts("groupement"),
            "locality": export.texts("village"),
            "minerals": [";".join(dict.fromkeys(filter(None, found))) for found in zip(*minerals, strict=True)],
            "workers_est": workers,
            "workers_on": [day if count is not None else None for day, count in zip(days, workers, strict=True)],
            "icglr_status": _coded(export, "icglr_status", vocab.ICGLR_STATUS, "qualification"),
            "traceability": _coded(export, "traceability", vocab.TRACEABILITY, "traceability"),
            "position_method": _coded(export, "position_method", vocab.POSITION_METHOD, "location_origin"),
        },
        older=_older(codes, days),
    )


def visits(export: Export) -> Translation:
    """Each visit, with the armed actor that was met first, how often it is there and what it does."""
    actors = _Actors(export)
    return export.translation(
        {
            "visit_id": export.texts("vid"),
            "site_id": export.texts("pcode"),
            "visited_on": export.raw("visit_date"),
            "on_site": [_yes_no(value) for value in export.raw("visit_onsite")],
            "visitor_org": export.texts("project"),
            "workers_est": export.raw("workers_numb"),
            "armed_actor_present": actors.present(),
            "armed_actor_kind": actors.kinds(),
            "presence_frequency": actors.frequencies(),
            "interference": actors.interference(),
            "children_present": [_yes_no(value) for value in export.raw("childunder15")],
            "notes": actors.notes(),
        }
    )


class _Actors:
    """The up to three armed actors of each visit; a column that only says "Aucun" names nobody."""

    def __init__(self, export: Export):
        self.export = export
        self.presence = [_yes_no(value) for value in export.raw("presence")]
        names = [export.texts(f"armed_group{number}") for number in GROUPS]
        kinds = [export.texts(f"type_armed_group{number}") for number in GROUPS]
        self.said = [any(cells) for cells in zip(*names, *kinds, strict=True)]
        self.names, self.types = list(zip(*names, strict=True)), list(zip(*kinds, strict=True))
        self.first = [_first(*pair) for pair in zip(self.names, self.types, strict=True)]

    def present(self) -> list[bool | None]:
        """Whether there was one; None where the visit does not say."""
        told = zip(self.first, self.said, self.presence, strict=True)
        return [True if first is not None else False if said else presence for first, said, presence in told]

    def kinds(self) -> list[str | None]:
        """What the first of them is."""
        found: list[str | None] = []
        unknown: list[str] = []
        for first, names, types in zip(self.first, self.names, self.types, strict=True):
            word = None if first is None else types[first] or names[first]
            code = _kind(word) if word else None
            found.append(code)
            if word and code is None:
                unknown.append(word)
        self.export.list_unknown("armed_actor_kind", unknown)
        return found

    def frequencies(self) -> list[str | None]:
        """How often the first of them is there."""
        columns = [
            _coded(self.export, "presence_frequency", vocab.PRESENCE_FREQUENCY, f"frequency_armed_group{number}")
            for number in GROUPS
        ]
        rows = zip(self.first, zip(*columns, strict=True), strict=True)
        return [None if first is None else cells[first] for first, cells in rows]

    def interference(self) -> list[str | None]:
        """What any of them does."""
        found: list[list[str]] = [[] for _ in range(self.export.count)]
        for number in GROUPS:
            for deed, code in INTERFERENCE.items():
                for index, value in enumerate(self.export.raw(f"{deed}_armed_group{number}")):
                    if value is not None and fold(plain_text(value)) not in NO | NOBODY and code not in found[index]:
                        found[index].append(code)
        return [";".join(codes) or None for codes in found]

    def notes(self) -> list[str | None]:
        """The names of all of them, and why a site was not entered."""
        reasons = self.export.texts("visit_onsite_novisitreason")
        rows = zip(self.names, self.types, reasons, strict=True)
        return [
            "; ".join([*_named(names, types), *([reason] if reason else [])]) or None for names, types, reason in rows
        ]


def _first(names: Sequence[str | None], types: Sequence[str | None]) -> int | None:
    return next((place for place, pair in enumerate(zip(names, types, strict=True)) if _somebody(*pair)), None)


def _somebody(name: str | None, kind: str | None) -> bool:
    return any(word is not None and fold(word) not in NOBODY for word in (name, kind))


def _named(names: Sequence[str | None], types: Sequence[str | None]) -> list[str]:
    pairs = [pair for pair in zip(names, types, strict=True) if _somebody(*pair)]
    return [" - ".join(dict.fromkeys(part for part in pair if part)) for pair in pairs]


def _kind(word: str) -> str | None:
    return next((code for start, code in KINDS if fold(word).startswith(start)), None)


def _coded(export: Export, column: str, vocabulary: Vocabulary, name: str) -> list[str | None]:
    """The cells of a column as codes; words for "not known" are empty, others that are no code are listed."""
    cells = export.texts(name)
    found = [words.code_of(word, vocabulary) if word else None for word in cells]
    pairs = zip(cells, found, strict=True)
    export.list_unknown(
        column, (word for word, code in pairs if word and code is None and not words.means_not_known(word))
    )
    return found


def _yes_no(value: Any) -> bool | None:
    word = "" if value is None else fold(plain_text(value))
    return True if word in YES else False if word in NO | NOBODY else None


def _older(codes: Sequence[str | None], days: Sequence[Any]) -> set[int]:
    """The indexes of visits after which the same site was visited again; of one day the last row counts."""
    newest: dict[str, tuple[dt.date, int]] = {}
    known: set[int] = set()
    for index, (code, day) in enumerate(zip(codes, days, strict=True)):
        date = _date(day)
        if code is None or date is None:
            continue
        known.add(index)
        newest[code] = max(newest.get(code, (date, index)), (date, index))
    return known - {index for _, index in newest.values()}


def _date(raw: Any) -> dt.date | None:
    try:
        return dates.day(raw, "unknown") if raw is not None else None
    except (ValueError, OverflowError):
        return None


IPIS = Recogniser(
    name="IPIS mining site visits",
    source="IPIS",
    signs=signs("pcode", "visit_date", "qualification armed_group1 interference workers_numb"),
    reads={"mine_sites": sites, "visits": visits},
    decided=Text(
        "one row is one visit: as mine_sites the newest describes the site, as visits each is one; qualification is the"
        " ICGLR status",
        "une ligne est une visite : comme mine_sites la plus récente décrit le site, comme visits chacune compte ;"
        " qualification est le statut CIRGL",
    ),
)
