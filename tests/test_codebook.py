"""The codebook: every column of every table is in it, on the page and in the files, in both languages."""

from __future__ import annotations

import csv
import io

import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook

from geoapp.ingest.codebook import HEADING
from geoapp.ingest.targets import TARGETS
from layers.titles import title_of


def test_every_column_has_a_name_in_both_languages() -> None:
    for target in TARGETS.values():
        for column in target.columns.values():
            title = title_of(column.stored, column.name)
            assert title.en, column.name
            assert title.fr, column.name


@pytest.mark.parametrize(("language", "said"), [("en", "Number of the incident"), ("fr", "Numéro de l&#39;incident")])
def test_the_page_shows_every_column_and_code(visitor: FlaskClient, language: str, said: str) -> None:
    page = visitor.get(f"/codebook?lang={language}")
    assert page.status_code == 200
    assert said in page.text
    for target in TARGETS.values():
        for column in target.columns.values():
            assert f"<code>{column.name}</code>" in page.text
            for code in column.kind.vocabulary or ():
                assert f"<code>{code}</code>" in page.text


def test_the_files_say_the_same(visitor: FlaskClient) -> None:
    sent = visitor.get("/codebook.csv")
    assert "geoapp-codebook.csv" in sent.headers["Content-Disposition"]
    lines = list(csv.reader(io.StringIO(sent.data.decode("utf-8-sig"))))
    assert lines[0] == ["table", *HEADING]
    assert {line[0] for line in lines[1:]} == set(TARGETS)
    level = {line[9]: line[10:] for line in lines if line[:2] == ["incidents", "level"] and line[9]}
    assert level["1"] == ["Level 1 (highest)", "Niveau 1 (le plus élevé)"]
    weight = next(line for line in lines if line[:2] == ["movements", "received_kg"])
    assert weight[6] == "kg"
    book = CalamineWorkbook.from_filelike(io.BytesIO(visitor.get("/codebook.xlsx").data))
    sheet = book.get_sheet_by_name("codebook").to_python(skip_empty_area=False)
    assert [[str(cell) for cell in line] for line in sheet] == lines


def test_there_is_no_other_form(visitor: FlaskClient) -> None:
    assert visitor.get("/codebook.pdf").status_code == 404


def test_import_and_export_lead_to_it(visitor: FlaskClient) -> None:
    assert "/codebook?lang=en" in visitor.get("/export?lang=en").text
