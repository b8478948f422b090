"""The rows of a file as they go into a table: values by column, keys for rows that bring none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import shapely

from geoapp.ingest.columns import Matching
from geoapp.ingest.findings import Findings
from geoapp.ingest.sheet import Sheet, Values
from geoapp.ingest.targets import Target
from geoapp.ingest.values import Calendar, convert, join_lists
from layers.text import Text

# About a tenth of a metre: the same place in another format, or converted once more, stays the same place.
KEY_DECIMALS = 6
TEXTS = ("summary_fr", "summary_en")
FACTS = ("category", "annex2", "act", "stage", "actor_kind", "victim_kind", "level")
PLACE = ("place_text", "site_id", "route_id", "facility_id", "stated_unit")


def read_rows(
    target: Target, sheet: Sheet, matching: Matching, calendar: Calendar, findings: Findings
) -> dict[str, Values]:
    """The values of every matched column, by its name in files, as arrays of Python objects."""
    rows: dict[str, Values] = {}
    for name, sources in matching.items():
        cells = join_lists([sheet.columns[source] for source in sources])
        rows[name] = convert(cells, target.columns[name], name in target.key, calendar, findings)
    if target.name == "boundaries":
        _complete_units(rows, findings)
    return rows


def require_places(target: Target, rows: Mapping[str, Values], geometry: Values, findings: Findings) -> None:
    """Refuse rows that have neither a position nor another place that the table takes for one."""
    lost = shapely.is_missing(geometry)
    if not target.needs_geometry:
        for name in target.places:
            if name in rows:
                lost &= np.array([value is None for value in rows[name]], dtype=bool)
    for index in np.flatnonzero(lost):
        row = int(index) + 1
        if row in findings.rejected:
            continue
        if target.needs_geometry:
            findings.add("no_geometry", row, "geom")
        else:
            findings.add("no_place", row, "geom", None, ", ".join(target.places))


def make_keys(target: Target, rows: dict[str, Values], geometry: Values | None, findings: Findings) -> None:
    """Give every row that brings no key one that follows from its content, so that the same row has it again.

    Incidents keep having no number; their `content_key` is the hash of day, place and text.
    """
    count = len(next(iter(rows.values())))
    if target.name == "incidents":
        rows["content_key"] = _content_keys(rows, geometry, count)
        return
    if not target.made_from:
        return
    name = target.key[0]
    keys = rows.setdefault(name, np.full(count, None, dtype=object))
    made = [index for index in range(count) if keys[index] is None and index + 1 not in findings.rejected]
    places = _place_texts(geometry, count) if made else []
    for index in made:
        parts = [places[index] if part == "geom" else _cell(rows, part, index) for part in target.made_from]
        keys[index] = f"auto-{_digest(parts)[:16]}"
    if made:
        findings.add("key_made", None, name, len(made), ", ".join(target.made_from))


def _content_keys(rows: Mapping[str, Values], geometry: Values | None, count: int) -> Values:
    numbers = rows.get("incident_no", np.full(count, None, dtype=object))
    places = _place_texts(geometry, count) if any(number is None for number in numbers) else []
    keys = np.full(count, None, dtype=object)
    for index in range(count):
        if numbers[index] is None:
            texts = [_cell(rows, name, index) for name in TEXTS]
            # Without a text two incidents of a day and place are told apart by what kind they are.
            facts = [] if any(texts) else [_cell(rows, name, index) for name in FACTS]
            day = _cell(rows, "occurred_from", index)
            named = [_cell(rows, name, index) for name in PLACE]
            keys[index] = _digest([day, places[index], *named, *texts, *facts])
    return keys


def _place_texts(geometry: Values | None, count: int) -> list[str]:
    if geometry is None:
        return [""] * count
    rounded = shapely.transform(geometry, lambda coordinates: np.round(coordinates, KEY_DECIMALS) + 0.0)
    return [wkb.hex() if wkb is not None else "" for wkb in shapely.to_wkb(rounded, byte_order=1)]


def _cell(rows: Mapping[str, Values], name: str, index: int) -> str:
    value: Any = rows[name][index] if name in rows else None
    return "" if value is None else str(value)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8")).hexdigest()


def _complete_units(rows: dict[str, Values], findings: Findings) -> None:
    """Find a unit's country in its code where no column tells it; only countries have codes of two letters."""
    codes, levels = rows["unit_code"], rows["level"]
    if "country" not in rows:
        rows["country"] = np.array([code[:2] if code else None for code in codes] + [None], dtype=object)[:-1]
    for index, (code, level, country) in enumerate(zip(codes, levels, rows["country"], strict=True)):
        if code is None or level is None or country is None:
            continue
        if (level == 0) != (code == country) or (level > 0 and len(code) < 3):
            wanted = country if level == 0 else Text(f"a code such as {country}-XX", f"un code comme {country}-XX")
            findings.add("unit_code_form", index + 1, "unit_code", code, wanted)
