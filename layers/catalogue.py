"""The map's layers, in the order of the legend. A new layer is one file and one line here."""

from __future__ import annotations

from layers.checkpoints import CHECKPOINTS
from layers.countries import COUNTRIES
from layers.deployments import DEPLOYMENTS
from layers.facilities import FACILITIES
from layers.incidents import INCIDENTS
from layers.layer import MapLayer
from layers.mine_sites import MINE_SITES
from layers.network_edges import NETWORK_EDGES
from layers.provinces import PROVINCES
from layers.routes import ROUTES
from layers.trainings import TRAININGS

LAYERS: dict[str, MapLayer] = {
    layer.name: layer
    for layer in (
        INCIDENTS,
        DEPLOYMENTS,
        CHECKPOINTS,
        TRAININGS,
        MINE_SITES,
        FACILITIES,
        ROUTES,
        NETWORK_EDGES,
        PROVINCES,
        COUNTRIES,
    )
}
