"""Published exports are known by their columns and read without a question; what has no equal is left and listed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import geopandas
import pytest
import shapely
from exports import ACLED, IPIS, KST, UCDP, write_export
from importing import ask, bring, write_csv, write_layer
from sqlalchemy import Engine

from geoapp.ingest.recognisers import RECOGNISERS, recogniser_of
from geoapp.ingest.targets import TARGETS

BISIE = {
    "pcode": "codmine00191",
    "name": "Bisié ",
    "longitude": "27.7412",
    "latitude": "-1.0421",
    "province": "Nord-Kivu",
}
MWEGA = {"pcode": "codmine00500", "name": "Mwega", "longitude": "28.5", "latitude": "-2.6", "province": "Sud-Kivu"}


def told(report: dict[str, object], rule: str) -> list[tuple[object, object, object]]:
    """Column, value and repair of the findings of a rule."""
    issues = report["issues"]
    assert isinstance(issues, list)
    return [(each["column"], each["value"], each["repair"]) for each in issues if each["rule"] == rule]


@pytest.fixture
def visits(tmp_path: Path) -> Path:
    """Three visits to two sites, the newest of the first site in the middle."""
    return write_export(
        tmp_path / "visits.csv",
        IPIS,
        {
            **BISIE,
            "vid": 1,
            "visit_date": "2016-05-01Z",
            "mineral1": "Or",
            "workers_numb": 900,
            "qualification": "Rouge",
        },
        {
            **BISIE,
            "vid": 2,
            "visit_date": "2019-02-03",
            "visit_onsite": "1",
            "project": "IPIS - PPA",
            "location_origin": "GPS (Approximation)",
            "mineral1": "Cassitérite",
            "mineral2": "inconnu",
            "mineral3": "Kryptonite",
            "qualification": "Vert",
            "traceability": "iTSCI (not visited by IPIS)",
            "armed_group1": "FARDC 33e",
            "type_armed_group1": "FARDC - Éléments indisciplinés",
            "frequency_armed_group1": "Hebdomadaire",
            "digging_armed_group1": "0",
            "entrance_taxation_armed_group1": "1",
            "armed_group2": "Un groupe",
            "type_armed_group2": "Groupe armé local",
            "pillaging_armed_group2": "Oui",
            "childunder15": "0",
        },
        {
            **MWEGA,
            "vid": 3,
            "visit_date": "2018-01-01",
            "mineral1": "Coltan",
            "type_armed_group1": "Aucun",
            "workers_numb": 12,
        },
    )


def test_visits_of_ipis_describe_sites_by_the_newest(engine: Engine, visits: Path) -> None:
    report = bring(engine, visits, "mine_sites")
    assert report["recognised"] == "IPIS mining site visits"
    assert report["rows"] == {"read": 3, "inserted": 2, "updated": 0, "unchanged": 1, "rejected": 0}
    assert told(report, "newer_row") == [(None, "1", None)]
    assert told(report, "left_unknown") == [("minerals", "Kryptonite", "1")]
    stored = (
        "SELECT site_id, ipis_pcode, name, minerals, workers_est, workers_on, icglr_status, traceability,"
        " position_method, stated_unit, source_id FROM mine_site ORDER BY 1"
    )
    assert ask(engine, stored) == [
        ("codmine00191", "codmine00191", "Bisié", ["cassiterite"], None, None, "green", "itsci", "map", "Nord-Kivu",
         "IPIS"),
        ("codmine00500", "codmine00500", "Mwega", ["coltan"], 12, dt.date(2018, 1, 1), "unknown", None, None,
         "Sud-Kivu", "IPIS"),
    ]  # fmt: skip
    assert bring(engine, visits, "mine_sites")["rows"]["unchanged"] == 3


def test_visits_of_ipis_are_visits_too(engine: Engine, visits: Path) -> None:
    bring(engine, visits, "mine_sites")
    report = bring(engine, visits, "visits")
    assert report["rows"] == {"read": 3, "inserted": 3, "updated": 0, "unchanged": 0, "rejected": 0}
    stored = (
        "SELECT visit_id, site_id, visited_on::text, on_site, workers_est, armed_actor_present, armed_actor_kind,"
        " presence_frequency, interference, children_present, notes FROM site_visit ORDER BY visit_id"
    )
    assert ask(engine, stored) == [
        ("1", "codmine00191", "2016-05-01", None, 900, None, None, None, [], None, None),
        ("2", "codmine00191", "2019-02-03", True, None, True, "state_army", "weekly", ["taxation", "pillage"], False,
         "FARDC 33e - FARDC - Éléments indisciplinés; Un groupe - Groupe armé local"),
        ("3", "codmine00500", "2018-01-01", None, 12, False, None, None, [], None, None),
    ]  # fmt: skip
    assert bring(engine, visits, "visits")["rows"]["unchanged"] == 3


def test_without_positions_known_sites_are_found_by_their_code(engine: Engine, visits: Path, tmp_path: Path) -> None:
    lines = (
        ",pcode,name,visit_date,workers_numb",
        "1,codmine00191,Bisié,2021-01-01,77",
        "2,codmine99999,Ailleurs,2021-01-01,NA",
    )
    later = write_csv(tmp_path / "later.csv", *lines)
    assert "None of its sites is known by its code" in bring(engine, later, "mine_sites", refused=True)
    bring(engine, visits, "mine_sites")
    report = bring(engine, later, "mine_sites")
    assert report["rows"] == {"read": 2, "inserted": 0, "updated": 1, "unchanged": 0, "rejected": 1}
    assert told(report, "no_geometry") == [("geom", None, None)]
    assert ask(engine, "SELECT workers_est, round(ST_X(geom)::numeric, 4)::float FROM mine_site ORDER BY 1") == [
        (12, 28.5),
        (77, 27.7412),
    ]


def test_events_of_acled_have_no_level(engine: Engine, tmp_path: Path) -> None:
    place = {"latitude": "-1.67", "longitude": "29.22", "admin1": "Nord-Kivu", "location": "Goma"}
    path = write_export(
        tmp_path / "acled.csv",
        ACLED,
        {**place, "event_id_cnty": "DRC1", "event_date": "2024-03-01", "time_precision": "1", "geo_precision": "2",
         "sub_event_type": "Attack", "actor1": "A group", "inter1": "2", "fatalities": "3", "notes": "Text."},
        {**place, "event_id_cnty": "DRC2", "event_date": "01 March 2024", "time_precision": "3", "geo_precision": "3",
         "sub_event_type": "Peaceful protest", "actor1": "Protesters", "inter1": "Protesters",
         "fatalities": "0"},
        {**place, "event_id_cnty": "DRC3", "event_date": "2024-03-02", "time_precision": "2",
         "geo_precision": "1", "sub_event_type": "Abduction/forced disappearance",
         "actor1": "Military Forces of X", "inter1": "State forces"},
    )  # fmt: skip
    report = bring(engine, path, "incidents")
    assert report["recognised"] == "ACLED"
    assert report["rows"]["inserted"] == 3
    assert told(report, "left_unknown") == [
        ("actor_kind", "Protesters", "1"),
        ("category", "Peaceful protest", "1"),
    ]
    stored = (
        "SELECT incident_no, occurred_from::text, date_precision, category, act, actor_kind, level, killed,"
        " location_precision, place_text, summary_en, source_id FROM incident ORDER BY 1"
    )
    assert ask(engine, stored) == [
        ("DRC1", "2024-03-01", 1, "violence", "attack", "armed_group", None, 3, 4, "Goma", "Text.", "ACLED"),
        ("DRC2", "2024-03-01", 3, None, None, None, None, 0, 5, "Goma", None, "ACLED"),
        ("DRC3", "2024-03-02", 2, "abduction", "confine", "state_army", None, None, 2, "Goma", None, "ACLED"),
    ]
    assert bring(engine, path, "incidents")["rows"]["unchanged"] == 3


def test_events_of_ucdp_are_read_from_geojson_too(engine: Engine, tmp_path: Path) -> None:
    row = dict.fromkeys(UCDP, "") | {
        "id": 4711, "type_of_violence": 3, "side_a": "Government of DR Congo (Zaire)", "dyad_name": "A - Civilians",
        "source_headline": "Killed", "where_prec": 6, "where_coordinates": "Walikale", "adm_1": "Nord-Kivu province",
        "date_prec": 4, "date_start": "2009-02-20T00:00:00", "date_end": "2009-02-28T00:00:00", "best": 7, "high": 9,
        "low": 5, "latitude": -1.4, "longitude": 28.0,
    }  # fmt: skip
    frame = geopandas.GeoDataFrame([row], geometry=[shapely.Point(28.0, -1.4)], crs="EPSG:4326")
    report = bring(engine, write_layer(frame, tmp_path / "ged.geojson"), "incidents")
    assert report["recognised"] == "UCDP GED"
    stored = (
        "SELECT incident_no, occurred_from::text, occurred_to::text, date_precision, category, act, actor_kind, level,"
        " killed, location_precision, place_text, stated_unit, summary_en FROM incident"
    )
    assert ask(engine, stored) == [
        ("4711", "2009-02-20", "2009-02-28", 3, "violence", "attack", None, None, 7, 5, "Walikale", "Nord-Kivu",
         "A - Civilians. Killed"),
    ]  # fmt: skip
    assert told(report, "left_unknown") == [("actor_kind", "Government of DR Congo (Zaire)", "1")]


def test_another_trackers_rating_is_kept_and_is_no_level(engine: Engine, tmp_path: Path) -> None:
    goma = {"Longitude": "29.22", "Latitude": "-1.67", "severity_rating": "9", "0/name": "Goma"}
    rows = [
        {**goma, "title/0/en": "Kidnap for Ransom", "notes/en": "Three\u00a0people.", "time": "3/4/2019"},
        {**goma, "title/0/en": "Mass Displacement", "notes/en": "Many.", "time": "3/23/2019"},
    ]
    path = write_export(tmp_path / "kst.csv", KST, *rows, rows[0], {**rows[1], "Latitude": "29.56"})
    report = bring(engine, path, "incidents")
    assert report["recognised"] == "Kivu Security Tracker"
    assert report["rows"] == {"read": 4, "inserted": 3, "updated": 0, "unchanged": 0, "rejected": 1}
    assert told(report, "left_unknown") == [("category", "Mass Displacement", "2")]
    assert [value for _, value, _ in told(report, "outside_countries")] == ["29.22 29.56"]
    stored = "SELECT occurred_from::text, category, act, level, source_rating, summary_en FROM incident ORDER BY 1"
    assert ask(engine, stored) == [
        ("2019-03-04", "abduction", "confine", None, "9", "Three people."),
        *[("2019-03-23", None, None, None, "9", "Many.")] * 2,
    ]
    assert bring(engine, path, "incidents")["rows"]["unchanged"] == 3


@pytest.mark.parametrize("old", [True, False])
def test_boundaries_of_ocha_in_both_spellings(engine: Engine, tmp_path: Path, old: bool) -> None:
    square = shapely.box(28.0, -3.0, 29.0, -2.0)
    values = {"adm0": "CD", "adm1": "CD62", "name": "Sud-Kivu", "day": "2024-06-01"}
    if old:
        row = {
            "ADM0_PCODE": "CD",
            "ADM0_FR": "RDC",
            "ADM1_PCODE": "CD62",
            "ADM1_FR": "Sud-Kivu",
            "validOn": values["day"],
        }
    else:
        row = {
            "adm0_pcode": "CD",
            "adm0_name": "RDC",
            "adm1_pcode": "CD62",
            "adm1_name": "Sud-Kivu",
            "valid_on": values["day"],
        }
    frame = geopandas.GeoDataFrame([row], geometry=[square], crs="EPSG:4326")
    report = bring(engine, write_layer(frame, tmp_path / "adm1.geojson"), "boundaries")
    assert report["recognised"] == "OCHA COD-AB"
    assert told(report, "unit_recognised") == [("unit_code", "CD-62", "CD-SK")]
    stored = (
        "SELECT unit_code, parent_code, pcode, level, country, name_fr, admin_type FROM admin_unit"
        " WHERE valid_from = '2024-06-01'"
    )
    assert ask(engine, stored) == [("CD-SK", "CD", "CD62", 1, "CD", "Sud-Kivu", "province")]


def test_smaller_units_hang_on_known_ones(engine: Engine, tmp_path: Path) -> None:
    row = {"ADM0_PCODE": "BDI", "ADM0_FR": "Burundi", "ADM1_PCODE": "BDI014", "ADM1_FR": "Rumonge",
           "ADM2_PCODE": "BDI014006", "ADM2_FR": "Burambi", "validOn": "2024-06-01"}  # fmt: skip
    above = {name: value for name, value in row.items() if not name.startswith("ADM2")}
    for name, values in (("adm1", above), ("adm2", row)):
        frame = geopandas.GeoDataFrame([values], geometry=[shapely.box(29.4, -4.0, 29.5, -3.9)], crs="EPSG:4326")
        report = bring(engine, write_layer(frame, tmp_path / f"{name}.geojson"), "boundaries")
        assert report["rows"]["inserted"] == 1, report["issues"]
    stored = "SELECT level, country, pcode, admin_type FROM admin_unit WHERE valid_from = '2024-06-01' ORDER BY level"
    assert ask(engine, stored) == [(1, "BI", "BDI014", "province"), (2, "BI", "BDI014006", "commune")]
    linked = (
        "SELECT DISTINCT small.parent_code = large.unit_code FROM admin_unit AS small, admin_unit AS large"
        " WHERE small.pcode = 'BDI014006' AND large.pcode = 'BDI014'"
    )
    assert ask(engine, linked) == [(True,)]
    deep = {**row, "ADM3_PCODE": "BDI014006001", "ADM3_FR": "X"}
    frame = geopandas.GeoDataFrame([deep], geometry=[shapely.box(29.4, -4.0, 29.5, -3.9)], crs="EPSG:4326")
    said = bring(engine, write_layer(frame, tmp_path / "adm3.geojson"), "boundaries", refused=True)
    assert "Bring the file of level 2" in said


def test_an_export_for_another_table_says_so(engine: Engine, tmp_path: Path) -> None:
    path = write_export(
        tmp_path / "acled.csv",
        ACLED,
        {"event_id_cnty": "X", "event_date": "2024-01-01", "latitude": "-2", "longitude": "29"},
    )
    report = bring(engine, path, "mine_sites", mapping={"name": ["event_id_cnty"]})
    assert told(report, "recognised_elsewhere") == [(None, "ACLED", "incidents")]
    assert report["recognised"] is None


def test_a_choice_comes_before_the_recogniser(engine: Engine, tmp_path: Path) -> None:
    row = {"event_id_cnty": "X", "event_date": "2024-01-01", "latitude": "-2", "longitude": "29", "source": "A paper"}
    path = write_export(tmp_path / "acled.csv", ACLED, row)
    bring(engine, path, "incidents", mapping={"summary_en": ["source"]})
    assert ask(engine, "SELECT summary_en FROM incident") == [("A paper",)]


@pytest.mark.parametrize("columns", [ACLED, UCDP, KST, IPIS])
def test_no_two_recognisers_know_one_file(columns: list[str]) -> None:
    assert sum(each.knows(columns) for each in RECOGNISERS) == 1
    assert recogniser_of(["name", "date", "source", "notes", "latitude"]) is None


def test_every_recogniser_reads_columns_that_there_are() -> None:
    for recogniser in RECOGNISERS:
        assert set(recogniser.reads) <= set(TARGETS)
        assert recogniser.decided.en != recogniser.decided.fr
