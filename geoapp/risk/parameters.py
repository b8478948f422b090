"""What a question may be asked with, described once: read from addresses and commands, and shown in the manual."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely
from shapely import Geometry, LineString, MultiLineString, MultiPolygon, Polygon
from shapely.errors import ShapelyError
from shapely.geometry import shape as shape_of

from geoapp.errors import QuestionError
from geoapp.risk.earth import GEOD, square_metres
from layers.filter import Filter, FilterError
from layers.text import Text

NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", re.ASCII)
YEAR = dt.timedelta(days=364)
MOST_VERTICES = 20_000
# The four countries measure 2.6 million km2.
MOST_KM2 = 5_000_000
FILTERS = ("level", "category", "unit")


@dataclass(frozen=True)
class Parameter:
    """One parameter; `low` to `high` are allowed, `default` is taken where it is not given."""

    name: str
    says: Text
    read: Callable[[Parameter, str], Any]
    schema: Mapping[str, Any]
    default: Any = None
    low: float = -math.inf
    high: float = math.inf
    required: bool = False


@dataclass(frozen=True)
class Asked:
    """A question's parameters, read: the day, the period where it has one, the filter, and values by name."""

    on: dt.date
    since: dt.date | None = None
    until: dt.date | None = None
    chosen: Filter = field(default_factory=Filter)
    values: Mapping[str, Any] = field(default_factory=dict)
    shape: Geometry | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """What was asked with, defaults included."""
        days = {"on": self.on, "since": self.since, "until": self.until}
        lists = {name: list(getattr(self.chosen, name)) for name in FILTERS}
        return {
            **{name: value for name, value in self.values.items() if value is not None},
            **{name: day for name, day in days.items() if day is not None},
            **{name: codes for name, codes in lists.items() if codes},
        }


def number(parameter: Parameter, text: str) -> float:
    """A number in the range of the parameter."""
    value = float(text) if NUMBER.fullmatch(text) else math.nan
    if not parameter.low <= value <= parameter.high:
        low, high = f"{parameter.low:g}", f"{parameter.high:g}"
        raise QuestionError(
            f"{parameter.name}: is not a number from {low} to {high}.",
            f"{parameter.name} : n'est pas un nombre de {low} à {high}.",
        )
    return value


def whole(parameter: Parameter, text: str) -> int:
    """A whole number in the range of the parameter."""
    value = number(parameter, text)
    if value != int(value):
        raise QuestionError(
            f"{parameter.name}: is not a whole number.", f"{parameter.name} : n'est pas un nombre entier."
        )
    return int(value)


def word(parameter: Parameter, text: str) -> str:
    """A short text."""
    if len(text) > 200 or "\0" in text:
        raise QuestionError(f"{parameter.name}: is too long.", f"{parameter.name} : est trop long.")
    return text


def point(parameter: Parameter, text: str) -> tuple[float, float]:
    """A point `lon,lat` in degrees."""
    parts = text.split(",")
    if len(parts) != 2 or not all(NUMBER.fullmatch(each.strip()) for each in parts):
        raise QuestionError(
            f"{parameter.name}: is not a point; write it as 28.84,-2.50 (longitude, latitude).",
            f"{parameter.name} : n'est pas un point ; écrivez-le comme 28.84,-2.50 (longitude, latitude).",
        )
    lon, lat = (float(each) for each in parts)
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise QuestionError(
            f"{parameter.name}: lies outside the Earth; longitudes are -180 to 180, latitudes -90 to 90.",
            f"{parameter.name} : est hors de la Terre ; longitudes de -180 à 180, latitudes de -90 à 90.",
        )
    return lon, lat


def corners(parameter: Parameter, text: str) -> str:
    """Points `lon,lat;lon,lat;...` in degrees, or one a line, as they were given; raises QuestionError."""
    if "\0" in text or not points_of(parameter, text):
        raise QuestionError(f"{parameter.name}: holds no point.", f"{parameter.name} : ne contient aucun point.")
    return text


