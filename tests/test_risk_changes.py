"""After a change only what it touches is read again, and all figures are those of a fresh computation."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import a_database
from risk_rows import INCIDENT, TODAY, incident, write_rows
from sqlalchemy import Connection, Engine, text

from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.risk import ground, incidents
from geoapp.risk.answer import as_json
from geoapp.risk.asking import ask
from geoapp.risk.columns import Columns
from geoapp.risk.network import build_network

QUESTIONS: list[tuple[str, dict[str, str]]] = [
    ("corridor", {"route": "PARTS", "width_km": "30", "since": "2023-01-01"}),
    ("profile", {"route": "LOOP"}),
    ("pressure", {"lon": "29", "lat": "-0.3"}),
    ("near", {"lon": "28.9", "lat": "-2.5", "radius_km": "60", "unit": "CD-SK"}),
    ("sites", {}),
    ("provinces", {"since": "2024-01-01"}),
    ("coverage", {}),
    ("path", {"from": "28.8,-2.6", "to": "29.1,-2.4"}),
]


@pytest.fixture(scope="module")
def written(cluster: Cluster, template: str) -> Iterator[Engine]:
    """A database with rows and a network."""
    with a_database(cluster, template) as made:
        engine = open_engine(made)
        with engine.begin() as connection:
            write_rows(connection, 300, seed=9)
            build_network(connection, lambda _: None)
        yield engine
        engine.dispose()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many incidents each reading brings while the test runs."""
    seen: list[int] = []

    def noting(*given: Any) -> Columns:
        made = read_columns(*given)
        seen.append(len(made))
        return made

    read_columns = incidents.read_columns
    monkeypatch.setattr(incidents, "read_columns", noting)
    return seen


def answers(engine: Engine, *names: str) -> dict[str, Any]:
    """The answers to all questions, or to some."""
    with engine.connect() as connection:
        return {
            name: as_json(ask(connection, name, {"on": str(TODAY), **given}))
            for name, given in QUESTIONS
            if not names or name in names
        }


def same(one: Any, other: Any, where: str = "") -> None:
    """Whether two answers are the same but for the order in which sums were made."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for name, value in one.items():
            same(value, other[name], f"{where}.{name}")
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for at, (left, right) in enumerate(zip(one, other, strict=True)):
            same(left, right, f"{where}[{at}]")
    else:
        assert one == (pytest.approx(other, rel=1e-11) if isinstance(one, float) else other), where


def written_by(rng: random.Random, connection: Connection, at: int) -> None:
    """Something that people do to incidents."""
    some = "WHERE incident_no IN (SELECT incident_no FROM incident ORDER BY hashtext(incident_no || :at) LIMIT :n)"
    given = {"at": str(at), "n": rng.choice([1, 1, 2, 7])}
    match at % 6:
        case 0:
            x, y = rng.choice([(28.9, -2.5), (29.0, -0.3), (40.0, 12.0)])
            connection.execute(INCIDENT, incident(rng, 10_000 + at, (x + rng.gauss(0, 0.05), y + rng.gauss(0, 0.05))))
        case 1:
            connection.execute(text(f"UPDATE incident SET level = 1 + level % 3 {some}"), given)
        case 2:
            connection.execute(text(f"UPDATE incident SET geom = ST_Translate(geom, 0.07, 0.02) {some}"), given)
        case 3:
            connection.execute(text(f"UPDATE incident SET status = 'rejected' {some}"), given)
        case 4:
            connection.execute(text(f"DELETE FROM incident {some}"), given)
        case _:
            connection.execute(
                text(f"UPDATE incident SET status = 'open', outcome = NULL, location_precision = NULL {some}"), given
            )


@pytest.mark.parametrize("seed", [1, 2])
def test_figures_after_changes_are_those_of_a_fresh_computation(seed: int, written: Engine, read: list[int]) -> None:
    rng = random.Random(seed)
    answers(written)
    for round_ in range(9):
        for _ in range(rng.choice([1, 1, 4])):
            with written.begin() as connection:
                written_by(rng, connection, rng.randrange(1000))
        read.clear()
        kept = answers(written)
        assert len(read) <= 1
        assert sum(read) < 40
        ground._grounds.clear()
        same(kept, answers(written), f"round {round_}: ")
        assert read[-1] > 200


def test_one_change_reads_one_row(written: Engine, read: list[int]) -> None:
    answers(written)
    read.clear()
    answers(written)
    assert read == []
    with written.begin() as connection:
        connection.execute(text("UPDATE incident SET killed = 9 WHERE incident_no = 'N0001'"))
    answers(written)
    assert read == [1]
    with written.begin() as connection:
        connection.execute(text("UPDATE route SET name = 'other' WHERE route_id = 'SHORT'"))
    assert answers(written, "corridor")["corridor"]["used"] > 0
    assert read == [1]


def test_only_edges_in_reach_are_weighed_again(written: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(written, "path")
    weighed: list[int] = []
    sums = incidents.Grid.sums

    def counting(self: Any, lon: Any, *given: Any) -> Any:
        weighed.append(len(lon))
        return sums(self, lon, *given)

    monkeypatch.setattr(incidents.Grid, "sums", counting)
    with written.begin() as connection:
        place = "ST_SetSRID(ST_Point(29.0, -2.45), 4326)"
        connection.execute(
            text(f"INSERT INTO incident (incident_no, occurred_from, level, geom) VALUES ('x', :day, 1, {place})"),
            {"day": TODAY - dt.timedelta(days=3)},
        )
    answers(written, "path")
    with written.connect() as connection:
        edges = connection.scalar(text("SELECT count(*) FROM network_edge"))
    assert len(weighed) == 1
    assert 0 < weighed[0] < edges / 2


def test_a_change_of_many_reads_all_again(written: Engine, read: list[int]) -> None:
    answers(written, "provinces")
    read.clear()
    with written.begin() as connection:
        connection.execute(text("SELECT log_change('incident', NULL)"))
    answers(written, "provinces")
    assert len(read) == 1
    assert read[0] > 200
