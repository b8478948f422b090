"""A map that the server draws as SVG: the base map and the rows of layers that the transaction's viewer sees.

It is read in grey as in colour: levels are told apart by shape and tone, lines by their dashes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import shapely
from pyproj import Transformer
from shapely import Geometry
from sqlalchemy import Connection, func, literal, select, union_all

from layers.deployments import DEPLOYMENTS
from layers.filter import Filter
from layers.incidents import INCIDENTS
from layers.layer import MapLayer, Place
from layers.mine_sites import MINE_SITES
from layers.provinces import VALID_TODAY
from layers.routes import ROUTES
from layers.tables import AdminUnit, BaseFeature
from layers.text import Text

# West, south, east, north in degrees.
Box = tuple[float, float, float, float]
WIDTH, HEIGHT = 680.0, 420.0
# Web Mercator's metres for a pixel of zoom 0, of 256 pixels a tile; the part of a screen that a view is drawn of.
METRES = 156543.03392804097
SCREEN = 1000.0
DRAWN: Mapping[str, MapLayer] = {each.name: each for each in (INCIDENTS, MINE_SITES, DEPLOYMENTS, ROUTES)}
# More marks than these cover each other; those of the highest level are drawn.
MOST_MARKS = 1500
MOST_TOWNS = 14
# How fine a line is drawn, in units of the drawing.
FINE = 0.7
TO_MERCATOR = Transformer.from_crs(4326, 3857, always_xy=True)
# What a path of the base map looks like, from below.
GROUND: Mapping[str, Mapping[str, str]] = {
    "unit": {"fill": "#fbfaf7", "stroke": "#8b959d", "stroke-width": "0.6"},
    "lake": {"fill": "#d3dde3", "stroke": "#9fb0bb", "stroke-width": "0.5"},
    "country": {"fill": "none", "stroke": "#4b545c", "stroke-width": "1.1"},
}
ROUTE = {"fill": "none", "stroke": "#6b4f38", "stroke-width": "1.2", "stroke-dasharray": "5 2"}
# An answer's own shapes.
LINE = {"fill": "none", "stroke": "#0b3d91", "stroke-width": "2.4"}
SECOND_LINE = {"fill": "none", "stroke": "#000000", "stroke-width": "2.2", "stroke-dasharray": "2 3"}
AREA = {"fill": "#0b3d91", "fill-opacity": "0.10", "stroke": "#0b3d91", "stroke-width": "1", "stroke-dasharray": "4 2"}
CELL = {"fill": "#5a0f12", "fill-opacity": "0.45", "stroke": "#5a0f12", "stroke-width": "0.6"}
# The marks of rows: shape, size, fill, outline.
MARKS: Mapping[str, tuple[str, float, str, str]] = {
    "level 1": ("triangle", 5.5, "#7a1013", "#ffffff"),
    "level 2": ("diamond", 4.8, "#d9720b", "#3b2206"),
    "level 3": ("circle", 3.0, "#f5d05a", "#3b2f08"),
    "level unknown": ("circle", 2.8, "#ffffff", "#3f474d"),
    "mine_sites": ("square", 2.6, "#ffffff", "#26323a"),
    "deployments": ("shield", 5.0, "#1f3a68", "#ffffff"),
    "point": ("cross", 6.0, "#0b3d91", "#0b3d91"),
}
NAMES: Mapping[str, Text] = {
    "level 1": Text("Level 1 (highest)", "Niveau 1 (le plus élevé)"),
    "level 2": Text("Level 2", "Niveau 2"),
    "level 3": Text("Level 3 (lowest)", "Niveau 3 (le plus bas)"),
    "level unknown": Text("Level unknown", "Niveau inconnu"),
    "mine_sites": Text("Mine sites", "Sites miniers"),
    "deployments": Text("Security deployments", "Déploiements de sécurité"),
    "routes": Text("Transport routes", "Itinéraires de transport"),
}
# Sites below, the highest level on top.
ORDER = ("mine_sites", "deployments", "level unknown", "level 3", "level 2", "level 1", "point")


@dataclass(frozen=True)
class Overlay:
    """A shape in degrees that is drawn over the map, with its look and, where it is in the legend, its name."""

    shape: Geometry
    look: Mapping[str, str]
    name: Text | None = None


@dataclass(frozen=True)
class Path:
    """An SVG path with its attributes."""

    d: str
    look: Mapping[str, str]


@dataclass(frozen=True)
class Legend:
    """What a mark or a line stands for, and how many there are, None for lines."""

    name: Text
    path: Path
    number: int | None = None


@dataclass(frozen=True)
class Drawing:
    """A map in units of its own, `width` by `height`: paths from below, names of towns, a bar of so many kilometres.

    `left_out` is how many rows are not drawn because others lie there.
    """

    width: float
    height: float
    paths: Sequence[Path]
    towns: Sequence[tuple[float, float, str]]
    legend: Sequence[Legend]
    bar_km: float
    bar: float
    left_out: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    synthetic: bool = False


def box_of_view(zoom: float, lat: float, lon: float) -> Box:
    """The part of the Earth that a screen shows at a zoom around a point."""
    x, y = TO_MERCATOR.transform(lon, lat)
    half = METRES / 2**zoom * SCREEN / 2
    tall = half * HEIGHT / WIDTH
    west, south = TO_MERCATOR.transform(x - half, y - tall, direction="INVERSE")
    east, north = TO_MERCATOR.transform(x + half, y + tall, direction="INVERSE")
    return west, south, east, north


def box_around(shapes: Sequence[Geometry], least: float = 0.08) -> Box:
    """The part of the Earth that holds shapes, in degrees, with some room."""
    west, south, east, north = shapely.total_bounds(list(shapes)).tolist()
    room = max(least, 0.08 * max(east - west, north - south))
    return west - room, south - room, east + room, north + room


def draw_map(
    connection: Connection,
    box: Box,
    language: str,
    *,
    layers: Sequence[str] = (),
    chosen: Filter | None = None,
    overlays: Sequence[Overlay] = (),
) -> Drawing:
    """The map of a part of the Earth with the rows of `layers` under a filter, and shapes over them."""
    frame = _Frame.of(box)
    chosen = chosen or Filter()
    paths = _ground(connection, frame)
    legend: list[Legend] = []
    counts: dict[str, int] = {}
    if "routes" in layers and (d := _lines(connection, frame, ROUTES, chosen)):
        paths.append(Path(d, ROUTE))
        legend.append(Legend(NAMES["routes"], Path("M0 5H14", ROUTE)))
    marks: dict[str, list[tuple[float, float]]] = {}
    left_out, synthetic = 0, False
    for name in ("mine_sites", "deployments", "incidents"):
        if name in layers:
            rows, more, made_up = _points(connection, frame, DRAWN[name], chosen)
            left_out, synthetic = left_out + more, synthetic or made_up
            counts[name] = len(rows) + more
            for mark, x, y in rows:
                marks.setdefault(mark, []).append((x, y))
    for overlay in overlays:
        pointed = shapely.get_dimensions(overlay.shape) == 0
        if pointed:
            spots = [(each.x, each.y) for each in shapely.get_parts(overlay.shape)]
            marks.setdefault("point", []).extend(frame.place(x, y) for x, y in spots)
        elif d := frame.path_of(overlay.shape):
            paths.append(Path(d, overlay.look))
        if overlay.name and not pointed:
            shown = "M0 1H14V9H0Z" if overlay.look["fill"] != "none" else "M0 5H14"
            legend.append(Legend(overlay.name, Path(shown, overlay.look)))
    for name in ORDER:
        if name in marks:
            shape, size, fill, stroke = MARKS[name]
            look = {"fill": fill, "stroke": stroke, "stroke-width": "0.8"}
            paths.append(Path("".join(_mark(shape, x, y, size) for x, y in marks[name]), look))
            if name in NAMES:
                legend.append(Legend(NAMES[name], Path(_mark(shape, 7, 5, size), look), len(marks[name])))
    bar_km = _round(frame.km_of(frame.width / 4))
    return Drawing(
        frame.width,
        frame.height,
        paths,
        _towns(connection, frame, language),
        legend,
        bar_km,
        frame.width / 4 * bar_km / frame.km_of(frame.width / 4),
        left_out,
        counts,
        synthetic,
    )


@dataclass(frozen=True)
class _Frame:
    """How Web Mercator's metres become the drawing's units; y runs downwards."""

    west: float
    north: float
    scale: float
    width: float
    height: float
    lat: float

    @classmethod
    def of(cls, box: Box) -> _Frame:
        west, south = TO_MERCATOR.transform(box[0], max(box[1], -85))
        east, north = TO_MERCATOR.transform(box[2], min(box[3], 85))
        # As wide as the paper, and no taller than half of it.
        wide, tall = east - west, north - south
        scale = min(WIDTH / wide, HEIGHT / tall)
        west -= (WIDTH / scale - wide) / 2
        height = max(tall * scale, HEIGHT / 2)
        north += (height / scale - tall) / 2
        return cls(west, north, scale, WIDTH, height, (box[1] + box[3]) / 2)

    @property
    def envelope(self) -> Any:
        """The part of the Earth in EPSG:3857, a little more than is seen, so that no cut is."""
        over = 8 / self.scale
        east, south = self.west + self.width / self.scale, self.north - self.height / self.scale
        return func.ST_MakeEnvelope(self.west - over, south - over, east + over, self.north + over, 3857)

    def km_of(self, units: float) -> float:
        """Kilometres on the ground at the middle of the drawing."""
        return units / self.scale * math.cos(math.radians(self.lat)) / 1000

    def place(self, lon: float, lat: float) -> tuple[float, float]:
        """Where a point in degrees is drawn."""
        x, y = TO_MERCATOR.transform(lon, lat)
        return round((x - self.west) * self.scale, 1), round((self.north - y) * self.scale, 1)

    def svg(self, geom: Any) -> Any:
        """The SQL of a geometry in EPSG:3857 as an SVG path in the drawing's units."""
        simple = func.ST_SimplifyPreserveTopology(func.ST_ClipByBox2D(geom, self.envelope), FINE / self.scale)
        moved = func.ST_Translate(simple, -self.west, -self.north)
        return func.ST_AsSVG(func.ST_Scale(moved, self.scale, self.scale), 0, 1)

    def path_of(self, shape: Geometry) -> str:
        """A shape in degrees as an SVG path."""
        parts = shapely.get_parts(shape)
        rings: list[Geometry] = []
        for part in parts:
            if part.geom_type == "Polygon":
                rings += [part.exterior, *part.interiors]
            elif part.geom_type == "LineString":
                rings.append(part)
        made = []
        for ring in rings:
            points = [self.place(x, y) for x, y in shapely.get_coordinates(ring)]
            seen = [points[0], *(one for before, one in pairwise(points) if one != before)]
            made.append("M" + "L".join(f"{x:g} {y:g}" for x, y in seen))
        return "".join(made)


