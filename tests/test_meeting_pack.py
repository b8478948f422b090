"""The meeting pack: two editions in two languages, each as a PDF, by page and command; and who may have it."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import GEOAPP
from conftest import a_database, environment_for
from meeting_rows import write
from pypdf import PdfReader
from releasing import ClientOf
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from werkzeug.test import TestResponse

from geoapp.access.viewer import OPERATOR, Reader, set_reader, set_viewer
from geoapp.database.cluster import Cluster
from geoapp.database.engine import open_engine, open_web_engine
from geoapp.publish.paper import fill
from geoapp.settings import Settings

SPACES = re.compile(r"[\s\u00a0\u202f]+")


@pytest.fixture(scope="module")
def settings(cluster: Cluster, template: str) -> Iterator[Settings]:
    """A database with what a committee looks at; nothing here changes a row but the audit."""
    with a_database(cluster, template) as made:
        engine = open_engine(made)
        write(engine)
        engine.dispose()
        yield made


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packs as their HTML, which takes less time than to set them."""

    def fill_alone(template: str, language: str, **values: Any) -> bytes:
        return fill(template, language, **values).encode()

    monkeypatch.setattr("geoapp.province.pack.print_paper", fill_alone)


def pages_of(content: bytes) -> list[str]:
    """The words of each page."""
    return [SPACES.sub(" ", page.extract_text()) for page in PdfReader(io.BytesIO(content)).pages]


def words_of(answer: TestResponse) -> str:
    """The words of a pack as HTML."""
    assert answer.status_code == 200, answer.text
    return SPACES.sub(" ", re.sub(r"<style>.*?</style>|<[^>]+>", " ", answer.text, flags=re.DOTALL))


def test_the_room_edition_is_a_tagged_paper_for_the_meeting(client_of: ClientOf) -> None:
    answer = client_of("committee-sk").get("/provinces/CD-SK/pack.pdf?lang=fr")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Cache-Control"] == "no-store" and len(answer.data) < 1_000_000
    assert 'filename="CD-SK-room-fr.pdf"' in answer.headers["Content-Disposition"]
    read = PdfReader(io.BytesIO(answer.data))
    root: Any = read.trailer["/Root"]
    assert root["/Lang"] == "fr" and root["/MarkInfo"]["/Marked"]
    assert {(round(page.mediabox.width), round(page.mediabox.height)) for page in read.pages} == {(595, 842)}
    pages = pages_of(answer.data)
    for number, page in enumerate(pages, 1):
        assert f"Page {number} / {len(pages)}" in page and "Pour les membres du comité" in page
    said = " ".join(pages)
    for words in (
        "Dossier de réunion : Sud-Kivu",
        "Pour la réunion du",
        "CPS Sud-Kivu s’est réuni le",
        "Marquer les puits",
        "190 incidents sont ouverts. 40 sont ouverts depuis plus de six mois.",
        "les 50 premiers sur 190",
        "2 actions ne sont pas faites. 1 est en retard.",
        "12 sites miniers.",
        "3 déploiements aujourd’hui.",
        "Des paiements exigés par des hommes en uniforme.",
    ):
        assert words in said, words
    # Empty lines for what the meeting decides, and for notes.
    assert "Décisions de cette réunion" in pages[-1] and "Notes" in pages[-1]
    for secret in ("SK-NO", "Lieu secret", "Bataillon", "4321", "whistleblower", "sans visite", "visite depuis"):
        assert secret not in said, secret


def test_a_restricted_copy_has_a_number_and_names_its_reader_on_each_page(
    client_of: ClientOf, settings: Settings
) -> None:
    coordinator = client_of("coordinator-sk")
    answer = coordinator.post("/provinces/CD-SK/pack.pdf?lang=en", data={"recipient": " Ana\nKahindo "})
    pages = pages_of(answer.data)
    assert len(answer.data) < 1_000_000 and len(pages) >= 5
    first = re.search(r"RESTRICTED – copy (\d+) – Ana Kahindo", pages[0])
    assert first
    for number, page in enumerate(pages, 1):
        assert first[0] in page and f"Page {number} / {len(pages)}" in page
    said = " ".join(pages)
    assert "200 incidents are open." in said and "SK-NO-" in said and "11 had no visit in 183 days." in said
    assert "Bataillon" not in said
    # The next copy has the next number, and is for who makes it where nobody is named.
    again = pages_of(coordinator.post("/provinces/CD-SK/pack.pdf?lang=fr").data)
    assert f"RESTREINT – exemplaire {int(first[1]) + 1} – coordinator-sk" in again[0]
    engine = open_engine(settings)
    with engine.connect() as connection:
        kept = connection.execute(
            text(
                "SELECT user_name, what, object, after FROM audit_event WHERE object LIKE 'pack/%'"
                " ORDER BY audit_event_id"
            )
        ).all()
    engine.dispose()
    assert [row.object for row in kept[-2:]] == [f"pack/CD-SK/{int(first[1]) + n}" for n in (0, 1)]
    assert {(row.user_name, row.what) for row in kept[-2:]} == {("coordinator-sk", "export")}
    assert set(kept[-2].after) == {"recipient", "language", "since", "until"}


