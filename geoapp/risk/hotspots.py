"""Hot spots: where more weight of incidents lies together than chance would put there."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely import Polygon
from sqlalchemy import Connection

from geoapp.errors import QuestionError
from geoapp.risk.answer import Answer
from geoapp.risk.basis import Basis, basis, in_period, scope_of
from geoapp.risk.counting import Counted, Tally
from geoapp.risk.earth import SLACK, Floats, Ints, cartesian, geodesic
from geoapp.risk.grid import Grid
from geoapp.risk.ground import Ground
from geoapp.risk.hexagons import Hexagons
from geoapp.risk.incidents import INCIDENTS
from geoapp.risk.lines import Chords, Line
from geoapp.risk.parameters import Asked
from geoapp.risk.places import ROUTES, SITES
from geoapp.risk.wording import counted as in_words
from geoapp.risk.wording import n
from layers.text import Text

# How far from a site, a route or an incident the ground is looked at, and how far cells are neighbours, in metres.
REACH = 25_000.0
PERMUTATIONS = 9_999
SEED = 12_345
# How many of the cells called hot may be so by chance.
FALSE_SHARE = 0.05
LEAST_CELLS = 30


@dataclass(frozen=True)
class Cell:
    """A hexagon: its weight, the z of its Gi*, the p of the permutations, and whether it is hot."""

    id: str
    lon: float
    lat: float
    incidents: int
    value: float
    z: float | None
    p: float
    hot: bool
    geometry: Polygon | None


@dataclass(frozen=True, kw_only=True)
class HotspotsAnswer(Answer):
    """The cells in the order in which they were tested, which is that of their ids' numbers."""

    hot: int
    cells: list[Cell]


@dataclass(frozen=True)
class Tested:
    """Of each cell the z of its Gi* and the p of the permutations."""

    z: Floats
    p: Floats


def ask_hotspots(connection: Connection, ground: Ground, asked: Asked) -> HotspotsAnswer:
    """Answer for the ground near sites, routes and incidents of the viewer."""
    hexagons = Hexagons((asked.values["cell_km"] * 1000) ** 2)
    counted = in_period(connection, ground, asked)
    mapped = counted.incidents.mapped.take(np.flatnonzero(counted.mask))
    cells = _cells(connection, ground, hexagons, counted)
    number, value = _sums(hexagons, cells, mapped.lon, mapped.lat, mapped.weight)
    filled = int(np.count_nonzero(number))
    if filled < LEAST_CELLS:
        raise QuestionError(
            f"Incidents lie in {filled} cells; hot spots are told from {LEAST_CELLS} on. Ask for a longer period, or"
            " for smaller cells.",
            f"Des incidents se trouvent dans {filled} cellules ; il en faut {LEAST_CELLS} pour parler de points chauds."
            " Demandez une période plus longue, ou des cellules plus petites.",
        )
    lon, lat = hexagons.centres(cells)
    # The same answer is asked for as figures, as a drawing and as a file, and the permutations take a while.
    name = ("hot spots", asked.on, asked.since, asked.until, asked.chosen, asked.values["cell_km"])
    tested: Tested = ground.work_out(
        connection, name, (INCIDENTS, SITES, ROUTES), lambda _: getis_ord(value, neighbours(lon, lat))
    )
    hot = discoveries(tested.p, FALSE_SHARE) & (tested.z > 0)
    tally = Tally.of(mapped, np.arange(len(mapped)))
    many, of, days, size = n(int(hot.sum())), n(len(cells)), in_words(asked), n(asked.values["cell_km"] ** 2)
    told = Text(
        f"{many.en} of {of.en} cells of {size.en} km² are hot ({days.en}): more weight of incidents lies in and around"
        " them than chance explains, at a false discovery rate of 5 %.",
        f"{many.fr} cellules de {size.fr} km² sur {of.fr} sont chaudes ({days.fr}) : le poids des incidents y et autour"
        " dépasse ce que le hasard explique, à un taux de fausses découvertes de 5 %.",
    )
    # Cells have one area, so that their number is a share of it.
    outside = 1.0 - float(np.mean(shapely.intersects_xy(scope_of(connection, ground), lon, lat)))
    outlines = hexagons.outlines(cells) if asked.values["geometry"] else None
    return HotspotsAnswer(
        **basis("hotspots", ground, asked, Basis(counted, tally, told, outside)),
        hot=int(hot.sum()),
        cells=[
            Cell(
                f"{q}:{r}",
                float(lon[at]),
                float(lat[at]),
                int(number[at]),
                float(value[at]),
                float(tested.z[at]),
                float(tested.p[at]),
                bool(hot[at]),
                None if outlines is None else Polygon(outlines[at]),
            )
            for at, (q, r) in enumerate(cells.tolist())
        ],
    )


