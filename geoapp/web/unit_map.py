"""The overlay map of a unit: sites, routes, facilities, deployments and open incidents, as far as its reader may."""

from __future__ import annotations

from typing import Any

from flask import g
from sqlalchemy import Connection

from geoapp.province.corners import read_corners
from geoapp.province.unit import Rights, Unit
from geoapp.web.database import current_viewer
from geoapp.web.folium_page import map_parts
from geoapp.web.map import draw, tile_pattern, trimmed
from geoapp.web.map_state import MapState
from geoapp.web.policy import nonce
from layers.countries import COUNTRIES
from layers.element import VectorTiles
from layers.filter import Filter
from layers.provinces import PROVINCES
from layers.symbol import Fill, Rule
from layers.vocabulary import ENDED, STATUS

SHOWN = ("incidents", "deployments", "mine_sites", "facilities", "routes")
# Rows of a unit lie in it but for some 25 km, so that no tile farther out is asked for; routes lead on.
AROUND = 0.3
KEPT_TO_IT = ("incidents", "deployments", "mine_sites", "facilities")
NOT_ENDED = tuple(code for code in STATUS if code not in ENDED)


def unit_map(connection: Connection, unit: Unit, rights: Rights) -> dict[str, Any] | None:
    """The map; None where no outline of the unit is known. Of a unit that is no more, all its incidents are shown."""
    corners = read_corners(connection, unit)
    if corners is None:
        return None
    chosen = Filter(unit=(unit.unit_code,), status=() if unit.ended else NOT_ENDED)
    (south, west), (north, east) = corners
    around = [[south - AROUND, west - AROUND], [north + AROUND, east + AROUND]]
    chart = draw(
        current_viewer(),
        g.language,
        MapState(chosen=chosen, layers=SHOWN),
        trimmed(corners),
        workbench=False,
        within=dict.fromkeys(KEPT_TO_IT, around),
    )
    if not unit.ended:
        layer = PROVINCES if unit.level else COUNTRIES
        VectorTiles(
            f"outline-{layer.name}",
            title=layer.title,
            language=g.language,
            url=tile_pattern(layer.name),
            rules=[Rule(Fill(None, stroke="#16202a", stroke_width=2.2), when={"unit_code": unit.unit_code})],
            max_native_zoom=15,
            z_index=layer.order,
            interactive=False,
            first=True,
            within=corners,
        ).add_to(chart)
    return {"parts": map_parts(chart, nonce()), "open": not unit.ended, "incidents": rights.member}
