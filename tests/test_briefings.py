"""Briefings: answers, views, comparisons and notes put together, changed in two windows, and printed for whom it is."""

from __future__ import annotations

import io
import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from releasing import ClientOf
from risk_rows import write_rows
from sqlalchemy import Engine, text

from geoapp.access.briefings import MOST_ITEMS
from geoapp.publish.paper import fill

ON = "on=2026-06-30"
PERIOD = "since=2023-01-01&until=2026-06-30"


@pytest.fixture
def written(engine: Engine) -> None:
    """Routes, sites and incidents."""
    with engine.begin() as connection:
        write_rows(connection, 120)


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Papers as their HTML, which takes less time than to set them."""

    def fill_alone(template: str, language: str, **values: Any) -> bytes:
        return fill(template, language, **values).encode()

    monkeypatch.setattr("geoapp.web.briefings.print_paper", fill_alone)


def begin(client: FlaskClient, title: str = "For the committee") -> str:
    """Begin a briefing; its address."""
    answer = client.post("/briefings", data={"title": title})
    assert answer.status_code == 303
    return str(answer.location).partition("?")[0]


def add(client: FlaskClient, at: str, **form: str) -> None:
    """Add a part by its form."""
    assert client.post(at, data=form).status_code == 303


def items_of(client: FlaskClient, at: str) -> list[tuple[str, str]]:
    """The ids and revisions of the parts in order."""
    page = client.get(f"{at}?all=1&lang=en").text
    return re.findall(rf'action="{at}/([0-9a-f-]{{36}})\?.*?name="revision" value="(\d+)"', page, re.DOTALL)


def text_of(client: FlaskClient, at: str, query: str = "paper=en") -> str:
    """The words of the paper."""
    answer = client.get(f"{at}/paper.pdf?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/pdf" and answer.headers["Cache-Control"] == "no-store"
    if not answer.data.startswith(b"%PDF"):
        return unescape(re.sub(r"<style>.*?</style>|<[^>]+>", "", answer.text, flags=re.DOTALL))
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages).replace("\u202f", " ")


@pytest.mark.usefixtures("written")
def test_answers_views_and_notes_are_put_together_and_printed(client: FlaskClient) -> None:
    at = begin(client)
    add(client, at, deed="answer", address=f"/api/v1/risk/corridor?route=LONG&width_km=10&{ON}&{PERIOD}")
    add(client, at, deed="answer", address="http://localhost/?level=1,2&at=7/-2.5/29&lang=fr")
    add(client, at, deed="answer", address=f"/compare?{PERIOD}&since2=2022-01-01&until2=2022-12-31")
    add(client, at, deed="note", title="To discuss", note="First line.\nSecond & <b>line</b>.")
    page = client.get(f"{at}?all=1&lang=en").text
    answer: Any = client.get(f"/api/v1/risk/corridor?route=LONG&width_km=10&{ON}&{PERIOD}").json
    assert answer["incidents"] > 0
    # The page and the paper say what the API does.
    said = text_of(client, at).replace("\n", " ")
    for shown in (page, said):
        assert answer["sentence"]["en"][:60] in shown
        assert "Second &amp; &lt;b&gt;line&lt;/b&gt;." in shown or "Second & <b>line</b>." in shown
    assert f"Incidents {answer['incidents']}" in said and f"Level 1 (highest) {answer['by_level']['1']}" in said
    # Every parameter, defaults included, and the version of the data.
    assert "width_km 10" in said and "on June 30, 2026" in said and "since January 1, 2023" in said
    assert re.search(r"Version of the data [0-9a-f]{12}", said) and "at 7/-2.5/29" in said
    french = text_of(client, at, "paper=fr").replace("\n", " ")
    assert answer["sentence"]["fr"][:40].replace("\u202f", " ") in french and "Version des données" in french


@pytest.mark.usefixtures("written", "unset")
def test_what_cannot_be_worked_out_says_so_in_its_place(client: FlaskClient, engine: Engine) -> None:
    at = begin(client)
    for address in (f"corridor?route=LOOP&{ON}", f"hotspots?{ON}&on=1900-01-01", "corridor?width_km=far&route=LONG"):
        add(client, at, deed="answer", address=address)
    add(client, at, deed="answer", address="no-such-question?x=1")
    add(client, at, deed="note", note="The rest is there.")
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM route WHERE route_id = 'LOOP'"))
    said = text_of(client, at).replace("\n", " ")
    assert said.count("This part could not be worked out.") == 4
    assert "there is no route LOOP" in said and "The rest is there." in said
    assert client.get(f"{at}?all=1").status_code == 200


def test_anothers_is_not_there(client_of: ClientOf) -> None:
    mine, other = client_of("analyst"), client_of("analyst-rw")
    at = begin(mine, "Mine alone")
    add(mine, at, deed="note", note="x")
    ((item, revision),) = items_of(mine, at)
    assert "Mine alone" not in other.get("/briefings").text
    for path in (at, f"{at}/paper.pdf"):
        assert other.get(path).status_code == 404
    forms = [(at, {"deed": "note", "note": "y"}), (at, {"deed": "delete"})]
    forms += [(f"{at}/{item}", {"deed": "delete", "revision": revision})]
    forms += [("/briefings/add", {"view": "level=1", "briefing": at.rpartition("/")[2]})]
    for path, form in forms:
        assert other.post(path, data=form).status_code == 404
    assert len(items_of(mine, at)) == 1
    public = client_of("public")
    assert [public.get(each).status_code for each in ("/briefings", at, "/briefings/add?view=")] == [303] * 3


def test_two_windows_lose_nothing(client: FlaskClient) -> None:
    at = begin(client)
    for note in ("one", "two", "three"):
        add(client, at, deed="note", note=note)
    (first, revision), (second, _), (third, _) = items_of(client, at)
    add(client, f"{at}/{first}", deed="save", revision=revision, title="Heading", note="as the first window has it")
    late = client.post(
        f"{at}/{first}?lang=en",
        data={"deed": "save", "revision": revision, "title": "", "note": "as the second has it"},
    )
    assert late.status_code == 409
    assert "as the first window has it" in late.text and "as the second has it" in late.text
    assert "changed in another window" in late.text
    # Deleting what one has not seen is asked about, too; then both are saved or deleted knowingly.
    assert client.post(f"{at}/{first}", data={"deed": "delete", "revision": revision}).status_code == 409
    now = dict(items_of(client, at))[first]
    add(client, f"{at}/{first}", deed="save", revision=now, note="both")
    # What the other window adds or moves is no matter.
    add(client, f"{at}/{third}", deed="up", revision="1")
    assert [item for item, _ in items_of(client, at)] == [first, third, second]
    add(client, f"{at}/{second}", deed="delete", revision="1")
    gone = client.post(f"{at}/{second}?lang=en", data={"deed": "save", "revision": "1", "note": "not to be lost"})
    assert gone.status_code == 409 and "not to be lost" in gone.text
    renamed = {"deed": "rename", "title": "New", "revision": "1"}
    add(client, at, **renamed)
    assert client.post(at, data=renamed | {"title": "Other"}).status_code == 409
    assert "New" in client.get("/briefings").text
    assert client.post(at, data={"deed": "delete", "seen": "2020-01-01T00:00:00+00:00"}).status_code == 409
    seen = re.search(r'name="seen" value="([^"]+)"', client.get(at).text)
    assert seen
    add(client, at, deed="delete", seen=seen[1])
    assert client.get(at).status_code == 404


@pytest.mark.usefixtures("written", "unset")
def test_a_paper_for_others_leaves_out_what_is_not_for_them(client: FlaskClient, engine: Engine) -> None:
    at = begin(client)
    add(client, at, deed="answer", address=f"corridor?route=LONG&{ON}&{PERIOD}")
    add(client, at, deed="note", title="Own", note="mine alone")
    add(client, at, deed="note", title="Both", note="for them, too")
    (_, _), (_, _), (shared, revision) = items_of(client, at)
    add(client, f"{at}/{shared}", deed="save", revision=revision, note="for them, too", shared="1")
    own = text_of(client, at)
    assert "mine alone" in own and "LONG" in own and "Author's copy" in own
    reader = text_of(client, at, "paper=en&reader=committee&unit=CD-SK").replace("\n", " ")
    assert "mine alone" not in reader and "for them, too" in reader and "1 note of the author is left out." in reader
    # Of a question that is not for them neither the answer nor what was asked.
    assert "it is not for the reader of this paper" in reader and "LONG" not in reader
    whole: Any = client.get(f"/api/v1/risk/corridor?route=LONG&{ON}&{PERIOD}").json
    part = text_of(client, at, "paper=en&reader=analyst&unit=RW").replace("\n", " ")
    counted = re.search(r"(\d+) incidents? within", part)
    with engine.begin() as connection:
        in_rwanda = connection.scalar(text("SELECT count(*) FROM incident WHERE 'RW' = ANY (units)"))
    assert counted and int(counted[1]) < whole["incidents"] and int(counted[1]) <= (in_rwanda or 0)
    refused = [
        client.get(f"{at}/paper.pdf?{each}").status_code
        for each in ("reader=admin", "reader=gis", "reader=analyst&unit=x'")
    ]
    assert refused == [400] * 3


@pytest.mark.usefixtures("written", "unset")
def test_nobody_gives_a_reader_more_than_they_see(client_of: ClientOf) -> None:
    client = client_of("analyst-rw")
    at = begin(client)
    add(client, at, deed="answer", address=f"provinces?{ON}&{PERIOD}")
    own = text_of(client, at)
    for query in ("reader=analyst&unit=CD,BI,UG", "reader=coordinator&unit=CD-SK"):
        assert "it is not for the reader" in text_of(client, at, query).replace("\n", " ")
    whole = text_of(client, at, "paper=en&reader=analyst&unit=CD,RW,BI,UG")
    sentence = re.search(r"\d+ incidents? in \d+ administrative units?", own)
    assert sentence and sentence[0] in whole


def test_a_part_is_handed_over_by_an_address_or_a_form(client: FlaskClient) -> None:
    page = client.get("/briefings/add?answer=corridor%3Froute%3DR1%26width_km%3D3&lang=en")
    assert page.status_code == 200 and "corridor?route=R1&amp;width_km=3" in page.text
    line = "corridor?line=" + ";".join(f"{28 + at / 10000:.4f},-2.5" for at in range(5000))
    long = client.post("/briefings/add", data={"answer": line})
    assert long.status_code == 200 and line in long.text
    added = client.post("/briefings/add", data={"answer": line, "briefing": "new", "new": "Drawn", "note": "n"})
    assert added.status_code == 303
    at = str(added.location).partition("?")[0]
    assert "incidents within 5 km of the line drawn" in client.get(f"{at}?all=1&lang=en").text
    for bad, status in (({}, 400), ({"view": "", "briefing": "x"}, 404), ({"view": "", "briefing": "new"}, 422)):
        assert client.post("/briefings/add", data=bad).status_code == status
    assert client.get("/briefings/add").status_code == 400


def test_there_is_an_end_to_what_is_kept(client: FlaskClient, engine: Engine) -> None:
    at = begin(client)
    assert client.post(at, data={"deed": "note", "note": "x" * 9000}).status_code == 422
    assert client.post(at, data={"deed": "answer", "address": " "}).status_code == 422
    assert client.post("/briefings", data={"title": " "}).status_code == 422
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO briefing_item (briefing_id, user_name, place, kind, note)"
                " SELECT briefing_id, user_name, n, 'note', 'x' FROM briefing, generate_series(1, :most) AS n"
            ),
            {"most": MOST_ITEMS},
        )
    full = client.post(f"{at}?lang=en", data={"deed": "note", "note": "one more"})
    assert full.status_code == 422 and "one more" not in client.get(at).text
