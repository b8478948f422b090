"""The boundaries that ship with the product: complete, valid, without gaps or overlaps, and true to known places."""

from __future__ import annotations

import itertools
import json
import re
from datetime import date
from pathlib import Path

import pytest
import shapely
from pyproj import Geod
from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry

FOLDER = Path(__file__).resolve().parent.parent / "data" / "boundaries"
FILES = ("context", "countries", "lakes", "provinces", "rivers", "towns")
GEOD = Geod(ellps="WGS84")
COUNTRIES = {"BI": 17, "CD": 26, "RW": 5, "UG": 4}
UNIT_COLUMNS = {
    "unit_code",
    "level",
    "parent_code",
    "country",
    "pcode",
    "name_en",
    "name_fr",
    "admin_type",
    "valid_from",
    "valid_to",
    "awaits_successor",
    "approximate",
    "note",
}
KM2_BY_SURVEY = {"BI": 27_834, "CD": 2_345_409, "RW": 26_338, "UG": 241_550}

# Read off maps, not taken from the files under test.
PLACES = {
    "Goma": (29.2205, -1.6792, "CD-NK"),
    "Goma airport": (29.2383, -1.6708, "CD-NK"),
    "Bunagana, CD side": (29.5880, -1.2990, "CD-NK"),
    "Kasindi": (29.6900, 0.0330, "CD-NK"),
    "Walikale": (28.0670, -1.4170, "CD-NK"),
    "Bukavu": (28.8470, -2.5080, "CD-SK"),
    "Uvira": (29.1370, -3.3950, "CD-SK"),
    "Shabunda": (27.3400, -2.6950, "CD-SK"),
    "Idjwi island": (29.0600, -2.1500, "CD-SK"),
    "Kindu": (25.9220, -2.9500, "CD-MA"),
    "Kasongo": (26.6700, -4.4300, "CD-MA"),
    "Bunia": (30.2520, 1.5660, "CD-IT"),
    "Mahagi Port": (31.2300, 2.1500, "CD-IT"),
    "Kalemie": (29.1900, -5.9400, "CD-TA"),
    "Manono": (27.4000, -7.3000, "CD-TA"),
    "Lubumbashi": (27.4790, -11.6640, "CD-HK"),
    "Kolwezi": (25.4720, -10.7150, "CD-LU"),
    "Kisangani": (25.1900, 0.5150, "CD-TO"),
    "Kinshasa": (15.3070, -4.3250, "CD-KN"),
    "Matadi": (13.4500, -5.8170, "CD-BC"),
    "Mbandaka": (18.2600, 0.0480, "CD-EQ"),
    "Kigali": (30.0600, -1.9440, "RW-01"),
    "Rubavu": (29.2600, -1.6960, "RW-04"),
    "Cyangugu": (28.9080, -2.4830, "RW-04"),
    "Huye": (29.7400, -2.6000, "RW-05"),
    "Musanze": (29.6340, -1.5000, "RW-03"),
    "Nyagatare": (30.3270, -1.2980, "RW-02"),
    "Bujumbura": (29.3610, -3.3820, "BI-BM"),
    "Gitega": (29.9250, -3.4270, "BI-GI"),
    "Kirundo": (30.0950, -2.5840, "BI-KI"),
    "Kampala": (32.5820, 0.3160, "UG-C"),
    "Arua": (30.9110, 3.0200, "UG-N"),
    "Gulu": (32.2990, 2.7740, "UG-N"),
    "Moroto": (34.6600, 2.5300, "UG-N"),
    "Mbarara": (30.6580, -0.6130, "UG-W"),
    "Mbale": (34.1750, 1.0750, "UG-E"),
    "middle of Lake Kivu, CD side": (29.1200, -1.8000, "CD"),
    "middle of Lake Tanganyika, BI side": (29.3000, -3.7000, "BI"),
    "middle of Lake Albert, UG side": (31.0500, 1.6000, "UG-W"),
    "middle of Lake Edward, CD side": (29.5500, -0.3500, "CD-NK"),
}
LAKES = {"Kivu", "Tanganyika", "Victoria", "Edward", "Albert", "Mweru", "Kyoga", "Mai-Ndombe"}
TOWNS = {
    "Kinshasa",
    "Goma",
    "Bukavu",
    "Kindu",
    "Bunia",
    "Kalemie",
    "Uvira",
    "Beni",
    "Butembo",
    "Baraka",
    "Fizi",
    "Shabunda",
    "Walikale",
    "Manono",
    "Lubumbashi",
    "Kigali",
    "Gisenyi",
    "Cyangugu",
    "Bujumbura",
    "Gitega",
    "Kampala",
    "Arua",
    "Gulu",
    "Kasese",
    "Mbarara",
    "Kabale",
}

Features = list[tuple[dict[str, object], BaseGeometry]]


def read(name: str) -> Features:
    content = json.loads((FOLDER / f"{name}.geojson").read_text(encoding="utf-8"))
    return [(f["properties"], shape(f["geometry"])) for f in content["features"]]


@pytest.fixture(scope="module")
def layers() -> dict[str, Features]:
    return {name: read(name) for name in FILES}


@pytest.fixture(scope="module")
def provinces(layers: dict[str, Features]) -> dict[str, BaseGeometry]:
    return {str(p["unit_code"]): g for p, g in layers["provinces"]}


@pytest.fixture(scope="module")
def countries(layers: dict[str, Features]) -> dict[str, BaseGeometry]:
    return {str(p["unit_code"]): g for p, g in layers["countries"]}


def km2(geometry: BaseGeometry) -> float:
    return abs(float(GEOD.geometry_area_perimeter(geometry)[0])) / 1e6


