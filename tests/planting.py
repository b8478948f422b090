"""Rows with a marker of their own in every text: whoever finds one in an answer knows which column of which row leaked.

The texts are found in the models, so that a new column is planted by itself; a new table fails until it has its rows.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, Column, Connection, Table, Text, Uuid, insert, text
from sqlalchemy.dialects.postgresql import JSONB

from layers.tables import Base

MARKER = re.compile(r"zq\d{5}qz")
UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
DECIMAL = re.compile(r"(?<![\d.])-?\d{1,3}\.\d{4,}")
# A unit of each country, and a second province of one; in each a place, in degrees.
PLACES = {
    "CD-SK": (28.84, -2.50),
    "CD-NK": (29.00, -1.55),
    "RW": (30.06, -1.94),
    "BI": (29.91, -3.42),
    "UG": (30.66, -0.61),
}
# Each planted row lies somewhere of its own, some 60 m from the next.
STEP = 0.00061
LEAN = 0.00007

# Everybody's own ground: nothing in these tables is for some people alone.
PUBLIC = {
    "admin_unit",
    "admin_unit_part",
    "admin_unit_outline",
    "admin_unit_origin",
    "base_feature",
    "vocab",
    "setting",
    "published_edition",
    "published_cell",
}
# Written by the database itself, of ids, countries and names of tables; nobody reads it.
LOGGED = {"change_log", "incident_country"}
# Written with the people themselves; the session's token is looked for as it is.
OF_PEOPLE = {
    "app_user",
    "user_scope",
    "web_session",
    "user_password",
    "sign_in_link",
    "sign_in_count",
    "known_browser",
    "api_token",
}
# What cannot hold a marker, and why.
UNPLANTED = {
    "country": "written by the database",
    "units": "written by the database",
    "created_by": "written by the database",
    "unit_code": "names a unit",
    "sha256": "a hash",
    "fingerprint": "a hash",
    "key_hash": "a hash",
    "number_hash": "a hash",
    "content_hash": "a hash",
}


@dataclass(frozen=True)
class Row:
    """A planted row: the unit that it lies in, what is special of it, and the row that it is about."""

    table: str
    unit: str
    state: str
    key: str
    about: Row | None = None


@dataclass
class Planting:
    """All planted rows, and which column of which row each marker, identifier and place belongs to."""

    rows: list[Row] = field(default_factory=list)
    words: dict[str, tuple[Row, str]] = field(default_factory=dict)
    places: dict[Row, tuple[float, float]] = field(default_factory=dict)
    # What stands around each marker in its text.
    around: str = "{}"
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def of(self, table: str, *states: str) -> list[Row]:
        """The rows of a table, in all states or in some."""
        return [row for row in self.rows if row.table == table and (not states or row.state in states)]

    def marker(self, row: Row, column: str) -> str:
        """The marker of one column of one row."""
        return next(word for word, owner in self.words.items() if owner == (row, column))

    def found_in(self, said: str) -> set[tuple[Row, str]]:
        """The columns of rows that a text tells of, by their markers, identifiers or longitudes."""
        said = said.casefold()
        found = {self.words[word] for word in {*MARKER.findall(said), *UUID.findall(said)} if word in self.words}
        by_longitude = {f"{lon:.5f}": row for row, (lon, _) in self.places.items()}
        for number in set(DECIMAL.findall(said)):
            if row := by_longitude.get(f"{float(number):.5f}"):
                found.add((row, "geom"))
        return found

    def found_at(self, lon: float, lat: float) -> set[tuple[Row, str]]:
        """The rows that lie within 20 m or so."""
        near = STEP / 3
        return {(row, "geom") for row, (x, y) in self.places.items() if abs(x - lon) < near and abs(y - lat) < near}

    def plant(
        self, connection: Connection, table: str, unit: str, state: str = "", about: Row | None = None, **given: Any
    ) -> Row:
        """Insert one row with markers in all texts that are not given."""
        model: Table = Base.metadata.tables[table]
        markers = {column.name: f"zq{next(self._numbers):05}qz" for column in model.columns if is_free_text(column)}
        for name in given:
            markers.pop(name, None)
        # The name of a person is checked by the database itself.
        around = self.around if table != "app_user" else "{}"
        texts = {name: around.replace("{}", marker) for name, marker in markers.items()}
        values = {name: _as_value(model.columns[name], words) for name, words in texts.items()} | given
        place = None
        if "geom" in model.columns and "geom" not in given:
            x, y = PLACES[unit]
            column, line = len(self.rows) % 40, len(self.rows) // 40
            # No two have the same longitude, by which texts are searched.
            place = (round(x + STEP * column + LEAN * line + 0.000037, 6), round(y + STEP * line, 6))
            # Away from the magazine, to which a committee is not to be led.
            place = (place[0], round(place[1] + 0.02, 6)) if table == "route" else place
            values["geom"] = f"SRID=4326;{_shape(model, place)}"
        (key,) = model.primary_key.columns
        row = Row(table, unit, state, str(connection.scalar(insert(model).values(values).returning(key))), about)
        self.rows.append(row)
        self.words |= {marker: (row, name) for name, marker in markers.items()}
        if isinstance(key.type, Uuid):
            self.words[row.key] = (row, key.name)
        if place:
            self.places[row] = place
        return row


def is_free_text(column: Column[Any]) -> bool:
    """Whether a column holds words of people, and not a code, a reference or what the database writes."""
    textual = isinstance(column.type, Text | JSONB) or (
        isinstance(column.type, ARRAY) and isinstance(column.type.item_type, Text)
    )
    coded = re.compile(rf"{column.name} (= ANY \(|<@ )ARRAY\[")
    checks = [each for each in column.table.constraints if isinstance(each, CheckConstraint)]
    return (
        textual
        and column.name not in UNPLANTED
        and not column.foreign_keys
        and column.computed is None
        and not any(coded.match(str(each.sqltext)) for each in checks)
    )


def plant_everything(connection: Connection, around: str = "{}") -> Planting:
    """Plant rows of every table in every unit, in every state that changes who may see them.

    `around` is the text in which each marker stands.
    """
    planting = Planting(around=around)
    connection.execute(text("INSERT INTO source (source_id, name) VALUES ('demo', 'demonstration')"))
    for unit in PLACES:
        _plant_unit(connection, planting, unit)
    missing = set(Base.metadata.tables) - PUBLIC - OF_PEOPLE - LOGGED - {row.table for row in planting.rows}
    assert not missing, f"add rows of {missing} to tests/planting.py, or name them public there"
    somebody = planting.plant(connection, "app_user", "RW")
    connection.execute(
        text("INSERT INTO user_scope (user_name, role, unit_code) VALUES (:name, 'committee', 'RW')"),
        {"name": somebody.key},
    )
    return planting


def _plant_unit(connection: Connection, planting: Planting, unit: str) -> None:
    def plant(table: str, state: str = "", about: Row | None = None, **given: Any) -> Row:
        return planting.plant(connection, table, unit, state, about, **given)

    # Where a place is known from is no secret of those who may see the place; where a report comes from is.
    source, reporter = plant("source", "of places").key, plant("source", "of reports").key
    counts = dict.fromkeys(("rows_in", "rows_inserted", "rows_updated", "rows_unchanged", "rows_rejected"), 0)
    batch = plant("import_batch", sha256="0" * 64, source_id=source, **counts).key
    _plant_imports(plant, batch)
    origin = {"source_id": source, "import_batch_id": batch}
    plant("audit_event")
    span = dict.fromkeys(("era", "from_xid", "to_xid"), 0)
    hashes = dict.fromkeys(("event_hashes", "previous_hash", "key_mark", "seal_hash"), b"")
    plant("audit_seal", seal_no=len(planting.rows), event_ids=[], sealed_at="2024-01-10", **span, **hashes)

    site = plant("mine_site", **origin)
    plant("mine_site", "synthetic", synthetic=True)
    plant("site_alias", site_id=site.key)
    pair = sorted(row.key for row in planting.of("mine_site") if row.unit == unit)
    plant("alias_refusal", site_id=pair[0], other_site_id=pair[1])
    plant("site_visit", site_id=site.key, visited_on="2024-01-10", **origin)
    depot = plant("facility", "depot", kind="depot", **origin)
    magazine = plant("facility", "magazine", kind="explosives_magazine", **origin)
    route = plant("route", **origin)
    plant("checkpoint", **origin)
    number = len(planting.rows)
    edge = {"edge_id": number, "from_node": number, "to_node": number + 1, "metres": 100, "route_ref": route.key}
    plant("network_edge", **edge, middle_lon=PLACES[unit][0], middle_lat=PLACES[unit][1])

    _plant_own(plant)

    current = plant("deployment", "current", force="mining_police", valid_from="2020-01-01", strength=7, **origin)
    plant("deployment", "ended", force="army", valid_from="2020-01-01", valid_to="2021-01-01", **origin)
    future = plant("deployment", "future", force="army", valid_from="2999-01-01", **origin)
    plant("escort_movement", "arrived", route_ref=route.key, cargo="explosives", arrived_at="2024-01-10 12:00+00")
    plant("escort_movement", "underway", route_ref=route.key, cargo="explosives", arrived_at="2999-01-10 12:00+00")

    reported = {"source_id": reporter, "import_batch_id": batch}
    incidents = _plant_incidents(plant, site, reported)
    _plant_history(plant, unit, [site, future, *incidents])
    _plant_steps(plant, incidents)
    meeting, decided = _plant_meeting(plant, unit, origin)
    for incident in incidents:
        if incident.state in {"released", "synthetic"}:
            plant(
                "incident_release",
                "synthetic" if incident.state == "synthetic" else "",
                incident,
                incident_id=incident.key,
                released_on="2024-02-01",
                level=1,
                status="open",
                shown_date="2024-01-01",
                shown_date_precision=3,
                location_precision=3,
                synthetic=incident.state == "synthetic",
                # What the database has to leave out of a real one.
                source_id="demo" if incident.state == "synthetic" else reporter,
            )
        action = plant("action", f"on {incident.state}", incident, incident_id=incident.key, **decided)
        # Also of those whose release was taken back.
        for about in ({"incident_id": incident.key}, {"action_id": action.key}):
            plant("meeting_item", f"on {incident.state}", incident, meeting_id=meeting.key, topic=None, **about)
        plant("risk_item", f"on {incident.state}", incident, incident_id=incident.key, item="violence")
    plant("action", "on a site", site, site_id=site.key, **decided)
    plant("action", "on a depot", depot, facility_ref=depot.key, **decided)
    plant("action", "on a magazine", magazine, facility_ref=magazine.key, **decided)
    plant("action", "on a deployment", current, deployment_ref=current.key, **decided)
    plant("action", "on a future deployment", future, deployment_ref=future.key, **decided)
    _plant_risks(
        plant, {"site_id": site, "facility_ref": magazine, "route_ref": route, "deployment_ref": future}, incidents
    )
    plant("training", topic="voluntary_principles", held_on="2024-01-10", **origin)


def _plant_risks(plant: Callable[..., Row], places: dict[str, Row], incidents: list[Row]) -> None:
    """A risk of each place, with all incidents linked to it, due for review."""
    for column, place in places.items():
        name = {"facility": "magazine", "deployment": "future deployment"}.get(place.table, place.table)
        about = {column: place.key, "item": "conflict", "review_on": "2024-01-10"}
        risk = plant("risk_item", f"on a {name}", place, **about)
        for incident in incidents:
            plant("risk_incident", incident.state, risk, risk_id=risk.key, incident_id=incident.key)


def _plant_imports(plant: Callable[..., Row], batch: str) -> None:
    plant("import_issue", import_batch_id=batch, severity="error")
    plant("import_part", import_batch_id=batch, deed="insert", rows=[1])
    upload = plant("import_upload", sha256="0" * 64, bytes=1).key
    plant("import_job", upload_id=upload, task="check", state="ready")
    plant("import_mapping", "of the operator", fingerprint="0" * 64, confirmed_by=None)
    plant("import_mapping", "of somebody", fingerprint="0" * 64)


def _plant_own(plant: Callable[..., Row]) -> None:
    own = {"user_name": "analyst-rw"}
    plant("saved_view", **own)
    briefing = plant("briefing", **own)
    plant("briefing_item", briefing_id=briefing.key, place=1, kind="note", **own)
    plant("watch", kind="area", km=0, **own)


def _plant_history(plant: Callable[..., Row], unit: str, rows: list[Row]) -> None:
    inside = {"deed": "update", "units": [unit[:2], unit]}
    for about in rows:
        plant("row_change", about.state, about, table_name=about.table, row_key=about.key, **inside)
    # Of no row that anybody sees.
    plant("row_change", "sealed", **inside)


def _plant_incidents(plant: Callable[..., Row], site: Row, reported: dict[str, str]) -> list[Row]:
    """Incidents in every state, each told apart from one that is open."""
    day: dict[str, Any] = {"occurred_from": "2024-01-10", "level": 1, "channel": "whistleblower"}
    about = {"site_id": site.key, **reported}
    incidents = [
        plant("incident", "restricted", **day, **about),
        plant("incident", "sealed", sealed=True, **day, **about),
        plant("incident", "handled", sealed=True, handlers=["coordinator-sk"], **day, **about),
        plant("incident", "released", **day, **about),
        plant("incident", "synthetic", synthetic=True, **day, **reported),
    ]
    for each in incidents[1:]:
        one, other = sorted((incidents[0].key, each.key))
        plant("repeat_refusal", f"with {each.state}", each, incident_id=one, other_incident_id=other)
    return incidents


def _plant_meeting(plant: Callable[..., Row], unit: str, origin: dict[str, Any]) -> tuple[Row, dict[str, Any]]:
    committee = plant("committee", kind="CPS", unit_code=unit, **origin)
    seat = plant("committee_seat", committee_id=committee.key)
    meeting = plant("meeting", committee_id=committee.key, held_on="2024-02-01")
    plant("meeting_attendance", meeting_id=meeting.key, seat_id=seat.key, people=1)
    plant("minutes_addition", meeting_id=meeting.key)
    plant("meeting_item", meeting_id=meeting.key)
    return meeting, {"committee_id": committee.key, "meeting_id": meeting.key, "decided_on": "2024-02-01"}


def _plant_steps(plant: Callable[..., Row], incidents: list[Row]) -> None:
    hashes = ("key_hash", "number_hash", "content_hash")
    for incident in incidents:
        about = {"incident_id": incident.key}
        plant("incident_step", f"on {incident.state}", incident, deed="step", taken_on="2024-01-12", **about)
        plant("incident_report", "", incident, **about, **{name: incident.key.replace("-", "") * 2 for name in hashes})


def _as_value(column: Column[Any], marker: str) -> Any:
    if isinstance(column.type, JSONB):
        return {marker: 1}
    return [marker] if isinstance(column.type, ARRAY) else marker


def _shape(model: Table, place: tuple[float, float]) -> str:
    lon, lat = place
    if model.columns["geom"].type.geometry_type == "LINESTRING":
        return f"LINESTRING({lon} {lat}, {lon + 0.01} {lat + 0.01})"
    if model.columns["geom"].type.geometry_type == "MULTILINESTRING":
        return f"MULTILINESTRING(({lon} {lat}, {lon + 0.01} {lat + 0.01}))"
    return f"POINT({lon} {lat})"