def _ground(connection: Connection, frame: _Frame) -> list[Path]:
    near = AdminUnit.geom_3857.op("&&")(frame.envelope)
    units = select(literal("unit"), frame.svg(AdminUnit.geom_3857)).where(near, AdminUnit.level == 1, *VALID_TODAY)
    countries = select(literal("country"), frame.svg(AdminUnit.geom_3857)).where(near, AdminUnit.level == 0)
    lakes = select(literal("lake"), frame.svg(BaseFeature.geom_3857)).where(
        BaseFeature.geom_3857.op("&&")(frame.envelope), BaseFeature.kind == "lake"
    )
    rows = connection.execute(union_all(units, lakes, countries)).all()
    kinds = list(GROUND)
    found = sorted(((kind, d) for kind, d in rows if d), key=lambda each: (kinds.index(each[0]), each[1]))
    return [Path(d, GROUND[kind]) for kind, d in found]


def _lines(connection: Connection, frame: _Frame, layer: MapLayer, chosen: Filter) -> str:
    place = layer.places[0]
    asked = layer.rows(place, chosen.applying(layer.filters)).where(place.geom_3857.op("&&")(frame.envelope))
    found = connection.scalars(asked.add_columns(frame.svg(place.geom_3857)).order_by(layer.key))
    return " ".join(d for d in found if d)


