"""A whistleblower's report about the mining police, whose member sits in the committee: no trace before its release."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from releasing import FORM, LAT, LON, ClientOf, release, report
from sqlalchemy import Engine, text
from test_tiles import read, tile_of

from layers.catalogue import LAYERS

MARKER = "zqmarker"
# In every text that tells something; none of them means anything.
MARKERS = {
    "incident_no": "ZQMARKER-1",
    "place_text": "Zqmarkerplace",
    "summary_en": "Zqmarkerenglish: an officer of the mining police asked me for ore at the gate.",
    "summary_fr": "Zqmarkerfrench : un agent de la police des mines m’a demandé du minerai à l’entrée.",
    "stated_unit": "Zqmarkerunit",
    "source_id": "zqmarkersource",
}
ACTION = "Zqmarkeraction: ask the commander"
ZOOMS = (4, 7, 9, 10, 11, 13, 15)
# Words of the row that are codes of a vocabulary, in what a committee may otherwise not read of it.
CODES = ("whistleblower", "lanceur d'alerte", "mining_police", "extortion")
# The map's panel of filters; its address, a slash, is taken out of the page.
PANEL = re.compile(r'<form class="(?:filters|sheet)".*?</?form>', re.DOTALL)
# Pages that list every code there is, whatever the rows are: they say the same to everybody.
DESCRIPTIONS = {"/docs", "/api/v1/openapi.json", "/codebook", "/codebook.csv", "/codebook.xlsx"}


@pytest.fixture
def incident(engine: Engine) -> str:
    """The id of the report."""
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO source (source_id, name) VALUES ('zqmarkersource', 'Zqmarkersourcename');"
                "INSERT INTO mine_site (site_id, name, operator_name, geom)"
                " VALUES ('S-SK', 'Ruzizi', 'Zqmarkeroperator', 'SRID=4326;POINT(28.95 -2.70)');"
            )
        )
    found = report(
        engine,
        **MARKERS,
        site_id="S-SK",
        actor_kind="mining_police",
        act="extortion",
        handlers=["Zqmarkerhandler"],
        killed=3,
        level=1,
    )
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO risk_item (incident_id, item, risk) VALUES (:id, 'violence', 'Zqmarkeritem')"),
            {"id": found},
        )
        connection.execute(
            text(
                "INSERT INTO committee (committee_id, kind, name, unit_code) VALUES ('C-SK', 'CPS', 'CPS', 'CD-SK');"
                "INSERT INTO meeting (meeting_id, committee_id, held_on) VALUES ('M-SK', 'C-SK', '2026-04-01');"
            )
        )
    return found


def tiles(client: FlaskClient, folder: Path) -> Iterator[tuple[str, int, list[dict[str, object]], bytes]]:
    """Every layer's tiles around the place: layer, zoom, decoded features, bytes."""
    for name in LAYERS:
        for zoom in ZOOMS:
            z, x, y = tile_of(LON, LAT, zoom)
            for query in ("", "?level=1", "?category=security_force_interference", "?unit=CD-SK&since=2026-03-01"):
                answer = client.get(f"/tiles/{name}/{z}/{x}/{y}.mvt{query}")
                assert answer.status_code == 200
                yield name, zoom, read(answer.data, folder, z, x, y).get(name, []), answer.data


def answers(app: Flask, client: FlaskClient, incident: str) -> Iterator[tuple[str, str]]:
    """All that every page answers that takes no more than a layer or this incident's keys, headers included."""
    keys = (incident, MARKERS["incident_no"], "S-SK")
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or "z" in rule.arguments:
            continue
        for language in ("en", "fr"):
            for key in keys:
                for name in LAYERS if rule.arguments & {"name", "table"} else ("",):
                    values = {"name": name, "table": name, "key": key, "incident_id": incident, "code": "CD-SK"}
                    values |= {
                        "filename": "none",
                        "form": "csv",
                        "kind": "csv",
                        "secret": "none",
                        "file": "incidents.csv",
                        "upload_id": incident,
                        "batch_id": incident,
                        "committee_id": "C-SK",
                        "meeting_id": "M-SK",
                        "action_id": incident,
                        "briefing_id": incident,
                        "suffix": "csv",
                    }
                    try:
                        _, path = rule.build({each: values[each] for each in rule.arguments}) or ("", "")
                    except KeyError:
                        pytest.fail(f"{rule} takes an argument that this test does not know")
                    answer = client.get(f"{path}?lang={language}")
                    # An address that was asked for is not news: a page's links may repeat it.
                    yield path, f"{answer.headers}\n{answer.get_data().decode(errors='replace')}".replace(path, "")


