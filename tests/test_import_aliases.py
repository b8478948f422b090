"""One mine of several sources: proposed as one, confirmed, found by each source's code, and which source wins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from importing import ask, bring, rules, write_csv
from sqlalchemy import Engine, text

from geoapp.cli.context import acting_database
from geoapp.errors import ImportRefusedError
from geoapp.ingest import doubles
from geoapp.ingest.likeness import Described, compare, name_likeness
from geoapp.settings import Settings

HEADING = "site_id,name,territory,position_method,workers,lon,lat"
# The same mine at five sources, 0.1 to 3 km from the first.
SOURCES = {
    "iTSCi": ("COD-SK-00123", "Carrière de Bisié", "Walikale", "gps", "100", "27.7412", "-1.0421"),
    "IPIS": ("codmine00191", "Bisie", "Walikale", "gps", "900", "27.7420", "-1.0425"),
    "SAEMAPE": ("S-17", "BISIÉ MINE", "", "reported", "", "27.7600", "-1.0500"),
    "Cadastre": ("PE-4711", "Bissié", "WALIKALE", "map", "", "27.7480", "-1.0400"),
    "BGR": ("BGR/9", "Bisié (Walikale)", "Walikale", "reported", "120", "27.7500", "-1.0200"),
}


def described(name: str, accuracy_m: float = 1000, **other: object) -> Described:
    """A site of that name."""
    values = {"site_id": name, "territory": None, "source": None, "lon": 28.0, "lat": -2.0} | other
    return Described(names=(name,), accuracy_m=accuracy_m, **values)  # type: ignore[arg-type]


def sources_of(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A file of each source."""
    for source, cells in SOURCES.items():
        yield source, write_csv(tmp_path / f"{source}.csv", HEADING, ",".join(cells))


@pytest.mark.parametrize(
    ("one", "other", "like"),
    [
        ("Carrière de Bisié", "BISIE", True),
        ("Bisié", "Bissié", True),
        ("Site minier Mwega", "Mwega", True),
        ("Kalimbi 1", "Kalimbi 2", False),
        ("Kalimbi II", "Kalimbi 2", True),
        ("Kalimbi", "Rubaya", False),
        ("Mine", "Mine", True),
    ],
)
def test_names_are_compared_by_what_tells_them_apart(one: str, other: str, like: bool) -> None:
    assert (name_likeness(one, other) >= 0.7) == like


@pytest.mark.parametrize(
    ("one", "other", "distance", "proposed"),
    [
        (described("Bisié"), described("Bisie", site_id="B"), 900, True),
        (described("Bisié", 50), described("Bisie", 50), 900, False),
        (described("Bisié", 9000), described("Bisie", 9000), 7000, False),
        (described("Bisié", territory="Walikale"), described("Bisia", territory="Kalehe"), 1900, False),
        (described("Bisié", source="IPIS"), described("Bisia", source="IPIS"), 1500, False),
        (described("Bisié"), described("Rubaya"), 1, False),
    ],
)
def test_a_pair_is_proposed_within_the_accuracy_of_both(
    one: Described, other: Described, distance: float, proposed: bool
) -> None:
    assert (compare(one, other, distance) is not None) == proposed


