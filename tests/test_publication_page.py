"""The page of the published edition, as the public reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from browser import visiting
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine
from test_publication import publish, report

ClientOf = Callable[[str], FlaskClient]


def test_the_public_reads_the_page(chromium_browser: Browser, server: str, engine: Engine) -> None:
    report(engine, 1234)
    report(engine, 5, place="RW-02", level=2)
    report(engine, 2, place="CD-NK")
    publish(engine)
    report(engine, 4, occurred_from=dt.date(2024, 5, 1))
    publish(engine, dt.date(2024, 4, 1))
    for width, language in product((1366, 360), ("en", "fr")):
        options: dict[str, Any] = {"viewport": {"width": width, "height": 768}, "java_script_enabled": False}
        with visiting(chromium_browser, server, **options) as visit:
            page = visit.page
            page.goto(f"{server}/?lang={language}")
            page.get_by_role("link", name="Provinces").click()
            words = {"en": "2nd quarter 2024", "fr": "2e trimestre 2024"}[language]
            expect(page.locator("caption")).to_contain_text(words)
            page.get_by_role("combobox").select_option("2024-Q1")
            with page.expect_navigation():
                page.get_by_role("button", name={"en": "Show", "fr": "Afficher"}[language]).click()
            found = {
                unit: page.locator(f'[data-unit="{unit}"] td').all_inner_texts() for unit in ("CD-SK", "CD-NK", "RW-02")
            }
            none = page.locator('[data-unit="CD-KN"] td').all_inner_texts()
            assert found["CD-NK"] == none
            assert found["CD-SK"] == ["1234", *none[1:]]
            assert found["RW-02"] == [none[0], "5", *none[2:]]
            assert all(each.evaluate("part => part.scrollWidth") <= width for each in page.locator("html, table").all())
            expect(page.locator('.site-nav [aria-current="page"]')).to_have_text("Provinces")
            expect(page.locator("[data-synthetic]")).to_have_count(0)
            visit.keep(f"provinces-{language}-{width}")


def test_before_anything_is_published_it_says_so(client_of: ClientOf) -> None:
    answer = client_of("public").get("/provinces?lang=en")
    assert answer.status_code == 200
    assert "Nothing has been published yet." in answer.text
    assert "Rien n’a encore été publié." in client_of("public").get("/provinces?lang=fr").text


def test_it_shows_the_latest_edition_of_real_rows(client_of: ClientOf, engine: Engine) -> None:
    report(engine, 4, synthetic=True)
    publish(engine)
    page = client_of("public").get("/provinces?lang=en").text
    assert "data-synthetic" in page
    report(engine, 6)
    publish(engine)
    report(engine, 5)
    publish(engine, correction=True)
    page = client_of("public").get("/provinces?lang=en").text
    assert "data-synthetic" not in page
    assert "edition 2" in page
    assert "<td>11</td>" in page


@pytest.mark.parametrize(
    ("quarter", "status", "said"),
    [("yesterday", 400, "2025-Q4"), ("1999-Q1", 404, "Nothing is published of this quarter")],
)
def test_a_wrong_quarter_says_what_to_do(visitor: FlaskClient, quarter: str, status: int, said: str) -> None:
    answer = visitor.get("/provinces", query_string={"quarter": quarter, "lang": "en"})
    assert answer.status_code == status
    assert said in answer.text
