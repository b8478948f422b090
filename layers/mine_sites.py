"""Mine sites, drawn by their ICGLR status: what is public of them, with more in the popup for those who may see it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.dialects.postgresql import array

from layers.attributes import attributes_of
from layers.groups import PLACES
from layers.layer import Field, MapLayer, Place
from layers.quality import CHECKED, source_of
from layers.symbol import Label, Marker, Rule
from layers.tables import MineSite
from layers.tables.views import PUBLIC_MINE_SITE
from layers.text import Text
from layers.vocabulary import ACTIVITY, COUNTRY, ICGLR_STATUS, MINE_TYPE, MINERAL, TRACEABILITY

DARK = "#26323a"
# After so many days without a visit a place is shown as not known, never as calm.
LONG_UNVISITED = 183
SITE = PUBLIC_MINE_SITE.c

# From dark to light, so that they are told apart in grey too.
STATUSES: dict[str, tuple[str, Text]] = {
    "red": ("#a3211d", Text("ICGLR red", "CIRGL rouge")),
    "yellow": ("#f7d154", Text("ICGLR yellow", "CIRGL jaune")),
    "green": ("#3a8f58", Text("ICGLR green", "CIRGL vert")),
    "blue": ("#86b9ea", Text("ICGLR blue (not yet verified)", "CIRGL bleu (pas encore vérifié)")),
}
UNKNOWN = Text("Not inspected or unknown", "Non inspecté ou inconnu")
# Below this zoom sites lie so close that smaller squares tell more.
NEAR_ZOOM = 9


def _rules(size: float, outline: float, min_zoom: float = 0, max_zoom: float = 24) -> list[Rule]:
    """A square for each status; those of the far view are not repeated in the legend."""
    legend = min_zoom == NEAR_ZOOM
    squares = [
        Rule(
            Marker("square", size, color, stroke=DARK, stroke_width=outline),
            title if legend else None,
            when={"icglr_status": code},
            min_zoom=min_zoom,
            max_zoom=max_zoom,
        )
        for code, (color, title) in STATUSES.items()
    ]
    other = Marker("square", size - 1, "#ffffff", stroke=DARK, stroke_width=outline)
    return [*squares, Rule(other, UNKNOWN if legend else None, min_zoom=min_zoom, max_zoom=max_zoom)]


# What is public of every site, and the rest of those that the viewer may see whole.
ATTRIBUTES = tuple(SITE[name] if (name := str(column.key)) in SITE else column for column in attributes_of(MineSite))
WHOLE = PUBLIC_MINE_SITE.outerjoin(MineSite.__table__, MineSite.site_id == SITE.site_id)


def _of_whole(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """A condition on the site itself, which is false for whoever sees but what is public of it."""
    return exists().where(MineSite.site_id == SITE.site_id, condition)


MINE_SITES = MapLayer(
    name="mine_sites",
    title=Text("Mine sites", "Sites miniers"),
    group=PLACES,
    places=(Place(PUBLIC_MINE_SITE, SITE.geom, SITE.geom_3857),),
    details=WHOLE,
    attributes=ATTRIBUTES,
    feature_places=(Place(WHOLE, SITE.geom, SITE.geom_3857),),
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
    rules=(*_rules(6, 0.8, max_zoom=NEAR_ZOOM - 0.01), *_rules(9, 1.2, min_zoom=NEAR_ZOOM)),
    labels=(Label("name", size=11, color="#26323a", min_zoom=12),),
    tip="name",
    filters={
        "unit": SITE.units,
        "mineral": SITE.minerals,
        "icglr_status": SITE.icglr_status,
        "near": SITE.geom,
        "quality": array([_of_whole(check.condition).label(check.code) for check in CHECKED["mine_sites"].checks]),
        "source": select(source_of(MineSite)).where(MineSite.site_id == SITE.site_id).scalar_subquery(),
    },
    points=True,
    order=40,
)