def points_of(parameter: Parameter, text: str) -> list[tuple[float, float]]:
    """The points of such a text."""
    parts = [each.strip() for each in re.split(r"[;\r\n]+", text) if each.strip()]
    if len(parts) > MOST_VERTICES:
        raise QuestionError(
            f"{parameter.name}: has more than {MOST_VERTICES} points: simplify it.",
            f"{parameter.name} : a plus de {MOST_VERTICES} points : simplifiez.",
        )
    return [point(parameter, each) for each in parts]


def flag(parameter: Parameter, text: str) -> bool:
    """Yes or no, as 1 or 0."""
    if text not in {"0", "1"}:
        raise QuestionError(f"{parameter.name}: is 1 or 0.", f"{parameter.name} : est 1 ou 0.")
    return text == "1"


def day(parameter: Parameter, text: str) -> dt.date:
    """A day such as 2026-03-31."""
    found = re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII)
    try:
        return dt.date.fromisoformat(text if found else "")
    except ValueError:
        raise QuestionError(
            f"{parameter.name}: is not a day; write it as 2026-03-31.",
            f"{parameter.name} : n'est pas un jour ; écrivez-le comme 2026-03-31.",
        ) from None


def read(
    parameters: Sequence[Parameter], filters: Sequence[str], given: Mapping[str, str], today: dt.date, body: Any = None
) -> Asked:
    """Read what was given for a question with these parameters and parts of the filter; raises QuestionError."""
    known = [each.name for each in parameters] + ["on", *filters]
    for name in given:
        if name not in known:
            listed = ", ".join(known)
            raise QuestionError(
                f"{name}: there is no such parameter; there are {listed}.",
                f"{name} : ce paramètre n'existe pas ; il y a {listed}.",
            )
    on = day(ON, given["on"]) if given.get("on") else today
    if on > today:
        raise QuestionError(
            f"on: lies in the future; the last day is {today}.",
            f"on : est dans le futur ; le dernier jour est {today}.",
        )
    try:
        chosen = Filter.parse({name: given[name] for name in filters if given.get(name)})
    except FilterError as error:
        raise QuestionError(f"{error.said.en}.", f"{error.said.fr}.") from None
    since, until = _period(chosen, on) if "since" in filters else (None, None)
    values: dict[str, Any] = {}
    for each in parameters:
        text = given.get(each.name) or ""
        if not text and each.required:
            raise QuestionError(f"{each.name}: is missing: {each.says.en}.", f"{each.name} : manque : {each.says.fr}.")
        values[each.name] = each.read(each, text) if text else each.default
    chosen = Filter(level=chosen.level, category=chosen.category, unit=chosen.unit)
    return Asked(on, since, until, chosen, values, body)


def _period(chosen: Filter, on: dt.date) -> tuple[dt.date, dt.date]:
    until = chosen.until or on
    if until > on:
        raise QuestionError(f"until: is after {on}, the last day.", f"until : est après le {on}, le dernier jour.")
    since = chosen.since or max(until, dt.date.min + YEAR) - YEAR
    if since > until:
        raise QuestionError(f"since: is after until, {until}.", f"since : est après until, le {until}.")
    return since, until


def read_line(body: Any) -> LineString | MultiLineString:
    """A GeoJSON line, or a feature of one; raises QuestionError."""
    shape = _read_shape(body)
    if not isinstance(shape, LineString | MultiLineString) or GEOD.geometry_length(shape) == 0:
        raise QuestionError(
            "The body is not a line: send a GeoJSON LineString or MultiLineString in longitude and latitude.",
            "Le corps n'est pas une ligne : envoyez une LineString ou MultiLineString GeoJSON (longitude, latitude).",
        )
    if GEOD.geometry_length(shape) > 5_000_000:
        raise QuestionError(
            "The line is longer than 5,000 km: send a part of it.",
            "La ligne dépasse 5 000 km : envoyez-en une partie.",
        )
    return shape


