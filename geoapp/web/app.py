"""The Flask application, put together."""

from __future__ import annotations

from flask import Flask

from geoapp.resources import folder
from geoapp.settings import Settings
from geoapp.web import assets, caching, errors, language, people, policy
from geoapp.web.admin import admin
from geoapp.web.details import details
from geoapp.web.health import health
from geoapp.web.incidents import incidents
from geoapp.web.map import map_page
from geoapp.web.provinces import provinces
from geoapp.web.releases import releases
from geoapp.web.risk import risk
from geoapp.web.tiles import tiles

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def create_app(settings: Settings | None = None) -> Flask:
    """An application for `settings`, or for those of the environment; opens no connection yet."""
    app = Flask("geoapp", template_folder=str(folder("templates")), static_folder=None)
    app.extensions["geoapp.settings"] = settings or Settings.from_environment()
    if app.extensions["geoapp.settings"].host in LOOPBACK:
        # A foreign page could otherwise point its own name at this address, and read what is served here.
        app.config["TRUSTED_HOSTS"] = list(LOOPBACK)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    for part in (language, policy, caching, assets, errors, people):
        part.init_app(app)
    for blueprint in (map_page, provinces, tiles, details, incidents, releases, risk, health, people.people, admin):
        app.register_blueprint(blueprint)
    return app
