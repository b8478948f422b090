"""A coordinator lets a committee know of an incident: as coarse as they choose, and after having seen it."""

from __future__ import annotations

import re

import pytest
from browser import visiting
from flask.testing import FlaskClient
from pages import without_way_back
from playwright.sync_api import Browser, expect
from releasing import FORM, LAT, LON, ClientOf, mark, release, report, send, ticks
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from geoapp.access.viewer import set_viewer
from geoapp.database.engine import open_web_engine
from geoapp.settings import Settings

ORIGINAL = (
    "Two officers of the mining police stopped a transporter below the market and asked for ten kilograms of ore"
    " before they let him go on to the depot."
)


@pytest.fixture
def incident(engine: Engine) -> str:
    """The id of an incident that nobody has released."""
    return report(engine, summary_en=ORIGINAL, place_text="Kalimbi market")


@pytest.fixture
def coordinator(client_of: ClientOf) -> FlaskClient:
    return client_of("coordinator-sk")


def released(engine: Engine) -> list[dict[str, object]]:
    """All releases with their shown place."""
    question = (
        "SELECT category, level, status, shown_date::text, shown_date_precision, location_precision, units, source_id,"
        " released_by, created_by, released_on = today() AS today, summary_en, summary_fr, ST_X(geom) AS lon,"
        " ST_Y(geom) AS lat FROM incident_release"
    )
    with engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(text(question))]


def part(page: str) -> list[str]:
    """The parts of a page that show a release, without their language's frame."""
    return re.findall(r"<article.*?</article>", page, re.DOTALL)


def test_it_works(engine: Engine, client_of: ClientOf, coordinator: FlaskClient, incident: str) -> None:
    page = coordinator.get(f"/incidents/{incident}?lang=en")
    assert "has not been released" in page.text
    form = coordinator.get(f"/incidents/{incident}/release?lang=en")
    assert form.status_code == 200
    assert form.headers["Cache-Control"] == "no-store"
    preview = send(coordinator, incident)
    assert preview.headers["Cache-Control"] == "no-store"
    assert released(engine) == []
    assert client_of("committee-sk").get(f"/incidents/{incident}").status_code == 404

    answer = send(coordinator, incident, step="confirm", mark=mark(preview))
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/incidents/{incident}?lang=en"
    (row,) = released(engine)
    assert row["lon"] == pytest.approx(28.85)
    assert row["lat"] == pytest.approx(-2.5)
    assert (row["shown_date"], row["shown_date_precision"], row["location_precision"]) == ("2026-03-01", 3, 3)
    assert (row["category"], row["level"], row["status"]) == ("illegal_taxation", 2, "open")
    assert (row["released_by"], row["created_by"], row["today"]) == ("coordinator-sk", "coordinator-sk", True)
    assert (row["units"], row["source_id"]) == (["CD", "CD-SK"], None)

    for language, said in (("en", "March 2026"), ("fr", "mars 2026")):
        read = client_of("committee-sk").get(f"/incidents/{incident}?lang={language}")
        assert read.status_code == 200
        assert read.headers["Cache-Control"] == "no-store"
        (shown,) = part(read.text)
        assert shown in part(preview.text), "the preview is what the committee reads"
        assert FORM[f"summary_{language}"] in shown
        assert said in shown


@pytest.mark.parametrize(
    ("place", "shown"),
    [("locality", (3, 28.85, -2.5)), ("province", (5, 28.1, -3.0)), ("none", (5, None, None))],
)
def test_the_place_is_as_coarse_as_chosen(
    engine: Engine, coordinator: FlaskClient, incident: str, place: str, shown: tuple[object, ...]
) -> None:
    release(coordinator, incident, place=place)
    (row,) = released(engine)
    about = 0.5 if place == "province" else 1e-6
    found = (row["location_precision"], row["lon"], row["lat"])
    assert all(
        value == (wanted and pytest.approx(wanted, abs=about)) for value, wanted in zip(found, shown, strict=True)
    )


@pytest.mark.parametrize(
    ("precision", "day", "said"),
    [
        ("1", "2026-03-12", "March 12, 2026"),
        ("2", "2026-03-09", "week of March 9, 2026"),
        ("3", "2026-03-01", "March 2026"),
        ("4", "2026-01-01", "around the 1st quarter of 2026"),
    ],
)
def test_the_date_is_as_coarse_as_chosen(
    engine: Engine, client_of: ClientOf, precision: str, day: str, said: str
) -> None:
    incident = report(engine)
    release(client_of("coordinator-sk"), incident, date_precision=precision)
    assert released(engine)[0]["shown_date"] == day
    assert said in client_of("committee-sk").get(f"/incidents/{incident}?lang=en").text