def _points(
    connection: Connection, frame: _Frame, layer: MapLayer, chosen: Filter
) -> tuple[list[tuple[str, float, float]], int, bool]:
    """The marks of a layer's rows with their places, how many more there are, and whether any is synthetic."""
    parts = [_points_of(frame, layer, place, chosen) for place in layer.places]
    if layer.stand_in is not None:
        parts += [_points_of(frame, layer.stand_in, place, chosen) for place in layer.stand_in.places]
    rows = union_all(*parts).subquery()
    ordered = select(rows).order_by(rows.c.level.nulls_last(), rows.c.key).limit(MOST_MARKS)
    found = connection.execute(ordered).all()
    total = len(found)
    if total == MOST_MARKS:
        total = connection.scalar(select(func.count()).select_from(rows)) or 0
    marks = [(_name_of(layer, row.level), round(row.x, 1), round(row.y, 1)) for row in found]
    return marks, total - len(found), any(row.synthetic for row in found)


def _points_of(frame: _Frame, layer: MapLayer, place: Place, chosen: Filter) -> Any:
    levels = {column.key: column for column in layer.properties}
    level = levels.get("level", literal(None))
    point = func.ST_PointOnSurface(place.geom_3857)
    asked = layer.rows(place, chosen.applying(layer.filters)).where(place.geom_3857.op("&&")(frame.envelope))
    return asked.add_columns(
        ((func.ST_X(point) - frame.west) * frame.scale).label("x"),
        ((frame.north - func.ST_Y(point)) * frame.scale).label("y"),
        level.label("level"),
        func.text(layer.key).label("key"),
        (literal(False) if layer.synthetic is None else layer.synthetic).label("synthetic"),
    )


