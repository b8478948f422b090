"""Transport routes for minerals and explosives, drawn by how one travels on them."""

from __future__ import annotations

from layers import vocabulary as vocab
from layers.attributes import attributes_of
from layers.groups import TRANSPORT
from layers.layer import Field, MapLayer, Place
from layers.quality import labelled, source_of
from layers.symbol import Label, Rule, Stroke
from layers.tables import Route
from layers.text import Text

BROWN, BLUE = "#7d5a3c", "#2f6f9f"

ROUTES = MapLayer(
    name="routes",
    title=Text("Transport routes", "Itinéraires de transport"),
    group=TRANSPORT,
    places=(Place(Route.__table__, Route.geom, Route.geom_3857),),
    key=Route.id,
    properties=(Route.id, Route.route_id, Route.name, Route.mode, Route.use),
    heading=Route.name,
    subheading=Field(Text("Route", "Itinéraire"), Route.route_id),
    fields=(
        Field(Text("Use", "Usage"), Route.use, vocab.ROUTE_USE),
        Field(Text("Mode", "Mode"), Route.mode, vocab.ROUTE_MODE),
        Field(Text("Length", "Longueur"), Route.length_km, unit="km"),
        Field(Text("From", "De"), Route.from_ref),
        Field(Text("To", "À"), Route.to_ref),
        Field(Text("Surface", "Revêtement"), Route.surface),
        Field(Text("Passability", "Praticabilité"), Route.passability, vocab.PASSABILITY),
        Field(Text("Source", "Source"), Route.source_id),
    ),
    attributes=attributes_of(Route),
    synthetic=Route.synthetic,
    rules=(
        Rule(
            Stroke(BLUE, 2.2, dash=(2, 4), casing="#ffffff"),
            Text("By boat", "En bateau"),
            when={"mode": "boat"},
        ),
        Rule(Stroke(BLUE, 1.4, dash=(10, 8)), Text("By air", "Par avion"), when={"mode": "air"}),
        Rule(
            Stroke(BROWN, 1.8, dash=(3, 3), casing="#ffffff"),
            Text("On foot", "À pied"),
            when={"mode": "foot"},
        ),
        Rule(
            Stroke(BROWN, 2.2, dash=(8, 3), casing="#ffffff"),
            Text("By motorbike", "À moto"),
            when={"mode": "motorbike"},
        ),
        Rule(Stroke(BROWN, 3, casing="#ffffff"), Text("By road vehicle", "En véhicule")),
    ),
    labels=(Label("name", size=11, color=BROWN, min_zoom=10),),
    tip="name",
    filters={
        "unit": Route.units,
        "route": Route.route_id,
        "quality": labelled("routes"),
        "source": source_of(Route),
    },
    order=20,
    roles=("committee", "coordinator", "analyst", "gis"),
)
