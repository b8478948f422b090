"""The whole follow-up in French: told from a phone whose line is cut once, verified, released, decided on, closed."""

from __future__ import annotations

import re
from typing import Any

from browser import visiting
from cast import cookie
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import Engine, text

COMMITTEE = text(
    "INSERT INTO committee (committee_id, kind, name, unit_code, meeting_period_days)"
    " VALUES ('C-SK', 'CPS', 'CPS Sud-Kivu', 'CD-SK', 90);"
    'INSERT INTO committee_seat (committee_id, "group", organisation, function) VALUES'
    " ('C-SK', 'provincial_government', 'Division des mines', 'rapporteur'),"
    " ('C-SK', 'public_security', 'Police des mines', 'membre');"
)
WORDS = "Deux agents de la police des mines exigent du minerai à une barrière."
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "locale": "fr-FR"}


def take(page: Page, way: str, **given: str) -> None:
    """Take the open incident a step further."""
    page.get_by_role("link", name="Étape suivante").click()
    page.get_by_role("radio", name=re.compile(way)).check()
    for name, value in given.items():
        field = page.locator(f"[name={name}]")
        field.select_option(value) if name == "outcome" else field.fill(value)
    page.get_by_role("button", name="Franchir l’étape").click()
    page.locator("#history").wait_for()


def told(browser: Browser, server: str, engine: Engine) -> str:
    """Send a report from a phone whose line is cut just after it was received; its number."""
    with visiting(browser, server, "committee-sk", **PHONE) as visit:
        page = visit.open("/incidents/report?lang=fr")
        cut: list[str] = []

        def cut_once(route: Route) -> None:
            if route.request.method != "POST" or cut:
                route.continue_()
                return
            # The server has it; the phone never hears so.
            cut.append(str(route.fetch().status))
            route.abort("connectionreset")

        page.route("**/incidents/report?*", cut_once)
        page.locator("#unit").select_option("CD-SK")
        page.locator("#place_text").fill("Barrière de Kalimbi")
        page.locator("#occurred_from").fill("2026-03-12")
        page.locator("#words").fill(WORDS)
        page.locator("#category").select_option("roadblock_extortion")
        expect(page.locator("[data-said]")).to_contain_text("ordinateur est partagé")
        assert page.evaluate("() => localStorage.length") == 0, "on a shared computer nothing outlives the tab"
        visit.keep("report-phone-fr")
        page.get_by_role("button", name="Envoyer le signalement").click()
        expect(page.locator("[data-said]")).to_contain_text("Rien n’est perdu")
        visit.keep("report-phone-lost-fr")
        assert cut == ["200"]
        page.reload()
        expect(page.locator("#words")).to_have_value(WORDS)
        page.get_by_role("button", name="Envoyer le signalement").click()
        number = page.locator("[data-number]").inner_text()
        expect(page.locator("main")).to_contain_text("Il avait déjà été reçu.")
        visit.keep("report-phone-sent-fr")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
        assert page.evaluate("() => sessionStorage.length") == 0, "what was sent is not kept"
        assert WORDS not in page.content()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM incident")) == 1
    return number


