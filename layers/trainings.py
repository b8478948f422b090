"""Trainings where they were held, drawn by their topic."""

from __future__ import annotations

from layers.attributes import attributes_of
from layers.groups import EVENTS
from layers.layer import Field, MapLayer, Place
from layers.quality import labelled, source_of
from layers.symbol import Marker, Rule
from layers.tables import Training
from layers.text import Text
from layers.vocabulary import TRAINING_TOPIC

VIOLET, GREY = "#6a4c93", "#6b6478"

TRAININGS = MapLayer(
    name="trainings",
    title=Text("Trainings", "Formations"),
    group=EVENTS,
    places=(Place(Training.__table__, Training.geom, Training.geom_3857),),
    key=Training.id,
    properties=(
        Training.id,
        Training.training_id,
        Training.topic,
        Training.held_on,
        Training.place_text,
        Training.participants,
        Training.women,
    ),
    heading=Training.place_text,
    subheading=Field(Text("Topic", "Sujet"), Training.topic, TRAINING_TOPIC),
    fields=(
        Field(Text("Held", "Tenue le"), Training.held_on),
        Field(Text("Days", "Jours"), Training.days),
        Field(Text("Participants", "Participants"), Training.participants),
        Field(Text("Women among them", "Dont femmes"), Training.women),
        Field(Text("Trainer", "Formateur"), Training.trainer_org),
        Field(Text("Funder", "Bailleur"), Training.funder),
        Field(Text("Source", "Source"), Training.source_id),
    ),
    attributes=attributes_of(Training),
    synthetic=Training.synthetic,
    when=(Training.held_on, Training.held_on),
    rules=(
        Rule(
            Marker("hexagon", 12, VIOLET),
            Text("Training in the Voluntary Principles", "Formation aux Principes volontaires"),
            when={"topic": "voluntary_principles"},
        ),
        Rule(Marker("hexagon", 11, GREY), Text("Other training", "Autre formation")),
    ),
    tip="place_text",
    filters={
        "unit": Training.units,
        "near": Training.geom,
        "quality": labelled("trainings"),
        "source": source_of(Training),
    },
    order=46,
    roles=("committee", "coordinator", "analyst", "gis"),
    visible=False,
    points=True,
)
