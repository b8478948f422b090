"""The search: by name with other accents or a letter wrong, by number in part, and only of what one may see."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browser import Visit
from flask.testing import FlaskClient
from playwright.sync_api import expect
from sqlalchemy import Engine, text

ROWS = text("""
    INSERT INTO mine_site (site_id, name, name_alt, geom) VALUES
        ('COD-NK-1', 'Bisié', '{Kilima}', 'SRID=4326;POINT(29.00 -1.50)'),
        ('COD-NK-2', 'Zwabalinga 3', '{}', 'SRID=4326;POINT(28.90 -1.60)');
    INSERT INTO route (route_id, name, mode, geom)
        VALUES ('RT-7', 'Goma – Sake', 'truck', 'SRID=4326;MULTILINESTRING((29.22 -1.66, 29.04 -1.57))');
    INSERT INTO incident (incident_no, occurred_from, geom) VALUES
        ('NK-2024-0017-1', '2024-01-01', 'SRID=4326;POINT(29.00 -1.50)'),
        ('SK-2024-0170-1', '2024-01-01', 'SRID=4326;POINT(28.80 -2.50)')""")


@pytest.fixture(autouse=True)
def rows(engine: Engine) -> None:
    """Rows to be found."""
    with engine.begin() as connection:
        connection.execute(ROWS)


def found(client: FlaskClient, asked: str, language: str = "en") -> list[str]:
    """The titles of what is found."""
    answer = client.get("/api/v1/search", query_string={"q": asked, "lang": language})
    assert answer.status_code == 200
    assert answer.json is not None
    return [each["title"] for each in answer.json["results"]]


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("Bisié", "Bisié"),
        ("BISIE", "Bisié"),
        ("bisi", "Bisié"),
        ("kilima", "Bisié"),
        ("zwabalinga", "Zwabalinga 3"),
        ("zwabalnga", "Zwabalinga 3"),
        ("Zwaballinga", "Zwabalinga 3"),
        ("cod nk 2", "Zwabalinga 3"),
        ("goma sake", "Goma – Sake"),
        ("rt-7", "Goma – Sake"),
        ("2024-0017", "NK-2024-0017-1"),
        ("nk 2024 0017", "NK-2024-0017-1"),
        ("nord-kivu", "North Kivu"),
        ("zqx", ""),
        ("bukavu", "Bukavu"),
    ],
)
def test_it_works(client: FlaskClient, asked: str, first: str) -> None:
    assert (found(client, asked) or [""])[0] == first


def test_words_are_in_the_language(client: FlaskClient) -> None:
    assert found(client, "nord-kivu", "fr")[0] == "Nord-Kivu"
    answer = client.get("/api/v1/search?q=Bisié&lang=fr")
    assert answer.json and answer.json["results"][0]["kind"] == "Sites miniers"
    assert answer.headers["Cache-Control"] == "no-store"


def test_nobody_finds_what_is_not_theirs(client_of: Callable[[str], FlaskClient]) -> None:
    assert found(client_of("public"), "2024") == []
    assert "Goma – Sake" not in found(client_of("public"), "goma sake")
    assert "Bisié" not in found(client_of("public"), "kilima")
    assert found(client_of("public"), "bisie") == ["Bisié"]
    assert found(client_of("coordinator-sk"), "2024") == ["SK-2024-0170-1"]


@pytest.mark.parametrize("asked", ["", "a", " ", "x" * 81, "\0"])
def test_too_little_or_too_much_is_refused(client: FlaskClient, asked: str) -> None:
    answer = client.get("/api/v1/search", query_string={"q": asked, "lang": "fr"})
    assert answer.status_code == 400


@pytest.mark.parametrize("asked", ["((((", "%_%", "a+*?[", "é" * 40, "' OR 1=1 --", "🐘🐘"])
def test_signs_are_only_signs(client: FlaskClient, asked: str) -> None:
    assert found(client, asked) == []


def test_a_find_is_opened_on_the_map_by_the_keyboard(visit: Visit) -> None:
    page = visit.open("/?lang=fr&at=7/-3/26")
    search = page.get_by_role("combobox", name="Chercher un nom ou un numéro")
    search.fill("zwabalnga")
    option = page.locator("[role=option]").first
    expect(option).to_contain_text("Zwabalinga 3")
    expect(option).to_have_attribute("aria-selected", "true")
    search.press("Enter")
    expect(page.locator(".popup")).to_contain_text("Zwabalinga 3")
    assert abs(page.evaluate("() => Object.values(geoapp.maps)[0].map.getZoom()") - 13) < 0.1
    search.fill("zzzzzz")
    expect(page.locator("[data-search-none]")).to_contain_text("Rien de ce que vous pouvez voir")
    visit.keep("search-fr")
    search.press("Escape")
    expect(page.locator("[data-search-none]")).to_be_empty()
    assert visit.complaints == []
