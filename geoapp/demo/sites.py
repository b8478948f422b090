"""Mine sites in clusters within the mineral belts, and the visits that were paid to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geoapp.demo.belts import BELTS, Belt
from geoapp.demo.draw import (
    Floats,
    Ints,
    Objects,
    choose,
    dates,
    identifiers,
    is_none,
    missing,
    objects,
    pick,
    unknown,
)
from geoapp.demo.ground import KM_PER_DEGREE, Ground, points
from geoapp.demo.names import invent, name_sites
from geoapp.demo.plan import Plan
from geoapp.demo.rows import Writer
from geoapp.errors import DemoError
from layers.tables import MineSite, SiteVisit

CLUSTER_SITES = 7
ATTEMPTS = 60
VISITS_A_SITE = 3.0
VISITED_DAYS = 2 * 365
STATE_SERVICE, PROGRAMME = "state mining service", "traceability programme"
ICGLR = {"green": 38, "yellow": 9, "red": 4, "blue": 17, "not_inspected": 24, "unknown": 8}


@dataclass(frozen=True)
class Sites:
    """The mine sites, column by column; `belt` and `province` are places in `BELTS` and in the ground's codes."""

    site_id: Objects
    name: Objects
    x: Floats
    y: Floats
    belt: Ints
    province: Ints
    locality: Objects
    groupement: Objects
    minerals: Objects
    workers: Ints
    activity: Objects

    def __len__(self) -> int:
        return len(self.site_id)

    def shared_out(self, x: Floats, y: Floats, reach_km: float) -> Floats:
        """How many sites each point serves, each site being shared out among the points around it."""
        apart = np.hypot(x[:, None] - self.x, y[:, None] - self.y) * KM_PER_DEGREE
        near = np.exp(-apart / reach_km) + 1e-12
        return np.asarray((near / near.sum(axis=0)).sum(axis=1))


