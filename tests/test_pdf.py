"""A paper is A4, tagged, numbered and the same each time; it asks nobody for anything, and says what is missing."""

from __future__ import annotations

import datetime as dt
import http.server
import io
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from geoapp.errors import PaperError
from geoapp.publish import paper, typesetter
from geoapp.publish.pdf import make_pdf

PAPER = """{% extends "paper/base.html" %}{% block main %}
<h2>Figures</h2>
<figure><svg viewBox="0 0 10 4"><title>A circle</title><circle cx="5" cy="2" r="1.5"/></svg></figure>
<table><caption>Units</caption><thead><tr><th scope="col">Unit</th><th scope="col" class="n">Incidents</th></tr></thead>
<tbody>{% for unit in units %}<tr><th scope="row">{{ unit }}</th><td class="n">{{ 1234.5 | number(1) }}</td></tr>
{% endfor %}</tbody></table>
{% endblock %}"""
MADE = dt.datetime(2026, 3, 1, 8, 5, tzinfo=dt.UTC)
GIVEN = {"title": "Note <b>ɛ œ</b>", "made": MADE, "by": "ana", "version": "V. 12", "mark": "Restreint"}


@pytest.fixture
def printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A paper of several pages in French."""
    return _print(tmp_path, monkeypatch)


def _print(folder: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    made = paper._environment("fr").overlay()
    (folder / "paper").mkdir(exist_ok=True)
    (folder / "paper" / "figures.html").write_text(PAPER)
    from jinja2 import ChoiceLoader, FileSystemLoader  # noqa: PLC0415 - for this alone.

    assert made.loader is not None
    made.loader = ChoiceLoader([made.loader, FileSystemLoader(folder)])
    monkeypatch.setattr(paper, "_environment", lambda _: made)
    return paper.print_paper("figures.html", "fr", units=[f"CD-{n}" for n in range(80)], synthetic=True, **GIVEN)


def _kinds(element: Any) -> Iterator[tuple[str, Any]]:
    element = element.get_object()
    if isinstance(element, list):
        for each in element:
            yield from _kinds(each)
    elif isinstance(element, dict):
        if "/S" in element:
            yield str(element["/S"]), element
        if "/K" in element:
            yield from _kinds(element["/K"])


def test_it_is_a4_tagged_and_says_its_language_and_title(printed: bytes) -> None:
    read = PdfReader(io.BytesIO(printed))
    assert {(round(page.mediabox.width), round(page.mediabox.height)) for page in read.pages} == {(595, 842)}
    root: Any = read.trailer["/Root"]
    assert root["/Lang"] == "fr" and root["/MarkInfo"]["/Marked"] and root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert read.metadata is not None and read.metadata.title == GIVEN["title"] and read.metadata.author == "ana"
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()
    found = list(_kinds(root["/StructTreeRoot"]))
    kinds = [kind for kind, _ in found]
    assert {"/H1", "/H2", "/Table", "/Caption", "/TH", "/TD", "/Figure"} <= set(kinds)
    assert [str(element["/Alt"]) for kind, element in found if kind == "/Figure"] == ["A circle"]
    # Every letter in it comes along.
    fonts = [font.get_object() for page in read.pages for font in page["/Resources"]["/Font"].values()]
    assert fonts and all("DejaVu" in str(font["/BaseFont"]) for font in fonts)


def test_pages_are_numbered_and_bear_mark_and_version(printed: bytes) -> None:
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(printed)).pages]
    assert len(pages) == 3
    for number, page in enumerate(pages, 1):
        assert f"Page {number} / 3" in page and "Restreint" in page and "V. 12" in page
        # The head of the table is said again where it goes on.
        assert "Incidents" in page
    assert (
        "<b>ɛ œ</b>" in pages[0]
        and "Données synthétiques." in pages[0]
        and "1 234,5".replace(" ", "\u202f") in pages[0]
    )


def test_the_same_values_give_the_same_bytes(printed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _print(tmp_path, monkeypatch) == printed
    assert len(printed) < 60_000


def test_nobody_is_asked_for_anything(tmp_path: Path) -> None:
    asked = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        secret = tmp_path / "secret.svg"
        secret.write_text('<svg xmlns="http://www.w3.org/2000/svg"><text>hidden words</text></svg>')
        at = f"http://127.0.0.1:{server.server_port}"
        made = make_pdf(
            f'<html lang="en"><title>t</title><link rel="stylesheet" href="{at}/a.css"><img alt="x" src="{at}/b.png">'
            f'<img alt="y" src="file://{secret}"><p style="background: url({at}/c.png)">Shown.</p>'
        )
        server.shutdown()
    shown = PdfReader(io.BytesIO(made)).pages[0].extract_text()
    assert asked == [] and "Shown." in shown and "hidden words" not in shown


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typesetter, "FOLDERS", ())
    assert typesetter.main() == typesetter.NO_FONT
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(PaperError, match="try again"):
        make_pdf("<p>")