@pytest.mark.usefixtures("unset")
def test_who_may_have_which_edition(client_of: ClientOf) -> None:
    public = client_of("public")
    for path in ("room", "pack.pdf"):
        answer = public.get(f"/provinces/CD-SK/{path}?lang=en")
        assert answer.status_code == 303 and "/sign-in" in str(answer.location)
    assert public.post("/provinces/CD-SK/pack.pdf").status_code == 303
    for name, status in {
        "committee-sk": 200,
        "coordinator-sk": 200,
        "gis-cd": 200,
        "analyst": 200,
        "gis-rw": 403,
    }.items():
        for path in ("room", "pack.pdf"):
            assert client_of(name).get(f"/provinces/CD-SK/{path}").status_code == status, (name, path)
    for name, status in {"committee-sk": 403, "coordinator-sk": 200, "analyst": 200, "admin": 403}.items():
        assert client_of(name).post("/provinces/CD-SK/pack.pdf").status_code == status, name
    # A part of a unit is not the unit.
    refused = client_of("coordinator-sk").post("/provinces/CD/pack.pdf?lang=fr")
    assert refused.status_code == 403 and "édition restreinte est pour les coordinateurs" in refused.text
    page = client_of("committee-sk").get("/provinces/CD?lang=en").text
    assert "/room" not in page and "pack.pdf" not in page
    page = client_of("committee-sk").get("/provinces/CD-SK?lang=en").text
    assert "/provinces/CD-SK/room?lang=en" in page and 'method="post" action="/provinces' not in page


@pytest.mark.usefixtures("unset")
def test_both_editions_say_which_days_they_are_of(client_of: ClientOf) -> None:
    client = client_of("coordinator-sk")
    said = words_of(client.get("/provinces/CD-SK/pack.pdf?since=1990-01-01&until=1990-12-31&lang=en"))
    assert "What changed in the period" in said and "From January 1, 1990 to December 31, 1990." in said
    assert "Nothing is recorded in this time." in said and "No incident is recorded in this period." in said
    # What is open is so today, whatever the period.
    assert "190 incidents are open." in said
    for days, words in (("since=soon", "since"), ("until=2999-01-01", "after today"), ("since=\0", "since")):
        for answer in (
            client.get("/provinces/CD-SK/pack.pdf", query_string=f"lang=en&{days}"),
            client.post("/provinces/CD-SK/pack.pdf?lang=en", data=dict([days.split("=")])),
        ):
            assert answer.status_code == 400 and words in answer.text, answer.text
    answer = client.post("/provinces/CD-SK/pack.pdf?lang=fr", data={"recipient": "x" * 61})
    assert answer.status_code == 400 and "Raccourcissez" in answer.text


@pytest.mark.usefixtures("unset")
def test_a_unit_with_nothing_says_so(client_of: ClientOf) -> None:
    client = client_of("analyst")
    for path in ("pack.pdf", "room"):
        said = words_of(client.get(f"/provinces/CD-BU/{path}?lang=en"))
        for words in (
            "No committee is recorded in this unit.",
            "No incident is open here, of those that you are told of.",
            "Absence of reports is not absence of incidents.",
            "No action is waiting to be done.",
            "No mine site is recorded in this unit.",
            "No deployment of today is recorded in this unit.",
            "No training is recorded in this unit.",
        ):
            assert words in said, (path, words)


@pytest.mark.usefixtures("unset")
def test_a_unit_of_an_old_vintage_and_an_unknown_one(client_of: ClientOf) -> None:
    client = client_of("analyst")
    for path in ("/provinces/CD-OLD", "/provinces/CD-OLD/room", "/provinces/CD-OLD/pack.pdf"):
        said = words_of(client.get(f"{path}?lang=fr"))
        assert "Ancien Kivu n’existe plus depuis le 1er juillet 2015." in said, path
    for code in ("XX-1", "cd-sk'", "%00", "x" * 300):
        for path in ("", "/room", "/pack.pdf"):
            answer = client.get(f"/provinces/{code}{path}?lang=en")
            assert answer.status_code == 404 and "There is no unit of this code" in answer.text, (code, path)


def test_the_command_writes_both_editions(settings: Settings, tmp_path: Path) -> None:
    def report(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(GEOAPP), "report", *arguments],
            env=environment_for(settings),
            capture_output=True,
            text=True,
            check=False,
        )

    out = tmp_path / "pack.pdf"
    assert report("CD-SK", str(out), "--edition", "restricted", "--recipient", "Ana", "--lang", "en").returncode == 0
    pages = pages_of(out.read_bytes())
    assert all(re.search(r"RESTRICTED – copy \d+ – Ana", page) for page in pages)
    out.unlink()
    for arguments, words in (
        (("CD-SK", "--edition", "restricted", "--user", "committee-sk"), "Ask for the room edition"),
        (("RW", "--user", "committee-sk"), "for the members of this unit's committee"),
        (("XX-9",), "There is no unit of this code"),
        (("CD-SK", "--since", "then"), "since"),
    ):
        refused = report(arguments[0], str(out), *arguments[1:])
        assert refused.returncode == 1 and words in refused.stderr, refused.stderr
        assert not out.exists() and "Traceback" not in refused.stderr
    assert report("CD-SK", str(tmp_path / "pack.txt")).returncode == 2


def test_nobody_passes_for_the_operator_or_numbers_a_pack_that_is_not_theirs(settings: Settings) -> None:
    web = open_web_engine(settings)
    with web.connect() as connection:
        set_viewer(connection, OPERATOR)
        for reader in ("coordinator", "committee"):
            set_reader(connection, Reader(reader, ("CD-SK",)))
            for table in ("incident", "incident_release", "deployment"):
                assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0, (reader, table)
    for name in ("committee-sk", "gis-rw", "public", OPERATOR):
        with web.connect() as connection, pytest.raises(ProgrammingError, match="who sees all of its unit"):
            set_viewer(connection, name)
            connection.execute(text("SELECT number_pack('CD-SK', '{}')"))
    web.dispose()
