"""How the walk calls each command as each person, and what has to be found in what it says by whom."""

from __future__ import annotations

from dataclasses import dataclass, field

from rights import PEOPLE
from walk_shown import HANDLERS, INCIDENT

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
    "export": Command(
        ("export", "incidents", "{table}"),
        ("committee-sk", "analyst-rw", "operator"),
        {
            f"{HANDLERS} operator": {"incident": f"{INCIDENT} incident_id"},
            "committee-sk": {"incident": "incident_id", "incident_release": "summary_en summary_fr"},
        },
    ),
    "pack": Command(("pack", "{table}.zip"), ("coordinator-sk",)),
    "imports list": Command(("imports", "list"), (*PEOPLE, "operator"), {"operator": {"import_batch": "file_name"}}),
    "imports show": Command(("imports", "show", "00000000-0000-4000-8000-000000000000"), (*PEOPLE, "operator")),
    "imports undo": Command(
        ("imports", "undo", "00000000-0000-4000-8000-000000000000", "--yes"), (*PEOPLE, "operator")
    ),
    "imports history": Command(("imports", "history", "incidents", "none"), (*PEOPLE, "operator")),
    "quality": Command(("quality", "--json"), (*PEOPLE, "operator")),
    "publish": Command(("publish",)),
    "token list": Command(("token", "list"), (*PEOPLE, "operator")),
    # The commands ask as the addresses do.
    "risk pressure": Command(
        ("risk", "pressure", "--lon", "28.84", "--lat=-2.5", "--on", "2025-01-01"),
        ("committee-sk", "coordinator-sk"),
        {"coordinator-sk": {"incident:restricted": "incident_no"}},
    ),
    **{
        f"risk {name}": Command(("risk", name, *more, "--on", "2025-01-01"), ("coordinator-sk",))
        for name, more in {
            "corridor": ("none",),
            "profile": ("none",),
            "path": ("--from", "28.84,-2.5", "--to", "28.9,-2.5"),
            "near": ("--lon", "28.84", "--lat=-2.5", "--json"),
            "area": ("{file}",),
            "sites": (),
            "provinces": (),
            "coverage": (),
            "hotspots": (),
            "escort": (),
        }.items()
    },
    "report": Command(
        ("report", "--kind", "funder", "--funder", "none", "{report}"), ("committee-sk", "coordinator-sk", "operator")
    ),
    "risk shortfall": Command(("risk", "shortfall", "none"), (*PEOPLE, "operator")),
    "risk backtest": Command(("risk", "backtest", "--from", "2022-01-01", "--to", "2024-06-01"), ("coordinator-sk",)),
    "network export": Command(("network", "export", "{report}", "--on", "2025-01-01"), ("coordinator-sk",)),
    "user list": Command(("user", "list"), (*PEOPLE, "operator"), shows={"admin operator": {"app_user": "user_name"}}),
}
# Commands that read no row of anybody's.
SHOW_NOTHING = {
    "redact": "counts the rows that it changed",
    "audit seal": "counts events, and tells the hash over them",
    "doctor": "tells of the installation, and of rows at most how many",
    "db up": "starts the server",
    "db down": "stops the server",
    "db standby": "copies the server as it is, for the operator",
    "db promote": "has the server take writes",
    "db migrate": "changes the schema",
    "db backup": "counts rows; what it writes is encrypted (tests/test_backup.py)",
    "db restore": "counts rows",
    "demo load": "writes synthetic rows, and counts them",
    "network build": "counts the edges of the operator's routes",
    "demo remove": "deletes synthetic rows, and counts them",
    "worker": "does the work that the pages show",
    "run": "serves what the addresses above answer",
    "service install": "writes what the operator has set",
    "token add": "prints a new secret",
    "token revoke": "says that it is done",
    "user add": "says what it was told, and prints a new secret",
    "user reset": "prints a new secret",
    "user sign-out": "says how many sessions ended",
    "user disable": "says what it was told",
    "user enable": "tells the operator the rights of the one named",
    "user scope": "says what it was told",
}
