"""A unit drawn as a map: its sites, routes and open incidents, as far as the transaction's viewer sees them."""

from __future__ import annotations

import shapely
from sqlalchemy import Connection, func, select

from geoapp.province.section import said
from geoapp.province.unit import Unit
from geoapp.publish.drawing import Drawing, Overlay, box_around, draw_map
from layers.filter import Filter
from layers.tables import AdminUnit
from layers.text import Text
from layers.vocabulary import ENDED, STATUS

OUTLINE = {"fill": "none", "stroke": "#16202a", "stroke-width": "2.2"}
# An outline is not drawn finer than this, in degrees.
FINE = 0.005
SHOWN = ("mine_sites", "routes", "incidents")


def draw_unit(connection: Connection, unit: Unit, language: str, *, full: bool) -> Drawing | None:
    """The map of a unit; with deployments for who sees them in `full`. None where no outline of it is known."""
    outline = connection.scalar(
        select(func.ST_AsBinary(func.ST_SimplifyPreserveTopology(AdminUnit.geom, FINE)))
        .where(AdminUnit.unit_code == unit.unit_code, AdminUnit.geom.is_not(None))
        .order_by(AdminUnit.valid_from.desc())
        .limit(1)
    )
    if outline is None:
        return None
    shape = shapely.from_wkb(bytes(outline))
    chosen = Filter(unit=(unit.unit_code,), status=tuple(code for code in STATUS if code not in ENDED))
    return draw_map(
        connection,
        box_around([shape]),
        language,
        layers=(*SHOWN, "deployments") if full else SHOWN,
        chosen=chosen,
        overlays=[Overlay(shape, OUTLINE)],
    )


def map_said(unit: Unit, language: str) -> str:
    """What the map shows, in words."""
    words = Text(
        "{unit}: its mine sites, transport routes and open incidents.",
        "{unit} : ses sites miniers, ses itinéraires de transport et ses incidents ouverts.",
    )
    return said(words, language, unit=unit.name.in_language(language))
