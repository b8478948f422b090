"""The Flask application, put together."""

from __future__ import annotations

from flask import Flask

from geoapp.resources import folder
from geoapp.settings import Settings
from geoapp.web import (
    assets,
    audit,
    caching,
    compression,
    credentials,
    database,
    errors,
    forms,
    hosts,
    language,
    limits,
    logs,
    people,
    policy,
    proxies,
    refusals,
    request_id,
    row_pages,
    uploads,
)
from geoapp.web.account import account
from geoapp.web.admin import admin
from geoapp.web.briefings import briefings
from geoapp.web.buckets import Buckets
from geoapp.web.codebook import pages as codebook
from geoapp.web.comparing import comparing
from geoapp.web.desk import desk
from geoapp.web.details import details
from geoapp.web.exporting import exporting
from geoapp.web.health import health
from geoapp.web.incidents import incidents
from geoapp.web.map import map_page
from geoapp.web.map_data import map_data
from geoapp.web.mending import mending
from geoapp.web.merging import merging
from geoapp.web.ogc import ogc
from geoapp.web.openapi import openapi
from geoapp.web.places import places
from geoapp.web.provinces import provinces
from geoapp.web.quality import quality
from geoapp.web.releases import releases
from geoapp.web.risk import risk
from geoapp.web.saved_views import saved_views
from geoapp.web.sign_in import sign_in
from geoapp.web.tiles import tiles
from geoapp.web.watches import watches


def create_app(settings: Settings | None = None, buckets: Buckets | None = None) -> Flask:
    """An application for `settings`, or for those of the environment; opens no connection yet.

    `buckets` are those in which requests are counted: the same for all workers of a server.
    """
    app = Flask("geoapp", template_folder=str(folder("templates")), static_folder=None)
    chosen = settings or Settings.from_environment()
    app.extensions["geoapp.settings"] = chosen
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions[limits.KEY] = buckets or Buckets()
    for part in (
        compression,
        proxies,
        request_id,
        logs,
        language,
        hosts,
        limits,
        uploads,
        policy,
        caching,
        assets,
        errors,
        credentials,
        database,
        forms,
        people,
        refusals,
        row_pages,
    ):
        part.init_app(app)
    for blueprint in (
        map_page,
        map_data,
        saved_views,
        briefings,
        comparing,
        watches,
        places,
        provinces,
        tiles,
        ogc,
        details,
        exporting,
        incidents,
        releases,
        desk,
        mending,
        merging,
        quality,
        codebook,
        risk,
        health,
        people.people,
        sign_in,
        account,
        admin,
        audit.audit,
        openapi,
    ):
        app.register_blueprint(blueprint)
    return app
