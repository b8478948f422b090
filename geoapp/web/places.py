"""The pages of a mine site, a route and a deployment: their facts, and what the viewer may know of what is around."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from babel.dates import format_date
from flask import Blueprint, Response, g, make_response, render_template, url_for
from sqlalchemy import Connection, func, select

from geoapp.access.viewer import FULL_ROLES
from geoapp.errors import NotFoundError, QuestionError
from geoapp.followup.register import Chosen, list_risks, may_write, units_of_subject
from geoapp.province.facilities import depot_sections, read_depot
from geoapp.publish.around import nearest_deployments, read_visits, site_point
from geoapp.publish.details import NO_SUCH_ROW, read_detail
from geoapp.publish.listing import Asked, Listing, read_listing
from geoapp.risk.asking import ask, record_question
from geoapp.risk.pressure import PressureAnswer
from geoapp.risk.strip import read_strip
from geoapp.web.audit import record_read
from geoapp.web.database import current_viewer, read_snapshot, reading_one_version, writing
from geoapp.web.folium_page import map_parts
from geoapp.web.language import number
from geoapp.web.map import draw
from geoapp.web.map_state import MapState
from geoapp.web.mark import mark_of
from geoapp.web.policy import nonce, unstored
from geoapp.web.register_words import risk_shown
from layers import vocabulary as vocab
from layers.deployments import DEPLOYMENTS
from layers.element import StripLink
from layers.facilities import FACILITIES
from layers.filter import Filter
from layers.mine_sites import MINE_SITES
from layers.routes import ROUTES
from layers.tables import Deployment, Facility, Route
from layers.text import Text

places = Blueprint("places", __name__)

# Half the side of the square around a site whose incidents are listed, in degrees: some 10 km.
AROUND = 0.09
VOCABULARIES = {"vetted": vocab.VETTED, "armed": vocab.ARMED}
OF_STRENGTH = Text("{trained} of {strength}", "{trained} sur {strength}")
# A route's page shows the layers that its strip tells of.
ROUTE_LAYERS = ("incidents", "deployments", "mine_sites", "routes", "provinces")
MOST_TERMS = 8
# So many break-ins and movements of a facility are read on its page.
MOST_AROUND = 20
TOWN = Text("town", "ville")


# What the Voluntary Principles ask of a deployment: the words, and the columns that answer.
ASKED: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (Text("Mandate: order, memorandum or contract", "Mandat : ordre, protocole ou contrat"), ("mandate_ref", "mou_on")),
    (Text("Vetting", "Vérification des antécédents"), ("vetted",)),
    (
        Text("Training in the Voluntary Principles", "Formation aux Principes volontaires"),
        ("vps_trained", "vps_trained_on"),
    ),
    (Text("Arms", "Armement"), ("armed",)),
    (Text("Strength", "Effectif"), ("strength",)),
    (Text("Equipment transferred", "Équipement transféré"), ("equipment_transferred",)),
)
# These stand among what is asked, and not once more among the facts.
TOLD = tuple(getattr(Deployment, name) for _, columns in ASKED for name in columns)


@places.get("/sites/<path:key>")
def site(key: str) -> Response:
    """A mine site: what is public of it; for who may, its visits, incidents, deployments and pressure."""
    full = current_viewer().has(*FULL_ROLES)
    with writing() as connection:
        detail = read_detail(connection, MINE_SITES, key, g.language)
        point = site_point(connection, key)
        if point is None:
            raise NotFoundError(NO_SUCH_ROW)
        visits = read_visits(connection, key, g.language)
        near = nearest_deployments(connection, point, g.language)
        pressure = _pressure(connection, point) if full else None
        risks = _risks(connection, ("site", key))
    page = render_template(
        "site.html",
        site_id=key,
        detail=detail,
        full=full,
        visits=visits,
        near=near,
        incidents=_incidents_around(point),
        pressure=pressure,
        most_terms=MOST_TERMS,
        on_map=_on_map(point, f"mine_sites:{key}"),
        **risks,
        synthetic=detail.synthetic,
    )
    return unstored(make_response(page))


def _risks(connection: Connection, subject: tuple[str, str]) -> dict[str, Any]:
    """The register of a place, for who may see it."""
    viewer = current_viewer()
    if not viewer.has(*FULL_ROLES):
        return {"risks": None, "risk_of": subject, "may_add_risk": False}
    risks = list_risks(connection, Chosen(subject=subject))
    return {
        "risks": [risk_shown(each, g.language) for each in risks],
        "risk_of": subject,
        "may_add_risk": may_write(connection, units_of_subject(connection, subject)),
    }


def _pressure(connection: Connection, point: tuple[float, float]) -> PressureAnswer | None:
    answer = ask(connection, "pressure", {"lon": f"{point[0]:.6f}", "lat": f"{point[1]:.6f}"})
    record_question(connection, "pressure")
    return answer if isinstance(answer, PressureAnswer) else None


def _incidents_around(point: tuple[float, float]) -> Listing:
    lon, lat = point
    box = (lon - AROUND, lat - AROUND, lon + AROUND, lat + AROUND)
    with reading_one_version() as (connection, started):
        return read_listing(connection, read_snapshot(connection, started), Asked("incidents", box=box), g.language)


def _on_map(point: tuple[float, float], opened: str) -> str:
    return url_for("map.page", at=f"12/{point[1]:.4f}/{point[0]:.4f}", open=opened, lang=g.language)


@places.get("/routes/<path:key>")
def route(key: str) -> Response:
    """A route: its facts; for who may, the strip along its kilometres, tied to a map."""
    viewer = current_viewer()
    with writing() as connection:
        row_id = _route(connection, key)
        detail = read_detail(connection, ROUTES, str(row_id), g.language)
        strip, unseen = None, None
        if viewer.has(*FULL_ROLES):
            try:
                strip = read_strip(connection, str(row_id))
            except QuestionError as error:
                # It lies where the viewer sees the route, but no incident.
                unseen = error.said.in_language(g.language)
            record_question(connection, "profile")
        corners = _corners(connection, row_id)
        risks = _risks(connection, ("route", str(row_id)))
    state = MapState(chosen=Filter(route=(str(row_id),)), layers=ROUTE_LAYERS)
    chart = draw(viewer, g.language, state, corners)
    if strip is not None:
        StripLink([step.places for step in strip.steps]).add_to(chart)
    page = render_template(
        "route.html",
        row_id=row_id,
        detail=detail,
        strip=strip,
        unseen=unseen,
        strip_route=str(row_id),
        ask_on_map=url_for("map.page", ask=f"corridor?route={row_id}", lang=g.language),
        kind_of=_kind_of,
        mark=mark_of(viewer).in_language(g.language),
        parts=map_parts(chart, nonce()),
        on_map=url_for("map.page", route=str(row_id), lang=g.language),
        **risks,
        synthetic=detail.synthetic,
    )
    return unstored(make_response(page))


def _kind_of(code: str) -> str:
    """What a facility or a town is called."""
    return TOWN.in_language(g.language) if code == "town" else vocab.FACILITY_KIND.label(code, g.language)


def _route(connection: Connection, key: str) -> UUID:
    """The row of a route that its `route_id`, or the id of its row, means."""
    asked = select(Route.id)
    try:
        asked = asked.where(Route.id == UUID(key))
    except ValueError:
        if "\0" in key:
            raise NotFoundError(NO_SUCH_ROW) from None
        asked = asked.where(Route.route_id == key)
    row_id = connection.scalar(asked.order_by(Route.id).limit(1))
    if row_id is None:
        raise NotFoundError(NO_SUCH_ROW)
    return row_id


def _corners(connection: Connection, row_id: UUID) -> list[list[float]]:
    box = func.ST_Expand(Route.geom, 0.02)
    edges = (func.ST_YMin(box), func.ST_XMin(box), func.ST_YMax(box), func.ST_XMax(box))
    south, west, north, east = connection.execute(select(*edges).where(Route.id == row_id)).one()
    return [[south, west], [north, east]]


@places.get("/facilities/<path:key>")
def facility(key: str) -> Response:
    """A depot, magazine or post: its facts, and for who may its guards, break-ins, movements and risks."""
    with writing() as connection:
        row_id = _as_id(key)
        detail = read_detail(connection, FACILITIES, str(row_id), g.language)
        record_read(connection, Facility.__tablename__, row_id)
        risks = _risks(connection, ("facility", str(row_id)))
        around = []
        if current_viewer().has(*FULL_ROLES):
            around = depot_sections(read_depot(connection, row_id, MOST_AROUND), g.language)
    page = render_template(
        "facility.html",
        detail=detail,
        sections=around,
        on_map=url_for("map.page", open=f"facilities:{row_id}", table="facilities", lang=g.language),
        synthetic=detail.synthetic,
        **risks,
    )
    return unstored(make_response(page))


@places.get("/deployments/<path:key>")
def deployment(key: str) -> Response:
    """A deployment, with what the Voluntary Principles ask of it."""
    with writing() as connection:
        row = connection.execute(select(Deployment.__table__).where(Deployment.id == _as_id(key))).one_or_none()
        if row is None:
            raise NotFoundError(NO_SUCH_ROW)
        detail = read_detail(connection, DEPLOYMENTS, key, g.language, TOLD)
        record_read(connection, Deployment.__tablename__, row.id)
    page = render_template(
        "deployment.html",
        detail=detail,
        facts=[(words.in_language(g.language), _answered(row, columns)) for words, columns in ASKED],
        on_map=url_for("map.page", open=f"deployments:{row.id}", table="deployments", lang=g.language),
        synthetic=detail.synthetic,
    )
    return unstored(make_response(page))


def _as_id(key: str) -> UUID:
    try:
        return UUID(key)
    except ValueError:
        raise NotFoundError(NO_SUCH_ROW) from None


def _answered(row: Any, columns: Sequence[str]) -> str:
    """What the columns answer, in words; empty where nothing is recorded."""
    words = []
    for name in columns:
        value = getattr(row, name)
        if value is None or value == "unknown":
            continue
        if name in VOCABULARIES:
            words.append(VOCABULARIES[name].label(value, g.language))
        elif isinstance(value, date):
            words.append(format_date(value, "long", locale=g.language))
        elif name == "vps_trained" and row.strength:
            words.append(
                OF_STRENGTH.in_language(g.language).format(trained=number(value), strength=number(row.strength))
            )
        else:
            words.append(number(value) if isinstance(value, int) else str(value))
    return ", ".join(words)