def test_one_mine_of_five_sources_becomes_one(engine: Engine, tmp_path: Path) -> None:
    for number, (source, path) in enumerate(sources_of(tmp_path)):
        report = bring(engine, path, "mine_sites", source=source)
        assert report["rows"]["inserted"] == 1
        said = [issue for issue in report["issues"] if issue["rule"] == "maybe_same_site"]
        assert len(said) >= min(number, 1), report["issues"]
    assert any(each["repair"].startswith("COD-SK-00123 (0.") and "m apart" in each["repair"] for each in said)
    with engine.connect() as connection:
        pairs = doubles.find_doubles(connection)
    assert {"codmine00191", "S-17", "PE-4711", "BGR/9"} <= {
        key for each in pairs for key in (each.site_id, each.other_site_id)
    }
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO site_visit (site_id, visited_on) VALUES ('codmine00191', '2024-01-01')"))
        connection.execute(
            text("INSERT INTO incident (occurred_from, site_id, sealed) VALUES ('2024-01-01', 'S-17', true)")
        )
    for source, cells in SOURCES.items():
        if source != "iTSCi":
            with engine.begin() as connection:
                doubles.confirm(connection, "COD-SK-00123", cells[0])
    assert ask(engine, "SELECT site_id FROM mine_site") == [("COD-SK-00123",)]
    assert (
        ask(engine, "SELECT site_id FROM site_visit UNION ALL SELECT site_id FROM incident") == [("COD-SK-00123",)] * 2
    )
    aliases = "SELECT source, code, name, round(ST_X(geom)::numeric, 4)::float FROM site_alias ORDER BY source"
    assert ask(engine, aliases) == sorted(
        (source, cells[0], cells[1], float(cells[5])) for source, cells in SOURCES.items()
    )
    [(others,)] = ask(engine, "SELECT name_alt FROM mine_site")
    assert others == ["Bisie", "BISIÉ MINE", "Bissié", "Bisié (Walikale)"]
    # The next file of each source finds it, and none is made again.
    for source, path in sources_of(tmp_path):
        report = bring(engine, path, "mine_sites", source=source)
        assert report["rows"]["inserted"] == 0
        assert [rule for *_, rule in rules(report) if rule == "maybe_same_site"] == []
    assert ask(engine, "SELECT count(*) FROM mine_site") == [(1,)]
    # Other tables may name it by any of the codes.
    visit = write_csv(tmp_path / "v.csv", "site_id,visited_on", "S-17,2024-03-01", "S-99,2024-03-01")
    report = bring(engine, visit, "visits", source="SAEMAPE")
    assert rules(report) == [(1, "site_id", "site_by_alias"), (2, "site_id", "unknown_reference")]
    assert bring(engine, visit, "visits")["rows"]["inserted"] == 1


def test_refused_pairs_are_not_proposed_again(engine: Engine, tmp_path: Path) -> None:
    files = dict(sources_of(tmp_path))
    bring(engine, files["iTSCi"], "mine_sites", source="iTSCi")
    bring(engine, files["IPIS"], "mine_sites", source="IPIS")
    with engine.begin() as connection:
        doubles.refuse(connection, "codmine00191", "COD-SK-00123")
        doubles.refuse(connection, "COD-SK-00123", "codmine00191")
        assert doubles.find_doubles(connection) == []
    # What is one with a site that was told apart is told apart too.
    bring(engine, files["Cadastre"], "mine_sites", source="Cadastre")
    with engine.begin() as connection:
        assert len(doubles.find_doubles(connection)) == 2
        doubles.confirm(connection, "COD-SK-00123", "PE-4711")
        assert doubles.find_doubles(connection) == []


def test_two_sites_that_cannot_be_one_are_refused_with_a_reason(engine: Engine, tmp_path: Path) -> None:
    for source, path in sources_of(tmp_path):
        bring(engine, path, "mine_sites", source=source)
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO site_visit (site_id, visited_on) VALUES ('S-17', '2024-01-01'), ('BGR/9', '2024-01-01')")
        )
    for pair, reason in (
        (("S-17", "BGR/9"), "a visit of the same day"),
        (("S-17", "S-17"), "same key"),
        (("S-17", "X"), "no site X"),
    ):
        with pytest.raises(ImportRefusedError, match=reason), engine.begin() as connection:
            doubles.confirm(connection, *pair)
    assert ask(engine, "SELECT count(*) FROM mine_site") == [(5,)]


def _merge(engine: Engine, tmp_path: Path, **dates: dt.date) -> None:
    files = dict(sources_of(tmp_path))
    for source in ("iTSCi", "IPIS", "SAEMAPE"):
        bring(engine, files[source], "mine_sites", source=source, source_date=dates.get(source))
    with engine.begin() as connection:
        for other in ("codmine00191", "S-17"):
            doubles.confirm(connection, "COD-SK-00123", other)


