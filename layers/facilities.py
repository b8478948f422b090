"""Depots, buying houses, processors, exporters, explosives magazines, police and border posts."""

from __future__ import annotations

from layers.attributes import attributes_of
from layers.groups import PLACES
from layers.layer import Field, MapLayer, Place
from layers.quality import labelled, source_of
from layers.symbol import Label, Marker, Rule, Shape
from layers.tables import Facility
from layers.text import Text
from layers.vocabulary import COUNTRY, FACILITY_KIND

TEAL, SLATE, CRIMSON = "#1d8078", "#26313a", "#b3236b"


def _kind(code: str, shape: Shape, color: str) -> Rule:
    label = FACILITY_KIND[code]
    title = Text(label.en[0].upper() + label.en[1:], label.fr[0].upper() + label.fr[1:])
    return Rule(Marker(shape, 11, color), title, when={"kind": code})


FACILITIES = MapLayer(
    name="facilities",
    title=Text("Facilities", "Installations"),
    group=PLACES,
    places=(Place(Facility.__table__, Facility.geom, Facility.geom_3857),),
    key=Facility.id,
    properties=(Facility.id, Facility.facility_id, Facility.name, Facility.kind),
    heading=Facility.name,
    subheading=Field(Text("Kind", "Type"), Facility.kind, FACILITY_KIND),
    fields=(
        Field(Text("Code", "Code"), Facility.facility_id),
        Field(Text("Operator", "Exploitant"), Facility.operator),
        Field(Text("Country", "Pays"), Facility.country, COUNTRY),
        Field(Text("Source", "Source"), Facility.source_id),
    ),
    attributes=attributes_of(Facility),
    synthetic=Facility.synthetic,
    rules=(
        _kind("explosives_magazine", "cross", CRIMSON),
        _kind("depot", "pentagon", TEAL),
        _kind("buying_house", "hexagon", TEAL),
        _kind("processor", "diamond", TEAL),
        _kind("exporter", "circle", TEAL),
        _kind("police_post", "pentagon", SLATE),
        _kind("border_post", "hexagon", SLATE),
    ),
    labels=(Label("name", size=11, color=TEAL, min_zoom=12),),
    tip="name",
    filters={
        "unit": Facility.units,
        "near": Facility.geom,
        "quality": labelled("facilities"),
        "source": source_of(Facility),
    },
    order=30,
    roles=("committee", "coordinator", "analyst", "gis"),
)