def test_a_territory_is_told_only_where_it_was_chosen(engine: Engine, coordinator: FlaskClient, incident: str) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO admin_unit (unit_code, valid_from, level, parent_code, country, name_en, name_fr,"
                " admin_type, geom) VALUES"
                " ('CD-SK-KAL', '2000-01-01', 2, 'CD-SK', 'CD', 'Kalehe', 'Kalehe', 'territoire',"
                " ST_Multi(ST_Buffer('SRID=4326;POINT(28.84 -2.50)'::geometry, 0.2)));"
                "UPDATE incident SET units = NULL;"
            )
        )
    release(coordinator, incident, place="province")
    assert released(engine)[0]["units"] == ["CD", "CD-SK"]
    release(coordinator, incident, place="territory")
    (row,) = released(engine)
    assert (row["location_precision"], row["units"]) == (4, ["CD", "CD-SK", "CD-SK-KAL"])
    assert (row["lon"], row["lat"]) != pytest.approx((LON, LAT), abs=1e-4)


@pytest.mark.parametrize(
    ("name", "status"), [("public", 404), ("committee-sk", 404), ("analyst-rw", 404), ("admin", 404)]
)
def test_who_may_not_see_it_cannot_release_it(client_of: ClientOf, incident: str, name: str, status: int) -> None:
    client = client_of(name)
    missing = client.get("/incidents/00000000-0000-0000-0000-000000000000?lang=en")
    for answer in (
        client.get(f"/incidents/{incident}?lang=en"),
        client.get(f"/incidents/{incident}/release?lang=en"),
        send(client, incident),
        client.post(f"/incidents/{incident}/release/withdraw?lang=en"),
    ):
        assert answer.status_code == 404
        assert without_way_back(answer.text) == without_way_back(missing.text)


@pytest.mark.parametrize("name", ["analyst", "gis-cd"])
def test_who_sees_it_without_being_its_coordinator_cannot_release_it(
    engine: Engine, client_of: ClientOf, incident: str, name: str
) -> None:
    client = client_of(name)
    assert "Release to the committee" not in client.get(f"/incidents/{incident}?lang=en").text
    for answer in (client.get(f"/incidents/{incident}/release?lang=en"), send(client, incident, step="confirm")):
        assert answer.status_code == 403
        assert "Only a coordinator of its units" in answer.text
    assert released(engine) == []


@pytest.mark.parametrize("name", ["committee-sk", "analyst", "gis-cd", "admin", "coordinator-sk"])
def test_the_database_refuses_it_too(engine: Engine, settings: Settings, name: str) -> None:
    """Whatever the pages forget: a coordinator may release all but what is sealed for others."""
    incident = report(engine, sealed=name == "coordinator-sk", handlers=["somebody"])
    web = open_web_engine(settings)
    with web.begin() as connection, pytest.raises(ProgrammingError, match="row-level security"):
        set_viewer(connection, name)
        connection.execute(
            text(
                "INSERT INTO incident_release (incident_id, released_on, released_by, status, shown_date,"
                " shown_date_precision, location_precision, summary_fr, summary_en)"
                " VALUES (:id, '2026-04-01', 'x', 'open', '2026-03-01', 3, 5, 'fr', 'en')"
            ),
            {"id": incident},
        )
    web.dispose()


