"""The filter: what an address means, what of an edited one can still be understood, and what it is called."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np
import pytest
from conftest import a_database
from pyproj import Geod
from snapshotting import Worker, add_incidents, told_by_snapshot, told_by_sql, transaction
from sqlalchemy import text

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.publish.corridor import near_routes
from layers.catalogue import LAYERS
from layers.filter import Filter, FilterError

ROUTE = text(
    "INSERT INTO route (route_id, name, mode, geom) VALUES"
    " ('RT-1', 'a', 'truck', 'SRID=4326;MULTILINESTRING((27 -3, 28.2 -2.4, 29.4 -2.9))'),"
    " ('RT-2', 'b', 'truck', 'SRID=4326;MULTILINESTRING((30 -2, 30.4 -1.9))')"
)


@pytest.fixture(scope="module")
def worker(cluster: Cluster, template: str) -> Iterator[Worker]:
    """A process's part on a database with incidents everywhere and two routes, in DR Congo and in Rwanda."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        add_incidents(engine)
        with engine.begin() as connection:
            connection.execute(ROUTE)
        engine.dispose()
        made = Worker(settings, None)
        yield made
        made.web.dispose()


def test_an_address_is_read_and_written_back() -> None:
    address = {
        "since": "2024-03-01",
        "level": "1,unknown",
        "actor_kind": "armed_group",
        "mineral": "coltan,gold",
        "icglr_status": "red",
        "force": "army",
        "function": "patrol",
        "route": "RT-1",
        "within_km": "2.5",
    }
    chosen = Filter.parse(address)
    assert chosen.since == dt.date(2024, 3, 1)
    assert chosen.within_km == 2.5
    assert chosen.query() == address
    assert Filter.parse(chosen.query()) == chosen
    # Without a route its width says nothing.
    assert Filter.parse({"within_km": "2"}).query() == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("actor_kind", "robbers"),
        ("mineral", "iron"),
        ("force", ""),
        ("route", "x" * 201),
        ("within_km", "0"),
        ("within_km", "51"),
        ("within_km", "1e1"),
        ("within_km", "nan"),
    ],
)
def test_an_address_with_nonsense_is_refused(name: str, value: str) -> None:
    if not value:
        assert Filter.parse({name: value}) == Filter()
        return
    with pytest.raises(FilterError) as refused:
        Filter.parse({name: value})
    assert refused.value.said.en != refused.value.said.fr


def test_of_an_edited_address_what_can_be_understood_is() -> None:
    chosen, faults = Filter.understand(
        {"since": "yesterday", "until": "2024-02-30", "level": "1,9", "unit": "CD-SK,'--", "status": "nope", "x": "y"}
    )
    assert chosen == Filter(level=("1",), unit=("CD-SK",))
    assert [fault.en.split(":")[0] for fault in faults] == ["since", "until", "level", "unit", "status"]
    turned, faults = Filter.understand({"since": "2024-03-01", "until": "2024-02-01", "level": "2"})
    assert turned == Filter(level=("2",))
    assert [fault.fr for fault in faults] == ["since\u00a0: est après until"]


def test_a_layer_goes_by_what_it_has_a_column_for() -> None:
    chosen = Filter(level=("1",), mineral=("gold",), force=("army",), route=("RT-1",), within_km=2)
    assert chosen.applying(LAYERS["incidents"].filters) == Filter(level=("1",), route=("RT-1",), within_km=2)
    assert chosen.applying(LAYERS["mine_sites"].filters) == Filter(mineral=("gold",), route=("RT-1",), within_km=2)
    assert chosen.applying(LAYERS["deployments"].filters) == Filter(force=("army",), route=("RT-1",), within_km=2)
    assert chosen.applying(LAYERS["routes"].filters) == Filter(route=("RT-1",))
    assert chosen.applying(LAYERS["countries"].filters) == Filter()


def test_it_says_what_it_lets_through() -> None:
    chosen = Filter(
        since=dt.date(2024, 3, 1), level=("1",), actor_kind=("armed_group",), route=("RT-1",), within_km=2.5
    )
    assert chosen.sentence("en") == (
        "Incidents: since March 1, 2024; Level 1 (highest); armed group; within 2.5 km of RT-1"
    )
    assert "à moins de 2,5 km de RT-1" in chosen.sentence("fr")


@pytest.mark.parametrize("name", ["committee-sk", "coordinator-sk", "analyst"])
@pytest.mark.parametrize(
    ("routes", "km"), [(("RT-1",), 5.0), (("RT-1",), 30.0), (("RT-1", "RT-2"), 12.0), (("no",), 50.0)]
)
def test_what_is_near_a_route_is_what_sql_finds(worker: Worker, name: str, routes: tuple[str, ...], km: float) -> None:
    chosen = Filter(route=routes, within_km=km)
    with transaction(worker.web, name, worker.watch) as (connection, reading):
        snapshot = worker.store.read(connection, reading)
        near = near_routes(connection, chosen)
        found = told_by_snapshot(snapshot, chosen, near)
        assert found == told_by_sql(connection, chosen)
        if name == "analyst":
            assert (len(found) > 0) == (routes != ("no",))


def test_what_is_near_is_measured_on_the_ellipsoid(worker: Worker) -> None:
    with transaction(worker.web, "analyst", worker.watch) as (connection, _):
        near = near_routes(connection, Filter(route=("RT-2",), within_km=10))
    assert near is not None
    geod = Geod(ellps="WGS84")
    for metres, inside in ((9_999.0, True), (10_001.0, False)):
        lon, lat, _ = geod.fwd(30.0, -2.0, 250, metres)
        assert near(np.array([lon]), np.array([lat])).tolist() == [inside]
