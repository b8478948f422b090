"""The reviews of a unit's risk register that are due."""

from __future__ import annotations

from sqlalchemy import Connection

from geoapp.followup.register import BANDS, Chosen, list_risks
from geoapp.province.section import Cell, Row, Section, Table, counted, day, said
from geoapp.province.unit import Unit
from layers.text import Text
from layers.vocabulary import RISK_ITEM


def reviews_section(connection: Connection, unit: Unit, language: str, most: int) -> Section:
    """They in words, as the viewer sees them."""
    title = said(Text("Risk reviews due", "Risques à revoir"), language)
    due = list_risks(connection, Chosen(unit=unit.unit_code, due=True))
    if not due:
        return Section("reviews", title, empty=said(Text("No review is due.", "Aucune revue n'est due."), language))
    bands = {code: name for _, code, name in BANDS}
    rows = [
        Row(
            (
                Cell(each.about, RISK_ITEM.label(each.item, language)),
                Cell(each.risk),
                Cell(said(bands[each.band], language) if each.band else "–"),
                Cell(each.measure or "–"),
                Cell(each.owner or "–"),
                Cell(day(each.review_on, language)),
            )
        )
        for each in due[:most]
    ]
    headings = tuple(
        said(name, language)
        for name in (
            Text("About", "Objet"),
            Text("Risk", "Risque"),
            Text("Gravity", "Gravité"),
            Text("Measure", "Mesure"),
            Text("Owner", "Responsable"),
            Text("Review on", "À revoir le"),
        )
    )
    lead = counted(
        len(due),
        Text("{n} review is due.", "{n} revue est due."),
        Text("{n} reviews are due.", "{n} revues sont dues."),
        language,
    )
    return Section("reviews", title, (lead,), (Table(title, headings, rows, total=len(due)),))
