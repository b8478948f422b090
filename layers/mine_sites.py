"""Mine sites, drawn by their ICGLR status: what is public of them, with more in the popup for those who may see it."""

from __future__ import annotations

from layers.layer import Field, MapLayer, Place
from layers.symbol import Label, Marker, Rule
from layers.tables import MineSite
from layers.tables.views import PUBLIC_MINE_SITE
from layers.text import Text
from layers.vocabulary import ACTIVITY, COUNTRY, ICGLR_STATUS, MINE_TYPE, MINERAL, TRACEABILITY

DARK = "#26323a"
SITE = PUBLIC_MINE_SITE.c


def _status(code: str, color: str, title: Text) -> Rule:
    return Rule(Marker("square", 9, color, stroke=DARK, stroke_width=1.2), title, when={"icglr_status": code})


MINE_SITES = MapLayer(
    name="mine_sites",
    title=Text("Mine sites", "Sites miniers"),
    places=(Place(PUBLIC_MINE_SITE, SITE.geom, SITE.geom_3857),),
    details=PUBLIC_MINE_SITE.outerjoin(MineSite.__table__, MineSite.site_id == SITE.site_id),
    key=SITE.site_id,
    properties=(SITE.site_id, SITE.name, SITE.icglr_status),
    heading=SITE.name,
    subheading=Field(Text("Site", "Site"), SITE.site_id),
    fields=(
        Field(Text("Minerals", "Minerais"), SITE.minerals, MINERAL),
        Field(Text("ICGLR status", "Statut CIRGL"), SITE.icglr_status, ICGLR_STATUS),
        Field(Text("Status of", "Statut du"), MineSite.icglr_status_on),
        Field(Text("Activity", "Activité"), MineSite.activity, ACTIVITY),
        Field(Text("Type", "Type"), MineSite.mine_type, MINE_TYPE),
        Field(Text("Operator", "Exploitant"), MineSite.operator_name),
        Field(Text("Workers (estimate)", "Travailleurs (estimation)"), MineSite.workers_est),
        Field(Text("Traceability", "Traçabilité"), MineSite.traceability, TRACEABILITY),
        Field(Text("Territory", "Territoire"), MineSite.territory),
        Field(Text("Country", "Pays"), SITE.country, COUNTRY),
        Field(Text("Source", "Source"), MineSite.source_id),
    ),
    synthetic=SITE.synthetic,
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
    filters={"unit": SITE.units},
    order=40,
)
