"""The questions by name: how each is asked, what it may be asked with, and what answers it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shapely import Geometry
from sqlalchemy import Connection

from geoapp.errors import QuestionError
from geoapp.risk import parameters as given
from geoapp.risk.answer import Answer
from geoapp.risk.area import ask_area, ask_near
from geoapp.risk.corridor import ask_corridor
from geoapp.risk.coverage import ask_coverage
from geoapp.risk.escort import ask_escort
from geoapp.risk.ground import Ground
from geoapp.risk.hotspots import ask_hotspots
from geoapp.risk.parameters import Asked, Parameter, corners, flag, point, points_of, ranged, whole, word
from geoapp.risk.path import ask_path
from geoapp.risk.pressure import ask_pressure
from geoapp.risk.profile import ask_profile
from geoapp.risk.provinces import ask_provinces
from geoapp.risk.sites import ask_sites
from layers.text import Text

PERIOD = ("since", "until", "level", "category", "unit")
DAY = ("level", "category", "unit")


@dataclass(frozen=True)
class Question:
    """One question.

    `body` reads a GeoJSON geometry that is sent with it. The parameter `drawn` may hold its points instead, so that an
    address says everything. `body_only`: it cannot be asked without one of the two.
    """

    name: str
    title: Text
    parameters: tuple[Parameter, ...]
    filters: tuple[str, ...]
    answer: Callable[[Connection, Ground, Asked], Answer]
    body: Callable[[Any], Geometry] | None = None
    body_only: bool = False
    # Parameters that a body stands for.
    replaced: tuple[str, ...] = ()
    drawn: Parameter | None = None

    def read(self, values: Mapping[str, str], today: dt.date, body: Any = None) -> Asked:
        """Read the parameters, and the geometry where one is sent; raises QuestionError."""
        shape = self.body(body) if self.body and body is not None else None
        written = values.get(self.drawn.name) if self.drawn and shape is None else None
        if self.body and self.drawn and written:
            shape = self.body(_as_geojson(self.drawn, written))
        if self.body_only and shape is None:
            raise QuestionError(
                "The question needs the corners of an area: polygon=lon,lat;lon,lat;..., or a GeoJSON geometry in its"
                " body.",
                "La question demande les sommets d'une zone : polygon=lon,lat;lon,lat;..., ou une géométrie GeoJSON"
                " dans son corps.",
            )
        left = {each for each in self.replaced if not (written and self.drawn and each == self.drawn.name)}
        asked = [each for each in self.parameters if shape is None or each.name not in left]
        return given.read(asked, self.filters, values, today, shape)


def _as_geojson(drawn: Parameter, text: str) -> dict[str, Any]:
    """The line, or the ring of the polygon, that a text of points means."""
    points = points_of(drawn, text)
    least = 2 if drawn is LINE else 3
    if len(points) < least:
        raise QuestionError(
            f"{drawn.name}: has {len(points)} points; it takes {least} at least.",
            f"{drawn.name} : a {len(points)} points ; il en faut au moins {least}.",
        )
    if drawn is LINE:
        return {"type": "LineString", "coordinates": points}
    return {"type": "Polygon", "coordinates": [[*points, *points[:1]]]}


def _route(name: str = "route") -> Parameter:
    says = Text("the route_id of a route", "le route_id d'un itinéraire")
    return Parameter(name, says, word, {"type": "string"}, required=True)


DRAWN = {"type": "string", "pattern": "^[-0-9.]+,[-0-9.]+(;[-0-9.]+,[-0-9.]+)*$"}
LINE = Parameter(
    "line",
    Text(
        "a line as lon,lat;lon,lat;... in place of a route",
        "une ligne comme lon,lat;lon,lat;... au lieu d'un itinéraire",
    ),
    corners,
    DRAWN,
)
POLYGON = Parameter(
    "polygon",
    Text("the corners as lon,lat;lon,lat;...", "les sommets comme lon,lat;lon,lat;..."),
    corners,
    DRAWN,
)
LIMIT = Parameter(
    "limit", Text("how many are listed; all", "combien en lister ; tous"), whole, {"type": "integer", "minimum": 1},
    low=1, high=100_000,
)  # fmt: skip


def _end(name: str, says: Text) -> Parameter:
    return Parameter(name, says, point, {"type": "string", "pattern": "^[-0-9.]+,[-0-9.]+$"}, required=True)


STABILITY = Parameter(
    "stability",
    Text(
        "1: the range of each rank when decay and weights are halved and doubled",
        "1 : l'intervalle de chaque rang quand décroissance et poids sont réduits de moitié et doublés",
    ),
    flag,
    {"type": "string", "enum": ["0", "1"]},
    default=False,
)

GEOMETRY = Parameter(
    "geometry",
    Text("1: the outline of each cell, too", "1 : aussi le contour de chaque cellule"),
    flag,
    {"type": "string", "enum": ["0", "1"]},
    default=False,
)

QUESTIONS = {
    question.name: question
    for question in (
        Question(
            "corridor",
            Text("What was recorded along a route", "Ce qui a été signalé le long d'un itinéraire"),
            (
                _route(),
                ranged("width_km", Text("kilometres to each side; 5", "kilomètres de chaque côté ; 5"), 5.0, 0.1, 50),
                LINE,
            ),
            PERIOD,
            ask_corridor,
            body=given.read_line,
            replaced=("route", "line"),
            drawn=LINE,
        ),
        Question(
            "profile",
            Text("The pressure along a route", "La pression le long d'un itinéraire"),
            (_route(),),
            DAY,
            ask_profile,
        ),
        Question(
            "pressure",
            Text("The pressure on a point", "La pression sur un point"),
            (given.LON, given.LAT),
            DAY,
            ask_pressure,
        ),
        Question(
            "near",
            Text("What was recorded around a point", "Ce qui a été signalé autour d'un point"),
            (
                given.LON,
                given.LAT,
                ranged("radius_km", Text("kilometres around it; 5", "kilomètres alentour ; 5"), 5.0, 0.1, 500),
            ),
            PERIOD,
            ask_near,
        ),
        Question(
            "area",
            Text("What was recorded in an area", "Ce qui a été signalé dans une zone"),
            (POLYGON,),
            PERIOD,
            ask_area,
            body=given.read_polygon,
            body_only=True,
            replaced=("polygon",),
            drawn=POLYGON,
        ),
        Question(
            "sites",
            Text("Sites ranked by pressure", "Sites classés par pression"),
            (LIMIT, STABILITY),
            DAY,
            ask_sites,
        ),
        Question(
            "provinces",
            Text("The incidents of each unit", "Les incidents de chaque unité"),
            (),
            PERIOD,
            ask_provinces,
        ),
        Question(
            "coverage",
            Text("What lies near a deployment", "Ce qui se trouve près d'un déploiement"),
            (ranged("radius_km", Text("kilometres to a deployment; 5", "kilomètres ; 5"), 5.0, 0.1, 50),),
            DAY,
            ask_coverage,
        ),
        Question(
            "path",
            Text("The shortest way, and one of lower exposure", "Le chemin le plus court, et un moins exposé"),
            (
                _end("from", Text("the start as lon,lat", "le départ comme lon,lat")),
                _end("to", Text("the end as lon,lat", "l'arrivée comme lon,lat")),
                ranged(
                    "aversion",
                    Text(
                        "how many times as long a way of mean pressure may seem, less 1; 2",
                        "de combien de fois un chemin de pression moyenne peut sembler plus long ; 2",
                    ),
                    2.0,
                    0,
                    1000,
                ),
            ),
            DAY,
            ask_path,
        ),
        Question(
            "hotspots",
            Text("Where incidents cluster", "Où les incidents se concentrent"),
            (
                ranged(
                    "cell_km",
                    Text("root of a cell's area in km; 10", "racine de l'aire d'une cellule en km ; 10"),
                    10.0,
                    5,
                    20,
                ),
                GEOMETRY,
            ),
            PERIOD,
            ask_hotspots,
        ),
        Question(
            "escort",
            Text("Escorts of explosives", "Escortes d'explosifs"),
            (),
            ("since", "until", "unit"),
            ask_escort,
        ),
    )
}
