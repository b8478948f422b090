"""The requests that the walk over all addresses makes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from planting import PLACES, Planting
from test_tiles import tile_of

from geoapp.publish.exports.export import FORMS
from layers.catalogue import LAYERS


@dataclass(frozen=True)
class Ask:
    """One request."""

    path: str
    form: dict[str, str] | None = None
    json: dict[str, Any] | None = None


@dataclass(frozen=True)
class Line:
    """The requests of one URL rule, and the columns that they show: to whom, of which table (and state).

    What is listed has to be seen by those of the people named who may see it; what nobody may, by none.
    """

    asks: Callable[[Planting], Iterable[Ask]]
    shows: dict[str, dict[str, str]] = field(default_factory=dict)


def only(*paths: str) -> Callable[[Planting], Iterable[Ask]]:
    """Addresses that take no row."""
    return lambda _: [Ask(path) for path in paths]


TABLES = {
    "incidents": "incident",
    "deployments": "deployment",
    "mine_sites": "mine_site",
    "checkpoints": "checkpoint",
    "facilities": "facility",
    "routes": "route",
    "network_edges": "network_edge",
    "trainings": "training",
}


def tile_asks(planting: Planting) -> Iterator[Ask]:
    """Tiles of every layer wherever rows are, as rows and as counts, with filters and without."""
    for zoom, query in ((12, ""), (12, "?unit=CD-SK,RW&level=1&since=2024-01-01"), (7, "")):
        for z, x, y in sorted({tile_of(lon, lat, zoom) for lon, lat in planting.places.values()}):
            for layer in [*LAYERS, "base"]:
                yield Ask(f"/tiles/{layer}/{z}/{x}/{y}.mvt{query}")


def detail_asks(planting: Planting) -> Iterator[Ask]:
    """Every planted row of every layer, in both languages."""
    for layer in LAYERS:
        keys = [row.key for row in planting.of(TABLES[layer])] if layer in TABLES else [*PLACES]
        for key in keys:
            yield from (Ask(f"/api/v1/layers/{layer}/{key}?lang={language}") for language in ("en", "fr"))


def feature_asks(planting: Planting) -> Iterator[Ask]:
    """Every planted row of every layer as a feature, for programs and for people."""
    for layer, table in TABLES.items():
        for row in planting.of(table):
            yield from (Ask(f"/ogc/collections/{layer}/items/{row.key}?f={form}") for form in ("json", "html"))


def item_asks(_planting: Planting) -> Iterator[Ask]:
    """The features of every layer, for programs and for people."""
    for name in LAYERS:
        # The borders have so many corners that some longitude of theirs is a planted one by chance: here in metres.
        crs = "" if name in TABLES else "&crs=http://www.opengis.net/def/crs/EPSG/0/3857"
        yield from (Ask(f"/ogc/collections/{name}/items?limit=1000&f={form}{crs}") for form in ("json", "html"))


def export_asks(_planting: Planting) -> Iterator[Ask]:
    """Every layer as a file, and those of the most in every format."""
    for name in LAYERS:
        # The borders have so many corners that some longitude of theirs, as text, is a planted one by chance.
        yield Ask(f"/export/{name}.{'csv' if name in TABLES else 'fgb'}?lang=fr")
    for suffix in FORMS:
        yield from (Ask(f"/export/{name}.{suffix}?unit=CD,RW") for name in ("incidents", "deployments"))
    yield Ask("/export/none.csv")


def incident_asks(planting: Planting) -> Iterator[Ask]:
    """The page of every planted incident, by its id and by its number."""
    for row in planting.of("incident"):
        for key in (row.key, planting.marker(row, "incident_no")):
            yield from (Ask(f"/incidents/{key}?lang={language}") for language in ("en", "fr"))


def release_asks(planting: Planting, step: str = "", form: dict[str, str] | None = None) -> Iterator[Ask]:
    """The release of every planted incident."""
    yield from (Ask(f"/incidents/{row.key}/release{step}", form) for row in planting.of("incident"))


def history_asks(planting: Planting) -> Iterator[Ask]:
    """The history of every planted row that has one, by its id and by its key."""
    for name, table in TABLES.items():
        for row in planting.of(table):
            yield Ask(f"/import/history?table={name}&key={row.key}&lang=en")
    for row in planting.of("incident"):
        yield Ask(f"/import/history?table=incidents&key={planting.marker(row, 'incident_no')}&lang=fr")


MENDED = {
    **{
        name: TABLES[name] for name in ("mine_sites", "routes", "facilities", "checkpoints", "deployments", "trainings")
    },
    "movements": "escort_movement",
}


def row_form_asks(planting: Planting) -> Iterator[Ask]:
    """The form of every planted row that can be mended by hand."""
    for name, table in MENDED.items():
        for row in planting.of(table):
            yield Ask(f"/import/rows/{name}/{row.key}?lang=en")


def row_send_asks(planting: Planting) -> Iterator[Ask]:
    """What is sent of those forms: stale, as it remembers nothing of the row."""
    for name, table in MENDED.items():
        for row in planting.of(table):
            yield Ask(f"/import/rows/{name}/{row.key}", {"step": "save", "c-name": "x"})
            yield Ask(f"/import/rows/{name}/{row.key}", {"step": "snap", "line": "28.8 -2.5", "longitude": "28.8"})


def found_asks(planting: Planting) -> Iterator[Ask]:
    """A search for every planted key."""
    for name, table in MENDED.items():
        for row in planting.of(table):
            yield Ask(f"/import/rows?table={name}&q={row.key}&lang=fr")
        yield Ask(f"/import/rows?table={name}&q=a&lang=en")


def pair_asks(planting: Planting) -> Iterator[Ask]:
    """Planted sites and incidents side by side, each with the next."""
    for name, table in (("mine_sites", "mine_site"), ("incidents", "incident")):
        rows = planting.of(table)
        for one, other in zip(rows, [*rows[1:], rows[0]], strict=True):
            yield Ask(f"/import/doubles/{name}?one={one.key}&other={other.key}")


def pair_send_asks(planting: Planting) -> Iterator[Ask]:
    """The same sent as a form that is stale, so that nothing is merged."""
    for name, table in (("mine_sites", "mine_site"), ("incidents", "incident")):
        rows = planting.of(table)
        for one, other in zip(rows, [*rows[1:], rows[0]], strict=True):
            yield Ask(f"/import/doubles/{name}", {"one": one.key, "other": other.key, "step": "merge"})
            yield Ask(f"/import/doubles/{name}", {"one": one.key, "other": other.key, "step": "apart"})


def risk_form_asks(planting: Planting) -> Iterator[Ask]:
    """The form of a new risk of every planted place, and of none."""
    yield Ask("/register/new?lang=fr")
    for kind, table in (("site", "mine_site"), ("facility", "facility"), ("route", "route")):
        yield from (Ask(f"/register/new?{kind}={row.key}") for row in planting.of(table))


def funder_asks(planting: Planting) -> Iterator[Ask]:
    """The report to every planted funder, as a page."""
    for row in planting.of("training"):
        funder = planting.marker(row, "funder")
        yield from (Ask(f"/reports/funder?funder={funder}&since=2024-01-01&lang={each}") for each in ("en", "fr"))


def funder_file_asks(planting: Planting) -> Iterator[Ask]:
    """The report to every planted funder, as files."""
    for row in planting.of("training"):
        for kind in ("csv", "json", "pdf"):
            yield Ask(f"/reports/funder.{kind}?funder={planting.marker(row, 'funder')}&since=2024-01-01")


# A day on which the planted incidents press on their places, and days on which they happened.
ON = "on=2025-01-01"
HAPPENED = "since=2024-01-01"


def risk_asks(planting: Planting) -> Iterator[Ask]:
    """Every question that takes no geometry: about everything, every planted route, and every place."""
    for question in ("sites", "provinces", "coverage", "hotspots", "escort"):
        yield from (Ask(f"/api/v1/risk/{question}?{ON}&lang={language}") for language in ("en", "fr"))
    for route in planting.of("route"):
        for key in (route.key, planting.marker(route, "route_id")):
            yield Ask(f"/api/v1/risk/corridor?route={key}&{ON}&{HAPPENED}")
            yield Ask(f"/api/v1/risk/profile?route={key}&{ON}&lang=fr")
    for lon, lat in PLACES.values():
        yield Ask(f"/api/v1/risk/pressure?lon={lon}&lat={lat}&{ON}")
        yield Ask(f"/api/v1/risk/path?from={lon},{lat}&to={lon + 0.05},{lat + 0.05}&{ON}")
        # A little beside: some corner of the circle around the place itself has a planted longitude by chance.
        yield Ask(f"/api/v1/risk/near?lon={lon + 0.0003:.4f}&lat={lat}&{ON}&{HAPPENED}")


def risk_geometry_asks(_: Planting) -> Iterator[Ask]:
    """A line and an area around every place."""
    for lon, lat in PLACES.values():
        line = {"type": "LineString", "coordinates": [[lon, lat], [lon + 0.03, lat + 0.01]]}
        ring = [[lon - 0.1, lat - 0.1], [lon + 0.1, lat - 0.1], [lon, lat + 0.1], [lon - 0.1, lat - 0.1]]
        yield Ask(f"/api/v1/risk/corridor?{ON}&{HAPPENED}", json=line)
        yield Ask(f"/api/v1/risk/area?{ON}&{HAPPENED}", json={"type": "Polygon", "coordinates": [ring]})


def question_page_asks(planting: Planting) -> Iterator[Ask]:
    """The pages of the questions: the same as over JSON, and about lines and areas drawn around every place."""
    for ask in risk_asks(planting):
        if not ask.path.startswith(("/api/v1/risk/sites", "/api/v1/risk/provinces")):
            yield Ask(ask.path.removeprefix("/api/v1"))
    for lon, lat in PLACES.values():
        corners = f"{lon - 0.1},{lat - 0.1};{lon + 0.1},{lat - 0.1};{lon},{lat + 0.1}"
        yield Ask(f"/risk/area?polygon={corners}&{ON}&{HAPPENED}&part=answer")
        yield Ask(f"/risk/corridor?line={corners}&{ON}&{HAPPENED}&part=answer")


def question_file_asks(planting: Planting) -> Iterator[Ask]:
    """The same as files."""
    for ask in question_page_asks(planting):
        name, _, query = ask.path.partition("?")
        yield from (Ask(f"{name}.{suffix}?{query}") for suffix in ("csv", "geojson"))


def area_asks(_: Planting) -> Iterator[Ask]:
    """An area around every place, in the address."""
    for lon, lat in PLACES.values():
        corners = f"{lon - 0.1},{lat - 0.1};{lon + 0.1},{lat - 0.1};{lon},{lat + 0.1}"
        yield Ask(f"/api/v1/risk/area?polygon={corners}&{ON}&{HAPPENED}")


def of_question(name: str, asks: Callable[[Planting], Iterable[Ask]]) -> Callable[[Planting], Iterable[Ask]]:
    """Those of some requests that ask one question."""
    return lambda planting: [ask for ask in asks(planting) if ask.path.startswith(f"/api/v1/risk/{name}?")]


def of_incidents(part: str, form: dict[str, str] | None = None) -> Callable[[Planting], Iterable[Ask]]:
    """A page of every planted incident, in both languages."""
    return lambda planting: [
        Ask(f"/incidents/{row.key}/{part}?lang={language}", form)
        for row in planting.of("incident")
        for language in ("en", "fr")
    ]


def of_meetings(part: str = "", form: dict[str, str] | None = None) -> Callable[[Planting], Iterable[Ask]]:
    """A page of every planted meeting, in both languages."""
    return lambda planting: [
        Ask(f"/meetings/{row.key}{part}?lang={language}", form)
        for row in planting.of("meeting")
        for language in ("en", "fr")
    ]


def of_committees(part: str = "", form: dict[str, str] | None = None) -> Callable[[Planting], Iterable[Ask]]:
    """A page of every planted committee, in both languages."""
    return lambda planting: [
        Ask(f"/committees/{row.key}{part}?lang={language}", form)
        for row in planting.of("committee")
        for language in ("en", "fr")
    ]


def of_actions(form: dict[str, str] | None = None) -> Callable[[Planting], Iterable[Ask]]:
    """The form that says that a planted action is done."""
    return lambda planting: [Ask(f"/actions/{row.key}/done", form) for row in planting.of("action")]


def map_asks(planting: Planting) -> Iterator[Ask]:
    """The map under filters and near every route."""
    yield Ask("/?lang=en&table=charts")
    yield Ask("/?lang=fr&level=1,9&unit=CD-SK,RW&foo=1&at=9/-2.5/28.8")
    yield Ask(f"/?route={','.join(planting.marker(row, 'route_id') for row in planting.of('route'))}&within_km=20")


def table_asks(planting: Planting) -> Iterator[Ask]:
    """Every table without the map, and the charts, under filters and near every route."""
    for table in ("", *TABLES, "charts"):
        for page in (1, 2):
            yield Ask(f"/table?lang=en&table={table}&page={page}")
    for sort in ("incident_no", "-units"):
        yield Ask(f"/table?lang=fr&level=1,9&unit=CD-SK,RW&foo=1&at=9/-2.5/28.8&sort={sort}")
    yield Ask(f"/table?route={','.join(row.key for row in planting.of('route'))}&within_km=20")


def row_asks(planting: Planting) -> Iterator[Ask]:
    """Every table around every place."""
    for table in (*TABLES, "charts"):
        for lon, lat in PLACES.values():
            yield Ask(f"/map/rows?table={table}&bbox={lon - 0.3},{lat - 0.3},{lon + 0.3},{lat + 0.3}&sort=-level")
            yield Ask(f"/map/rows?table={table}&bbox={lon - 0.05},{lat - 0.05},{lon + 0.05},{lat + 0.05}&lang=fr")


def search_asks(planting: Planting) -> Iterator[Ask]:
    """Every name and number that was planted, and the beginnings of some."""
    for table, columns in {
        "incident": ("incident_no", "place_text"),
        "mine_site": ("name", "site_id", "itsci_code"),
        "route": ("name", "route_id"),
        "facility": ("name",),
        "deployment": ("deployment_id", "provider_name"),
    }.items():
        for row in planting.of(table):
            for column in columns:
                yield Ask(f"/api/v1/search?q={planting.marker(row, column)}")
