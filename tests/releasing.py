"""What the tests of releases share: an incident of South Kivu, and the form that releases it."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from re import search
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

ClientOf = Callable[[str], FlaskClient]

# Where the incident happened, which no release tells.
LON, LAT = 28.8437, -2.5021
FORM = {
    "place": "locality",
    "date_precision": "3",
    "category": "illegal_taxation",
    "level": "2",
    "status": "open",
    "summary_fr": "Des creuseurs ont signalé des paiements exigés sur la route.",
    "summary_en": "Miners told of payments that were asked of them on the road.",
    "step": "preview",
}


def report(engine: Engine, **values: Any) -> str:
    """Record an incident in South Kivu; its id."""
    row: dict[str, Any] = {
        "incident_no": "SK-2026-0001-1",
        "occurred_from": "2026-03-12",
        "level": 1,
        "category": "security_force_interference",
        "channel": "whistleblower",
        "status": "verifying",
        "geom": f"SRID=4326;POINT({LON} {LAT})",
        **values,
    }
    columns, bound = ", ".join(row), ", ".join(f":{name}" for name in row)
    with engine.begin() as connection:
        written = text(f"INSERT INTO incident ({columns}) VALUES ({bound}) RETURNING incident_id")
        return str(connection.scalar(written, row))


def send(client: FlaskClient, incident: str, **changes: str | list[str]) -> TestResponse:
    """Send the form of the release; by default for its preview."""
    return client.post(f"/incidents/{incident}/release?lang=en", data=FORM | changes)


def mark(page: TestResponse) -> str:
    """The mark of having seen what a page shows."""
    found = search(r'name="mark" value="(\w+)"', page.text)
    assert found, page.text
    return found[1]


def ticks(page: TestResponse) -> list[str]:
    """The warnings of a preview."""
    boxes = page.text.split('name="looked_at" value="')[1:]
    return [unescape(box.split('"')[0]) for box in boxes]


def release(client: FlaskClient, incident: str, **changes: str | list[str]) -> TestResponse:
    """Release it as a coordinator does: look at the preview, tick what it warns of, confirm."""
    seen = send(client, incident, **changes)
    assert seen.status_code == 200, seen.text
    return send(client, incident, **changes, step="confirm", mark=mark(seen), looked_at=ticks(seen))
