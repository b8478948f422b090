"""The counts beside every choice of the map's filters: of incidents out of the snapshot, of other rows by SQL."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, SQLColumnExpression, func, select, union_all

from geoapp.publish.corridor import near_routes
from geoapp.snapshot.counts import Counts, count_incidents
from geoapp.snapshot.snapshot import Snapshot
from layers.deployments import DEPLOYMENTS
from layers.filter import Filter, routes_named
from layers.incidents import INCIDENTS
from layers.layer import MapLayer
from layers.mine_sites import MINE_SITES
from layers.tables import AdminUnit, Route

# The parts of the filter whose choices are counted by SQL, by layer.
COUNTED: dict[str, tuple[str, ...]] = {"mine_sites": ("mineral", "icglr_status"), "deployments": ("force", "function")}
LAYERS: dict[str, MapLayer] = {layer.name: layer for layer in (MINE_SITES, DEPLOYMENTS)}


@dataclass(frozen=True)
class Told:
    """What a filter leaves, in a sentence and in numbers.

    `totals` are the rows by layer, `unplaced` the incidents without a place, `choices` counts by part of the filter and
    code, `months` incidents by month. `units` names the layer whose rows are counted by unit: incidents, or mine sites
    for who sees no incident.
    """

    sentence: str
    totals: Mapping[str, int]
    unplaced: int
    synthetic: int
    choices: Mapping[str, Mapping[str, int]]
    units: str
    months: Mapping[str, int]


def count_choices(
    connection: Connection, snapshot: Snapshot, chosen: Filter, language: str, *, of_sites: bool = False
) -> Told:
    """The counts for the viewer of a transaction, whose snapshot it is; `of_sites` as `read_sentence` takes it."""
    of_incidents = chosen.applying(INCIDENTS.filters)
    counts: Counts = count_incidents(snapshot, of_incidents, near_routes(connection, of_incidents))
    choices: dict[str, Mapping[str, int]] = dict(counts.choices)
    totals = {"incidents": counts.total}
    for name, parts in COUNTED.items():
        totals[name] = _total(connection, LAYERS[name], chosen)
        for part in parts:
            choices[part] = _by(connection, LAYERS[name], part, chosen)
    units = "incidents"
    if not len(snapshot):
        units = "mine_sites"
        choices["unit"] = _by(connection, MINE_SITES, "unit", chosen)
    sentence = read_sentence(connection, chosen, language, of_sites=of_sites)
    return Told(sentence, totals, counts.unplaced, counts.synthetic, choices, units, _by_month(counts.months))


def read_sentence(connection: Connection, chosen: Filter, language: str, *, of_sites: bool = False) -> str:
    """What a filter leaves, in words, with the names of its units and routes as the transaction's viewer sees them.

    `of_sites` is for viewers whose role shows them no incident.
    """
    return chosen.sentence(language, _names(connection, chosen, language), of_sites=of_sites)


def _total(connection: Connection, layer: MapLayer, chosen: Filter) -> int:
    parts = [layer.rows(place, chosen).add_columns(layer.key.label("key")) for place in layer.places]
    return connection.scalar(select(func.count()).select_from(union_all(*parts).subquery())) or 0


def _by(connection: Connection, layer: MapLayer, part: str, chosen: Filter) -> dict[str, int]:
    """The rows by code of one part of the filter, the others applying."""
    default: Any = ()
    others = replace(chosen, **{part: default})
    column = layer.filters[part]
    code: SQLColumnExpression[Any] = func.unnest(column) if part in {"mineral", "unit"} else column
    parts = [layer.rows(place, others).add_columns(code.label("code")) for place in layer.places]
    coded = union_all(*parts).subquery()
    asked = select(coded.c.code, func.count().label("number")).where(coded.c.code.is_not(None)).group_by(coded.c.code)
    return {row.code: row.number for row in connection.execute(asked).all()}


def _names(connection: Connection, chosen: Filter, language: str) -> dict[str, str]:
    """The names of the units and routes of a filter; of several lives of a unit, the last one's."""
    if not chosen.unit and not chosen.route:
        return {}
    name = AdminUnit.name_fr if language == "fr" else AdminUnit.name_en
    units = (
        select(AdminUnit.unit_code.label("code"), name.label("name"))
        .where(AdminUnit.unit_code.in_(chosen.unit))
        .order_by(AdminUnit.valid_from)
    )
    routes = select(Route.id, Route.route_id, Route.name).where(routes_named(chosen.route))
    names = {row.code: row.name for row in connection.execute(units).all()}
    for row in connection.execute(routes).all():
        names |= {row.route_id: row.name, str(row.id): row.name}
    return names


def _by_month(months: Counter[int]) -> dict[str, int]:
    """Every month from the first to the last, those without incidents too."""
    held = [month for month, number in months.items() if number]
    if not held:
        return {}
    return {
        dt.date(1970 + month // 12, month % 12 + 1, 1).strftime("%Y-%m"): months[month]
        for month in range(min(held), max(held) + 1)
    }