def drafted(browser: Browser, server: str, engine: Engine) -> None:
    """On a device of one's own a draft outlives the tab, for who wrote it and nobody else."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE web_session SET shared_computer = false WHERE user_name = 'committee-sk'"))
    with visiting(browser, server, "committee-sk", **PHONE) as visit:
        page = visit.open("/incidents/report?lang=fr")
        page.locator("#words").fill("Un brouillon.")
        expect(page.locator("[data-said]")).to_contain_text("reste sur cet appareil")
        again = page.context.new_page()
        again.goto(page.url)
        expect(again.locator("#words")).to_have_value("Un brouillon.")
        key, _ = cookie("coordinator-sk")
        page.context.add_cookies([{"name": key, "value": "coordinator-sk", "url": visit.address}])
        again.reload()
        expect(again.locator("#words")).to_have_value("")
        assert again.evaluate("() => localStorage.length") == 0


def handled(page: Page) -> str:
    """Verify and release the incident of the list; its address."""
    page.get_by_role("link", name="Extorsion à une barrière", exact=False).click()
    page.locator("#history").wait_for()
    address = page.url
    take(page, "Commencer à le vérifier")
    page.get_by_role("link", name="Évaluer").click()
    page.locator("#level").select_option("2")
    page.locator("#summary_en").fill("Two officers ask for ore at a bar across the road.")
    page.get_by_role("button", name="Enregistrer").click()
    page.locator("#history").wait_for()
    take(page, "l’ouvrir")
    page.get_by_role("link", name="Communiquer au comité").click()
    page.locator("#summary_fr").fill("Des paiements en nature ont été demandés sur une route de la province.")
    page.locator("#summary_en").fill("Payments in kind were asked for on a road of the province.")
    page.get_by_role("button", name="Voir ce que le comité verra").click()
    page.get_by_role("button", name="Communiquer ceci au comité").wait_for()
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Communiquer ceci au comité").click()
    page.locator("#history").wait_for()
    return address


def met(page: Page, address: str, today: str) -> None:
    """Hold a meeting today: the incident is on its agenda, two actions are decided, the minutes closed."""
    page.goto(f"{address}/committees/C-SK?lang=fr")
    page.locator("#held_on").fill(today)
    page.get_by_role("button", name="Prévoir une réunion").click()
    expect(page.locator(".agenda")).to_contain_text("Des paiements en nature")
    for action, organisation in (
        ("Lever la barrière", "Police des mines"),
        ("Afficher les taxes", "Division des mines"),
    ):
        form = page.locator(".decide-form")
        if form.get_attribute("open") is None:
            form.locator("summary").click()
        page.locator("#action").fill(action)
        page.locator("#about").select_option(index=1)
        page.locator("#responsible").fill(organisation)
        page.locator("#due_on").fill("2199-01-31")
        page.get_by_role("button", name="Enregistrer la décision").click()
        page.locator("#decisions ~ .action-list").get_by_text(action).wait_for()
    page.locator(".attendance .people").first.fill("2")
    page.locator(".agenda textarea").first.fill("Le président demande la levée de la barrière.")
    page.get_by_role("button", name="Enregistrer présences et procès-verbal").click()
    page.wait_for_url("**#minutes")
    page.get_by_role("button", name="Clore le procès-verbal").click()
    expect(page.locator("main")).to_contain_text("Personne ne peut le modifier")


def test_the_whole_loop(chromium_browser: Browser, server: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(COMMITTEE)
        today = str(connection.scalar(text("SELECT today()")))
    number = told(chromium_browser, server, engine)
    with visiting(chromium_browser, server, "coordinator-sk", locale="fr-FR") as visit:
        page = visit.open("/incidents?lang=fr")
        address = handled(page)
        met(page, visit.address, today)
        visit.keep("meeting-closed-fr")
        page.goto(address)
        take(page, "L’atténuation a commencé")
        take(
            page, "Le clore", outcome="resolved", reason="La barrière a été levée et reste levée depuis deux semaines."
        )
        expect(page.locator(".steps .step-now")).to_contain_text("clos")
        visit.keep("incident-closed-fr")
        history = page.locator(".history-list > li strong").all_inner_texts()
        assert visit.complaints == []
    assert [words for words in history if "→" in words or "communiqué" in words] == [
        "en cours d'atténuation → clos",
        "ouvert → en cours d'atténuation",
        "communiqué au comité",
        "en vérification → ouvert",
        "signalé → en vérification",
    ]
    with visiting(chromium_browser, server, "committee-sk", **PHONE) as visit:
        page = visit.open("/incidents/report/follow?lang=fr")
        page.locator("#number").fill(number.lower().replace("-", ""))
        page.get_by_role("button", name="Montrer où il en est").click()
        expect(page.locator("[data-followed]")).to_contain_text("clos")
        expect(page.locator("[data-followed]")).to_contain_text("résolu")
        visit.keep("report-followed-fr")
        assert visit.complaints == []
    drafted(chromium_browser, server, engine)
    with engine.connect() as connection:
        events = connection.execute(
            text("SELECT what, user_name FROM audit_event WHERE object LIKE 'incident/%' ORDER BY audit_event_id")
        ).all()
        steps = connection.scalars(text("SELECT deed FROM incident_step ORDER BY created_at")).all()
    # The audit tells of each step, of the release, and of the filing, by nobody.
    assert [what for what, _ in events if what in {"step", "release"}] == steps
    assert {who for what, who in events if what in {"step", "release", "update"}} == {"coordinator-sk"}
    assert [who for what, who in events if what == "insert"] == ["geoapp_web"]