def test_the_newer_source_wins_and_gps_beats_a_report(engine: Engine, tmp_path: Path) -> None:
    old, new = dt.date(2020, 1, 1), dt.date(2024, 1, 1)
    _merge(engine, tmp_path, iTSCi=new, IPIS=old, SAEMAPE=new)
    held = "SELECT workers_est, position_method, round(ST_X(geom)::numeric, 4)::float FROM mine_site"
    cells = SOURCES["IPIS"]
    ipis = write_csv(tmp_path / "ipis.csv", HEADING, ",".join([*cells[:4], "950", *cells[5:]]))
    report = bring(engine, ipis, "mine_sites", source="IPIS", source_date=dt.date(2021, 1, 1))
    lost = [
        (issue["column"], issue["value"], issue["repair"])
        for issue in report["issues"]
        if issue["rule"] == "other_source_wins"
    ]
    assert ("workers_est", "950", "100 (iTSCi)") in lost
    assert ("geom", "27.742000 -1.042500", "27.741200 -1.042100 (iTSCi)") in lost
    assert ask(engine, held) == [(100, "gps", 27.7412)]
    # What lost is kept beside the site.
    assert ask(engine, "SELECT said->>'workers_est', source_date FROM site_alias WHERE source = 'IPIS'") == [
        ("950", dt.date(2021, 1, 1))
    ]
    # A newer report takes over the numbers, and leaves the position to GPS.
    report = bring(engine, ipis, "mine_sites", source="IPIS", source_date=dt.date(2025, 1, 1))
    assert ask(engine, held) == [(950, "gps", 27.742)]
    saemape = write_csv(tmp_path / "s.csv", HEADING, "S-17,BISIÉ,,reported,7,27.7700,-1.05")
    bring(engine, saemape, "mine_sites", source="SAEMAPE", source_date=dt.date(2026, 1, 1))
    assert ask(engine, held) == [(7, "gps", 27.742)]
    # Silence wins nothing.
    silent = write_csv(tmp_path / "s.csv", HEADING, "S-17,BISIÉ,,reported,,27.7700,-1.05")
    bring(engine, silent, "mine_sites", source="SAEMAPE", source_date=dt.date(2026, 2, 1))
    assert ask(engine, held) == [(7, "gps", 27.742)]


def test_a_setting_says_who_wins_for_a_column(engine: Engine, tmp_path: Path) -> None:
    _merge(engine, tmp_path)
    order = {"workers_est": ("IPIS", "iTSCi"), "geom": ("SAEMAPE",)}
    files = dict(sources_of(tmp_path))
    for source in ("IPIS", "SAEMAPE", "iTSCi"):
        bring(engine, files[source], "mine_sites", source=source, source_date=dt.date(2026, 1, 1), precedence=order)
    held = "SELECT workers_est, position_method FROM mine_site"
    assert ask(engine, held) == [(900, "reported")]


def test_source_date_and_licence_are_kept_with_the_batch(engine: Engine, tmp_path: Path) -> None:
    path = dict(sources_of(tmp_path))["IPIS"]
    bring(engine, path, "mine_sites", source="IPIS", source_date=dt.date(2024, 5, 1), licence="CC BY 4.0")
    assert ask(engine, "SELECT source_id, source_date, licence FROM import_batch") == [
        ("IPIS", dt.date(2024, 5, 1), "CC BY 4.0")
    ]
    assert ask(engine, "SELECT licence FROM source WHERE source_id = 'IPIS'") == [("CC BY 4.0",)]


@pytest.fixture
def as_(settings: Settings) -> Iterator[Callable[[str], Engine]]:
    """Engines that act for somebody."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(acting_database(settings, name))


def test_proposals_are_among_the_sites_that_one_may_write(
    engine: Engine, as_: Callable[[str], Engine], tmp_path: Path
) -> None:
    lines = ["CD1,Bisié,,gps,,29.2400,-1.6700", "CD2,Bisie,,gps,,29.2405,-1.6700", "RW1,Bisié,,gps,,29.2600,-1.6950"]
    bring(engine, write_csv(tmp_path / "s.csv", HEADING, *lines), "mine_sites")
    assert ask(engine, "SELECT country FROM mine_site ORDER BY site_id") == [("CD",), ("CD",), ("RW",)]
    rwanda, congo, reader = as_("gis-rw"), as_("gis-cd"), as_("analyst")
    for acting, count in ((rwanda, 0), (reader, 0), (congo, 1)):
        with acting.connect() as connection:
            assert len(doubles.find_doubles(connection)) == count
    for acting, pair in ((rwanda, ("CD1", "CD2")), (reader, ("CD1", "CD2")), (congo, ("CD1", "RW1"))):
        for decide in (doubles.confirm, doubles.refuse):
            with pytest.raises(ImportRefusedError, match="that you may write"), acting.begin() as connection:
                decide(connection, *pair)
        with pytest.raises(Exception, match="not two sites"), acting.begin() as connection:
            connection.execute(text("SELECT merge_site(:kept, :other)"), {"kept": pair[0], "other": pair[1]})
    # A sealed incident that the officer does not see follows the site, without a word.
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO incident (occurred_from, site_id, sealed) VALUES ('2024-01-01', 'CD2', true)")
        )
    with congo.begin() as connection:
        doubles.confirm(connection, "CD1", "CD2")
    assert ask(engine, "SELECT site_id FROM incident") == [("CD1",)]
