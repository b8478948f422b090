"""The form of a risk question: its parameters as fields, with what was chosen or is taken by default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import g
from sqlalchemy import Connection

from geoapp.risk.ground import Ground
from geoapp.risk.parameters import Asked, Parameter
from geoapp.risk.places import ROUTES
from geoapp.risk.provinces import units_on
from geoapp.risk.questions import QUESTIONS, Question
from layers.filter import UNKNOWN
from layers.text import Text, typeset
from layers.vocabulary import CATEGORY, LEVEL

# In the order in which people think of them; those of the map come with a tool to draw them.
TITLES = {
    "corridor": Text("Along a route or line", "Le long d'un itinéraire ou d'une ligne"),
    "area": Text("In an area", "Dans une zone"),
    "near": Text("Around a point", "Autour d'un point"),
    "pressure": Text("Pressure here", "Pression ici"),
    "path": Text("Path from A to B", "Chemin de A à B"),
    "coverage": Text("Coverage by deployments", "Couverture par les déploiements"),
    "hotspots": Text("Hot spots", "Points chauds"),
    "profile": Text("Pressure along a route", "Pression le long d'un itinéraire"),
    "escort": Text("Escorts of explosives", "Escortes d'explosifs"),
}
ON_MAP = ("corridor", "area", "near", "pressure", "path", "coverage", "hotspots")
# What each is drawn as: the parameters that a tool fills, and how.
DRAWS = {"corridor": "line", "area": "polygon", "near": "circle", "pressure": "point", "path": "path"}
LABELS = {
    "route": Text("Route", "Itinéraire"),
    "line": Text("or a line: longitude, latitude of each point", "ou une ligne : longitude, latitude de chaque point"),
    "polygon": Text("Corners: longitude, latitude of each", "Sommets : longitude, latitude de chacun"),
    "width_km": Text("Kilometres to each side", "Kilomètres de chaque côté"),
    "lon": Text("Longitude", "Longitude"),
    "lat": Text("Latitude", "Latitude"),
    "radius_km": Text("Radius in km", "Rayon en km"),
    "from": Text("A: longitude, latitude", "A : longitude, latitude"),
    "to": Text("B: longitude, latitude", "B : longitude, latitude"),
    "aversion": Text("Aversion to exposure", "Aversion à l'exposition"),
    "cell_km": Text("Side of a cell in km", "Côté d'une cellule en km"),
    "on": Text("As known on", "Selon ce qui était connu le"),
    "since": Text("From", "Du"),
    "until": Text("To", "Au"),
    "level": Text("Level", "Niveau"),
    "category": Text("Category", "Catégorie"),
    "unit": Text("Unit", "Unité"),
}
HELP = {
    "aversion": Text(
        "0: length alone counts; 2: a road of mean pressure counts as three times as long",
        "0 : seule la longueur compte ; 2 : une route de pression moyenne compte trois fois sa longueur",
    ),
}
UNKNOWN_LEVEL = Text("unknown", "inconnu")
ALL, ALL_UNITS = Text("all", "toutes"), Text("all that you see", "toutes celles que vous voyez")
# Not asked about on a form: what readers see is always listed.
UNASKED = {"limit", "stability", "geometry"}
POINTS = {"line", "polygon"}
# A form may send no more points than an address holds, with room for the rest of it.
LONGEST_POINTS = 4000


@dataclass(frozen=True)
class Field:
    """A field: `kind` is number, date, text, points, choice or boxes; choices are codes with their words."""

    name: str
    label: str
    kind: str
    value: str
    help: str = ""
    choices: Sequence[tuple[str, str]] = ()
    chosen: frozenset[str] = frozenset()
    low: float | None = None
    high: float | None = None
    least: float | None = None
    default: str = ""
    longest: int | None = None


def title_of(name: str) -> str:
    """What a question is called on a page."""
    return TITLES[name].in_language(g.language)


def fields_of(connection: Connection, ground: Ground, name: str, given: Mapping[str, str]) -> list[Field]:
    """The fields of a question's form, filled with what is given."""
    question = QUESTIONS[name]
    own = [_own(connection, ground, question, each, given) for each in question.parameters if each.name not in UNASKED]
    days = [name for name in ("since", "until") if name in question.filters]
    dates = [_field(name, "date", given) for name in [*days, "on"]]
    lists = [_listed(connection, ground, name, given) for name in question.filters if name not in {"since", "until"}]
    return [*own, *dates, *lists]


def _field(name: str, kind: str, given: Mapping[str, str], **more: Any) -> Field:
    helping = _said(HELP[name]) if name in HELP else ""
    return Field(name, _said(LABELS[name]), kind, given.get(name, ""), helping, **more)


def _said(words: Text) -> str:
    return typeset(words.in_language(g.language), g.language)


def _own(
    connection: Connection, ground: Ground, question: Question, parameter: Parameter, given: Mapping[str, str]
) -> Field:
    name = parameter.name
    if name == "route":
        routes = [(each.route_id, f"{each.name} ({each.route_id})") for each in ground.get(connection, ROUTES)]
        routes.sort(key=lambda each: each[1].casefold())
        value = given.get(name, "")
        if value and value not in {code for code, _ in routes}:
            # Several routes may bear one name; the id of a row tells them apart.
            found = [each for each in ground.get(connection, ROUTES) if str(each.key) == value]
            routes.append((value, found[0].name if found else value))
        return _field(name, "choice", given, choices=[("", "–"), *routes], chosen=frozenset({value}))
    if name in POINTS:
        return _field(name, "points", given, longest=LONGEST_POINTS)
    if parameter.schema.get("type") == "number":
        default = "" if parameter.default is None else f"{parameter.default:g}"
        return _field(name, "number", given, low=parameter.low, high=parameter.high, default=default)
    return _field(name, "text", given)


def _listed(connection: Connection, ground: Ground, name: str, given: Mapping[str, str]) -> Field:
    chosen = frozenset(filter(None, given.get(name, "").split(",")))
    if name == "level":
        levels = [(str(code), str(code)) for code in LEVEL]
        return _field(
            name, "boxes", given, choices=[*levels, (UNKNOWN, UNKNOWN_LEVEL.in_language(g.language))], chosen=chosen
        )
    if name == "category":
        codes = [(str(code), CATEGORY.label(code, g.language)) for code in CATEGORY]
        empty = ALL
    else:
        units = units_on(connection, ground, Asked(ground.today))
        codes = [(unit.unit_code, unit.name.in_language(g.language)) for unit in units if unit.level <= 1]
        empty = ALL_UNITS
    codes.sort(key=lambda each: each[1].casefold())
    several = ",".join(sorted(chosen))
    if len(chosen) > 1:
        # A link may choose several, which one list cannot: they stay together.
        words = dict(codes)
        codes.insert(0, (several, ", ".join(words.get(code, code) for code in sorted(chosen))))
    return _field(
        name, "choice", given, choices=[("", empty.in_language(g.language)), *codes], chosen=frozenset({several})
    )
