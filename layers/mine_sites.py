"""Mine sites, drawn by their ICGLR status."""

from __future__ import annotations

from layers.layer import Field, MapLayer, Place
from layers.symbol import Label, Marker, Rule
from layers.tables import MineSite
from layers.text import Text
from layers.vocabulary import ACTIVITY, COUNTRY, ICGLR_STATUS, MINE_TYPE, MINERAL, TRACEABILITY

DARK = "#26323a"


def _status(code: str, color: str, title: Text) -> Rule:
    return Rule(Marker("square", 9, color, stroke=DARK, stroke_width=1.2), title, when={"icglr_status": code})


MINE_SITES = MapLayer(
    name="mine_sites",
    title=Text("Mine sites", "Sites miniers"),
    places=(Place(MineSite.__table__, MineSite.geom, MineSite.geom_3857),),
    key=MineSite.site_id,
    properties=(MineSite.site_id, MineSite.name, MineSite.icglr_status, MineSite.activity),
    heading=MineSite.name,
    subheading=Field(Text("Site", "Site"), MineSite.site_id),
    fields=(
        Field(Text("Minerals", "Minerais"), MineSite.minerals, MINERAL),
        Field(Text("ICGLR status", "Statut CIRGL"), MineSite.icglr_status, ICGLR_STATUS),
        Field(Text("Status of", "Statut du"), MineSite.icglr_status_on),
        Field(Text("Activity", "Activité"), MineSite.activity, ACTIVITY),
        Field(Text("Type", "Type"), MineSite.mine_type, MINE_TYPE),
        Field(Text("Operator", "Exploitant"), MineSite.operator_name),
        Field(Text("Workers (estimate)", "Travailleurs (estimation)"), MineSite.workers_est),
        Field(Text("Traceability", "Traçabilité"), MineSite.traceability, TRACEABILITY),
        Field(Text("Territory", "Territoire"), MineSite.territory),
        Field(Text("Country", "Pays"), MineSite.country, COUNTRY),
        Field(Text("Source", "Source"), MineSite.source_id),
    ),
    synthetic=MineSite.synthetic,
    rules=(
        _status("red", "#c8362e", Text("ICGLR red", "CIRGL rouge")),
        _status("yellow", "#f4c430", Text("ICGLR yellow", "CIRGL jaune")),
        _status("green", "#3c9a5f", Text("ICGLR green", "CIRGL vert")),
        _status("blue", "#4a86c5", Text("ICGLR blue (not yet verified)", "CIRGL bleu (pas encore vérifié)")),
        Rule(
            Marker("square", 8, "#ffffff", stroke=DARK, stroke_width=1.2),
            Text("Not inspected or unknown", "Non inspecté ou inconnu"),
        ),
    ),
    labels=(Label("name", size=11, color="#26323a", min_zoom=12),),
    tip="name",
    filters={"unit": MineSite.units},
    order=40,
)
