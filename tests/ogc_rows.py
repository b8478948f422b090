"""Rows for the tests of OGC API - Features, and reading all pages of a collection."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any
from urllib.parse import quote

from flask.testing import FlaskClient
from sqlalchemy import Engine, text

CATEGORIES = ("theft_or_robbery", "violence", "mine_accident", None)
PLACES = ("Nyabibwe", "Nzibira", "Bisié", "100 % sûr", "l'Étang", None)


def insert_incidents(engine: Engine, number: int = 300) -> list[dict[str, Any]]:
    """Random incidents in South Kivu, some of them sealed; those that an analyst sees, as they were written."""
    chance = random.Random(7)
    rows = []
    for each in range(number):
        first = dt.date(2024, 1, 1) + dt.timedelta(chance.randrange(400))
        rows.append(
            {
                "incident_no": f"SK-{each:04}",
                "occurred_from": first,
                "occurred_to": chance.choice([None, first + dt.timedelta(chance.randrange(30))]),
                "level": chance.choice([1, 2, 3, None]),
                "category": chance.choice(CATEGORIES),
                "killed": chance.choice([None, 0, 0, 3]),
                "place_text": chance.choice(PLACES),
                "sealed": each % 10 == 0,
                "lon": round(chance.uniform(28.2, 28.9), 6),
                "lat": round(chance.uniform(-3.2, -2.3), 6),
            }
        )
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO incident (incident_no, occurred_from, occurred_to, level, category, killed, place_text,"
                " sealed, geom) VALUES (:incident_no, :occurred_from, :occurred_to, :level, :category, :killed,"
                " :place_text, :sealed, ST_Point(:lon, :lat, 4326))"
            ),
            rows,
        )
    return [row for row in rows if not row["sealed"]]


def read_all(client: FlaskClient, query: str = "", collection: str = "incidents") -> list[dict[str, Any]]:
    """The features of every page, following the links from one to the next."""
    address = f"/ogc/collections/{collection}/items?{query}"
    features: list[dict[str, Any]] = []
    while address:
        answer = client.get(address)
        assert answer.status_code == 200, answer.text
        document = answer.get_json()
        assert document["numberReturned"] == len(document["features"])
        features += document["features"]
        address = next((link["href"] for link in document["links"] if link["rel"] == "next"), "")
        address = address.removeprefix("http://localhost")
    return features


def numbers(features: list[dict[str, Any]]) -> list[str]:
    """The incidents' numbers, in the order of the features."""
    return [feature["properties"]["incident_no"] for feature in features]


def filtered(client: FlaskClient, condition: str) -> set[str]:
    """The numbers of the incidents that a condition lets through."""
    found = numbers(read_all(client, f"limit=1000&filter={quote(condition)}"))
    assert len(found) == len(set(found))
    return set(found)
