"""Every word of pages, papers and messages has its French, with the blanks that French typography asks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[1]
MARKS = {"_": None, "gettext": None, "ngettext": (1, 2)}
# A mark after a plain blank, but none of an address, a time or a form of code.
LOOSE = re.compile(r"[^\s.] [:;?!»](?=\s|$)|« ")


@pytest.fixture(scope="module")
def french() -> Catalog:
    """The catalogue."""
    with (ROOT / "geoapp/web/translations/fr.po").open("rb") as file:
        return read_po(file)


def test_every_text_has_its_french(french: Catalog) -> None:
    missing = []
    for folder in ("templates", "geoapp"):
        found = extract_from_dir(
            ROOT / folder,
            method_map=[("**.html", "jinja2"), ("**.xml", "jinja2"), ("**.py", "python")],
            options_map={"**.html": {"trimmed": "true"}},
            keywords=MARKS,
        )
        for file, line, said, *_ in found:
            key = said if isinstance(said, str) else said[0]
            entry = french.get(key)
            if (
                entry is None
                or entry.fuzzy
                or not all([entry.string] if isinstance(entry.string, str) else entry.string)
            ):
                missing.append(f"{folder}/{file}:{line}: {key}")
    assert missing == []


def test_french_has_the_same_names_in_it_and_no_loose_marks(french: Catalog) -> None:
    def texts(entry: Message) -> list[str]:
        return [entry.string] if isinstance(entry.string, str) else list(entry.string)

    name = re.compile(r"%\((\w+)\)s")
    entries = [entry for entry in french if entry.id]
    assert len(entries) > 500
    for entry in entries:
        asked = {
            each for part in ([entry.id] if isinstance(entry.id, str) else entry.id) for each in name.findall(part)
        }
        for said in texts(entry):
            assert set(name.findall(said)) <= asked, said
    assert [said for entry in entries for said in texts(entry) if LOOSE.search(said)] == []
