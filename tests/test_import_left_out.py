"""A column that names alone would match can be left out, and is for the next file of the same shape, too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from desk import at_home, one, ready, work
from importing import ask, bring, write_csv
from releasing import ClientOf
from sqlalchemy import Engine

from geoapp.ingest.grounds import how_in_words
from geoapp.settings import Settings

HEAD = "site_id,name,workers_est,lon,lat"
NAMES = "SELECT site_id, name, workers_est FROM mine_site ORDER BY 1"


def test_a_matched_column_is_left_out_on_the_page(
    settings: Settings, engine: Engine, tmp_path: Path, client_of: ClientOf
) -> None:
    home = at_home(settings, tmp_path / "home")
    job = ready(home, engine, "gis-cd", write_csv(tmp_path / "a.csv", HEAD, "S1,One,10,28.84,-2.50"))
    client = client_of("gis-cd")
    page = client.get(f"/import/uploads/{job.upload_id}?lang=en").text
    form = {
        name: re.search(r'<option value="([^"]*)" selected', inside)[1]  # type: ignore[index]
        for name, inside in re.findall(r'<select [^>]*name="(column-\d)"[^>]*>(.*?)</select>', page, re.DOTALL)
    }
    assert form["column-2"] == "workers_est"
    sent = {"step": "change", "version": job.version, "table": "mine_sites", **form, "column-2": ""}
    assert client.post(f"/import/jobs/{job.job_id}", data=sent).status_code == 303
    assert one(engine, job).options["mapping"] == {"": ["workers_est"]}
    work(home)
    assert "workers_est" not in one(engine, job).preview["mapping"]
    page = client.get(f"/import/uploads/{job.upload_id}?lang=en").text
    shown = re.search(r'<select [^>]*name="column-2"[^>]*>(.*?)</select>', page, re.DOTALL)
    assert shown is not None
    assert "selected" not in shown[1]


def test_what_was_left_out_is_remembered(engine: Engine, tmp_path: Path) -> None:
    bring(
        engine,
        write_csv(tmp_path / "a.csv", HEAD, "S1,One,10,28.84,-2.50"),
        "mine_sites",
        mapping={"": ["workers_est"]},
    )
    assert ask(engine, NAMES) == [("S1", "One", None)]
    path = write_csv(tmp_path / "b.csv", HEAD, "S2,Two,20,28.85,-2.51")
    assert "workers_est" not in bring(engine, path, "mine_sites")["mapping"]
    assert bring(engine, path, "mine_sites", memory="ignore")["mapping"]["workers_est"] == ["workers_est"]


def test_what_every_row_needs_cannot_be_left_out(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", HEAD, "S1,One,10,28.84,-2.50")
    refusal = bring(engine, path, "mine_sites", mapping={"": ["name"]}, refused=True)
    assert "no column for name" in refusal


def test_a_choice_that_says_otherwise_goes_before(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", HEAD, "S1,One,10,28.84,-2.50")
    report = bring(engine, path, "mine_sites", mapping={"": ["workers_est", "name"], "name": ["name"]})
    assert report["mapping"]["name"] == ["name"]
    assert ask(engine, NAMES) == [("S1", "One", None)]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("from the file", "d’après le fichier"),
        ("UTM zone in the column zone", "fuseau UTM dans la colonne zone"),
        ("not UTF-8; as cp1252 its letters make French words", "pas de l’UTF-8\u00a0; en cp1252 ses lettres"),
        (
            "not stated; of the usual systems only UTM 35S puts the data inside the four countries; shifted by A + B,"
            " accuracy 3 m",
            "non indiqué\u00a0; des systèmes usuels, seul UTM 35S place les données dans les quatre pays\u00a0; décalé"
            " par A + B, précision 3 m",
        ),
        ("something new", "something new"),
    ],
)
def test_how_a_file_was_read_is_said_in_french(how: str, said: str) -> None:
    assert how_in_words(how, "fr").startswith(said)
    assert how_in_words(how, "en") == how