def read_polygon(body: Any) -> Polygon | MultiPolygon:
    """A GeoJSON polygon, or a feature of one, that does not cross itself; raises QuestionError."""
    shape = _read_shape(body)
    if not isinstance(shape, Polygon | MultiPolygon):
        raise QuestionError(
            "The body is not a polygon: send a GeoJSON Polygon or MultiPolygon in longitude and latitude.",
            "Le corps n'est pas un polygone : envoyez un Polygon ou MultiPolygon GeoJSON en longitude et latitude.",
        )
    if not shape.is_valid:
        crossing = re.fullmatch(r".*\[(\S+) (\S+)\]", shapely.is_valid_reason(shape))
        at = f"{float(crossing[1]):.4f}, {float(crossing[2]):.4f}" if crossing else ""
        where = Text(f" near {at}" if at else "", f" près de {at}" if at else "")
        raise QuestionError(
            f"The polygon crosses itself or is otherwise not one{where.en}: draw it anew.",
            f"Le polygone se croise ou n'en est pas un{where.fr} : redessinez-le.",
        )
    west, _, east, _ = shape.bounds
    # What goes all around the Earth has no area: its sides fall on each other.
    if east - west > 180 or square_metres(shape) > MOST_KM2 * 1e6:
        raise QuestionError(
            "The polygon covers more than 5 million km²: draw a smaller one.",
            "Le polygone couvre plus de 5 millions de km² : dessinez-en un plus petit.",
        )
    return shape


def _read_shape(body: Any) -> Geometry:
    unreadable = QuestionError(
        "The body is not GeoJSON: send a geometry, or a feature of one.",
        "Le corps n'est pas du GeoJSON : envoyez une géométrie, ou une entité qui en a une.",
    )
    if isinstance(body, dict) and body.get("type") == "FeatureCollection" and len(body.get("features") or ()) == 1:
        body = body["features"][0]
    if isinstance(body, dict) and body.get("type") == "Feature":
        body = body.get("geometry")
    if not isinstance(body, dict) or not isinstance(body.get("coordinates"), list):
        raise unreadable
    try:
        shape = shapely.force_2d(shape_of(body))
        west, south, east, north = shape.bounds
    except (ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError):
        raise unreadable from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise QuestionError(
            "The body lies outside the Earth; longitudes are -180 to 180, latitudes -90 to 90.",
            "Le corps est hors de la Terre ; longitudes de -180 à 180, latitudes de -90 à 90.",
        )
    if shapely.get_num_coordinates(shape) > MOST_VERTICES:
        raise QuestionError(
            f"The body has more than {MOST_VERTICES} points: simplify it.",
            f"Le corps a plus de {MOST_VERTICES} points : simplifiez-le.",
        )
    return shape


DAY = {"type": "string", "format": "date"}
ON = Parameter("on", Text("the day as of which is asked; today", "le jour de référence ; aujourd'hui"), day, DAY)
SINCE = Parameter(
    "since", Text("the first day; 364 days before until", "le premier jour ; 364 jours avant until"), day, DAY
)
UNTIL = Parameter("until", Text("the last day; the day of on", "le dernier jour ; le jour de on"), day, DAY)


def degrees(name: str, says: Text, most: float) -> Parameter:
    """A required longitude or latitude."""
    schema = {"type": "number", "minimum": -most, "maximum": most}
    return Parameter(name, says, number, schema, low=-most, high=most, required=True)


def ranged(name: str, says: Text, default: float | None, low: float, high: float) -> Parameter:
    """A number in a range."""
    schema = {"type": "number", "minimum": low, "maximum": high}
    return Parameter(name, says, number, schema | ({} if default is None else {"default": default}), default, low, high)


LON = degrees("lon", Text("longitude in degrees", "longitude en degrés"), 180)
LAT = degrees("lat", Text("latitude in degrees", "latitude en degrés"), 90)