def body_of(page: str) -> str:
    """A page without its header, which says who looks; any other text as it is."""
    return page.partition("<main")[2] or page


@pytest.fixture
def on_an_agenda(engine: Engine, client_of: ClientOf, incident: str) -> None:
    """An agenda that its coordinator drew up; and what was on it of a release that was taken back."""
    drawn = client_of("coordinator-sk").post("/meetings/M-SK/agenda", data={"any": "x"})
    assert drawn.status_code == 303
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM meeting_item")) == 0
        connection.execute(
            text("INSERT INTO meeting_item (meeting_id, incident_id, note) VALUES ('M-SK', :id, 'Zqmarkernote')"),
            {"id": incident},
        )


@pytest.mark.usefixtures("on_an_agenda")
def test_there_is_no_trace_of_it(
    app: Flask, client_of: ClientOf, incident: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    committee = client_of("committee-sk")
    for path, said in answers(app, committee, incident):
        found = said.casefold()
        assert MARKER not in found, path
        assert incident not in said, path
        assert str(LON) not in said
    for name, zoom, features, content in tiles(committee, tmp_path):
        assert name != "incidents" or features == [], zoom
        told = json.dumps(features, default=str).casefold() + content.decode("latin-1").casefold()
        assert MARKER not in told, (name, zoom)
        assert incident not in told
    assert MARKER not in caplog.text.casefold()


def test_those_who_handle_it_find_it(client_of: ClientOf, incident: str, tmp_path: Path) -> None:
    """What is hidden above is there to be found."""
    coordinator = client_of("coordinator-sk")
    page = coordinator.get(f"/incidents/{MARKERS['incident_no']}?lang=en").text
    assert "Zqmarkerplace" in page
    assert "Zqmarkerenglish" in page
    seen = {zoom for name, zoom, features, _ in tiles(coordinator, tmp_path) if name == "incidents" and features}
    assert seen == set(ZOOMS)


def test_after_its_release_it_is_there_as_released(
    app: Flask, engine: Engine, client_of: ClientOf, incident: str, tmp_path: Path
) -> None:
    assert release(client_of("coordinator-sk"), incident, category="", level="3").status_code == 303
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO action (incident_id, decided_on, action) VALUES (:id, '2026-04-01', :action)"),
            {"id": incident, "action": ACTION},
        )
    committee = client_of("committee-sk")
    page = committee.get(f"/incidents/{incident}?lang=en").text
    assert FORM["summary_en"] in page
    assert ACTION in page
    detail = committee.get(f"/api/v1/layers/incidents/{incident}?lang=fr").get_json()
    assert detail["title"] == FORM["summary_fr"]

    for path, said in answers(app, committee, incident):
        # The map's panel offers every code to everybody.
        found = PANEL.sub("", said.replace(ACTION, "")).casefold()
        assert MARKER not in found, path
        if path in DESCRIPTIONS:
            assert body_of(committee.get(path).text) == body_of(client_of("public").get(path).text), path
        else:
            assert not any(code in found for code in CODES), path
        # Corners of borders have more digits.
        assert not re.search(rf"{LON}(?!\d)|{LAT}(?!\d)", found), path
        assert "2026-03-12" not in found
        assert "12 mars" not in found
        assert "march 12" not in found

    near = 0
    for name, zoom, features, content in tiles(committee, tmp_path):
        told = json.dumps(features, default=str).casefold() + content.decode("latin-1").casefold()
        assert MARKER not in told, (name, zoom)
        for feature in features if name == "incidents" else ():
            assert feature["level"] == 3
            away = math.hypot(float(str(feature["lon"])) - LON, float(str(feature["lat"])) - LAT)
            assert away > 0.005, "the exact place is not shown"
            near += "incident_id" in feature
    assert near, "its release is on the map"
