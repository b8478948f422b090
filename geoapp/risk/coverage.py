"""Coverage: which sites, route kilometres and recorded incidents lie near a deployment of a security force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from sqlalchemy import Connection

from geoapp.risk.answer import Answer
from geoapp.risk.basis import Basis, basis, scope_of, under_pressure, weights_of
from geoapp.risk.columns import SECURITY_FORCES, place_of
from geoapp.risk.counting import Counted, Decay, Mask, Tally
from geoapp.risk.earth import Floats
from geoapp.risk.grid import Grid
from geoapp.risk.ground import Ground
from geoapp.risk.lines import Chords, Line
from geoapp.risk.parameters import Asked
from geoapp.risk.places import ROUTES, SITES, STANDS, RouteLine, Sites
from geoapp.risk.profile import PIECE
from geoapp.risk.scope import line_outside
from geoapp.risk.sites import chosen_sites, pressures
from geoapp.risk.stability import ranks
from geoapp.risk.wording import d, n
from geoapp.risk.wording import share as in_percent
from layers import vocabulary as vocab
from layers.filter import Filter
from layers.text import Text

# Sites where nobody is known to have stopped work.
WORKED = ("active", "seasonal", None)


@dataclass(frozen=True)
class Share:
    """How much of something lies within reach of a deployment; `share` is None where there is nothing."""

    covered: float
    total: float
    share: float | None

    @classmethod
    def of(cls, covered: float, total: float) -> Share:
        """The share of a total."""
        return cls(covered, total, covered / total if total else None)


@dataclass(frozen=True)
class Gap:
    """A site out of reach, the one under the highest pressure ranking first."""

    site_id: str
    name: str
    pressure: float
    rank: int


@dataclass(frozen=True)
class RouteCoverage:
    """How much of a route is within reach, and its longest run of 500 m pieces that is not."""

    route_id: str
    name: str
    length_km: float
    covered_km: float
    longest_gap_km: float


@dataclass(frozen=True)
class ForceIncidents:
    """Incidents of the same three years whose actor is a security force, and how many of them are within reach."""

    incidents: int
    weighted: float
    within_reach: int


@dataclass(frozen=True, kw_only=True)
class CoverageAnswer(Answer):
    """What lies within reach of a deployment. It does not say that anything is without danger."""

    deployments: int
    sites: Share
    route_km: Share
    weighted: Share
    gaps: list[Gap]
    routes: list[RouteCoverage]
    security_forces: ForceIncidents


def ask_coverage(connection: Connection, ground: Ground, asked: Asked) -> CoverageAnswer:
    """Answer for all sites and routes of the viewer, or for those of some units."""
    metres = asked.values["radius_km"] * 1000
    stands = [each for each in ground.get(connection, STANDS) if each.valid(asked.on)]
    lines = [Line.of(each.shape) for each in stands if each.shape is not None]
    sites = _worked(chosen_sites(ground.get(connection, SITES), asked.chosen))
    routes = _chosen_routes(ground.get(connection, ROUTES), asked.chosen)
    counted = under_pressure(connection, ground, asked)
    mapped = counted.incidents.mapped

    guarded = within_reach(Grid.of(sites.lon, sites.lat), lines, metres)
    by_route = _by_route(routes, lines, metres)
    reached = within_reach(counted.incidents.grid, lines, metres, counted.mask, in_order=True)
    weight = np.where(counted.mask, mapped.weight, 0.0)
    tally = Tally.of(mapped, counted.mask)
    by_force = counted.mask & np.isin(mapped.actor, [place_of(vocab.ACTOR_KIND, each) for each in SECURITY_FORCES])
    site_share = Share.of(int(guarded.sum()), len(guarded))
    km = Share.of(sum(each.covered_km for each in by_route), sum(each.length_km for each in by_route))
    weighted = Share.of(float(weight[reached].sum()), float(weight.sum()))
    force = ForceIncidents(int(by_force.sum()), float(mapped.weight[by_force].sum()), int((by_force & reached).sum()))
    unplaced = sum(each.shape is None for each in stands)
    outside = _outside(connection, ground, routes)
    told = _told(asked, site_share, km, weighted, force)
    left_out = {"deployment_without_place": unplaced}
    return CoverageAnswer(
        **basis("coverage", ground, asked, Basis(counted, tally, told, outside, left_out)),
        deployments=len(stands),
        sites=site_share,
        route_km=km,
        weighted=weighted,
        gaps=_gaps(connection, ground, asked, sites, guarded),
        routes=by_route,
        security_forces=force,
    )


def covered_by_unit(
    connection: Connection, ground: Ground, asked: Asked, units: Sequence[frozenset[str]]
) -> list[Share]:
    """The sites within reach of a deployment in each of some units, told by the codes that their rows may bear."""
    stands = [each for each in ground.get(connection, STANDS) if each.valid(asked.on)]
    lines = [Line.of(each.shape) for each in stands if each.shape is not None]
    sites = _worked(ground.get(connection, SITES))
    guarded = within_reach(Grid.of(sites.lon, sites.lat), lines, asked.values["radius_km"] * 1000)
    held = [np.array([not codes.isdisjoint(each) for each in sites.units], dtype=np.bool_) for codes in units]
    return [Share.of(int((each & guarded).sum()), int(each.sum())) for each in held]


def within_reach(
    grid: Grid, lines: list[Line], metres: float, counts: Mask | None = None, *, in_order: bool = False
) -> Mask:
    """Which points are within `metres` of a line, in the order in which they were given; `in_order`: the grid's."""
    reached = np.zeros(len(grid.lon), dtype=np.bool_)
    if lines:
        counts = np.ones(len(grid.lon), dtype=np.bool_) if counts is None else counts
        hits = grid.along(Chords.together([each.chords for each in lines]), metres, counts)
        reached[hits.settled(grid, lines, metres).place] = True
    if in_order:
        return reached
    given = np.zeros_like(reached)
    given[grid.rows] = reached
    return given


