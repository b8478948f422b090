"""Finding rows by what people call them: names with other accents or a letter wrong, and numbers in part."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Connection, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from geoapp.naming import fold
from geoapp.snapshot.curve import NOWHERE
from geoapp.snapshot.snapshot import Snapshot
from layers.provinces import VALID_TODAY
from layers.tables import AdminUnit, BaseFeature, Deployment, Facility, MineSite, Route
from layers.tables.views import PUBLIC_MINE_SITE

# The tables that names come from, beside those of the snapshot.
TABLES = ("mine_site", "facility", "route", "deployment", "admin_unit", "base_feature")
SHORTEST, LONGEST = 2, 80
MOST = 12
MOST_NUMBERS = 6
SITE = PUBLIC_MINE_SITE.c
# What a name must be like at least, from 0 to 1, and how that is weighed: the whole name, a word of it, its beginning.
LIKE_ENOUGH = 0.72
WHOLE, BEGINS, WORD_BEGINS, HOLDS = 1.0, 0.97, 0.94, 0.9


@dataclass(frozen=True)
class Named:
    """Something with names: of which layer, by which key, what it is called, and a point of it in degrees."""

    layer: str
    key: str
    title: str
    says: str
    lon: float
    lat: float
    zoom: int
    words: tuple[str, ...]


@dataclass(frozen=True)
class Names:
    """All that a viewer may find by name."""

    named: Sequence[Named]

    @cached_property
    def folded(self) -> list[tuple[str, Named]]:
        """Each name without accents and case, with what bears it."""
        return [(fold(word), each) for each in self.named for word in each.words if word]

    def like(self, text: str) -> list[tuple[float, Named]]:
        """What is called something like `text`, the likest first, each once."""
        wanted = fold(text)
        if len(wanted) < SHORTEST:
            return []
        best: dict[tuple[str, str], tuple[float, Named]] = {}
        for name, each in self.folded:
            score = _likeness(wanted, name)
            held = best.get((each.layer, each.key))
            if score >= LIKE_ENOUGH and (held is None or score > held[0]):
                best[each.layer, each.key] = (score, each)
        return sorted(best.values(), key=lambda found: (-found[0], len(found[1].title), found[1].title))[:MOST]


def read_names(connection: Connection, language: str) -> Names:
    """What the transaction's viewer may find by name, in the words of one language."""
    unit_name, other_unit = (AdminUnit.name_fr, AdminUnit.name_en)[:: 1 if language == "fr" else -1]
    town_name, other_town = (BaseFeature.name_fr, BaseFeature.name_en)[:: 1 if language == "fr" else -1]
    found: list[Named] = []
    sites = select(
        SITE.site_id, SITE.name, MineSite.name_alt, MineSite.itsci_code, MineSite.ipis_pcode, *_point(SITE.geom)
    ).select_from(PUBLIC_MINE_SITE.outerjoin(MineSite.__table__, MineSite.site_id == SITE.site_id))
    for row in connection.execute(sites).all():
        words = (row.name, row.site_id, *(row.name_alt or ()), row.itsci_code or "", row.ipis_pcode or "")
        found.append(Named("mine_sites", row.site_id, row.name, row.site_id, row.lon, row.lat, 13, words))
    for layer, asked, zoom in (
        ("routes", _simple(Route, Route.name, Route.route_id, Route.geom), 10),
        ("facilities", _simple(Facility, Facility.name, Facility.facility_id, Facility.geom), 13),
        ("deployments", _simple(Deployment, Deployment.provider_name, Deployment.deployment_id, Deployment.geom), 12),
    ):
        for row in connection.execute(asked).all():
            title = row.name or row.code
            if row.lon is not None:
                found.append(Named(layer, str(row.key), title, row.code, row.lon, row.lat, zoom, (title, row.code)))
    units = select(AdminUnit.unit_code, AdminUnit.level, unit_name.label("name"), other_unit.label("other"))
    for row in connection.execute(units.add_columns(*_point(AdminUnit.geom)).where(*VALID_TODAY)).all():
        words = (row.name, row.other, row.unit_code)
        zoom = 6 if row.level == 0 else 8
        layer = "countries" if row.level == 0 else "provinces"
        found.append(Named(layer, row.unit_code, row.name, row.unit_code, row.lon, row.lat, zoom, words))
    towns = select(
        BaseFeature.base_feature_id, town_name.label("name"), other_town.label("other"), *_point(BaseFeature.geom)
    )
    for row in connection.execute(towns.where(BaseFeature.kind == "town", town_name.is_not(None))).all():
        words = (row.name, row.other or "")
        found.append(Named("towns", str(row.base_feature_id), row.name, "", row.lon, row.lat, 11, words))
    return Names(found)


def _simple(model: Any, name: InstrumentedAttribute[Any], code: InstrumentedAttribute[Any], geom: Any) -> Select[Any]:
    return select(model.id.label("key"), name.label("name"), code.label("code"), *_point(geom))


def _point(geom: Any) -> list[Any]:
    inside = func.ST_PointOnSurface(geom)
    return [func.ST_X(inside).label("lon"), func.ST_Y(inside).label("lat")]


def _likeness(wanted: str, name: str) -> float:
    if wanted == name:
        return WHOLE
    if name.startswith(wanted):
        return BEGINS
    if f" {wanted}" in name:
        return WORD_BEGINS
    if len(wanted) >= 3 and wanted in name:
        return HOLDS
    if len(wanted) < 4:
        return 0.0
    # A letter wrong, left out or doubled: of the whole name, and of its words as far as was typed.
    compared = [name, name[: len(wanted) + 1], *(word for word in name.split() if len(word) >= 4)]
    matcher = SequenceMatcher(a="", b=wanted, autojunk=False)
    best = 0.0
    for each in compared:
        matcher.set_seq1(each)
        if matcher.real_quick_ratio() >= LIKE_ENOUGH and matcher.quick_ratio() >= LIKE_ENOUGH:
            best = max(best, matcher.ratio())
    return best * HOLDS if best >= LIKE_ENOUGH / HOLDS else 0.0


@dataclass(frozen=True)
class Numbered:
    """An incident by its number, at its point in degrees."""

    key: str
    number: str
    lon: float | None
    lat: float | None


def find_numbers(snapshot: Snapshot, text: str) -> list[Numbered]:
    """The incidents that the snapshot's viewer sees whose number holds `text`, whatever stands between its parts."""
    parts = re.findall(r"[0-9A-Za-z]+", text)
    if not re.search(r"[0-9]", text):
        return []
    between = rb"[^0-9A-Za-z\0]{0,3}"
    pattern = re.compile(between.join(re.escape(each).encode() for each in parts), re.IGNORECASE)
    found: list[Numbered] = []
    columns = snapshot.columns
    width = columns.number.dtype.itemsize
    raw = np.ascontiguousarray(columns.number).view(np.uint8)
    last = -1
    for match in pattern.finditer(memoryview(raw.data).cast("B")):
        row = match.start() // width
        if row == last or (match.end() - 1) // width != row:
            continue
        last = row
        placed = columns.place[row] != NOWHERE
        found.append(
            Numbered(
                str(UUID(bytes=columns.ids[row].tobytes())),
                bytes(columns.number[row]).decode("utf-8", "ignore"),
                float(columns.lon[row]) if placed else None,
                float(columns.lat[row]) if placed else None,
            )
        )
        if len(found) == MOST_NUMBERS:
            break
    return sorted(found, key=lambda each: each.number)