def test_another_provinces_coordinator_finds_nothing(engine: Engine, client_of: ClientOf, incident: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE user_scope SET unit_code = 'CD-NK' WHERE user_name = 'coordinator-sk'"))
    assert client_of("coordinator-sk").get(f"/incidents/{incident}").status_code == 404
    assert send(client_of("coordinator-sk"), incident).status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("summary_fr", "", "Write 10 to 2,000 characters."),
        ("summary_en", "too short", "Write 10 to 2,000 characters."),
        ("summary_en", "  \x00\n too\u200b short \r\n ", "Write 10 to 2,000 characters."),
        ("summary_en", "long " * 401, "Write 10 to 2,000 characters."),
        ("place", "exact", "Choose one of the places."),
        ("place", "", "Choose one of the places."),
        ("date_precision", "0", "Choose one of the dates."),
        ("date_precision", "a day", "Choose one of the dates."),
        ("category", "gossip", "Choose a category"),
        ("level", "4", "Choose a level"),
        ("status", "", "Choose a status"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    engine: Engine, coordinator: FlaskClient, field: str, value: str, said: str
) -> None:
    incident = report(engine)
    for step in ("preview", "confirm"):
        answer = send(coordinator, incident, **{field: value}, step=step)
        assert answer.status_code == 422
        assert f'id="{field}-fault">{said}' in answer.text
        assert FORM["summary_fr" if field != "summary_fr" else "summary_en"] in answer.text
    assert released(engine) == []


@pytest.mark.parametrize(
    ("known", "refused"),
    [
        ({"date_precision": 3}, {"date_precision": "2"}),
        ({"location_precision": 4}, {"place": "locality"}),
        ({"geom": None, "stated_unit": "CD-SK"}, {"place": "locality"}),
        ({}, {"place": "territory"}),
    ],
)
def test_nothing_is_told_finer_than_it_is_known(
    engine: Engine, coordinator: FlaskClient, known: dict[str, object], refused: dict[str, str]
) -> None:
    incident = report(engine, **known)
    ((field, value),) = refused.items()
    assert f'name="{field}" value="{value}"' not in coordinator.get(f"/incidents/{incident}/release").text
    assert send(coordinator, incident, **({"place": "province"} | refused)).status_code == 422


def test_a_sealed_incident_is_its_handlers_alone(engine: Engine, client_of: ClientOf, coordinator: FlaskClient) -> None:
    theirs = report(engine, sealed=True, handlers=["coordinator-sk"], incident_no="mine")
    others = report(engine, sealed=True, handlers=["somebody"], incident_no="theirs")
    for name in ("analyst", "gis-cd", "committee-sk", "public"):
        assert client_of(name).get(f"/incidents/{theirs}").status_code == 404
    assert coordinator.get(f"/incidents/{others}").status_code == 404
    assert send(coordinator, others).status_code == 404
    assert "Sealed." in coordinator.get(f"/incidents/{theirs}?lang=en").text
    assert release(coordinator, theirs).status_code == 303
    with engine.begin() as connection:
        connection.execute(text("UPDATE incident SET handlers = '{somebody}'"))
    assert coordinator.post(f"/incidents/{theirs}/release/withdraw").status_code == 404
    assert len(released(engine)) == 1


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_is_refused(engine: Engine, coordinator: FlaskClient, incident: str, site: str) -> None:
    headers = {"Sec-Fetch-Site": site}
    seen = send(coordinator, incident)
    address = f"/incidents/{incident}/release?lang=en"
    answer = coordinator.post(address, data=FORM | {"step": "confirm", "mark": mark(seen)}, headers=headers)
    assert answer.status_code == 403
    assert "another site" in answer.text
    assert released(engine) == []
    release(coordinator, incident)
    assert coordinator.post(f"/incidents/{incident}/release/withdraw", headers=headers).status_code == 403
    assert len(released(engine)) == 1


def test_a_second_release_replaces_the_first_after_showing_both(
    engine: Engine, client_of: ClientOf, coordinator: FlaskClient, incident: str
) -> None:
    release(coordinator, incident)
    form = coordinator.get(f"/incidents/{incident}/release?lang=en")
    assert FORM["summary_fr"] in form.text
    later = "The services have answered, and the payments were stopped."
    seen = send(coordinator, incident, summary_en=later)
    assert FORM["summary_en"] in seen.text
    assert later in seen.text
    assert len(part(seen.text)) == 4
    assert send(coordinator, incident, summary_en=later, step="confirm", mark=mark(seen)).status_code == 303
    assert [row["summary_en"] for row in released(engine)] == [later]
    assert later in client_of("committee-sk").get(f"/incidents/{incident}?lang=en").text


def test_what_changed_meanwhile_is_looked_at_again(engine: Engine, coordinator: FlaskClient, incident: str) -> None:
    mine = "What the second coordinator wrote about it meanwhile."
    seen = send(coordinator, incident, summary_en=mine)
    release(coordinator, incident)
    stale = send(coordinator, incident, summary_en=mine, step="confirm", mark=mark(seen))
    assert stale.status_code == 409
    assert "changed while you looked" in stale.text
    assert FORM["summary_en"] in stale.text
    assert [row["summary_en"] for row in released(engine)] == [FORM["summary_en"]]
    assert send(coordinator, incident, summary_en=mine, step="confirm", mark=mark(stale)).status_code == 303


def test_a_place_that_moved_meanwhile_is_looked_at_again(
    engine: Engine, coordinator: FlaskClient, incident: str
) -> None:
    seen = send(coordinator, incident)
    with engine.begin() as connection:
        connection.execute(text("UPDATE incident SET geom = 'SRID=4326;POINT(28.60 -2.80)'"))
    assert send(coordinator, incident, step="confirm", mark=mark(seen)).status_code == 409
    assert released(engine) == []


def test_it_can_be_withdrawn(engine: Engine, client_of: ClientOf, coordinator: FlaskClient, incident: str) -> None:
    release(coordinator, incident)
    address = f"/incidents/{incident}/release/withdraw?lang=en"
    old = mark(coordinator.get(f"/incidents/{incident}/release"))
    release(coordinator, incident, level="3")
    stale = coordinator.post(address, data={"mark": old})
    assert stale.status_code == 409
    assert "was not withdrawn" in stale.text
    assert coordinator.post(address, data={"mark": mark(stale)}).status_code == 303
    assert released(engine) == []
    assert client_of("committee-sk").get(f"/incidents/{incident}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"summary_en": ORIGINAL[10:]}, "repeats words of the report"),
        ({"summary_fr": f"Un agent écrit : « {ORIGINAL.upper()} »"}, "repeats words of the report"),
        ({"summary_fr": "Des lanceurs d’alerte nous ont parlé de paiements."}, "lanceur d&#39;alerte"),
        ({"summary_en": "It happened near KALIMBI  Market, on the road."}, "Kalimbi market"),
        ({"summary_en": "See SK-2026-0001-1 for what happened there."}, "SK-2026-0001-1"),
    ],
)
def test_what_could_give_away_a_source_must_be_ticked(
    engine: Engine, coordinator: FlaskClient, incident: str, changes: dict[str, str], said: str
) -> None:
    seen = send(coordinator, incident, **changes)
    assert said in seen.text
    (tick,) = ticks(seen)
    refused = send(coordinator, incident, **changes, step="confirm", mark=mark(seen))
    assert refused.status_code == 422
    assert released(engine) == []
    done = send(coordinator, incident, **changes, step="confirm", mark=mark(seen), looked_at=tick)
    assert done.status_code == 303


