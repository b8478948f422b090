"""What was sealed stays sealed when the file that it came from is imported again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from importing import ask, bring, write_csv
from sqlalchemy import Engine, text

from geoapp.access.viewer import set_viewer
from geoapp.cli.context import acting_database
from geoapp.database.engine import open_web_engine
from geoapp.settings import Settings

PLACE = "28.84,-2.50"
HEAD = "incident_no,occurred_from,place_text,summary_en,longitude,latitude"
ROWS = (f"IMP-1,2024-03-01,Nyabibwe,Officer took ore,{PLACE}", f"IMP-2,2024-03-02,Nyabibwe,A quarrel,{PLACE}")
UNNUMBERED = (f",2024-03-01,Nyabibwe,Officer took ore,{PLACE}", f",2024-03-02,Nyabibwe,A quarrel,{PLACE}")


@pytest.fixture
def officer(engine: Engine, settings: Settings) -> Iterator[Engine]:
    """An engine that acts for the GIS officer of DR Congo."""
    with acting_database(settings, "gis-cd") as acting:
        yield acting


def seen(settings: Settings, name: str) -> set[str]:
    """The summaries that somebody sees."""
    web = open_web_engine(settings)
    with web.connect() as connection:
        set_viewer(connection, name)
        found = set(connection.scalars(text("SELECT summary_en FROM incident")))
    web.dispose()
    return found


@pytest.mark.parametrize("lines", [ROWS, UNNUMBERED], ids=["by number", "by day, place and text"])
def test_it_is_not_brought_back_into_the_open(
    engine: Engine, officer: Engine, settings: Settings, tmp_path: Path, lines: tuple[str, ...]
) -> None:
    file = write_csv(tmp_path / "feed.csv", HEAD, *lines)
    bring(officer, file, "incidents", source="feed")
    with engine.begin() as connection:
        seal = "UPDATE incident SET sealed = true, handlers = '{coordinator-sk}' WHERE summary_en = 'Officer took ore'"
        connection.execute(text(seal))
    assert seen(settings, "analyst") == {"A quarrel"}
    bring(officer, file, "incidents", source="feed")
    assert seen(settings, "analyst") == {"A quarrel"}
    assert seen(settings, "gis-cd") == {"A quarrel"}
    assert seen(settings, "coordinator-sk") == {"A quarrel", "Officer took ore"}
    assert ask(engine, "SELECT count(*) FROM incident") == [(2,)]


def test_the_operator_and_its_handlers_go_on_with_it(
    engine: Engine, officer: Engine, settings: Settings, tmp_path: Path
) -> None:
    file = write_csv(tmp_path / "feed.csv", HEAD, *ROWS)
    bring(officer, file, "incidents", source="feed")
    with engine.begin() as connection:
        connection.execute(text("UPDATE incident SET sealed = true, handlers = '{gis-cd}' WHERE incident_no = 'IMP-1'"))
    changed = write_csv(tmp_path / "changed.csv", HEAD, ROWS[0].replace("took", "returned"))
    assert bring(officer, changed, "incidents", source="feed")["rows"]["updated"] == 1
    assert bring(engine, file, "incidents", source="feed")["rows"]["updated"] == 1
    assert ask(engine, "SELECT sealed FROM incident ORDER BY incident_no") == [(True,), (False,)]


def test_another_sources_report_of_that_number_is_another(
    engine: Engine, officer: Engine, settings: Settings, tmp_path: Path
) -> None:
    file = write_csv(tmp_path / "feed.csv", HEAD, *ROWS)
    bring(officer, file, "incidents", source="feed")
    with engine.begin() as connection:
        connection.execute(text("UPDATE incident SET sealed = true, handlers = '{coordinator-sk}'"))
    bring(officer, file, "incidents", source="another feed")
    assert seen(settings, "analyst") == {"A quarrel", "Officer took ore"}
