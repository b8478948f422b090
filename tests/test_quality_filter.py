"""Data quality as a filter: SQL and the snapshot let the same rows through, to each viewer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import a_database
from snapshotting import Worker, add_incidents, told_by_snapshot, told_by_sql, transaction
from sqlalchemy import Engine, func, select, text

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from layers.catalogue import LAYERS
from layers.filter import Filter
from layers.quality import CHECKED
from layers.vocabulary.quality import NO_SOURCE

WANTING = (
    "INSERT INTO source (source_id, name) VALUES ('field, north', 'Field'), ('un', 'UN')",
    "UPDATE incident SET source_id = 'un', stated_unit = 'Nord-Kivu', channel = 'media' WHERE incident_no LIKE '%1'",
    "UPDATE incident SET source_id = 'field, north', stated_unit = 'SUD KIVU', due_on = opened_on"
    " WHERE incident_no LIKE '%2'",
    "UPDATE incident SET stated_unit = 'Atlantis', repairs = '{text,crs}' WHERE incident_no LIKE '%5'",
    "UPDATE incident SET due_on = occurred_from + 5, repairs = '{geometry}', summary_en = 'x'"
    " WHERE incident_no LIKE '%7'",
    "UPDATE incident SET reported_on = NULL, source_id = 'un' WHERE incident_no LIKE '%8'",
)


@pytest.fixture(scope="module")
def database(cluster: Cluster, template: str) -> Iterator[tuple[Engine, Worker]]:
    """A database with incidents in which everything is wanting somewhere, and a process's part on it."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        add_incidents(engine)
        with engine.begin() as connection:
            for statement in WANTING:
                connection.execute(text(statement))
        made = Worker(settings, None)
        yield engine, made
        made.web.dispose()
        engine.dispose()


@pytest.mark.parametrize("code", [check.code for check in CHECKED["incidents"].checks])
def test_the_snapshot_and_sql_agree_on_every_check(database: tuple[Engine, Worker], code: str) -> None:
    _, worker = database
    chosen = Filter(quality=(code,))
    for name in ("analyst", "coordinator-sk", "committee-sk", "public"):
        with transaction(worker.web, name, worker.watch) as (connection, _):
            wanted = told_by_sql(connection, chosen)
        found = told_by_snapshot(worker.read(name), chosen)
        assert found == wanted
        # Without a place none is on the map; what is wanting in an incident is not told to who sees its release.
        if name in {"committee-sk", "public"}:
            assert not found
        elif name == "analyst" and code not in {"no_place", "no_unit"}:
            assert found


@pytest.mark.parametrize("source", ["un", "field, north", NO_SOURCE, "nobody"])
def test_the_snapshot_and_sql_agree_on_every_source(database: tuple[Engine, Worker], source: str) -> None:
    _, worker = database
    chosen = Filter.parse({"source": source, "quality": "no_level,no_summary"})
    assert Filter.parse(chosen.query()) == chosen
    for name in ("analyst", "committee-sk"):
        with transaction(worker.web, name, worker.watch) as (connection, _):
            wanted = told_by_sql(connection, chosen)
        assert told_by_snapshot(worker.read(name), chosen) == wanted
        assert bool(wanted) == (name == "analyst" and source != "nobody")


def test_a_change_of_a_row_changes_what_is_wanting_in_it(database: tuple[Engine, Worker]) -> None:
    engine, worker = database
    chosen = Filter(quality=("outside_unit",), source=("new",))
    assert told_by_snapshot(worker.read("analyst"), chosen) == []
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO source (source_id, name) VALUES ('new', 'new')"))
        changed = "UPDATE incident SET source_id = 'new', stated_unit = 'Rwanda' WHERE incident_no = 'N-4'"
        connection.execute(text(changed))
    assert len(told_by_snapshot(worker.read("analyst"), chosen)) == 1
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE incident SET stated_unit = 'République démocratique du Congo' WHERE incident_no = 'N-4'")
        )
    assert told_by_snapshot(worker.read("analyst"), chosen) == []


def test_whoever_sees_but_what_is_public_of_a_site_is_not_told_what_is_wanting(
    database: tuple[Engine, Worker],
) -> None:
    engine, worker = database
    layer = LAYERS["mine_sites"]
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO mine_site (site_id, name, geom) VALUES ('S-1', 'a', 'SRID=4326;POINT(28.84 -2.5)')")
        )
    for name, seen in (("analyst", 1), ("coordinator-sk", 1), ("committee-sk", 0), ("public", 0)):
        with transaction(worker.web, name, worker.watch) as (connection, _):
            for chosen in (Filter(quality=("no_minerals",)), Filter(source=(NO_SOURCE,))):
                rows = layer.rows(layer.places[0], chosen).add_columns(layer.key).subquery()
                assert connection.scalar(select(func.count()).select_from(rows)) == seen
