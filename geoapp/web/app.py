"""The Flask application, put together."""

from __future__ import annotations

from typing import Any

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
    metrics,
    people,
    policy,
    proxies,
    refusals,
    request_id,
    row_pages,
    uploads,
    written,
)
from geoapp.web.account import account
from geoapp.web.admin import admin
from geoapp.web.briefings import briefings
from geoapp.web.buckets import Buckets
from geoapp.web.codebook import pages as codebook
from geoapp.web.committees import committees
from geoapp.web.comparing import comparing
from geoapp.web.desk import desk
from geoapp.web.details import details
from geoapp.web.exporting import exporting
from geoapp.web.funder import funder_report
from geoapp.web.health import health
from geoapp.web.incident_list import incident_list
from geoapp.web.incidents import incidents
from geoapp.web.map import map_page
from geoapp.web.map_data import map_data
from geoapp.web.meetings import meetings
from geoapp.web.mending import mending
from geoapp.web.merging import merging
from geoapp.web.meters import Meters
from geoapp.web.movements import movements
from geoapp.web.ogc import ogc
from geoapp.web.openapi import openapi
from geoapp.web.packs import packs
from geoapp.web.places import places
from geoapp.web.province import province
from geoapp.web.provinces import provinces
from geoapp.web.quality import quality
from geoapp.web.questions import questions
from geoapp.web.rankings import rankings
from geoapp.web.register import register
from geoapp.web.releases import releases
from geoapp.web.reporting import reporting
from geoapp.web.risk import risk
from geoapp.web.saved_views import saved_views
from geoapp.web.sign_in import sign_in
from geoapp.web.steps import steps
from geoapp.web.tiles import tiles
from geoapp.web.trainings import trainings
from geoapp.web.watches import watches


class Application(Flask):
    """Flask, whose requests go on at another database server where the one that they were reading from broke off."""

    def preprocess_request(self) -> Any:
        """What every request passes first."""
        return database.asked_again(super().preprocess_request)

    def dispatch_request(self) -> Any:
        """The view's answer."""
        return database.asked_again(super().dispatch_request)


def create_app(settings: Settings | None = None, buckets: Buckets | None = None, meters: Meters | None = None) -> Flask:
    """An application for `settings`, or for those of the environment; opens no connection yet.

    `buckets` and `meters` are those in which requests are counted: the same for all workers of a server.
    """
    app = Application("geoapp", template_folder=str(folder("templates")), static_folder=None)
    chosen = settings or Settings.from_environment()
    app.extensions["geoapp.settings"] = chosen
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.extensions[limits.KEY] = buckets or Buckets()
    app.extensions[metrics.KEY] = meters or Meters()
    for part in (
        compression,
        proxies,
        request_id,
        metrics,
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
        written,
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
        province,
        packs,
        trainings,
        register,
        movements,
        funder_report,
        tiles,
        ogc,
        details,
        exporting,
        incident_list,
        incidents,
        releases,
        reporting,
        steps,
        committees,
        meetings,
        desk,
        mending,
        merging,
        quality,
        codebook,
        risk,
        rankings,
        questions,
        health,
        metrics.metrics,
        people.people,
        sign_in,
        account,
        admin,
        audit.audit,
        openapi,
    ):
        app.register_blueprint(blueprint)
    app.extensions[metrics.KEY].know(app.view_functions)
    return app