def neighbours(lon: Floats, lat: Floats) -> dict[int, list[int]]:
    """Of each point the others within reach, by their places."""
    # A chord is never longer than its arc, and here less than a metre shorter.
    places = cartesian(lon, lat)
    pairs = cKDTree(places).query_pairs(REACH, output_type="ndarray")
    one, other = pairs[:, 0], pairs[:, 1]
    chord = np.linalg.norm(places[one] - places[other], axis=1)
    far = np.flatnonzero(chord > REACH - 1.0)
    exact = geodesic(lon[one[far]], lat[one[far]], lon[other[far]], lat[other[far]])
    pairs = np.delete(pairs, far[exact > REACH], axis=0)
    found: dict[int, list[int]] = {at: [] for at in range(len(lon))}
    for begin, end in pairs.tolist():
        found[begin].append(end)
        found[end].append(begin)
    return found


def getis_ord(value: Floats, near: dict[int, list[int]]) -> Tested:
    """Gi* with binary weights, its own cell included.

    J. K. Ord and A. Getis, Local spatial autocorrelation statistics, Geographical Analysis 27 (1995), by esda. Its p is
    one-sided, in the direction of the difference, from permutations of all other cells; it depends on their order.
    """
    # Imported here: they take seconds, and no other question needs them.
    from esda.getisord import G_Local  # noqa: PLC0415
    from libpysal.weights import W  # noqa: PLC0415

    with warnings.catch_warnings():
        # That a coming release will count both tails, and that the ground may be in several parts.
        warnings.simplefilter("ignore")
        made: Any = G_Local(
            value,
            W(near, silence_warnings=True),
            transform="B",
            star=True,
            permutations=PERMUTATIONS,
            keep_simulations=False,
            n_jobs=1,
            seed=SEED,
        )
    return Tested(np.asarray(made.Zs, dtype=np.float64), np.asarray(made.p_sim, dtype=np.float64))


def discoveries(p: Floats, share: float) -> NDArray[np.bool_]:
    """Which of many tests are positive, of which at most `share` falsely.

    Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, J. R. Statist. Soc. B 57 (1995).
    """
    ranked = np.sort(p)
    passed = np.flatnonzero(ranked <= share * np.arange(1, len(p) + 1) / len(p))
    return p <= ranked[passed[-1]] if len(passed) else np.zeros(len(p), dtype=np.bool_)


def cells_near(hexagons: Hexagons, lines: Sequence[Line], lon: Floats, lat: Floats) -> Ints:
    """The cells whose centre is within reach of any of some lines, or of points in degrees."""
    points = Chords.of_points(lon, lat)
    boxes = np.concatenate([points.box, *(each.chords.box for each in lines)])
    if not len(boxes):
        return np.zeros((0, 2), dtype=np.int64)
    corners = (np.concatenate((boxes[:, axis], boxes[:, axis + 2])) for axis in (0, 1))
    candidates = hexagons.around(hexagons.of(*corners), REACH)
    grid = Grid.of(*hexagons.centres(candidates))
    near = np.zeros(len(candidates), dtype=np.bool_)
    for line in lines:
        near[grid.rows[grid.near(line, REACH, ~near[grid.rows]).place]] = True
    hits = grid.along(points, REACH, ~near[grid.rows])
    doubtful = np.flatnonzero(hits.metres > REACH - SLACK)
    point, place = hits.line[doubtful], hits.place[doubtful]
    outside = geodesic(lon[point], lat[point], grid.lon[place], grid.lat[place]) > REACH
    near[grid.rows[np.delete(hits.place, doubtful[outside])]] = True
    return candidates[near]


def _cells(connection: Connection, ground: Ground, hexagons: Hexagons, counted: Counted) -> Ints:
    """The cells whose centre is within reach of a site, a route or an incident."""
    sites = ground.get(connection, SITES)
    lines = [each.line for each in ground.get(connection, ROUTES)]
    mapped = counted.incidents.mapped.take(counted.mask)
    lon, lat = np.concatenate((sites.lon, mapped.lon)), np.concatenate((sites.lat, mapped.lat))
    return cells_near(hexagons, lines, lon, lat)


def _sums(hexagons: Hexagons, cells: Ints, lon: Floats, lat: Floats, weight: Floats) -> tuple[Ints, Floats]:
    """The number and the weight of points in each cell."""
    places = {tuple(cell): at for at, cell in enumerate(cells.tolist())}
    where = np.array([places[tuple(each)] for each in hexagons.of(lon, lat).tolist()], dtype=np.int64)
    number = np.bincount(where, minlength=len(cells)).astype(np.int64)
    return number, np.bincount(where, weight, minlength=len(cells)).astype(np.float64)
