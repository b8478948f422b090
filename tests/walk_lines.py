"""What the walk over all addresses asks for as each person, and what has to be found there by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from planting import PLACES, Planting
from releasing import FORM
from rights import PEOPLE
from test_tiles import tile_of

from geoapp.publish.exports.export import FORMS
from geoapp.risk.questions import QUESTIONS
from layers.catalogue import LAYERS

HANDLERS = "coordinator-sk analyst-rw gis-cd"
SIGNED_IN = f"committee-sk {HANDLERS}"
EVERYBODY = " ".join(PEOPLE)


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


# What the form of a row shows of it.
IN_FORMS = {
    "gis-cd": {
        "mine_site": "operator_name territory",
        "route": "name from_ref to_ref surface",
        "facility": "name operator",
        "checkpoint": "name",
        "deployment:current": "provider_name force_unit mandate_ref equipment_transferred",
    },
    "gis-cd coordinator-sk": {
        "training": "place_text language trainer_org funder participants_by_group",
        "escort_movement:arrived": "permit_no incident_no",
    },
}
TRAINING = "training_id place_text language trainer_org funder participants_by_group"


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
        yield Ask(f"/api/v1/risk/near?lon={lon}&lat={lat}&{ON}&{HAPPENED}")


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


# What the members of a committee, and those who work with it, see of its meetings.
OF_A_MEETING = {
    SIGNED_IN: {
        "committee": "name",
        "committee_seat": "organisation",
        "meeting": "minutes place_text",
        "meeting_item": "note",
        "action:on a site": "action",
        "incident_release": "summary_en summary_fr",
    },
}
IN_A_MEETING_FORM = {"coordinator-sk": {"meeting": "minutes place_text"}}
# What some questions show of rows.
RISKS = {
    "pressure": {HANDLERS: {"incident:restricted": "incident_no"}},
    "corridor": {HANDLERS: {"route": "name"}},
    "path": {HANDLERS: {"network_edge": "geom"}},
}
# The facts of a row as its popup and its page give them.
INCIDENT = "incident_no summary_en summary_fr place_text"
DETAILS = {
    HANDLERS: {
        "incident": INCIDENT,
        "deployment:current": "provider_name force_unit mandate_ref equipment_transferred",
        "checkpoint": "checkpoint_id name",
        "mine_site": "operator_name territory",
        "source": "source_id",
    },
    SIGNED_IN: {
        "facility": "facility_id name operator",
        "route": "route_id name from_ref to_ref surface",
        "training": "place_text trainer_org funder",
    },
    "committee-sk": {"incident_release": "summary_en summary_fr"},
    EVERYBODY: {"mine_site": "site_id name"},
}
OF_A_RELEASE = {
    "coordinator-sk": {"incident": INCIDENT, "source:of reports": "name"},
}

# All that a feature bears.
FEATURES = {
    HANDLERS: {
        "incident": f"{INCIDENT} incident_id",
        "deployment:current": "deployment_id provider_name force_unit mandate_ref equipment_transferred",
        "checkpoint": "checkpoint_id name",
        "mine_site": "operator_name territory groupement locality licence_no",
        "source": "source_id",
    },
    SIGNED_IN: {
        "facility": "facility_id name operator",
        "route": "route_id name from_ref to_ref surface",
        "training": "id place_text language trainer_org funder participants_by_group",
    },
    "committee-sk": {"incident": "incident_id", "incident_release": "summary_en summary_fr"},
    EVERYBODY: {"mine_site": "site_id name"},
}

# A pack is about one's own units, though sites are public everywhere.
PACKED = {people: tables for people, tables in FEATURES.items() if people != EVERYBODY}

# What the table beside the map shows, and the choice of a route.
LISTED = {
    HANDLERS: {
        "incident": "incident_id incident_no",
        "deployment:current": "deployment_id id",
        "checkpoint": "checkpoint_id id name",
    },
    SIGNED_IN: {"route": "route_id name", "facility": "facility_id id name operator"},
    EVERYBODY: {"mine_site": "site_id name"},
}


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
    yield Ask(f"/table?route={','.join(planting.marker(row, 'route_id') for row in planting.of('route'))}&within_km=20")


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


URLS: dict[str, Line] = {
    "static": Line(only("/static/manifest.json", "/static/none")),
    "health.alive": Line(only("/healthz")),
    "health.ready": Line(only("/readyz")),
    "metrics.show": Line(only("/metrics")),
    "openapi.description": Line(only("/api/v1/openapi.json?lang=en", "/api/v1/openapi.json?lang=fr")),
    "openapi.page": Line(only("/docs?lang=en", "/docs?lang=fr")),
    "map.page": Line(map_asks, {SIGNED_IN: {"route": "name"}}),
    "map.table": Line(table_asks, LISTED),
    "map_data.choices": Line(
        only("/map/choices?parts=route,unit&lang=en", "/map/choices?parts=unit,mineral&lang=fr", "/map/choices"),
        {SIGNED_IN: {"route": "route_id name"}},
    ),
    "map_data.rows": Line(row_asks, {**LISTED, "committee-sk": {"incident": "incident_id"}}),
    "places.site": Line(
        lambda planting: [
            Ask(f"/sites/{row.key}?lang={each}") for row in planting.of("mine_site") for each in ("en", "fr")
        ],
        {
            HANDLERS: {"mine_site": "operator_name territory", "incident:restricted": "incident_no"},
            EVERYBODY: {"mine_site": "site_id name"},
        },
    ),
    "places.route": Line(
        lambda planting: [Ask(f"/routes/{row.key}") for row in planting.of("route")],
        {SIGNED_IN: {"route": "route_id name from_ref to_ref surface"}},
    ),
    "places.deployment": Line(
        lambda planting: [Ask(f"/deployments/{row.key}?lang=fr") for row in planting.of("deployment")],
        {HANDLERS: {"deployment:current": "provider_name force_unit mandate_ref equipment_transferred"}},
    ),
    "map_data.search": Line(
        search_asks,
        {
            HANDLERS: {"incident": "incident_id", "deployment:current": "id"},
            SIGNED_IN: {"facility": "id"},
            EVERYBODY: {"mine_site": "geom"},
        },
    ),
    "map_data.counts": Line(
        lambda planting: [
            Ask("/api/v1/counts"),
            Ask("/api/v1/counts?level=1&unit=CD-SK,RW&since=2024-01-01&mineral=gold&force=army&lang=fr"),
            *(Ask(f"/api/v1/counts?route={planting.marker(row, 'route_id')}") for row in planting.of("route")),
        ],
        {SIGNED_IN: {"route": "name"}},
    ),
    "places.facility": Line(
        lambda planting: [Ask(f"/facilities/{row.key}?lang=en") for row in planting.of("facility")],
        {SIGNED_IN: {"facility": "name operator"}, HANDLERS: {"risk_item:on a magazine": "risk measure owner"}},
    ),
    "trainings.page": Line(
        only("/trainings?lang=en", "/trainings?lang=fr&year=2024&topic=voluntary_principles&page=2"),
        {SIGNED_IN: {"training": "id place_text trainer_org funder participants_by_group"}},
    ),
    "trainings.one": Line(
        lambda planting: [Ask(f"/trainings/{row.key}?lang=fr") for row in planting.of("training")],
        {SIGNED_IN: {"training": TRAINING}},
    ),
    "movements.page": Line(
        only("/movements?lang=en", "/movements?short=1&unit=CD-SK&lang=fr"),
        {HANDLERS: {"escort_movement:arrived": "id movement_id incident_no", "route": "name"}},
    ),
    "movements.one": Line(
        lambda planting: [Ask(f"/movements/{row.key}") for row in planting.of("escort_movement")],
        {HANDLERS: {"escort_movement:arrived": "movement_id permit_no incident_no"}},
    ),
    # The planted ones have no weights, so that none is short.
    "movements.incident": Line(
        lambda planting: [Ask(f"/movements/{row.key}/incident") for row in planting.of("escort_movement")]
    ),
    "movements.report": Line(
        lambda planting: [
            Ask(f"/movements/{row.key}/incident", {"level": "1"}) for row in planting.of("escort_movement")
        ]
    ),
    "register.page": Line(
        only("/register?lang=en", "/register?due=1&unit=CD-SK&lang=fr", "/register?likelihood=1&consequence=5"),
        {
            HANDLERS: {
                "risk_item:on a mine_site": "id risk measure owner",
                "risk_item:on a route": "risk",
                "incident:released": "incident_no",
            }
        },
    ),
    "register.new": Line(
        risk_form_asks, {"coordinator-sk": {"route": "name", "facility": "name", "incident:released": "incident_no"}}
    ),
    "register.add": Line(
        lambda _: [Ask("/register/new", {"risk": "x"}), Ask("/register/new?lang=fr", {"site": "none"})]
    ),
    "register.one": Line(
        lambda planting: [Ask(f"/register/{row.key}?lang=fr") for row in planting.of("risk_item")],
        {HANDLERS: {"risk_item:on a mine_site": "risk measure owner", "incident:released": "incident_no incident_id"}},
    ),
    # Stale, as it remembers nothing of the row.
    "register.change": Line(
        lambda planting: [
            Ask(f"/register/{row.key}", {"step": "save", "was": "{}"}) for row in planting.of("risk_item")
        ],
        {"coordinator-sk": {"risk_item:on a mine_site": "risk measure owner"}},
    ),
    "funder.page": Line(funder_asks, {HANDLERS: {"training": "id place_text funder participants_by_group"}}),
    "funder.file": Line(
        funder_file_asks, {HANDLERS: {"training": "training_id place_text funder participants_by_group"}}
    ),
    "province.page": Line(
        only(*(f"/provinces/{unit}?lang={each}" for unit in PLACES for each in ("en", "fr"))),
        {
            HANDLERS: {"risk_item:on a mine_site": "risk measure owner"},
            SIGNED_IN: {"training": "participants_by_group"},
        },
    ),
    "provinces.page": Line(only("/provinces?lang=en", "/provinces?lang=fr", "/provinces?quarter=2024-Q1")),
    "tiles.tile": Line(
        tile_asks,
        {
            HANDLERS: {
                "incident": "incident_id incident_no geom",
                "deployment:current": "id deployment_id geom",
                "checkpoint": "id checkpoint_id geom",
            },
            SIGNED_IN: {"facility": "id facility_id name geom", "route": "id route_id name"},
            "committee-sk": {"incident": "incident_id", "incident_release": "geom"},
            EVERYBODY: {"mine_site": "site_id name geom"},
        },
    ),
    "tiles.tilejson": Line(only(*(f"/tiles/{layer}.json" for layer in [*LAYERS, "base"]))),
    "details.detail": Line(detail_asks, DETAILS),
    "incidents.page": Line(
        incident_asks,
        {
            HANDLERS: {"incident": INCIDENT, "incident_step": "reason"},
            "coordinator-sk": {"row_change:restricted": "before"},
            "committee-sk": {
                "incident_release": "summary_en summary_fr",
                "action:on released": "action",
                "action:on synthetic": "action",
            },
        },
    ),
    "incident_list.page": Line(
        only(
            "/incidents?lang=en",
            "/incidents?lang=fr&status=all",
            "/incidents?due=late&mine=1",
            "/incidents?list=released&status=all&lang=en",
            "/incidents?list=released&status=all&lang=fr",
        ),
        {
            HANDLERS: {"incident": "incident_no"},
            SIGNED_IN: {"incident_release": "summary_en summary_fr"},
        },
    ),
    "reporting.form": Line(only("/incidents/report?lang=en", "/incidents/report?lang=fr")),
    "reporting.send": Line(lambda _: [Ask("/incidents/report", {"words": "short"})]),
    "reporting.ask": Line(only("/incidents/report/follow")),
    "reporting.follow": Line(lambda _: [Ask("/incidents/report/follow", {"number": "R-2222-3333-4444"})]),
    "steps.form": Line(of_incidents("step")),
    "steps.send": Line(of_incidents("step", {"seen": "none"})),
    "steps.assess_form": Line(of_incidents("assess"), {"coordinator-sk": {"incident": INCIDENT}}),
    "steps.assess": Line(
        of_incidents("assess", {"killed": "x"}),
        {"coordinator-sk": {"incident": "incident_no"}},
    ),
    "committees.page": Line(only("/committees?lang=en", "/committees?lang=fr"), {SIGNED_IN: {"committee": "name"}}),
    "committees.found": Line(lambda _: [Ask("/committees", {"kind": "none"})]),
    "committees.one": Line(
        of_committees(),
        {
            SIGNED_IN: {
                "committee": "name chair_role",
                "committee_seat": "organisation function",
                "action:on a site": "action",
            }
        },
    ),
    "committees.seats": Line(of_committees("/seats", {"group": "none"}), {"coordinator-sk": {"committee": "name"}}),
    "committees.plan": Line(of_committees("/meetings", {"held_on": "x"}), {"coordinator-sk": {"committee": "name"}}),
    "meetings.page": Line(of_meetings(), OF_A_MEETING),
    "meetings.save": Line(of_meetings("", {"place": "x", "was-place": "y"}), IN_A_MEETING_FORM),
    "meetings.agenda": Line(of_meetings("/agenda", {"off": "none"})),
    "meetings.decide": Line(of_meetings("/decisions", {"action": ""}), IN_A_MEETING_FORM),
    "meetings.close": Line(of_meetings("/close", {"any": "x"})),
    "meetings.correct": Line(of_meetings("/corrections", {"words": ""})),
    "meetings.done_form": Line(of_actions(), {"coordinator-sk": {"action:on a site": "action"}}),
    "meetings.done": Line(of_actions({"done_on": "x"}), {"coordinator-sk": {"action:on a site": "action"}}),
    "releases.form": Line(release_asks, OF_A_RELEASE),
    "releases.send": Line(lambda planting: release_asks(planting, form=FORM)),
    # Of a release that was changed meanwhile, so that nothing is withdrawn.
    "releases.withdraw": Line(
        lambda planting: release_asks(planting, "/withdraw", {"mark": "of another one"}),
        {"coordinator-sk": {"incident:released": "summary_en", "incident_release": "summary_en"}},
    ),
    "quality.page": Line(only("/quality?lang=en", "/quality?lang=fr")),
    "quality.rows": Line(
        only(
            "/quality/visits?quality=no_workers,no_presence",
            "/quality/movements?quality=no_weights&lang=fr",
            "/quality/trainings?quality=no_trainer,no_participants",
        ),
    ),
    "codebook.page": Line(only("/codebook?lang=en", "/codebook?lang=fr")),
    "codebook.download": Line(only("/codebook.csv", "/codebook.xlsx")),
    "desk.page": Line(only("/import?lang=en", "/import?lang=fr")),
    "desk.bring": Line(lambda _: [Ask("/import", {"files": "none"})]),
    "desk.upload": Line(lambda planting: [Ask(f"/import/uploads/{row.key}") for row in planting.of("import_upload")]),
    "desk.decide": Line(
        lambda planting: [
            Ask(f"/import/jobs/{row.key}", {"step": step})
            for row in planting.of("import_job")
            for step in ("change", "accept", "leave", "cancel", "again")
        ]
    ),
    "desk.batch": Line(lambda planting: [Ask(f"/import/batches/{row.key}") for row in planting.of("import_batch")]),
    "desk.undo": Line(
        lambda planting: [Ask(f"/import/batches/{row.key}/undo", {"any": "x"}) for row in planting.of("import_batch")]
    ),
    "desk.history": Line(
        history_asks,
        {"gis-cd": {"row_change": "before"}},
    ),
    "mending.page": Line(found_asks),
    "mending.network": Line(
        only(*(f"/import/rows/network?bbox={x - 0.2},{y - 0.2},{x + 0.2},{y + 0.2}" for x, y in PLACES.values()))
    ),
    "mending.new": Line(only(*(f"/import/rows/{name}/new?lang={each}" for name in MENDED for each in ("en", "fr")))),
    "mending.add": Line(lambda _: [Ask(f"/import/rows/{name}/new", {"c-name": "x"}) for name in MENDED]),
    "mending.row": Line(row_form_asks, IN_FORMS),
    "mending.mend": Line(row_send_asks),
    "merging.page": Line(only("/import/doubles?lang=en", "/import/doubles?since=1900-01-01&lang=fr")),
    "merging.pair": Line(pair_asks),
    "merging.decide": Line(pair_send_asks),
    **{f"risk.{name}": Line(of_question(name, risk_asks), RISKS.get(name, {})) for name in QUESTIONS if name != "area"},
    "risk.area": Line(area_asks),
    "questions.page": Line(only("/risk", "/risk?part=panel&lang=fr"), {HANDLERS: {"route": "name"}}),
    "questions.question": Line(question_page_asks, {HANDLERS: {"incident:restricted": "incident_no", "route": "name"}}),
    "questions.file": Line(question_file_asks, {HANDLERS: {"incident:restricted": "incident_no"}}),
    **{
        f"rankings.{name}": Line(only(f"/risk/{path}?{ON}", f"/risk/{path}?{ON}&lang=fr&sort=-name"))
        for name, path in (
            ("sites", "sites"),
            ("provinces", "provinces"),
            ("sites_file", "sites.csv"),
            ("provinces_file", "provinces.csv"),
        )
    },
    **{f"risk.{name}_of_a_geometry": Line(of_question(name, risk_geometry_asks)) for name in ("corridor", "area")},
    "people.look_as": Line(
        lambda planting: [Ask("/demo/look-as", {"name": row.key}) for row in planting.of("app_user")],
    ),
    "ogc.landing": Line(only("/ogc/", "/ogc/?f=html&lang=fr")),
    "ogc.conformance": Line(only("/ogc/conformance", "/ogc/conformance?f=html")),
    "ogc.api": Line(only("/ogc/api")),
    "ogc.collections": Line(only("/ogc/collections", "/ogc/collections?f=html")),
    "ogc.collection": Line(
        only(*(f"/ogc/collections/{name}?f={form}" for name in LAYERS for form in ("json", "html")))
    ),
    "ogc.queryable": Line(only(*(f"/ogc/collections/{name}/queryables" for name in LAYERS))),
    "ogc.items": Line(item_asks, FEATURES),
    "ogc.item": Line(feature_asks, FEATURES),
    "exporting.page": Line(only("/export?lang=en", "/export?lang=fr&level=1&level=2&unit=CD-SK")),
    "exporting.download": Line(export_asks, FEATURES),
    "exporting.project": Line(only("/export/geoapp.qgs")),
    "exporting.pack": Line(only("/export/geoapp.zip"), PACKED),
    "sign_in.page": Line(only("/sign-in", "/sign-in?lang=fr&next=/incidents")),
    "sign_in.send": Line(
        lambda planting: [
            Ask("/sign-in", {"name": row.key, "password": "no-such-password"}) for row in planting.of("app_user")
        ],
    ),
    # A link that is none: a form for signing out, or a real link, would end the walk's own session.
    "sign_in.link": Line(only("/sign-in/link/none?lang=en")),
    "sign_in.follow": Line(lambda _: [Ask("/sign-in/link/none", {"password": "x", "again": "x"})]),
    "sign_in.sign_out": Line(lambda _: [Ask("/sign-out", {"csrf_token": "another's"})]),
    "saved_views.page": Line(
        only("/views?lang=en", "/views?lang=fr&level=1"), {"analyst-rw": {"saved_view": "view_id name query"}}
    ),
    "saved_views.save": Line(lambda _: [Ask("/views?part=list", {"name": ""})]),
    "saved_views.change": Line(
        lambda planting: [
            Ask(f"/views/{row.key}?part=list", {"deed": "rename", "name": ""}) for row in planting.of("saved_view")
        ],
    ),
    "briefings.page": Line(only("/briefings?lang=en", "/briefings?lang=fr"), {"analyst-rw": {"briefing": "title"}}),
    "briefings.begin": Line(lambda _: [Ask("/briefings", {"title": " "})]),
    "briefings.choose": Line(
        only(f"/briefings/add?answer=sites%3F{ON}&lang=en", "/briefings/add?view=level%3D1", "/briefings/add"),
        {"analyst-rw": {"briefing": "briefing_id title"}},
    ),
    "briefings.add": Line(lambda _: [Ask("/briefings/add?lang=en", {"view": "level=1"})]),
    "briefings.one": Line(
        lambda planting: [Ask(f"/briefings/{row.key}?all=1&lang=en") for row in planting.of("briefing")],
        {"analyst-rw": {"briefing": "title", "briefing_item": "item_id title note"}},
    ),
    "briefings.change": Line(
        lambda planting: [
            Ask(f"/briefings/{row.key}?lang=fr", {"deed": "rename", "title": ""}) for row in planting.of("briefing")
        ],
    ),
    "briefings.change_part": Line(
        lambda planting: [
            Ask(f"/briefings/{row.key}/{item.key}", {"deed": "save", "note": "x"})
            for row, item in zip(planting.of("briefing"), planting.of("briefing_item"), strict=True)
        ],
    ),
    "briefings.printed": Line(
        lambda planting: [Ask(f"/briefings/{row.key}/paper.pdf?paper=fr") for row in planting.of("briefing")[:1]]
    ),
    "comparing.page": Line(
        lambda planting: [
            Ask(f"/compare?{HAPPENED}&until=2024-12-31&lang=en"),
            Ask(f"/compare?{HAPPENED}&level=1,9&unit=CD-SK,RW&since2=2023-01-01&lang=fr"),
            Ask(f"/compare?route={','.join(planting.marker(row, 'route_id') for row in planting.of('route'))}"),
        ],
        {SIGNED_IN: {"route": "name"}},
    ),
    "watches.page": Line(
        lambda planting: [
            Ask("/watches?lang=en"),
            *(Ask(f"/watches?site={row.key}") for row in planting.of("mine_site")),
            *(Ask(f"/watches?route={row.key}&lang=fr") for row in planting.of("route")),
        ],
        {
            "analyst-rw": {"watch": "watch_id name"},
            SIGNED_IN: {"route": "name"},
            SIGNED_IN + " admin": {"mine_site": "name"},
        },
    ),
    "watches.add": Line(lambda _: [Ask("/watches?lang=en", {"site": "none"})]),
    "watches.change": Line(
        lambda planting: [Ask(f"/watches/{row.key}", {"deed": "seen", "at": "x"}) for row in planting.of("watch")]
    ),
    "watches.change_feed": Line(lambda _: [Ask("/watches/feed", {"revoke": "00000000-0000-4000-8000-000000000000"})]),
    "watches.feed": Line(only("/watches/feed.atom?token=none")),
    "account.page": Line(only("/account?lang=en", "/account?lang=fr")),
    "account.change_password": Line(lambda _: [Ask("/account/password", {"old": "no-such-password"})]),
    "account.end": Line(lambda _: [Ask("/account/sessions", {"session": "00000000-0000-4000-8000-000000000000"})]),
    "account.make": Line(
        lambda planting: [
            Ask("/account/tokens", {"once": "00000000-0000-4000-8000-000000000000", "days": "0", "units": row.key})
            for row in planting.of("app_user")
        ],
    ),
    "account.revoke": Line(
        lambda _: [Ask("/account/tokens/revoke", {"token": "00000000-0000-4000-8000-000000000000"})]
    ),
    "admin.page": Line(only("/admin", "/admin?lang=fr"), {"admin": {"app_user": "user_name"}}),
    "audit.page": Line(
        lambda planting: [
            Ask("/admin/audit?object=incident&day=2026-01-01"),
            *(
                Ask(f"/admin/audit?lang=fr&person={planting.marker(row, 'user_name')}")
                for row in planting.of("audit_event")
            ),
        ],
        {"admin": {"audit_event": "user_name what object request_id"}},
    ),
    "admin.change": Line(
        lambda planting: [
            Ask("/admin", {"change": "rights", "name": row.key, "role": "committee", "unit": "XX"})
            for row in planting.of("app_user")
        ],
        {"admin": {"app_user": "user_name"}},
    ),
}
