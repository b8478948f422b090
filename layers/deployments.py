"""Deployments of security forces that are valid today, at their own place or at the one that they refer to."""

from __future__ import annotations

from typing import Any

from sqlalchemy import FromClause, SQLColumnExpression, case, func, or_

from layers import vocabulary as vocab
from layers.attributes import attributes_of
from layers.groups import EVENTS
from layers.layer import Field, MapLayer, Place
from layers.quality import labelled, source_of
from layers.symbol import Marker, Rule, Stroke
from layers.tables import Deployment, Facility, MineSite, Route
from layers.text import Text

OWN: FromClause = Deployment.__table__
NAVY, VIOLET = "#1f3a68", "#a468b8"


def _at(referred: Any, joined: SQLColumnExpression[bool]) -> Place:
    return Place(OWN.join(referred.__table__, joined), referred.geom, referred.geom_3857, (Deployment.geom.is_(None),))


# Whose place it is: a route's line is not the deployment's own.
PLACE_OF = case(
    (Deployment.geom.is_not(None), "deployment"),
    (Deployment.site_id.is_not(None), "site"),
    (Deployment.facility_ref.is_not(None), "facility"),
    else_="route",
).label("place_of")

DEPLOYMENTS = MapLayer(
    name="deployments",
    title=Text("Security deployments", "Déploiements de sécurité"),
    group=EVENTS,
    places=(
        Place(OWN, Deployment.geom, Deployment.geom_3857, (Deployment.geom.is_not(None),)),
        _at(MineSite, MineSite.site_id == Deployment.site_id),
        _at(Facility, Facility.id == Deployment.facility_ref),
        _at(Route, Route.id == Deployment.route_ref),
    ),
    always=(
        Deployment.valid_from <= func.today(),
        or_(Deployment.valid_to.is_(None), Deployment.valid_to > func.today()),
    ),
    details=OWN.outerjoin(MineSite.__table__, MineSite.site_id == Deployment.site_id)
    .outerjoin(Route.__table__, Route.id == Deployment.route_ref)
    .outerjoin(Facility.__table__, Facility.id == Deployment.facility_ref),
    key=Deployment.id,
    properties=(
        Deployment.id,
        Deployment.deployment_id,
        Deployment.provider_class,
        Deployment.force,
        Deployment.function,
        case(
            (func.GeometryType(Deployment.geom) == "LINESTRING", True),
            (Deployment.geom.is_(None) & Deployment.route_ref.is_not(None), True),
        ).label("along"),
    ),
    heading=func.coalesce(Deployment.provider_name, Deployment.deployment_id),
    subheading=Field(Text("Force", "Force"), Deployment.force, vocab.FORCE),
    fields=(
        Field(Text("Function", "Fonction"), Deployment.function, vocab.DEPLOYMENT_FUNCTION),
        Field(Text("Provider", "Prestataire"), Deployment.provider_class, vocab.PROVIDER_CLASS),
        Field(Text("Unit", "Unité"), Deployment.force_unit),
        Field(Text("Strength", "Effectif"), Deployment.strength),
        Field(Text("Armed", "Armement"), Deployment.armed, vocab.ARMED),
        Field(Text("Mandate", "Mandat"), Deployment.mandate_ref),
        Field(Text("Vetting", "Vérification des antécédents"), Deployment.vetted, vocab.VETTED),
        Field(
            Text("Trained in the Voluntary Principles", "Formés aux Principes volontaires"),
            Deployment.vps_trained,
        ),
        Field(Text("Trained on", "Formés le"), Deployment.vps_trained_on),
        Field(Text("Equipment transferred", "Équipement transféré"), Deployment.equipment_transferred),
        Field(Text("Since", "Depuis le"), Deployment.valid_from),
        Field(Text("Site", "Site"), MineSite.name),
        Field(Text("Route", "Itinéraire"), Route.name),
        Field(Text("Facility", "Installation"), Facility.name),
        Field(Text("Source", "Source"), Deployment.source_id),
    ),
    attributes=(*attributes_of(Deployment), PLACE_OF),
    when=(Deployment.valid_from, Deployment.valid_to),
    open_ended=True,
    synthetic=Deployment.synthetic,
    rules=(
        Rule(
            Stroke(NAVY, 3.5, dash=(1, 7)),
            Text("Patrol or escort along a route", "Patrouille ou escorte sur un itinéraire"),
            when={"along": True},
        ),
        Rule(
            Marker("shield", 14, VIOLET),
            Text("Private security", "Sécurité privée"),
            when={"provider_class": "private"},
        ),
        Rule(Marker("shield", 14, NAVY), Text("Public security force", "Force de sécurité publique")),
    ),
    tip="deployment_id",
    filters={
        "unit": Deployment.units,
        "force": Deployment.force,
        "function": Deployment.function,
        "near": Deployment.geom,
        "quality": labelled("deployments"),
        "source": source_of(Deployment),
    },
    order=50,
    roles=("coordinator", "analyst", "gis"),
)