def test_the_name_of_the_site_must_be_ticked_and_its_province_not(engine: Engine, coordinator: FlaskClient) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO mine_site (site_id, name, geom) VALUES ('S1', 'Zibira', 'SRID=4326;POINT(28.84 -2.50)')")
        )
    incident = report(engine, site_id="S1", place_text="South Kivu", geom=None)
    assert ticks(send(coordinator, incident, summary_en="At the mines of Zíbira in South Kivu.")) == ["Zibira-en"]
    release(coordinator, incident)
    assert released(engine)[0]["lon"] == pytest.approx(28.85)


def test_words_stay_words(client_of: ClientOf, coordinator: FlaskClient, incident: str) -> None:
    hostile = "<script>alert(1)</script>\r\n{{ 7*7 }} ' OR 1=1 --"
    release(coordinator, incident, summary_en=hostile)
    page = client_of("committee-sk").get(f"/incidents/{incident}?lang=en").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\n{{ 7*7 }} &#39; OR 1=1 --" in page


def test_going_back_keeps_what_was_written(coordinator: FlaskClient, incident: str) -> None:
    written = "A summary that is not finished yet, with “quotes” in it."
    form = send(coordinator, incident, summary_en=written, step="edit", place="none")
    assert form.status_code == 200
    assert written in form.text
    assert 'value="none" required checked' in form.text


def test_a_synthetic_release_leaves_with_the_demonstration(engine: Engine, coordinator: FlaskClient) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO source (source_id, name) VALUES ('demo', 'synthetic')"))
    incident = report(engine, synthetic=True, source_id="demo")
    release(coordinator, incident)
    assert released(engine)[0]["source_id"] == "demo"
    assert "data-synthetic" in coordinator.get(f"/incidents/{incident}").text


def test_it_works_in_a_browser_without_javascript(
    chromium_browser: Browser, server: str, client_of: ClientOf, incident: str
) -> None:
    with visiting(chromium_browser, server, "coordinator-sk", java_script_enabled=False) as visit:
        page = visit.open(f"/incidents/{incident}?lang=fr")
        page.get_by_role("link", name="Communiquer au comité").click()
        visit.keep("release-form-fr")
        page.get_by_label("Localité").check()
        page.get_by_label("Résumé en français").fill("Un lanceur d’alerte parle de paiements exigés.")
        page.get_by_label("Résumé en anglais").fill(FORM["summary_en"])
        page.get_by_role("button", name="Voir ce que le comité verra").click()
        expect(page.locator("[data-released]")).to_have_count(2)
        page.get_by_role("checkbox").check()
        visit.keep("release-preview-fr")
        page.get_by_role("button", name="Communiquer ceci au comité").click()
        expect(page.locator("[data-released]")).to_contain_text("Un lanceur d’alerte")
        assert visit.complaints == []
    assert client_of("committee-sk").get(f"/incidents/{incident}").status_code == 200
