"""docs/access.md shows who may do what with which column as the database has it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from layers.tables import Base
from layers.vocabulary import ROLE

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "script/access-matrix"
PAGE = (ROOT / "docs/access.md").read_text(encoding="utf-8")
STALE = "run .venv/bin/python script/access-matrix --write after `geoapp db migrate`, and read what changed"


def made(environment: dict[str, str]) -> str:
    """A fresh table."""
    done = subprocess.run(
        [sys.executable, SCRIPT], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def cells(matrix: str, table: str, column: str) -> dict[str, str]:
    """What each role may do with a column."""
    part = re.split(rf"^### `{table}`.*$", matrix, flags=re.MULTILINE)[1].split("\n### ")[0]
    (line,) = (line for line in part.splitlines() if line.startswith("|") and f"`{column}`" in line)
    return dict(zip(("public", *ROLE), (cell.strip() for cell in line.strip("|").split("|")[1:]), strict=True))


@pytest.fixture
def matrix(environment: dict[str, str]) -> str:
    """The table of this test's database."""
    return made(environment)


def test_the_page_shows_what_the_database_has(matrix: str) -> None:
    shown = PAGE.split("<!-- made by script/access-matrix -->")[1].split("<!-- end -->")[0].strip()
    assert shown == matrix, STALE


def test_every_column_of_every_table_is_in_it(matrix: str) -> None:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            assert cells(matrix, table.name, column.name), f"{table.name}.{column.name}"


def test_what_nothing_opens_is_a_dash(matrix: str) -> None:
    for table, column in (
        ("user_password", "password_hash"),
        ("sign_in_count", "account"),
        ("known_browser", "network"),
    ):
        assert set(cells(matrix, table, column).values()) == {"-"}
    for table, column in (("web_session", "token_hash"), ("api_token", "token_hash"), ("sign_in_link", "link_hash")):
        assert not any("read" in may for may in cells(matrix, table, column).values())
    assert set(cells(matrix, "audit_event", "before").values()) == {"-"}
    incident = cells(matrix, "incident", "channel")
    assert [incident[role] for role in ("public", "committee", "admin")] == ["-", "-", "-"]
    assert incident["analyst"] == "read"
    assert incident["coordinator"] == "read, add, change, remove"
    assert cells(matrix, "public_mine_site", "name")["public"] == "read"
    assert cells(matrix, "import_batch", "file_name") == {
        "public": "-",
        "committee": "own: read",
        # What they enter by hand.
        "coordinator": "own: read, add",
        "analyst": "own: read",
        "gis": "read; own: add",
        "admin": "own: read",
    }


@pytest.mark.parametrize(
    ("change", "who", "may"),
    [
        ("CREATE POLICY more ON incident FOR SELECT USING (true)", "public", "read"),
        ("CREATE POLICY more ON incident FOR SELECT USING (units && viewer_units('committee'))", "committee", "read"),
        ("CREATE POLICY more ON incident USING ((SELECT viewer_is('admin')))", "admin", "read, add, change, remove"),
        ("CREATE POLICY more ON incident FOR SELECT USING (viewer_is('admin') AND viewer_is('gis'))", "admin", "-"),
        ("REVOKE SELECT ON incident FROM geoapp_web", "analyst", "-"),
        ("ALTER TABLE incident DISABLE ROW LEVEL SECURITY", "public", "read, add, change, remove"),
    ],
)
def test_it_follows_policies_and_grants(
    change: str, who: str, may: str, engine: Engine, environment: dict[str, str]
) -> None:
    with engine.begin() as connection:
        connection.execute(text(change))
    assert cells(made(environment), "incident", "channel")[who] == may
