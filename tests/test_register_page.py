"""Trainings entered by form agree wherever they are shown; a shortfall becomes an incident in two clicks."""

from __future__ import annotations

import json

from browser import Visit, visiting
from importing import ask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine
from test_mending import LINE, route

# Place, province, longitude, latitude, and the people of two groups with the women among them.
HELD = (
    ("Goma", "CD-NK", "29.2228", "-1.6792", (20, 8), (14, 3)),
    ("Bukavu", "CD-SK", "28.8608", "-2.5083", (18, 6), (12, 2)),
    ("Kindu", "CD-MA", "25.9224", "-2.9437", (15, 5), (11, 1)),
)
FUNDER = "Fonds pour la paix"


def enter(visit: Visit, training: tuple[str, str, str, str, tuple[int, int], tuple[int, int]]) -> None:
    """Enter a training by its form."""
    place, _, lon, lat, society, police = training
    page = visit.open("/trainings?lang=fr")
    page.get_by_role("link", name="Ajouter une formation").click()
    page.locator("#c-topic").select_option("voluntary_principles")
    page.locator("#c-held_on").fill("2016-04-08")
    page.locator("#c-place_text").fill(place)
    page.locator("#c-funder").fill(FUNDER)
    page.locator("#longitude").fill(lon)
    page.locator("#latitude").fill(lat)
    for group, (people, women) in (("civil_society", society), ("public_security_police", police)):
        page.get_by_role("textbox", name=f"{NAMES[group]}, personnes").fill(str(people))
        page.get_by_role("textbox", name=f"{NAMES[group]}, femmes").fill(str(women))
    page.locator(".mend-fields .buttons button").click()
    expect(page.locator(".note-made")).to_contain_text("Enregistré.")


NAMES = {"civil_society": "société civile", "public_security_police": "police"}


def figure(page: Page, name: str) -> str:
    """A figure of the funder's report."""
    return page.locator(f"[data-figure={name}] [data-value]").inner_text()


def test_trainings_agree_wherever_they_are_shown(chromium_browser: Browser, server: str, engine: Engine) -> None:
    with visiting(chromium_browser, server, "gis-cd") as visit:
        for training in HELD:
            enter(visit, training)
        page = visit.open("/trainings?lang=fr")
        assert page.locator("[data-sums]").inner_text().startswith("3 formations, 90 participants, 25 femmes")
        groups = page.locator(".trained tbody tr").all_inner_texts()
        assert [each.split("\t") for each in groups] == [
            ["2016", "Police", "37", "6"],
            ["Société civile", "53", "19"],
            ["Ensemble", "90", ""],
        ]
        visit.keep("trainings-fr")

        visit.open("/?lang=fr&layers=trainings,provinces&at=6/-2.3/27.6")
        assert visit.drawn()["trainings"] == 3
        found = json.loads(visit.page.request.get(f"{server}/ogc/collections/trainings/items?f=json").text())
        assert sum(each["properties"]["participants"] for each in found["features"]) == 90

        for place, unit, _, _, society, police in HELD:
            page = visit.open(f"/provinces/{unit}?lang=fr")
            sums = page.locator("[data-section=trainings] [data-sums]").inner_text()
            assert sums.startswith(f"1 formation, {society[0] + police[0]} participants"), place

        page = visit.open(f"/reports/funder?funder={FUNDER}&since=2016-01-01&until=2016-12-31&lang=fr")
        assert [figure(page, name) for name in ("trainings", "participants", "women")] == ["3", "90", "25"]
        visit.keep("funder-fr")
        assert visit.complaints == []
    stored = "SELECT place_text, participants, women, held_on::text FROM training ORDER BY participants"
    assert ask(engine, stored) == [
        ("Kindu", 26, 6, "2016-04-08"),
        ("Bukavu", 30, 8, "2016-04-08"),
        ("Goma", 34, 11, "2016-04-08"),
    ]


def test_a_shortfall_becomes_an_incident_in_two_clicks(chromium_browser: Browser, server: str, engine: Engine) -> None:
    route(engine, "R1", LINE)
    with visiting(chromium_browser, server, "coordinator-sk", viewport={"width": 1024, "height": 800}) as visit:
        page = visit.open("/movements?lang=fr")
        page.get_by_role("link", name="Ajouter un mouvement").click()
        page.locator("#c-movement_id").fill("M-1")
        page.locator("#c-route_id").select_option("R1")
        page.locator("#c-cargo").select_option("explosives")
        page.locator("#c-dispatched_kg").fill("500")
        page.locator("#c-received_kg").fill("510")
        page.locator("#c-arrived_at").fill("2026-03-01T10:00")
        page.locator(".mend-fields .buttons button").click()
        expect(page.locator("#c-received_kg-fault")).to_contain_text("510 kg dépasse les 500 kg expédiés")
        page.locator("#c-received_kg").fill("480")
        page.locator(".mend-fields .buttons button").click()
        expect(page.locator(".note-made")).to_contain_text("Enregistré.")

        page = visit.open("/movements?lang=fr")
        expect(page.locator(".is-short")).to_contain_text("20 kg (4\u00a0%)")
        visit.keep("movements-fr")
        page.get_by_role("link", name="En faire un incident").click()
        assert "20 kg sur 500" in page.locator("#summary_fr").input_value()
        page.get_by_role("button", name="Enregistrer l’incident").click()
        page.wait_for_url("**/incidents/*")
        number = str(ask(engine, "SELECT incident_no FROM escort_movement")[0][0])
        # Once only: the list leads to it, and asking again does, too.
        page = visit.open("/movements?lang=fr")
        expect(page.locator(".is-short")).to_contain_text(number)
        assert page.get_by_role("link", name="En faire un incident").count() == 0
        # The form that was refused.
        assert [each for each in visit.complaints if "422" not in each] == []
    assert ask(engine, "SELECT incident_no, category, status FROM incident") == [
        (number, "explosives_loss_or_misuse", "reported")
    ]
