"""An installation's own weights of the levels hold for risk figures, tiles and the legend alike."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cast import cookie
from releasing import LAT, LON, report
from snapshotting import Worker
from sqlalchemy import Engine

from geoapp.database.engine import open_engine
from geoapp.risk.asking import ask
from geoapp.settings import Settings
from geoapp.web.app import create_app
from geoapp.web.database import KEY as ENGINE

POINT = {"lon": str(LON), "lat": str(LAT)}


@pytest.fixture
def others(settings: Settings) -> Settings:
    """The settings with other weights."""
    return replace(settings, level_weights=(20, 5, 2))


@pytest.fixture(autouse=True)
def reported(engine: Engine) -> None:
    """One incident of each level, and one of none."""
    for level in (1, 2, 3, None):
        report(engine, incident_no=str(level), level=level, killed=5)


def test_risk_figures_have_them(engine: Engine, others: Settings) -> None:
    near = {**POINT, "since": "2026-01-01"}
    with engine.connect() as connection:
        assert ask(connection, "near", near).weighted == pytest.approx(2 * (9 + 3 + 1 + 1))  # type: ignore[attr-defined]
    made = open_engine(others)
    with made.connect() as connection:
        assert ask(connection, "near", near).weighted == pytest.approx(2 * (20 + 5 + 2 + 2))  # type: ignore[attr-defined]
        sites = ask(connection, "sites", {"stability": "1"})
        assert sites.used == 0
    made.dispose()


def test_what_is_kept_of_tiles_has_them(settings: Settings, others: Settings) -> None:
    home = settings.home / "snapshots-of-weights"
    for each, weights in ((settings, [9, 3, 1, 1]), (others, [20, 5, 2, 2]), (settings, [9, 3, 1, 1])):
        worker = Worker(each, home)
        columns = worker.read("analyst").columns
        assert sorted(columns.weight.tolist()) == sorted(2 * 20 * weight for weight in weights)
        worker.web.dispose()


@pytest.mark.parametrize(
    ("language", "says"), [("en", "level 1 = 20, level 2 = 5"), ("fr", "niveau 1 = 20, niveau 2 = 5")]
)
def test_the_legend_shows_them(language: str, says: str, others: Settings) -> None:
    app = create_app(others)
    client = app.test_client()
    client.set_cookie(*cookie("analyst"))
    page = client.get(f"/?lang={language}").text
    app.extensions[ENGINE].dispose()
    assert says in page