@pytest.mark.parametrize("name", FILES)
def test_file_is_compact_and_well_formed(name: str) -> None:
    path = FOLDER / f"{name}.geojson"
    text = path.read_text(encoding="utf-8")
    content = json.loads(text)
    assert path.stat().st_size < 4_000_000
    assert content["type"] == "FeatureCollection"
    assert len(text.splitlines()) == len(content["features"]) + 2
    assert not re.search(r"\.\d{6}", text)


def test_every_geometry_is_valid_and_wound_as_geojson_asks(layers: dict[str, Features]) -> None:
    for name in FILES:
        for properties, geometry in layers[name]:
            assert geometry.is_valid and not geometry.is_empty, (name, properties)
            assert geometry.geom_type == ("Point" if name == "towns" else "MultiPolygon")
            for part in getattr(geometry, "geoms", []):
                assert part.exterior.is_ccw and not any(hole.is_ccw for hole in part.interiors), (name, properties)


def test_unit_columns_are_filled(layers: dict[str, Features]) -> None:
    for level, name in enumerate(("countries", "provinces")):
        for p, _ in layers[name]:
            assert set(p) == UNIT_COLUMNS
            assert p["level"] == level
            assert p["parent_code"] == (p["country"] if level else None)
            assert str(p["unit_code"]).startswith(str(p["country"]))
            assert all(p[column] for column in ("name_en", "name_fr", "admin_type", "note"))
            assert date.fromisoformat(str(p["valid_from"])) <= date(2015, 12, 31)
            assert p["valid_to"] is None and isinstance(p["approximate"], bool)
            assert p["awaits_successor"] == (level == 1 and p["country"] == "BI")


def test_codes_are_unique_and_well_formed(layers: dict[str, Features]) -> None:
    units = [p for p, _ in layers["countries"] + layers["provinces"]]
    codes = [str(p["unit_code"]) for p in units]
    pcodes = [str(p["pcode"]) for p in units if p["pcode"]]
    assert len(set(codes)) == len(codes) and len(set(pcodes)) == len(pcodes)
    assert all(re.fullmatch(r"(BI|CD)(-[A-Z]{2})?|RW(-0[1-5])?|UG(-[CENW])?", c) for c in codes)
    assert all(re.fullmatch(r"BDI(0\d\d)?|CD(\d\d)?|RW[1-5]?|UG[1-4]?", c) for c in pcodes)
    for country, count in COUNTRIES.items():
        assert sum(c.startswith(f"{country}-") for c in codes) == count


def test_provinces_neither_overlap_nor_leave_gaps(
    provinces: dict[str, BaseGeometry], countries: dict[str, BaseGeometry]
) -> None:
    for (one, a), (other, b) in itertools.combinations(provinces.items(), 2):
        if a.intersects(b):
            assert km2(a.intersection(b)) < 0.01, (one, other)
    for country, outline in countries.items():
        whole = shapely.union_all([g for c, g in provinces.items() if c.startswith(country)])
        assert km2(whole.symmetric_difference(outline)) < 0.01, country


def test_neighbours_share_their_borders(provinces: dict[str, BaseGeometry]) -> None:
    assert shapely.coverage_is_valid(list(provinces.values()))


def test_countries_have_about_the_area_of_the_surveys(countries: dict[str, BaseGeometry]) -> None:
    for country, expected in KM2_BY_SURVEY.items():
        assert km2(countries[country]) == pytest.approx(expected, rel=0.05), country


@pytest.mark.parametrize("place", PLACES)
def test_known_place_falls_in_its_unit(
    place: str, provinces: dict[str, BaseGeometry], countries: dict[str, BaseGeometry]
) -> None:
    lon, lat, expected = PLACES[place]
    point = Point(lon, lat)
    inside = [c for c, g in provinces.items() if g.covers(point)]
    assert len(inside) == 1 and inside[0].startswith(expected)
    assert [c for c, g in countries.items() if g.covers(point)] == [expected[:2]]


def test_goma_and_rubavu_are_parted_by_the_border(countries: dict[str, BaseGeometry]) -> None:
    assert not countries["CD"].covers(Point(29.2600, -1.6960))
    assert not countries["RW"].covers(Point(29.2205, -1.6792))


def test_neighbours_for_drawing_do_not_reach_into_the_countries(
    layers: dict[str, Features], countries: dict[str, BaseGeometry]
) -> None:
    own = shapely.union_all(list(countries.values()))
    for p, geometry in layers["context"]:
        assert set(p) == {"unit_code", "name_en", "name_fr"} and p["unit_code"] not in countries
        assert km2(geometry.intersection(own)) < 0.2, p["unit_code"]


def test_lakes_and_rivers_are_named(layers: dict[str, Features]) -> None:
    assert {str(p["name_en"]).removeprefix("Lake ") for p, _ in layers["lakes"]} >= LAKES
    for p, _ in layers["lakes"] + layers["rivers"]:
        assert p["name_en"] and p["name_fr"]
    assert all(p["rank"] in (1, 2, 3) for p, _ in layers["rivers"])
    assert {str(p["name_en"]) for p, _ in layers["rivers"]} >= {"Congo", "Lualaba", "Kasai", "Ubangi"}


def test_towns_lie_in_the_unit_they_name(layers: dict[str, Features], provinces: dict[str, BaseGeometry]) -> None:
    assert {str(p["name"]).split(" (")[0] for p, _ in layers["towns"]} >= TOWNS
    for p, point in layers["towns"]:
        assert set(p) == {"name", "name_fr", "country", "population", "rank", "unit_code", "source"}
        assert str(p["unit_code"]).startswith(f"{p['country']}-") and p["rank"] in (1, 2, 3, 4)
        # GeoNames puts towns on a border river a few hundred metres over the line.
        assert provinces[str(p["unit_code"])].distance(point) < 0.03, p
