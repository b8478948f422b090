"""The mine sites of a unit by ICGLR status, and those that nobody has visited for long."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, or_, select

from geoapp.followup.periods import lies_in
from geoapp.province.section import Cell, Row, Section, Table, bars_of, counted, day, in_digits, said
from geoapp.province.unit import Unit
from layers.mine_sites import LONG_UNVISITED
from layers.tables import MineSite, SiteVisit
from layers.tables.views import PUBLIC_MINE_SITE
from layers.text import Text
from layers.vocabulary import ICGLR_STATUS, MINERAL

SITE = PUBLIC_MINE_SITE.c
TITLE = Text("Mine sites", "Sites miniers")


@dataclass(frozen=True)
class Unvisited:
    """A site that nobody has visited for long; None where no visit is recorded."""

    site_id: str
    name: str
    minerals: Sequence[str]
    visited_on: dt.date | None


@dataclass(frozen=True)
class Sites:
    """The sites by status; `unvisited` is None for who is not told of visits."""

    by_status: dict[str, int]
    unvisited: Sequence[Unvisited] | None
    unvisited_total: int
    synthetic: bool

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.by_status.values())


def read_sites(connection: Connection, unit: Unit, *, full: bool, most: int) -> Sites:
    """The sites that lie in a unit today; for who sees visits, those without one for long, the longest first."""
    rows = connection.execute(
        select(SITE.icglr_status, func.count(), func.bool_or(SITE.synthetic))
        .where(lies_in(SITE.units, [unit.unit_code]))
        .group_by(SITE.icglr_status)
    ).all()
    by_status = {row[0]: row[1] for row in rows}
    synthetic = any(row[2] for row in rows)
    if not full:
        return Sites(by_status, None, 0, synthetic)
    last = (
        select(SiteVisit.site_id, func.max(SiteVisit.visited_on).label("visited_on"))
        .group_by(SiteVisit.site_id)
        .subquery()
    )
    asked = (
        select(MineSite.site_id, MineSite.name, MineSite.minerals, last.c.visited_on)
        .outerjoin(last, last.c.site_id == MineSite.site_id)
        .where(
            lies_in(MineSite.units, [unit.unit_code]),
            or_(last.c.visited_on.is_(None), last.c.visited_on < func.today() - LONG_UNVISITED),
        )
    )
    total = connection.scalar(select(func.count()).select_from(asked.subquery())) or 0
    first = asked.order_by(last.c.visited_on.asc().nulls_first(), MineSite.name, MineSite.site_id).limit(most)
    found = [Unvisited(*row) for row in connection.execute(first)]
    return Sites(by_status, found, total, synthetic)


def sites_section(found: Sites, language: str) -> Section:
    """They in words."""
    title = said(TITLE, language)
    if not found.total:
        none = Text("No mine site is recorded in this unit.", "Aucun site minier n'est enregistré dans cette unité.")
        return Section("sites", title, empty=said(none, language))
    lead = [
        counted(
            found.total,
            Text("{n} mine site.", "{n} site minier."),
            Text("{n} mine sites.", "{n} sites miniers."),
            language,
        )
    ]
    codes = [code for code in ICGLR_STATUS if found.by_status.get(code)]
    bars = bars_of([[("plain", found.by_status[code])] for code in codes])
    rows = [
        Row((Cell(ICGLR_STATUS.label(code, language)), Cell(in_digits(found.by_status[code], language))), bar)
        for code, bar in zip(codes, bars, strict=True)
    ]
    tables = [
        Table(
            said(Text("By ICGLR status", "Par statut CIRGL"), language),
            (said(Text("ICGLR status", "Statut CIRGL"), language), said(Text("Sites", "Sites"), language)),
            rows,
            frozenset({1}),
            len(rows),
            said(Text("Mine sites by ICGLR status", "Sites miniers par statut CIRGL"), language),
        )
    ]
    notes: tuple[str, ...] = ()
    if found.unvisited is not None:
        lead.append(
            counted(
                found.unvisited_total,
                Text(
                    "{n} had no visit in {days} days.",
                    "{n} n'a reçu aucune visite depuis {days} jours.",
                ),
                Text(
                    "{n} had no visit in {days} days.",
                    "{n} n'ont reçu aucune visite depuis {days} jours.",
                ),
                language,
                days=LONG_UNVISITED,
            )
        )
        if found.unvisited:
            tables.append(_unvisited(found, language))
            notes = (
                said(
                    Text(
                        "Where nobody has been, nothing is known; it is not calm.",
                        "Là où personne n'est allé, on ne sait rien ; ce n'est pas le calme.",
                    ),
                    language,
                ),
            )
    return Section("sites", title, tuple(lead), tuple(tables), notes, synthetic=found.synthetic)


def _unvisited(found: Sites, language: str) -> Table:
    never = said(Text("no visit recorded", "aucune visite enregistrée"), language)
    rows = [
        Row(
            (
                Cell(each.name, href=f"/sites/{each.site_id}"),
                Cell(", ".join(MINERAL.label(code, language) for code in each.minerals)),
                Cell(day(each.visited_on, language) or never),
            )
        )
        for each in found.unvisited or ()
    ]
    headings = (
        said(Text("Site", "Site"), language),
        said(Text("Minerals", "Minerais"), language),
        said(Text("Last visit", "Dernière visite"), language),
    )
    title = said(Text("Without a visit for long", "Sans visite depuis longtemps"), language)
    return Table(title, headings, rows, total=found.unvisited_total)
