"""The network that paths are found along, made of the routes: its edges between junctions."""

from __future__ import annotations

from sqlalchemy import Text as TextType
from sqlalchemy import cast

from layers import vocabulary as vocab
from layers.groups import TRANSPORT
from layers.layer import Field, MapLayer, Place
from layers.symbol import Rule, Stroke
from layers.tables import NetworkEdge, Route
from layers.text import Text

GREY = "#56636b"

# Under the names that the answers about paths and `geoapp network export` give them.
EDGE, BEGIN, END = (
    column.label(name)
    for column, name in (
        (NetworkEdge.edge_id, "edge"),
        (NetworkEdge.from_node, "from"),
        (NetworkEdge.to_node, "to"),
    )
)

NETWORK_EDGES = MapLayer(
    name="network_edges",
    title=Text("Network for paths", "Réseau des chemins"),
    group=TRANSPORT,
    places=(Place(NetworkEdge.__table__, NetworkEdge.geom, NetworkEdge.geom_3857),),
    details=NetworkEdge.__table__.outerjoin(Route.__table__, Route.id == NetworkEdge.route_ref),
    key=EDGE,
    properties=(EDGE, BEGIN, END, NetworkEdge.metres, NetworkEdge.mode),
    heading=cast(NetworkEdge.edge_id, TextType),
    subheading=Field(Text("Mode", "Mode"), NetworkEdge.mode, vocab.ROUTE_MODE),
    fields=(
        Field(Text("Length", "Longueur"), NetworkEdge.metres, unit="m"),
        Field(Text("Route", "Itinéraire"), Route.name),
        Field(Text("From the node", "Du nœud"), cast(NetworkEdge.from_node, TextType)),
        Field(Text("To the node", "Au nœud"), cast(NetworkEdge.to_node, TextType)),
    ),
    attributes=(
        EDGE,
        BEGIN,
        END,
        NetworkEdge.metres,
        NetworkEdge.mode,
        NetworkEdge.country,
        NetworkEdge.units,
        NetworkEdge.synthetic,
    ),
    synthetic=NetworkEdge.synthetic,
    rules=(Rule(Stroke(GREY, 1.4), Text("500 m at most, between two nodes", "500 m au plus, entre deux nœuds")),),
    filters={"unit": NetworkEdge.units},
    order=18,
    roles=("coordinator", "analyst", "gis"),
    visible=False,
)
