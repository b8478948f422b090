"""What the walk over all addresses and commands asks for as each person, and what has to be found there by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from planting import PLACES, Planting
from releasing import FORM
from rights import PEOPLE
from test_tiles import tile_of

from layers.catalogue import LAYERS

HANDLERS = "coordinator-sk analyst-rw gis-cd"
SIGNED_IN = f"committee-sk {HANDLERS}"
EVERYBODY = " ".join(PEOPLE)


@dataclass(frozen=True)
class Ask:
    """One request."""

    path: str
    form: dict[str, str] | None = None


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


def tile_asks(planting: Planting) -> Iterator[Ask]:
    """Tiles of every layer wherever rows are, as rows and as counts, with filters and without."""
    for zoom, query in ((12, ""), (12, "?unit=CD-SK,RW&level=1&since=2024-01-01"), (7, "")):
        for z, x, y in sorted({tile_of(lon, lat, zoom) for lon, lat in planting.places.values()}):
            for layer in [*LAYERS, "base"]:
                yield Ask(f"/tiles/{layer}/{z}/{x}/{y}.mvt{query}")


def detail_asks(planting: Planting) -> Iterator[Ask]:
    """Every planted row of every layer, in both languages."""
    tables = {
        "incidents": "incident",
        "deployments": "deployment",
        "mine_sites": "mine_site",
        "checkpoints": "checkpoint",
        "facilities": "facility",
        "routes": "route",
    }
    for layer in LAYERS:
        keys = [row.key for row in planting.of(tables[layer])] if layer in tables else [*PLACES]
        for key in keys:
            yield from (Ask(f"/api/v1/layers/{layer}/{key}?lang={language}") for language in ("en", "fr"))


def incident_asks(planting: Planting) -> Iterator[Ask]:
    """The page of every planted incident, by its id and by its number."""
    for row in planting.of("incident"):
        for key in (row.key, planting.marker(row, "incident_no")):
            yield from (Ask(f"/incidents/{key}?lang={language}") for language in ("en", "fr"))


def release_asks(planting: Planting, step: str = "", form: dict[str, str] | None = None) -> Iterator[Ask]:
    """The release of every planted incident."""
    yield from (Ask(f"/incidents/{row.key}/release{step}", form) for row in planting.of("incident"))


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
    SIGNED_IN: {"facility": "facility_id name operator", "route": "route_id name from_ref to_ref surface"},
    "committee-sk": {"incident_release": "summary_en summary_fr"},
    EVERYBODY: {"mine_site": "site_id name"},
}
OF_A_RELEASE = {
    "coordinator-sk": {"incident": INCIDENT, "source:of reports": "name"},
}

URLS: dict[str, Line] = {
    "static": Line(only("/static/manifest.json", "/static/none")),
    "health.alive": Line(only("/healthz")),
    "health.ready": Line(only("/readyz")),
    "map.page": Line(only("/?lang=en", "/?lang=fr")),
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
            HANDLERS: {"incident": INCIDENT},
            "committee-sk": {
                "incident_release": "summary_en summary_fr",
                "action:on released": "action",
                "action:on synthetic": "action",
            },
        },
    ),
    "releases.form": Line(release_asks, OF_A_RELEASE),
    "releases.send": Line(lambda planting: release_asks(planting, form=FORM)),
    # Of a release that was changed meanwhile, so that nothing is withdrawn.
    "releases.withdraw": Line(
        lambda planting: release_asks(planting, "/withdraw", {"mark": "of another one"}),
        {"coordinator-sk": {"incident:released": "summary_en", "incident_release": "summary_en"}},
    ),
    "people.look_as": Line(
        lambda planting: [Ask("/demo/look-as", {"name": row.key}) for row in planting.of("app_user")],
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

IMPORTED = "incident_no,occurred_from,place_text,longitude,latitude\n{number},2024-03-01,a place,28.84,-2.50\n"


@dataclass(frozen=True)
class Command:
    """How a command is called, whether as each of the people, and what it shows. `{file}` and `{report}` are files."""

    arguments: tuple[str, ...]
    by: tuple[str, ...] = ("operator",)
    shows: dict[str, dict[str, str]] = field(default_factory=dict)


COMMANDS: dict[str, Command] = {
    "aliases list": Command(
        ("aliases", "list", "--known"),
        (*PEOPLE, "operator"),
        {f"{HANDLERS} operator": {"site_alias": "source code name"}},
    ),
    "aliases confirm": Command(("aliases", "confirm", "one", "other"), (*PEOPLE, "operator")),
    "aliases refuse": Command(("aliases", "refuse", "one", "other"), (*PEOPLE, "operator")),
    "audit head": Command(("audit", "head")),
    "audit verify": Command(("audit", "verify", "--json")),
    "bench": Command(("bench", "access")),
    "db status": Command(("db", "status", "--json")),
    "import": Command(
        ("import", "{file}", "--as", "incidents", "--dry-run", "--report", "{report}"), (*PEOPLE, "operator")
    ),
    "publish": Command(("publish",)),
    "user list": Command(("user", "list"), shows={"operator": {"app_user": "user_name"}}),
}
# Commands that read no row of anybody's.
SHOW_NOTHING = {
    "redact": "counts the rows that it changed",
    "audit seal": "counts events, and tells the hash over them",
    "db up": "starts the server",
    "db down": "stops the server",
    "db migrate": "changes the schema",
    "demo load": "writes synthetic rows, and counts them",
    "demo remove": "deletes synthetic rows, and counts them",
    "run": "serves what the addresses above answer",
    "user add": "says what it was told",
    "user disable": "says what it was told",
    "user enable": "tells the operator the rights of the one named",
    "user scope": "says what it was told",
}
