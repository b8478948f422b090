"""`/quality` and `geoapp quality`: the figures are right for each viewer, and each opens the rows that it counts."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from uuid import UUID

import pytest
from browser import GEOAPP, serving, visiting
from cast import signed_in
from conftest import a_database, environment_for
from flask.testing import FlaskClient
from importing import ask, bring, write_csv
from playwright.sync_api import Browser, expect
from snapshotting import add_incidents
from sqlalchemy import Engine, text

from geoapp.access.acting import acting_engine
from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine
from geoapp.database.migrate import downgrade, migrate
from geoapp.desk.undo import undo_batch
from geoapp.publish.quality import count_quality
from geoapp.settings import Settings
from geoapp.web.app import create_app
from layers.quality import CHECKED
from layers.vocabulary import QUALITY, QUALITY_KIND

ROWS = (
    "INSERT INTO source (source_id, name) VALUES ('ipis', 'IPIS'), ('office, north', 'Office')",
    "INSERT INTO mine_site (site_id, name, minerals, stated_unit, source_id, icglr_status_on, geom) VALUES"
    " ('S-1', 'a', '{gold}', 'sud kivu', 'ipis', current_date - 400, 'SRID=4326;POINT(28.84 -2.50)'),"
    " ('S-2', 'b', '{}', 'Ituri', 'ipis', current_date - 4, 'SRID=4326;POINT(28.85 -2.51)'),"
    " ('S-3', 'c', '{}', NULL, 'office, north', NULL, 'SRID=4326;POINT(30.06 -1.94)')",
    "INSERT INTO facility (facility_id, kind, name, geom) VALUES ('F-1', 'depot', 'd', 'SRID=4326;POINT(28.86 -2.5)')",
    "INSERT INTO checkpoint (checkpoint_id, geom) VALUES ('C-1', 'SRID=4326;POINT(28.87 -2.5)')",
    "INSERT INTO deployment (deployment_id, force, valid_from, valid_to, geom) VALUES"
    " ('D-1', 'army', current_date - 900, NULL, 'SRID=4326;POINT(28.86 -2.5)'),"
    " ('D-2', 'army', current_date - 900, current_date - 800, 'SRID=4326;POINT(28.86 -2.5)')",
    "INSERT INTO site_visit (site_id, visited_on, workers_est) VALUES ('S-1', '2026-01-02', 4),"
    " ('S-1', '2026-01-03', NULL), ('S-3', '2026-01-03', NULL)",
)


@pytest.fixture(scope="module")
def filled(cluster: Cluster, template: str) -> Iterator[tuple[Settings, Engine]]:
    """A database in which something is wanting."""
    with a_database(cluster, template) as settings:
        engine = open_engine(settings)
        add_incidents(engine, 200)
        with engine.begin() as connection:
            for statement in ROWS:
                connection.execute(text(statement))
        yield settings, engine
        engine.dispose()


@pytest.fixture(scope="module")
def clients(filled: tuple[Settings, Engine]) -> Callable[[str], FlaskClient]:
    """Clients of each of the cast."""
    app = create_app(filled[0])
    return lambda name: signed_in(app.test_client(), name)


def figures(page: str, table: str) -> dict[str, list[tuple[str, str]]]:
    """The lines of a table on the page: what is said, with each figure and its address."""
    (section,) = re.findall(rf'<section aria-labelledby="{table}">(.*?)</section>', page, re.DOTALL)
    lines = re.findall(r'<th scope="row">(.*?)\n.*?</th>(.*?)</tr>', section, re.DOTALL)
    found = {said: re.findall(r'href="(.*?)">(.*?)</a>', cells) for said, cells in lines}
    return {said: [(n, unescape(href)) for href, n in cells] for said, cells in found.items()}


def test_the_figures_are_counted_by_table_and_source(clients: Callable[[str], FlaskClient]) -> None:
    page = clients("analyst").get("/quality?lang=en").text
    sites = figures(page, "mine_sites")
    assert [n for n, _ in sites["without minerals"]] == ["2", "1", "1"]
    assert [n for n, _ in sites["outside the stated unit"]] == ["1", "1"]
    assert [n for n, _ in sites["ICGLR status over a year old"]] == ["1", "1"]
    assert "IPIS" in page
    assert "Office" in page
    # What is over wants nothing.
    assert [n for n, _ in figures(page, "deployments")["unconfirmed for over two years"]] == ["1"]


def test_every_viewer_is_told_of_their_own_rows(clients: Callable[[str], FlaskClient]) -> None:
    sites = figures(clients("coordinator-sk").get("/quality?lang=en").text, "mine_sites")
    assert [n for n, _ in sites["without minerals"]] == ["1"]
    for name in ("public", "committee-sk", "admin"):
        answer = clients(name).get("/quality?lang=en")
        assert answer.status_code == 403
        assert "For coordinators" in answer.text or "is for coordinators" in answer.text
        assert clients(name).get("/quality/visits?quality=no_workers").status_code == 403


def test_the_page_says_what_sql_counts(filled: tuple[Settings, Engine], clients: Callable[[str], FlaskClient]) -> None:
    for name in ("analyst", "coordinator-sk"):
        with acting_engine(filled[0], name) as engine, engine.begin() as connection:
            counted = count_quality(connection)
        page = clients(name).get("/quality?lang=en").text
        for each in counted:
            told = {said: int(cells[0][0].replace(",", "")) for said, cells in figures(page, each.checked.name).items()}
            wanted = {QUALITY.label(code, "en"): sum(found.values()) for code, found in each.wanting.items()}
            assert told == wanted
        assert {each.checked.name for each in counted} >= {"incidents", "mine_sites"}


def test_each_figure_opens_its_rows(clients: Callable[[str], FlaskClient]) -> None:
    client = clients("analyst")
    page = client.get("/quality?lang=en").text
    for table in ("incidents", "mine_sites", "deployments", "facilities", "checkpoints", "visits"):
        wanting = figures(page, table)
        assert wanting, table
        for said, cells in wanting.items():
            for number, href in cells:
                # The table alone, which the map's page holds too.
                opened = client.get(href.replace("/?", "/map/rows?", 1))
                assert opened.status_code == 200, href
                shown = re.search(r'data-rows-total="(\d+)"', opened.text)
                if table == "visits":
                    assert f"· {number}" in opened.text
                else:
                    assert shown
                    assert f"{int(shown[1]):,}" == number, (said, href)


def test_the_command_says_the_same_as_json(filled: tuple[Settings, Engine]) -> None:
    def asked(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [GEOAPP, "quality", *arguments]
        return subprocess.run(command, env=environment_for(filled[0]), capture_output=True, text=True, check=False)

    told = asked("--json", "--table", "mine_sites")
    (sites,) = json.loads(told.stdout)
    assert sites["sources"] == {"ipis": 2, "office, north": 1}
    assert sites["checks"]["no_minerals"] == {"ipis": 1, "office, north": 1}
    (own,) = json.loads(asked("--json", "--table", "mine_sites", "--user", "coordinator-sk").stdout)
    assert own["sources"] == {"ipis": 2}
    plain = asked("--user", "committee-sk")
    assert plain.returncode == 0
    assert "no_minerals" not in plain.stdout
    assert asked("--table", "nonsense").returncode == 2


def test_an_import_keeps_what_it_repaired_with_the_row(engine: Engine, tmp_path: Path) -> None:
    heading = "incident_no,occurred_from,place_text,longitude,latitude"
    path = write_csv(tmp_path / "a.csv", heading, "A,2026-03-01,BisiÃ©,28.84,-2.5", "B,2026-03-01,Numbi,28.85,-2.5")
    bring(engine, path, "incidents", repair_text=True)
    repaired = text("SELECT incident_no, repairs FROM incident ORDER BY incident_no")
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(repaired)] == [("A", ["text"]), ("B", [])]
        counted = {each.checked.name: each.wanting for each in count_quality(connection)}
        assert sum(counted["incidents"]["text_repaired"].values()) == 1
    # A better file brings a row that needs no repair.
    bring(engine, write_csv(tmp_path / "b.csv", heading, "A,2026-03-01,Bisié centre,28.84,-2.5"), "incidents")
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(repaired)] == [("A", []), ("B", [])]


def test_repairs_from_before_rows_kept_them_are_told_from_their_batches(engine: Engine, tmp_path: Path) -> None:
    placed = "incident_no,occurred_from,place_text,longitude,latitude"
    plain = "incident_no,occurred_from,place_text,site_id"

    def brought(name: str, heading: str, *lines: str) -> str:
        report = bring(engine, write_csv(tmp_path / name, heading, *lines), "incidents", repair_text=True)
        return str(report["batch"])

    bring(engine, write_csv(tmp_path / "e.csv", "site_id,name,longitude,latitude", "S,Site,-2.5,28.84"), "mine_sites")
    # Longitude and latitude are exchanged, and texts broken.
    brought("a.csv", placed, *(f"I{n},2026-03-01,BisiÃ© {n},-2.5{n},28.84" for n in range(4)))
    # A later file brings a text alone, another a position that needed no repair, and a third is taken back.
    brought("b.csv", plain, "I1,2026-03-01,Bisié one,S")
    brought("c.csv", placed, "I2,2026-03-01,Two,28.84,-2.52")
    later = brought("d.csv", placed, "I3,2026-03-01,Three,28.85,-2.52")
    with engine.begin() as connection:
        undo_batch(connection, UUID(later))
    kept = "SELECT site_id, repairs FROM mine_site UNION ALL SELECT incident_no, repairs FROM incident ORDER BY 1"
    before = [(key, sorted(codes)) for key, codes in ask(engine, kept)]
    both = ["crs", "text"]
    assert before == [("I0", both), ("I1", ["crs"]), ("I2", []), ("I3", both), ("S", ["crs"])]
    with engine.begin() as connection:
        connection.execute(text("UPDATE mine_site SET repairs = '{}'"))
        connection.execute(text("UPDATE incident SET repairs = '{}'"))
        # As of a batch from before rows were noted beside it.
        connection.execute(text("DELETE FROM import_part WHERE table_name = 'mine_site'"))
        connection.execute(text("DELETE FROM row_change"))
    downgrade(engine, "0019")
    migrate(engine)
    assert [(key, sorted(codes)) for key, codes in ask(engine, kept)] == before
    assert ask(engine, "SELECT count(*) FROM row_change") == [(0,)]


def test_every_check_is_defined_in_the_docs() -> None:
    said = (Path(__file__).parents[1] / "docs" / "quality.md").read_text()
    for checked in CHECKED.values():
        for check in checked.checks:
            assert check.kind in QUALITY_KIND
            assert f"| {QUALITY.label(check.code, 'en')} | {check.means.en} | `{check.code}` |" in said, check.code
            assert check.means.fr != check.means.en


@pytest.fixture(scope="module")
def served(filled: tuple[Settings, Engine]) -> Iterator[str]:
    """The address of a server on that database."""
    with serving(environment_for(filled[0])) as address:
        yield address


@pytest.mark.parametrize(("language", "width"), [("en", 1366), ("fr", 360)])
def test_a_figure_leads_to_the_map_and_the_choice_can_be_taken_back(
    chromium_browser: Browser, served: str, language: str, width: int
) -> None:
    with visiting(chromium_browser, served, "analyst", viewport={"width": width, "height": 768}) as visit:
        page = visit.open(f"/quality?lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        visit.keep(f"quality-{language}-{width}")
        link = page.locator("[aria-labelledby=incidents] a[href*=no_level]").first
        number = link.inner_text()
        with page.expect_navigation():
            link.click()
        visit.rest()
        total = page.locator("[data-rows-total]")
        expect(total).to_have_attribute("data-rows-total", number)
        if width < 700:
            page.locator("[data-panel-toggle]").click()
        box = page.locator("input[name=quality]")
        expect(box).to_be_visible()
        box.uncheck()
        page.wait_for_url(lambda address: "quality" not in address)
        expect(total).not_to_have_attribute("data-rows-total", number)