def longest_gap(covered: Mask) -> int:
    """The most pieces in a row that are not covered."""
    return max((sum(1 for _ in run) for held, run in groupby(covered.tolist()) if not held), default=0)


def covered_pieces(connection: Connection, ground: Ground, asked: Asked) -> list[tuple[RouteLine, Mask]]:
    """The routes of the answer, with which of their 500 m pieces are within reach."""
    stands = [each for each in ground.get(connection, STANDS) if each.valid(asked.on)]
    lines = [Line.of(each.shape) for each in stands if each.shape is not None]
    routes = _chosen_routes(ground.get(connection, ROUTES), asked.chosen)
    return _covered_pieces(routes, lines, asked.values["radius_km"] * 1000)


def _covered_pieces(routes: list[RouteLine], lines: list[Line], metres: float) -> list[tuple[RouteLine, Mask]]:
    if not routes:
        return []
    pieces = [each.line.pieces(PIECE) for each in routes]
    points = [each.line.at(each.line.middles(number)) for each, number in zip(routes, pieces, strict=True)]
    lon, lat = (np.concatenate([each[axis] for each in points]) for axis in (0, 1))
    parts: list[Mask] = np.split(within_reach(Grid.of(lon, lat), lines, metres), np.cumsum(pieces)[:-1])
    return list(zip(routes, parts, strict=True))


def _by_route(routes: list[RouteLine], lines: list[Line], metres: float) -> list[RouteCoverage]:
    made = []
    for route, covered in _covered_pieces(routes, lines, metres):
        step = route.line.length / len(covered) / 1000
        made.append(
            RouteCoverage(
                route.route_id,
                route.name,
                route.line.length / 1000,
                int(covered.sum()) * step,
                longest_gap(covered) * step,
            )
        )
    return made


def _gaps(connection: Connection, ground: Ground, asked: Asked, sites: Sites, guarded: Mask) -> list[Gap]:
    everywhere = Asked(asked.on, chosen=Filter(level=asked.chosen.level, category=asked.chosen.category))
    open_to_all = sites.take(np.flatnonzero(~guarded).tolist())
    counted: Counted = under_pressure(connection, ground, everywhere)
    pressure: Floats = pressures(counted, open_to_all, weights_of(connection, ground, everywhere), Decay()).total
    rank = ranks(pressure)
    order = np.lexsort((np.arange(len(rank)), rank)).tolist()
    return [Gap(open_to_all.site_id[at], open_to_all.name[at], float(pressure[at]), int(rank[at])) for at in order]


def _worked(sites: Sites) -> Sites:
    return sites.take([at for at, activity in enumerate(sites.activity) if activity in WORKED])


def _chosen_routes(routes: list[RouteLine], chosen: Filter) -> list[RouteLine]:
    return [each for each in routes if not chosen.unit or not set(each.units).isdisjoint(chosen.unit)]


def _outside(connection: Connection, ground: Ground, routes: list[RouteLine]) -> float | None:
    scope = scope_of(connection, ground)
    total = sum(each.line.length for each in routes)
    return sum(line_outside(scope, each.shape) * each.line.length for each in routes) / total if total else None


def _told(asked: Asked, sites: Share, km: Share, weighted: Share, force: ForceIncidents) -> Text:
    reach, day = n(asked.values["radius_km"], 1), d(asked.on)
    covered, total, out_of_km, of_km = n(sites.covered), n(sites.total), n(km.covered), n(km.total)
    heavy, by_force = in_percent(weighted.share or 0.0), n(force.incidents)
    return Text(
        f"Within {reach.en} km of a deployment on {day.en}: {covered.en} of {total.en} sites, {out_of_km.en} of"
        f" {of_km.en} route km, {heavy.en} of the weight of incidents over three years. A deployment is no promise that"
        f" nothing happens: in {by_force.en} of these incidents the actor is a security force.",
        f"À moins de {reach.fr} km d'un déploiement le {day.fr} : {covered.fr} sites sur {total.fr}, {out_of_km.fr} km"
        f" d'itinéraire sur {of_km.fr}, {heavy.fr} du poids des incidents sur trois ans. Un déploiement ne promet pas"
        f" que rien n'arrive : dans {by_force.fr} de ces incidents, l'acteur est une force de sécurité.",
    )
