"""How often one client may ask: requests a minute by network, by person, and for what costs much."""

from __future__ import annotations

import math

from flask import Flask, current_app, g, request

from geoapp.access.viewer import PUBLIC
from geoapp.errors import TooManyRequestsError
from geoapp.settings import Settings
from geoapp.web.buckets import Buckets
from geoapp.web.proxies import client_network
from layers.text import Text

KEY = "geoapp.buckets"
# Built files are cheap and few; whether the process lives is asked by what restarts it.
UNCOUNTED = {"static", "health.alive"}
# A question that reads many rows has a bucket of its own, so that the map goes on while it is empty.
QUESTIONS = ("/api/v1/risk/", "/risk/")
TOO_MANY = Text(
    "Too many requests came from {whom}. Wait {seconds} s, then try again.",
    "Trop de requêtes sont venues de {whom}. Attendez {seconds}\u00a0s, puis réessayez.",
)
WHOM = {
    "network": Text("your network", "votre réseau"),
    "person": Text("you", "vous"),
    "question": Text("you to the risk questions", "vous aux questions de risque"),
}


def init_app(app: Flask) -> None:
    """Count each request of a network."""
    app.before_request(_count_network)


def count_person(name: str) -> None:
    """Count the request, once, for the viewer whom the database has found; TooManyRequestsError where it is too much.

    A question of the public is counted for its network.
    """
    if g.get("counted") == name:
        return
    g.counted = name
    settings: Settings = current_app.extensions["geoapp.settings"]
    if name != PUBLIC:
        _take("person", name, settings.person_limit)
    if request.path.startswith(QUESTIONS):
        _take("question", name if name != PUBLIC else client_network(), settings.question_limit)


def _count_network() -> None:
    settings: Settings = current_app.extensions["geoapp.settings"]
    if request.endpoint not in UNCOUNTED:
        _take("network", client_network(), settings.network_limit)


def _take(kind: str, client: str, a_minute: int) -> None:
    if not a_minute:
        return
    buckets: Buckets = current_app.extensions[KEY]
    if wait := buckets.take(kind, client, a_minute):
        seconds = math.ceil(wait)
        said = TOO_MANY.in_language(g.language).format(whom=WHOM[kind].in_language(g.language), seconds=seconds)
        raise TooManyRequestsError(said, seconds)
