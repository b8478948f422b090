"""The page /import in a real browser: drag a file in, mend what it means, look, accept, undo; and what goes wrong."""

from __future__ import annotations

import base64
import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import axe
import geopandas
import pytest
from browser import SCREENSHOTS, Visit, visiting
from flask.testing import FlaskClient
from importing import ask, bring, write_csv, write_layer
from playwright.sync_api import Browser, Page, expect
from releasing import ClientOf
from shapely import LineString, Point
from sqlalchemy import Engine, text

from geoapp.web import desk

DROP = """([name, data]) => {
    const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, {type: 'application/zip'}));
    const form = document.querySelector('[data-drop]');
    for (const kind of ['dragenter', 'dragover', 'drop']) {
        form.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
    }
}"""


def two_layers(folder: Path) -> Path:
    """A zip of two shapefiles: sites whose names stand in a column that no name tells, and a route."""
    made = folder / "made"
    points = geopandas.GeoDataFrame(
        {
            "site_id": [f"COD-SK-{number:05}" for number in range(24)],
            "designat": [f"Carrière n° {number}" for number in range(23)] + [None],
            "minerals": ["cassiterite;coltan"] * 24,
            "workers": range(10, 34),
        },
        geometry=[Point(28.60 + 0.011 * (number % 6), -2.50 - 0.013 * (number // 6)) for number in range(24)],
        crs="EPSG:4326",
    )
    line = geopandas.GeoDataFrame(
        {"route_id": ["RN2-a"], "name": ["Kalehe – Numbi"], "surface": ["laterite"]},
        geometry=[LineString([(28.60, -2.5), (28.62, -2.51), (28.66, -2.54)])],
        crs="EPSG:4326",
    )
    write_layer(points.to_crs("EPSG:32735"), made / "sites.shp", encoding="utf-8")
    write_layer(line.to_crs("EPSG:32735"), made / "axes.shp", encoding="utf-8")
    path = folder / "kivu-2026.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(made.iterdir()):
            archive.write(file, file.name)
    return path


@pytest.fixture
def officer(chromium_browser: Browser, server: str) -> Iterator[Visit]:
    """A window of the GIS officer of DR Congo."""
    with visiting(chromium_browser, server, "gis-cd") as opened:
        yield opened


def keep(page: Page, name: str) -> None:
    """Keep a picture of the whole page."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def look(page: Page, name: str) -> None:
    """Keep a picture, and let axe-core look too."""
    keep(page, name)
    assert axe.objections(page, name) == []


def faults(visit: Visit) -> list[str]:
    """What went wrong, but for requests that ended because the page went on to the next."""
    return [each for each in visit.complaints if not each.startswith("failed: ")]


def rest(visit: Visit) -> None:
    """Wait until the map of a preview is drawn."""
    visit.page.locator("[data-map-frame]").wait_for()
    visit.rest()


def test_from_the_file_to_the_map_and_back(officer: Visit, engine: Engine, tmp_path: Path) -> None:
    bring(
        engine,
        write_csv(tmp_path / "old.csv", "site_id,name,lon,lat", "COD-SK-00001,Ancienne,28.66,-2.46"),
        "mine_sites",
    )
    page = officer.open("/import?lang=en")
    keep(page, "desk-empty-en")
    page.evaluate(DROP, ["kivu-2026.zip", base64.b64encode(two_layers(tmp_path).read_bytes()).decode()])
    page.wait_for_url("**/import/uploads/**")
    # Reloaded half way, the page goes on where the work is.
    page.reload()
    layers = page.get_by_role("navigation", name="Layers of the file")
    expect(layers).to_contain_text("axes", timeout=30_000)
    expect(layers).not_to_contain_text("waiting", timeout=30_000)
    expect(layers).not_to_contain_text("running", timeout=30_000)
    layers.get_by_role("link", name="sites").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing of it can be imported like this")
    keep(page, "desk-refused-en")
    page.get_by_label("designat", exact=True).select_option("name")
    page.get_by_role("button", name="Preview with these choices").click()
    accept = page.get_by_role("button", name="Accept")
    expect(accept).to_have_text("Accept: write 23 rows", timeout=30_000)
    rest(officer)
    expect(page.locator(".counts")).to_contain_text(re.compile(r"22\s*new\s*1\s*changed\s*0\s*unchanged\s*1\s*refused"))
    assert ask(engine, "SELECT count(*) FROM mine_site") == [(1,)]
    keep(page, "desk-preview-en")
    accept.click()
    expect(page.get_by_text("All of it is in the database.")).to_be_visible(timeout=30_000)
    rest(officer)
    keep(page, "desk-done-en")
    assert ask(engine, "SELECT count(*) FROM mine_site") == [(23,)]
    layers.get_by_role("link", name="axes").click()
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("All of it is in the database.")).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="See it on the map").click()
    officer.rest()
    officer.look_at(28.63, -2.52, 12)
    assert officer.drawn()["mine_sites"] == 23
    assert officer.drawn()["routes"] >= 1
    page = officer.open("/import?lang=en")
    keep(page, "desk-front-en")
    page.get_by_role("row", name=re.compile("Mine sites")).filter(has_text="gis-cd").get_by_role("link").click()
    page.get_by_text("Undo this batch").click()
    page.get_by_role("button", name="Undo all of it").click()
    expect(page.get_by_role("heading", name="What undoing it did")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Nothing of the batch is left.")).to_be_visible()
    keep(page, "desk-undone-en")
    assert ask(engine, "SELECT site_id, name FROM mine_site") == [("COD-SK-00001", "Ancienne")]
    page = officer.open("/import/history?lang=en&table=mine_sites&key=COD-SK-00001")
    expect(page.locator(".row-history > li")).to_have_count(2)
    keep(page, "desk-history-en")
    assert faults(officer) == []


@pytest.mark.parametrize("shape", [("fr", 1366), ("fr", 360), ("en", 360)])
def test_every_page_in_both_languages_on_a_narrow_screen(
    chromium_browser: Browser, server: str, tmp_path: Path, engine: Engine, shape: tuple[str, int]
) -> None:
    language, width = shape
    bring(
        engine,
        write_csv(tmp_path / "old.csv", "site_id,name,lon,lat", "COD-SK-00001,Ancienne,28.66,-2.46"),
        "mine_sites",
    )
    with visiting(chromium_browser, server, "gis-cd", viewport={"width": width, "height": 768}) as visit:
        page = visit.open(f"/import?lang={language}")
        page.locator('input[type="file"]').set_input_files(two_layers(tmp_path))
        page.locator("[data-drop] button").click()
        page.wait_for_url("**/import/uploads/**")
        expect(page.locator(".layers .tag-refused")).to_have_count(1, timeout=30_000)
        page.locator(".layers a", has_text="sites").click()
        look(page, f"desk-refused-{language}-{width}")
        page.get_by_label("designat", exact=True).select_option("name")
        page.locator('button[value="change"]').click()
        page.locator('button[value="accept"]').wait_for(timeout=30_000)
        rest(visit)
        look(page, f"desk-preview-{language}-{width}")
        # Nothing but tables and the map is wider than the screen.
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        page.locator('button[value="accept"]').click()
        page.locator(".note-made").wait_for(timeout=30_000)
        page.locator(".note-made a").first.click()
        page.locator(".withdraw summary").click()
        page.locator(".button-fault").click()
        page.locator("#undone-title").wait_for(timeout=30_000)
        look(page, f"desk-undone-{language}-{width}")
        visit.open(f"/import?lang={language}")
        look(page, f"desk-front-{language}-{width}")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        visit.open(f"/import/history?lang={language}&table=mine_sites&key=COD-SK-00001")
        look(page, f"desk-history-{language}-{width}")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        assert faults(visit) == []


# === Without a browser ================================================================================================


@pytest.fixture
def client(client_of: ClientOf, settings: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """The officer's client; what is uploaded goes to a folder of this test."""
    return client_of("gis-cd")


def send(client: FlaskClient, *files: tuple[str, bytes]) -> object:
    """Send the form."""
    return client.post("/import", data={"files": [(BytesIO(data), name) for name, data in files]})


@pytest.mark.parametrize("name", ["public", "committee-sk", "coordinator-sk", "analyst", "admin"])
def test_it_is_for_gis_officers(client_of: ClientOf, name: str) -> None:
    answer = client_of(name).get("/import?lang=en")
    assert answer.status_code == 403
    assert "Importing is for GIS officers" in answer.text
    assert 'href="/import' not in client_of(name).get("/provinces").text


def test_what_is_wrong_with_a_file_stands_on_the_page(client: FlaskClient) -> None:
    for files, status, said in (
        ((), 422, "Choose at least one file first."),
        ((("virus.exe", b"x"),), 422, "of no format that is known"),
        ((("a.csv", b"x"), ("a.csv", b"y")), 422, "Two files are called a.csv"),
    ):
        answer = send(client, *files)
        assert answer.status_code == status
        assert said in answer.text


def test_a_full_disk_is_said(client: FlaskClient, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    def full(*_: object) -> None:
        raise desk.NoRoomError

    monkeypatch.setattr(desk, "keep_files", full)
    answer = send(client, ("a.csv", b"x"))
    assert answer.status_code == 507
    assert "disk is full" in answer.text
    assert ask(engine, "SELECT count(*) FROM import_upload") == [(0,)]


def test_what_there_is_not_is_not_found(client: FlaskClient) -> None:
    nothing = "00000000-0000-4000-8000-000000000000"
    assert client.get(f"/import/uploads/{nothing}").status_code == 404
    assert client.get(f"/import/batches/{nothing}").status_code == 404
    assert client.post(f"/import/batches/{nothing}/undo").status_code == 404
    assert client.post(f"/import/jobs/{nothing}", data={"step": "accept"}).status_code == 404
    assert client.get("/import/history?table=mine_sites&key=none").status_code == 404


def test_a_form_of_another_site_changes_nothing(client_of: ClientOf, engine: Engine) -> None:
    client = client_of("gis-cd")
    client.environ_base.pop("HTTP_X_CSRF_TOKEN")
    assert send(client, ("a.csv", b"site_id\n1\n")).status_code == 403
    assert ask(engine, "SELECT count(*) FROM import_upload") == [(0,)]


def test_a_worker_that_is_gone_is_said(client: FlaskClient, engine: Engine) -> None:
    answer = send(client, ("a.csv", b"site_id,name,lon,lat\nS1,One,28.84,-2.5\n"))
    with engine.begin() as connection:
        connection.execute(text("UPDATE import_job SET state = 'running', beat_at = now() - interval '1 minute'"))
    assert "Nothing of it is in the database." in client.get(f"{answer.location}&lang=en").text


def test_an_undo_that_was_asked_for_is_not_asked_for_twice(client: FlaskClient, engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO import_batch (import_batch_id, file_name, sha256, table_name, rows_in, rows_inserted,"
                " rows_updated, rows_unchanged, rows_rejected, imported_by, columns) VALUES"
                " (gen_random_uuid(), 'a.csv', repeat('0', 64), 'mine_sites', 0, 0, 0, 0, 0, 'gis-cd', '{}')"
            )
        )
    ((batch,),) = ask(engine, "SELECT import_batch_id FROM import_batch")
    assert client.post(f"/import/batches/{batch}/undo").status_code == 303
    again = client.post(f"/import/batches/{batch}/undo?lang=en")
    assert again.status_code == 409
    assert "nothing was done twice" in again.text