def make_sites(ground: Ground, rng: np.random.Generator) -> Sites:
    """The sites of every belt; DemoError where the loaded boundaries leave a belt no land."""
    parts = [_of_belt(ground, place, belt, rng) for place, belt in enumerate(BELTS)]
    x, y, cluster = (np.concatenate([part[column] for part in parts]) for column in range(3))
    belt = np.repeat(np.arange(len(BELTS)), [each.sites for each in BELTS])
    province = ground.province_at(x, y)
    french = np.isin(ground.countries[province], ("CD", "BI"))
    number = len(x)
    name = np.where(french, name_sites(rng, number, french=True), name_sites(rng, number, french=False))
    groups, group = np.unique(belt * 1_000 + cluster, return_inverse=True)
    return Sites(
        site_id=_site_ids(ground, province),
        name=name,
        x=x,
        y=y,
        belt=belt,
        province=province,
        locality=invent(rng, len(groups), french=True)[group],
        groupement=invent(rng, len(groups) // 2 + 1, french=True)[group // 2],
        minerals=_minerals(rng, belt),
        workers=np.minimum(rng.lognormal(4.0, 1.0, number), 6_000).astype(np.int64) + 3,
        activity=choose(rng, {"active": 66, "seasonal": 14, "suspended": 9, "abandoned": 11}, number),
    )


def _of_belt(ground: Ground, place: int, belt: Belt, rng: np.random.Generator) -> tuple[Floats, Floats, Ints]:
    """Points of one belt on land of its centre's province: clusters around it, stretched along its strike."""
    home = ground.province_near(np.array([belt.x]), np.array([belt.y]))[0]
    clusters = max(3, belt.sites // CLUSTER_SITES)
    strike = rng.uniform(0, np.pi)
    centres = rng.normal(size=(clusters, 2)) * (belt.spread, belt.spread * 0.45)
    size = rng.dirichlet(np.full(clusters, 1.5))
    x = y = np.empty(0)
    member = np.empty(0, dtype=np.int64)
    for _ in range(ATTEMPTS):
        cluster = pick(rng, size, 2 * belt.sites)
        offset = centres[cluster] + rng.normal(size=(len(cluster), 2)) * (2.2, 1.1)
        turn = np.array([[np.cos(strike), np.sin(strike)], [-np.sin(strike), np.cos(strike)]])
        points = (np.array([belt.x, belt.y]) + offset @ turn / KM_PER_DEGREE).round(6)
        good = ground.province_at(points[:, 0], points[:, 1]) == home
        good &= ~ground.on_lake(points[:, 0], points[:, 1])
        x = np.append(x, points[good, 0])
        y = np.append(y, points[good, 1])
        member = np.append(member, cluster[good])
        if home >= 0 and len(x) >= belt.sites:
            return x[: belt.sites], y[: belt.sites], member[: belt.sites]
    raise DemoError(
        f"The loaded boundaries leave no room for the sites of the belt {belt.territory}"
        f" ({belt.x}, {belt.y}): load the base map with `geoapp db migrate`."
    )


def _site_ids(ground: Ground, province: Ints) -> Objects:
    made = np.empty(len(province), dtype=object)
    for each in np.unique(province):
        members = np.flatnonzero(province == each)
        prefix = ground.prefix(each)
        made[members] = [f"{prefix}-{serial:05d}" for serial in range(1, len(members) + 1)]
    return made


def _minerals(rng: np.random.Generator, belt: Ints) -> Objects:
    made = np.empty(len(belt), dtype=object)
    for place, each in enumerate(BELTS):
        members = np.flatnonzero(belt == place)
        first, second = (choose(rng, each.minerals, len(members)) for _ in range(2))
        both = rng.random(len(members)) < 0.35
        for at, main, other, more in zip(members, first, second, both, strict=True):
            made[at] = [main, other] if more and other != main else [main]
    return made


def write_sites(writer: Writer, ground: Ground, sites: Sites, plan: Plan, rng: np.random.Generator) -> None:
    """Write the sites, with about as much missing as real registers miss."""
    number = len(sites)
    until = np.datetime64(plan.until, "D")
    workers = unknown(rng, sites.workers, 0.2)
    no_workers = is_none(workers)
    status = choose(rng, ICGLR, number)
    not_seen = np.isin(status, ("not_inspected", "unknown"))
    traceability = _traceability(sites.minerals, rng)
    tagged = traceability == "itsci"
    operator = choose(rng, {"cooperative": 62, "company": 21, "individual": 17}, number)
    method = choose(rng, {"gps": 74, "map": 14, "reported": 12}, number)
    accuracy = np.select(
        [method == "gps", method == "map"], [rng.uniform(3, 25, number), rng.uniform(100, 900, number)], 2_500
    ).round()
    codes = ground.codes[sites.province]
    writer.write(
        MineSite,
        {
            "site_id": sites.site_id,
            "itsci_code": missing([f"{site_id[4:]}-T" for site_id in sites.site_id], ~tagged),
            "ipis_pcode": missing(
                [f"codmine{99_000 + place:05d}" for place in range(number)],
                (ground.countries[sites.province] != "CD") | (rng.random(number) < 0.5),
            ),
            "licence_no": unknown(rng, [f"PE{place:05d}" for place in rng.integers(1, 99_999, number)], 0.6),
            "name": sites.name,
            "name_alt": _other_names(rng, number),
            "stated_unit": unknown(rng, codes, 0.15),
            "territory": unknown(rng, [BELTS[place].territory for place in sites.belt], 0.05),
            "groupement": unknown(rng, sites.groupement, 0.25),
            "locality": unknown(rng, sites.locality, 0.15),
            "minerals": sites.minerals,
            "mine_type": choose(rng, {"artisanal": 86, "semi_mechanised": 11, "industrial": 3}, number),
            "operator_kind": unknown(rng, operator, 0.1),
            "operator_name": unknown(rng, _operator_names(operator, sites.locality), 0.2),
            "workers_est": workers,
            "workers_on": missing(dates(until - rng.integers(5, 900, number)), no_workers),
            "icglr_status": status,
            "icglr_status_on": missing(dates(until - rng.integers(10, 700, number)), not_seen),
            "traceability": unknown(rng, traceability, 0.08),
            "activity": unknown(rng, sites.activity, 0.07),
            "position_method": unknown(rng, method, 0.05),
            "position_accuracy_m": unknown(rng, accuracy, 0.3),
            "geom": points(sites.x, sites.y),
        },
    )


def _traceability(minerals: Objects, rng: np.random.Generator) -> Objects:
    """Tin, tantalum and tungsten are traced as a rule, gold seldom."""
    traced = choose(rng, {"itsci": 68, "other": 12, "none": 15, "suspended": 5}, len(minerals))
    gold = choose(rng, {"other": 10, "none": 88, "suspended": 2}, len(minerals))
    only_gold = np.array([each == ["gold"] for each in minerals])
    return np.where(only_gold, gold, traced)


def _other_names(rng: np.random.Generator, number: int) -> Objects:
    named = rng.random(number) < 0.15
    names = invent(rng, number, french=True)
    return objects([[name] if has else [] for name, has in zip(names, named, strict=True)])


def _operator_names(kind: Objects, locality: Objects) -> list[str]:
    form = {"cooperative": "Coopérative {}", "company": "Société {} (fictive)", "individual": "Exploitant de {}"}
    return [form[each].format(place) for each, place in zip(kind, locality, strict=True)]


def write_visits(writer: Writer, sites: Sites, plan: Plan, rng: np.random.Generator) -> None:
    """Write the visits: unevenly spread over sites and years, some sites without any for long."""
    until = np.datetime64(plan.until, "D")
    calm = 1.2 - np.array([BELTS[place].insecurity for place in sites.belt])
    rate = rng.gamma(2.0, 1.0, len(sites)) * (0.3 + calm)
    visited = rng.poisson(VISITS_A_SITE * rate / rate.mean())
    # A site that was given up on has not been seen for over a year.
    neglected = rng.random(len(sites)) < 0.15
    site = np.repeat(np.arange(len(sites)), visited)
    ago = rng.integers(1, VISITED_DAYS, len(site))
    ago = np.where(neglected[site], ago + 366, ago)
    once = np.unique(site * 10_000 + ago)
    site, ago = once // 10_000, once % 10_000
    number = len(site)
    insecure = np.array([BELTS[place].insecurity for place in sites.belt])[site]
    on_site = rng.random(number) > 0.06
    armed = on_site & (rng.random(number) < 0.35 * insecure)
    writer.write(
        SiteVisit,
        {
            "id": identifiers(rng, number),
            "visit_id": [f"V-{serial:05d}" for serial in range(1, number + 1)],
            "site_id": sites.site_id[site],
            "visited_on": dates(until - ago),
            "on_site": on_site,
            "visitor_org": choose(rng, {STATE_SERVICE: 5, PROGRAMME: 6, "civil society": 2}, number),
            "workers_est": missing(
                (sites.workers[site] * rng.uniform(0.4, 1.5, number)).astype(np.int64),
                ~on_site | (rng.random(number) < 0.1),
            ),
            "armed_actor_present": missing(armed, ~on_site),
            "armed_actor_kind": missing(_armed_kinds(rng, insecure), ~armed),
            "presence_frequency": missing(
                choose(rng, {"permanent": 2, "daily": 2, "weekly": 3, "monthly": 2, "rare": 3}, number),
                ~armed,
            ),
            "interference": _interference(rng, armed),
            "children_present": unknown(rng, missing(rng.random(number) < 0.06, ~on_site), 0.1),
            "notes": missing(
                np.full(number, "Donnée de démonstration, fictive. / Demonstration data, invented."),
                rng.random(number) < 0.9,
            ),
        },
    )


def _armed_kinds(rng: np.random.Generator, insecure: Floats) -> Objects:
    state = choose(rng, {"state_army": 6, "mining_police": 4, "state_police": 2}, len(insecure))
    return np.where(rng.random(len(insecure)) < 0.6 * insecure, "armed_group", state).astype(object)


def _interference(rng: np.random.Generator, armed: Sequence[bool] | np.ndarray) -> Objects:
    kinds = choose(rng, {"taxation": 6, "control": 2, "digging": 2, "forced_labour": 1, "pillage": 1}, len(armed))
    some = np.asarray(armed) & (rng.random(len(armed)) < 0.7)
    return objects([[kind] if has else [] for kind, has in zip(kinds, some, strict=True)])
