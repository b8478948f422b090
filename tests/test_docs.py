"""The manual builds whole, links to nothing that is not there, asks no other host, and leaves nothing out."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from packages import ROOT

from geoapp.cli import cli
from geoapp.ingest.targets import TARGETS
from geoapp.web.app import create_app
from layers.catalogue import LAYERS
from layers.tables import Base

sys.path.insert(0, str(ROOT / "docs"))

from reference import UndocumentedError, _table, commands


class Tags(HTMLParser):
    """What a page loads by itself, and where its links lead."""

    def __init__(self, page: str):
        super().__init__()
        self.loaded: list[str] = []
        self.linked: list[str] = []
        self.ids: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the addresses of a tag."""
        named = dict(attrs)
        self.ids |= {named["id"] or ""} if "id" in named else set()
        if tag == "a":
            self.linked.append(named.get("href") or "")
        elif tag == "link" and named.get("rel") in {"stylesheet", "preload", "icon"}:
            self.loaded.append(named.get("href") or "")
        else:
            self.loaded += [value or "" for name, value in attrs if name in {"src", "srcset", "data"}]


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Tags]:
    """Every page of the site."""
    html = site / "html"
    return {str(page.relative_to(html)): Tags(page.read_text(encoding="utf-8")) for page in html.rglob("*.html")}


def written(site: Path, name: str) -> str:
    """A page of the reference, as it was made from the code."""
    return (site / f"source/reference/{name}.md").read_text(encoding="utf-8")


def test_no_page_loads_anything_from_elsewhere(site: Path, pages: dict[str, Tags]) -> None:
    assert len(pages) > 40
    loaded = {each for tags in pages.values() for each in tags.loaded}
    assert loaded
    assert not [each for each in loaded if re.match(r"(\w+:)?//", each)]
    styles = "".join(each.read_text(encoding="utf-8") for each in (site / "html/_static").rglob("*.css"))
    assert not re.findall(r"url\(['\"]?(?:https?:)?//[^)]*\)|@import", styles)


def test_no_link_within_the_manual_is_broken(site: Path, pages: dict[str, Tags]) -> None:
    broken = []
    for name, tags in pages.items():
        for link in tags.linked:
            path, _, anchor = link.partition("#")
            if re.match(r"\w+:|//", link):
                continue
            target = ((site / "html" / name).parent / path).resolve() if path else site / "html" / name
            other = pages.get(str(target.relative_to(site / "html"))) if target.is_file() else None
            if not target.exists() or (anchor and other is not None and anchor not in other.ids):
                broken.append(f"{name}: {link}")
    assert not broken


def test_every_page_is_in_the_list_of_contents(pages: dict[str, Tags]) -> None:
    linked = {each.partition("#")[0] for each in pages["index.html"].linked}
    assert set(pages) - linked <= {"index.html", "genindex.html", "search.html"}


def test_every_command_and_option_is_documented(site: Path) -> None:
    page = written(site, "commands")
    for name, command in commands(cli):
        assert f"\n## {name}\n" in page
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        names = [option for each in command.params for option in each.opts if option.startswith("--")]
        assert not [option for option in names if option not in section and option != "--help"]


def test_every_address_is_documented(site: Path) -> None:
    page = written(site, "addresses")
    assert not [rule for rule in create_app().url_map.iter_rules() if f"| `{rule.rule}` |" not in page]


def test_every_column_is_documented(site: Path) -> None:
    brought, _, kept = written(site, "tables").partition("## The tables of the database")
    for table in Base.metadata.sorted_tables:
        section = kept.partition(f"\n### {table.name}\n")[2].partition("\n### ")[0]
        assert not [column.name for column in table.columns if f"| `{column.name}` |" not in section], table.name
    for target in TARGETS.values():
        section = brought.partition(f"\n### {target.name}\n")[2].partition("\n### ")[0]
        meanings = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE))
        assert not [name for name in target.columns if not meanings.get(name, "").strip()]


def test_every_layer_is_documented(site: Path) -> None:
    page = written(site, "layers")
    for name, layer in LAYERS.items():
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert layer.title.fr in section
        assert not [column.key for column in layer.properties if f"`{column.key}`" not in section]


def test_what_says_nothing_of_itself_ends_the_build() -> None:
    table = next(iter(Base.metadata.sorted_tables))
    with pytest.raises(UndocumentedError, match=table.name):
        list(_table(table, ""))
