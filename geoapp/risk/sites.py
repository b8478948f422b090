"""Sites: which mine sites are under the highest pressure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from geoapp.risk.answer import Answer
from geoapp.risk.basis import Basis, basis, scope_of, under_pressure, weights_of
from geoapp.risk.columns import weigh
from geoapp.risk.counting import Counted, Decay, Tally
from geoapp.risk.earth import Floats, Ints
from geoapp.risk.grid import Sums
from geoapp.risk.ground import Ground
from geoapp.risk.parameters import Asked
from geoapp.risk.places import SITES, Sites
from geoapp.risk.scope import circles_outside
from geoapp.risk.stability import Choice, rank_ranges, ranks
from geoapp.risk.wording import d, incidents, n
from layers.filter import Filter
from layers.mine_sites import LONG_UNVISITED
from layers.text import Text


@dataclass(frozen=True)
class SitePressure:
    """A site with its pressure and its place in the ranking.

    `incidents` is the number of terms. `rank_low` and `rank_high` are the best and the worst rank when the house's
    choices are halved and doubled, None where that was not asked. `long_unvisited` tells that nobody is known to have
    been there for 183 days.
    """

    site_id: str
    name: str
    pressure: float
    rank: int
    incidents: int
    rank_low: int | None
    rank_high: int | None
    outside_scope: float
    long_unvisited: bool


@dataclass(frozen=True, kw_only=True)
class SitesAnswer(Answer):
    """Sites, those under the highest pressure first."""

    total: int
    sites: list[SitePressure]


def ask_sites(connection: Connection, ground: Ground, asked: Asked) -> SitesAnswer:
    """Answer for all sites of the viewer, or for those of some units.

    A unit chooses sites; incidents of all units press on them.
    """
    sites = chosen_sites(ground.get(connection, SITES), asked.chosen)
    everywhere = Asked(asked.on, chosen=Filter(level=asked.chosen.level, category=asked.chosen.category))
    counted = under_pressure(connection, ground, everywhere)
    decay = Decay()
    weights = weights_of(connection, ground, everywhere)
    sums = pressures(counted, sites, weights, decay)
    rank = ranks(sums.total)
    order = np.lexsort((np.arange(len(rank)), rank)).tolist()
    low: Ints | None = None
    high: Ints | None = None
    if asked.values["stability"]:
        low, high = rank_ranges(counted.incidents.rows.levels, lambda choice: varied(counted, sites, asked, choice))
    outside = circles_outside(scope_of(connection, ground), sites.lon, sites.lat, decay.reach)
    tally = Tally.of(counted.incidents.mapped, sums.used)
    many, used, day = n(len(rank)), incidents(tally.incidents), d(asked.on)
    told = Text(
        f"{many.en} sites ranked by pressure on {day.en}, from {used.en} over three years within 20 km of them.",
        f"{many.fr} sites classés par pression le {day.fr}, à partir de {used.fr} sur trois ans à moins de 20 km.",
    )
    if not tally.incidents:
        told = Text(
            f"No incident of three years counts within 20 km of any of {many.en} sites on {day.en}: every pressure is"
            " 0, and their order tells nothing.",
            f"Aucun incident de trois ans ne compte à moins de 20 km d'un des {many.fr} sites le {day.fr}\u00a0: chaque"
            " pression est nulle, et leur ordre ne dit rien.",
        )
    return SitesAnswer(
        **basis("sites", ground, asked, Basis(counted, tally, told, float(np.mean(outside)) if len(rank) else None)),
        total=len(rank),
        sites=[
            SitePressure(
                sites.site_id[at],
                sites.name[at],
                float(sums.total[at]),
                int(rank[at]),
                int(sums.number[at]),
                None if low is None else int(low[at]),
                None if high is None else int(high[at]),
                float(outside[at]),
                _long_unvisited(sites, at, asked),
            )
            for at in order[: asked.values["limit"]]
        ],
    )


def chosen_sites(sites: Sites, chosen: Filter) -> Sites:
    """The sites in the units of a filter; all where it names none."""
    if not chosen.unit:
        return sites
    return sites.take([at for at, units in enumerate(sites.units) if not set(units).isdisjoint(chosen.unit)])


def pressures(counted: Counted, sites: Sites, weights: Floats, decay: Decay) -> Sums:
    """The pressure on each site."""
    return counted.incidents.grid.sums(sites.lon, sites.lat, weights, decay.metres, decay.reach)


def varied(counted: Counted, sites: Sites, asked: Asked, choice: Choice) -> Floats:
    """The pressures on the sites with other choices than the house's."""
    mapped = counted.incidents.mapped
    weight = weigh(mapped.level, mapped.killed, mapped.injured, choice.levels)
    return pressures(counted, sites, counted.weights(asked.on, choice.decay, weight), choice.decay).total


def _long_unvisited(sites: Sites, at: int, asked: Asked) -> bool:
    return not any(0 <= (asked.on - visited).days <= LONG_UNVISITED for visited in sites.visits[at])