def _name_of(layer: MapLayer, level: int | None) -> str:
    if layer.name != "incidents":
        return layer.name
    return f"level {level}" if level else "level unknown"


def _mark(shape: str, x: float, y: float, size: float) -> str:
    r = size
    match shape:
        case "triangle":
            return f"M{x:g} {y - r:.4g}l{r:g} {1.8 * r:.4g}h{-2 * r:g}z"
        case "diamond":
            return f"M{x:g} {y - r:.4g}l{r:g} {r:g}l{-r:g} {r:g}l{-r:g} {-r:g}z"
        case "square":
            return f"M{x - r:.4g} {y - r:.4g}h{2 * r:g}v{2 * r:g}h{-2 * r:g}z"
        case "shield":
            return f"M{x - r:.4g} {y - r:.4g}h{2 * r:g}v{r:g}l{-r:g} {r:g}l{-r:g} {-r:g}z"
        case "cross":
            return f"M{x - r:.4g} {y:g}h{2 * r:g}M{x:g} {y - r:.4g}v{2 * r:g}"
    return f"M{x - r:.4g} {y:g}a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 {-2 * r:g} 0z"


def _towns(connection: Connection, frame: _Frame, language: str) -> list[tuple[float, float, str]]:
    name = BaseFeature.name_fr if language == "fr" else BaseFeature.name_en
    x = (func.ST_X(BaseFeature.geom_3857) - frame.west) * frame.scale
    y = (frame.north - func.ST_Y(BaseFeature.geom_3857)) * frame.scale
    asked = select(x, y, name).where(
        BaseFeature.kind == "town", BaseFeature.geom_3857.op("&&")(frame.envelope), name.is_not(None)
    )
    kept: list[tuple[float, float, str]] = []
    for at_x, at_y, called in connection.execute(asked.order_by(BaseFeature.rank, BaseFeature.base_feature_id)):
        inside = 4 < at_x < frame.width - 6 * len(called) and 10 < at_y < frame.height - 6
        free = all(abs(at_x - other[0]) > 5.2 * len(other[2]) + 8 or abs(at_y - other[1]) > 11 for other in kept)
        if inside and free and len(kept) < MOST_TOWNS:
            kept.append((round(at_x, 1), round(at_y, 1), called))
    return kept


def _round(value: float) -> float:
    """The longest of 1, 2 or 5 times a power of ten that is not longer."""
    power = 10 ** math.floor(math.log10(value))
    return float(next(each * power for each in (5, 2, 1) if each * power <= value))
