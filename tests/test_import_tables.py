"""Each table of the import: its keys, its references, rows without a position of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from importing import ask, bring, rules, write_csv
from sqlalchemy import Engine

GOMA, BUKAVU, GISENYI = "29.22,-1.67", "28.85,-2.5", "29.262,-1.70"


@pytest.fixture
def places(engine: Engine, tmp_path: Path) -> Engine:
    """A site, a facility and a route, to which others refer."""
    bring(engine, write_csv(tmp_path / "s.csv", "site_id,name,lon,lat", f"S1,Site,{BUKAVU}"), "mine_sites")
    facility = write_csv(tmp_path / "f.csv", "facility_id,type,nom,lon,lat", f"F1,Dépôt,Dépôt central,{GOMA}")
    bring(engine, facility, "facilities")
    route = write_csv(
        tmp_path / "r.csv", "route_id,nom,usage,wkt", 'R1,Axe,both,"LINESTRING (28.85 -2.5, 29.22 -1.67)"'
    )
    bring(engine, route, "routes")
    return engine


def test_incidents_are_known_by_source_and_number(engine: Engine, tmp_path: Path) -> None:
    heading = "numero_incident;date_incident;niveau;catégorie;tués;lon;lat;résumé"
    row = "SK-2022-0002-1;2022-03-01;Niveau 2;Enlèvement;0;28.85;-2.5;Récit"
    path = write_csv(tmp_path / "i.csv", heading, row)
    assert bring(engine, path, "incidents", source="itsci")["rows"]["inserted"] == 1
    assert bring(engine, path, "incidents", source="itsci")["rows"]["unchanged"] == 1
    assert bring(engine, path, "incidents", source="other")["rows"]["inserted"] == 1
    assert bring(engine, path, "incidents")["rows"]["inserted"] == 1
    stored = (
        "SELECT incident_no, level, category, killed, injured, summary_fr, units FROM incident"
        " WHERE source_id = 'itsci'"
    )
    assert ask(engine, stored) == [("SK-2022-0002-1", 2, "abduction", 0, None, "Récit", ["CD", "CD-SK"])]


def test_incidents_without_a_number_are_known_by_day_place_and_text(engine: Engine, tmp_path: Path) -> None:
    heading = "date,lon,lat,description,killed"
    rows = [
        f"2022-03-01,{GOMA},Clash,1",
        f"2022-03-01,{GOMA},Clash,2",
        f"2022-03-02,{GOMA},Clash,",
        f"2022-03-01,{BUKAVU},Clash,",
    ]
    report = bring(engine, write_csv(tmp_path / "i.csv", heading, *rows), "incidents")
    assert report["rows"] == {"read": 4, "inserted": 3, "updated": 0, "unchanged": 0, "rejected": 1}
    assert rules(report) == [(2, "incident_no", "duplicate")]
    rows[0] = f"2022-03-01,{GOMA},Clash,5"
    report = bring(engine, write_csv(tmp_path / "i.csv", heading, rows[0], *rows[2:]), "incidents")
    assert report["rows"] == {"read": 3, "inserted": 0, "updated": 1, "unchanged": 2, "rejected": 0}


def test_incidents_may_lie_where_they_refer_to(places: Engine, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "i.csv",
        "incident_no,date,site_id,route_id,province",
        "I1,2022-03-01,S1,,",
        "I2,2022-03-01,,R1,",
        "I3,2022-03-01,,,Nord-Kivu",
        "I4,2022-03-01,,,Atlantis",
        "I5,2022-03-01,,,",
        "I6,2022-03-01,S9,,",
    )
    report = bring(places, path, "incidents")
    assert rules(report) == [
        (3, "stated_unit", "unit_recognised"),
        (4, "stated_unit", "no_place"),
        (5, "geom", "no_place"),
        (6, "site_id", "unknown_reference"),
    ]
    stored = "SELECT incident_no, units[2], route_ref IS NOT NULL, stated_unit FROM incident ORDER BY 1"
    assert ask(places, stored) == [
        ("I1", "CD-SK", False, None),
        ("I2", "CD-SK", True, None),
        ("I3", "CD-NK", False, "CD-NK"),
    ]
    assert bring(places, path, "incidents")["rows"]["unchanged"] == 3


def test_a_file_without_positions_leaves_those_there_are(places: Engine, tmp_path: Path) -> None:
    first = write_csv(tmp_path / "a.csv", "incident_no,date,lon,lat", f"I1,2022-03-01,{GOMA}")
    bring(places, first, "incidents")
    bring(places, write_csv(tmp_path / "b.csv", "incident_no,date,site_id", "I1,2022-03-01,S1"), "incidents")
    assert ask(places, "SELECT site_id, round(ST_X(geom)::numeric, 2)::float FROM incident") == [("S1", 29.22)]


def test_deployments_refer_to_one_place(places: Engine, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "d.csv",
        "deployment_id;force;effectif;formes;valid_from;site_id;facility_id;route_id;wkt",
        "D1;PMH;10;5;2024-01-01;S1;;;",
        "D2;Armée;10;;2024-01-01;;F1;;",
        "D3;police;10;;2024-01-01;;;R1;",
        "D4;police;10;;2024-01-01;;;;LINESTRING (28.85 -2.5, 29 -2.5)",
        "D5;police;10;;2024-01-01;;;;POLYGON ((28.85 -2.5, 29 -2.5, 29 -3, 28.85 -2.5))",
        "D6;police;10;;2024-01-01;S1;F1;;",
        "D7;police;10;11;2024-01-01;S1;;;",
        "D8;police;10;;2024-01-01;;;;",
    )
    report = bring(places, path, "deployments")
    assert rules(report) == [
        (5, "geom", "wrong_type"),
        (6, "site_id", "check_failed"),
        (7, "vps_trained", "wrong_order"),
        (8, "geom", "no_place"),
    ]
    stored = (
        "SELECT deployment_id, force, country, site_id, facility_ref IS NOT NULL, route_ref IS NOT NULL,"
        " GeometryType(geom) FROM deployment ORDER BY 1"
    )
    assert ask(places, stored) == [
        ("D1", "mining_police", "CD", "S1", False, False, None),
        ("D2", "army", "CD", None, True, False, None),
        ("D3", "police", "CD", None, False, True, None),
        ("D4", "police", "CD", None, False, False, "LINESTRING"),
    ]
    assert bring(places, path, "deployments")["rows"]["unchanged"] == 4


def test_keys_are_of_a_country(engine: Engine, tmp_path: Path) -> None:
    heading = "facility_id,kind,name,lon,lat"
    path = write_csv(tmp_path / "f.csv", heading, f"F1,depot,A,{GOMA}", f"F1,depot,B,{GISENYI}", f"F1,depot,C,{GOMA}")
    report = bring(engine, path, "facilities")
    assert report["rows"]["inserted"] == 2
    assert rules(report) == [(3, "facility_id", "duplicate")]
    assert ask(engine, "SELECT country, name FROM facility ORDER BY 1") == [("CD", "A"), ("RW", "B")]
    report = bring(engine, write_csv(tmp_path / "f.csv", heading, "F1,depot,D,32.58,0.31"), "facilities")
    assert rules(report) == [(1, "facility_id", "key_elsewhere")]
    assert report["issues"][0]["repair"] == "CD, RW"
    path = write_csv(tmp_path / "i.csv", "incident_no,date,facility_id", "I1,2024-01-31,F1")
    assert rules(bring(engine, path, "incidents")) == [(1, "facility_id", "ambiguous_reference")]


def test_a_row_that_lay_nowhere_is_put_right(engine: Engine, tmp_path: Path) -> None:
    heading = "checkpoint_id,nom,légal,lon,lat"
    bring(engine, write_csv(tmp_path / "c.csv", heading, "C1,Barrière,Non,2.35,48.85"), "checkpoints")
    report = bring(engine, write_csv(tmp_path / "c.csv", heading, f"C1,Barrière,Non,{GOMA}"), "checkpoints")
    assert report["rows"]["updated"] == 1
    assert ask(engine, "SELECT checkpoint_id, lawful, country FROM checkpoint") == [("C1", "no", "CD")]


def test_visits_are_known_by_site_day_and_source(places: Engine, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "v.csv",
        "site_id,visit_date,workers_numb,interference",
        "S1,2024-01-31Z,,Taxation",
        "S1,2024-02-28,4,",
    )
    assert bring(places, path, "visits", source="IPIS")["rows"]["inserted"] == 2
    assert bring(places, path, "visits", source="IPIS")["rows"]["unchanged"] == 2
    assert bring(places, path, "visits")["rows"]["inserted"] == 2
    assert ask(places, "SELECT DISTINCT country, units FROM site_visit") == [("CD", ["CD", "CD-SK"])]


def test_movements_refer_to_a_route(places: Engine, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "m.csv",
        "movement_id,route_id,cargo,kg_expedies,departed_at,arrived_at",
        'M1,R1,Explosifs,"1 200,5",2024-01-30T08:00,2024-01-30T17:30',
        "M2,R1,Explosifs,5,2024-01-30T08:00,2024-01-30T07:30",
        "M3,R9,Explosifs,5,2024-01-30T08:00,2024-01-30T17:30",
        "M4,R1,Explosifs,5,2024-01-30T08:00,2999-01-30T17:30",
    )
    report = bring(places, path, "movements")
    assert rules(report) == [
        (2, "arrived_at", "arrived_early"),
        (3, "route_id", "unknown_reference"),
        (4, "arrived_at", "future_date"),
    ]
    assert ask(places, "SELECT dispatched_kg, arrived_at::text FROM escort_movement") == [
        (1200.5, "2024-01-30 15:30:00+00")
    ]
    assert bring(places, path, "movements")["rows"]["unchanged"] == 1


def test_trainings_may_lie_in_a_unit(engine: Engine, tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "t.csv",
        "training_id;theme;date;unit_code;participants_by_group",
        'T1;Principes volontaires;2024-01-31;CD-SK;"{""police"": 12}"',
        "T2;Principes volontaires;2024-01-31;XX-1;",
    )
    report = bring(engine, path, "trainings")
    assert rules(report) == [(2, "unit_code", "unknown_reference")]
    stored = "SELECT topic, participants_by_group, country FROM training"
    assert ask(engine, stored) == [("voluntary_principles", {"police": 12}, "CD")]
    assert bring(engine, path, "trainings")["rows"]["unchanged"] == 1
