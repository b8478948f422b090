"""Checkpoints on routes, drawn by whether they are lawful."""

from __future__ import annotations

from layers.attributes import attributes_of
from layers.groups import EVENTS
from layers.layer import Field, MapLayer, Place
from layers.quality import labelled, source_of
from layers.symbol import Marker, Rule
from layers.tables import Checkpoint
from layers.text import Text
from layers.vocabulary import ACTOR_KIND, LAWFUL, LEVY

CHECKPOINTS = MapLayer(
    name="checkpoints",
    title=Text("Checkpoints", "Barrières"),
    group=EVENTS,
    places=(Place(Checkpoint.__table__, Checkpoint.geom, Checkpoint.geom_3857),),
    key=Checkpoint.id,
    properties=(
        Checkpoint.id,
        Checkpoint.checkpoint_id,
        Checkpoint.operator_kind,
        Checkpoint.lawful,
        Checkpoint.levy,
    ),
    heading=Checkpoint.checkpoint_id,
    subheading=Field(Text("Held by", "Tenue par"), Checkpoint.operator_kind, ACTOR_KIND),
    fields=(
        Field(Text("Name", "Nom"), Checkpoint.name),
        Field(Text("Lawful", "Légalité"), Checkpoint.lawful, LAWFUL),
        Field(Text("Levy", "Prélèvement"), Checkpoint.levy, LEVY),
        Field(Text("First seen", "Vue d'abord le"), Checkpoint.first_seen),
        Field(Text("Last seen", "Vue en dernier le"), Checkpoint.last_seen),
        Field(Text("Source", "Source"), Checkpoint.source_id),
    ),
    attributes=attributes_of(Checkpoint),
    synthetic=Checkpoint.synthetic,
    rules=(
        Rule(
            Marker("triangle_down", 11, "#b0413e"),
            Text("Unlawful checkpoint", "Barrière illégale"),
            when={"lawful": "no"},
        ),
        Rule(Marker("triangle_down", 10, "#5c6b73"), Text("Other checkpoint", "Autre barrière")),
    ),
    tip="checkpoint_id",
    filters={
        "unit": Checkpoint.units,
        "near": Checkpoint.geom,
        "quality": labelled("checkpoints"),
        "source": source_of(Checkpoint),
    },
    order=45,
    roles=("coordinator", "analyst", "gis"),
    visible=False,
)
