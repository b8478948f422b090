"""Watched places: a site, a route, a line or an area, and what was recorded there since their owner last looked."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from babel.dates import format_date
from geoalchemy2 import Geography
from shapely import Geometry
from sqlalchemy import (
    Connection,
    Select,
    Table,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy import Text as TextType

from geoapp.briefing.answers import SHAPES, geojson, parse_address
from geoapp.errors import GeoappError, QuestionError
from geoapp.publish.released import date_in_words
from geoapp.risk.parameters import read_line, read_polygon
from geoapp.risk.scope import circle
from layers import vocabulary as vocab
from layers.deployments import DEPLOYMENTS
from layers.filter import KM_OF_A_DEGREE, Filter
from layers.tables import Deployment, Incident, IncidentRelease, MineSite, Route, SiteVisit, Watch
from layers.tables.views import PUBLIC_MINE_SITE
from layers.text import Text, typeset

SITE, ROUTE, LINE, AREA = "site", "route", "line", "area"
KINDS: Mapping[str, Text] = {
    SITE: Text("site", "site"),
    ROUTE: Text("route", "itinéraire"),
    LINE: Text("line", "ligne"),
    AREA: Text("area", "zone"),
}
LONGEST_NAME, MOST_WATCHES, MOST_NEWS = 120, 50, 100
AROUND_KM, MOST_KM = 5.0, 50.0
# A feed tells of as many days; its readers know what they had.
FEED_DAYS = 30
# A long import commits rows that bear the time at which it began: what is so old is looked at once more.
LATE = dt.timedelta(hours=1)
INCIDENT, RELEASE, DEPLOYMENT, VISIT = "incident", "release", "deployment", "visit"
NEWS: Mapping[str, Text] = {
    INCIDENT: Text("Incident", "Incident"),
    RELEASE: Text("Incident released to the committee", "Incident communiqué au comité"),
    DEPLOYMENT: Text("Deployment", "Déploiement"),
    VISIT: Text("Visit", "Visite"),
}


class WatchRefusedError(GeoappError):
    """A place that cannot be watched; `said` is the reason in every language."""

    def __init__(self, en: str, fr: str):
        super().__init__(en)
        self.said = Text(en, typeset(fr, "fr"))


@dataclass(frozen=True)
class Target:
    """What is to be watched: a row by its key or a geometry in degrees, so many kilometres around it, and its name."""

    kind: str
    name: str
    km: float
    row_key: str | None = None
    shape: Geometry | None = None


@dataclass(frozen=True)
class Item:
    """Something new: what it is and, where it has one, a row's page; no text of anybody's."""

    kind: str
    key: str
    page: str
    title: str
    recorded_at: dt.datetime


@dataclass(frozen=True)
class Watched:
    """A watch as its owner sees it with what is new, the latest first; `gone`: its row is not to be seen now."""

    watch_id: uuid.UUID
    name: str
    kind: str
    km: float
    seen_at: dt.datetime
    news: Sequence[Item]
    gone: bool
    place: tuple[float, float] | None


def read_target(connection: Connection, given: Mapping[str, str]) -> Target:
    """What a form or an address means: `site`, `route`, `geojson`, or `of` with the address of an answer.

    Raises WatchRefusedError, QuestionError.
    """
    km = _km(given.get("km", ""))
    if key := given.get("site"):
        name = connection.scalar(select(PUBLIC_MINE_SITE.c.name).where(PUBLIC_MINE_SITE.c.site_id == key))
        if name is None:
            raise WatchRefusedError("There is no such site.", "Il n'y a pas de tel site.")
        return Target(SITE, name, AROUND_KM if km is None else km, key)
    if key := given.get("route"):
        return _route(connection, key, AROUND_KM if km is None else km)
    if address := given.get("of"):
        return _of_answer(connection, address, km)
    return _of_geojson(given.get("geojson", ""), km)


def _of_answer(connection: Connection, address: str, km: float | None) -> Target:
    name, asked = parse_address(address)
    if name in {"corridor", "profile"} and asked.get("route"):
        return _route(connection, asked["route"], _first(km, _km(asked.get("width_km", ""))))
    for each, kind in SHAPES.items():
        if asked.get(each):
            return _shaped(geojson(kind, asked[each]), _first(km, _km(asked.get("width_km", ""))))
    if asked.get("lon") and asked.get("lat"):
        try:
            lon, lat = float(asked["lon"]), float(asked["lat"])
        except ValueError:
            raise QuestionError("lon: is not a number.", "lon : n'est pas un nombre.") from None
        if not (abs(lon) <= 180 and abs(lat) <= 90):
            raise QuestionError("lon: lies outside the Earth.", "lon : est hors de la Terre.")
        around = circle(lon, lat, 1000 * (_first(km, _km(asked.get("radius_km", "")))))
        return Target(AREA, f"{lat:.3f}, {lon:.3f}", 0, None, around)
    raise WatchRefusedError(
        "This answer is about no place. Watch a route, a line, an area, or the surroundings of a point.",
        "Cette réponse ne concerne aucun lieu. Suivez un itinéraire, une ligne, une zone ou les environs d'un point.",
    )


def _of_geojson(text: str, km: float | None) -> Target:
    if not text.strip():
        raise WatchRefusedError(
            "Say what to watch: open a site or a route, or paste a GeoJSON line or polygon.",
            "Dites ce qu'il faut suivre : ouvrez un site ou un itinéraire, ou collez une ligne ou un polygone GeoJSON.",
        )
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise WatchRefusedError("This is not GeoJSON.", "Ce n'est pas du GeoJSON.") from None
    return _shaped(body, AROUND_KM if km is None else km)


def _shaped(body: Any, km: float) -> Target:
    inner = body.get("geometry") if isinstance(body, dict) and body.get("type") == "Feature" else body
    if isinstance(inner, dict) and "Polygon" in str(inner.get("type")):
        return Target(AREA, "", 0, None, read_polygon(body))
    return Target(LINE, "", km, None, read_line(body))


def _route(connection: Connection, key: str, km: float) -> Target:
    asked = select(Route.id, Route.name, Route.route_id).where(
        (Route.route_id == key) | (cast(Route.id, TextType) == key)
    )
    row = connection.execute(asked.order_by(Route.id).limit(1)).one_or_none()
    if row is None:
        raise WatchRefusedError(
            "There is no such route, or it is not for you.",
            "Il n'y a pas de tel itinéraire, ou il n'est pas pour vous.",
        )
    return Target(ROUTE, row.name or row.route_id, km, str(row.id))


def _first(*numbers: float | None) -> float:
    return next((each for each in numbers if each is not None), AROUND_KM)


def _km(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        km = float(text.replace(",", "."))
    except ValueError:
        km = -1
    if not 0.1 <= km <= MOST_KM:
        raise WatchRefusedError(
            f"The distance is a number of kilometres from 0.1 to {MOST_KM:g}.",
            f"La distance est un nombre de kilomètres de 0,1 à {MOST_KM:g}.",
        )
    return km


def add_watch(connection: Connection, user: str, target: Target, name: str) -> None:
    """Watch a place for the transaction's viewer, `user`; new is what comes from now on. Raises WatchRefusedError."""
    if (connection.scalar(select(func.count()).select_from(Watch)) or 0) >= MOST_WATCHES:
        raise WatchRefusedError(
            f"You watch {MOST_WATCHES} places, which is the most there is room for. Take one away first.",
            f"Vous suivez {MOST_WATCHES} lieux, le plus qu'il y ait de place. Retirez-en un d'abord.",
        )
    name = " ".join(name.replace("\x00", "").split()) or target.name
    if not 1 <= len(name) <= LONGEST_NAME:
        raise WatchRefusedError(
            f"A watched place has a name of 1 to {LONGEST_NAME} characters. Write one.",
            f"Un lieu suivi a un nom de 1 à {LONGEST_NAME} caractères. Écrivez-en un.",
        )
    connection.execute(
        insert(Watch).values(
            user_name=user,
            name=name,
            kind=target.kind,
            row_key=target.row_key,
            km=target.km,
            geom=f"SRID=4326;{shapely.to_wkt(target.shape, rounding_precision=7)}" if target.shape else None,
        )
    )


def delete_watch(connection: Connection, watch_id: uuid.UUID) -> bool:
    """Watch a place no longer; whether it was."""
    return connection.execute(delete(Watch).where(Watch.watch_id == watch_id)).rowcount > 0


def mark_seen(connection: Connection, watch_id: uuid.UUID, at: dt.datetime, young: Sequence[uuid.UUID]) -> bool:
    """Note that its owner saw what was new at a moment; `young` are the rows that were recorded just before."""
    seen = (
        update(Watch).where(Watch.watch_id == watch_id).values(seen_at=func.least(at, func.now()), seen_ids=list(young))
    )
    return connection.execute(seen).rowcount > 0


def list_watches(connection: Connection, language: str, *, since: dt.datetime | None = None) -> list[Watched]:
    """The watches of the viewer, by name, each with what was recorded since they looked, or since a moment."""
    rows = connection.execute(
        select(Watch, func.ST_AsBinary(Watch.geom).label("wkb")).order_by(Watch.name, Watch.watch_id)
    )
    return [_watched(connection, row, language, since) for row in rows.all()]


def _watched(connection: Connection, row: Any, language: str, since: dt.datetime | None) -> Watched:
    shape = _shape(connection, row)
    seen = row.seen_at if since is None else since
    seen_ids = row.seen_ids if since is None else []
    news = (
        []
        if shape is None
        else _news(connection, row, shape, seen - LATE if since is None else seen, seen_ids, language=language)
    )
    middle = shapely.point_on_surface(shape) if shape is not None else None
    place = (float(shapely.get_x(middle)), float(shapely.get_y(middle))) if middle is not None else None
    return Watched(row.watch_id, row.name, row.kind, row.km, row.seen_at, news, shape is None, place)


def _shape(connection: Connection, row: Any) -> Geometry | None:
    """The geometry in degrees: of a site or a route where it is now, as far as the viewer sees it."""
    wkb = row.wkb
    if row.kind == SITE:
        site = PUBLIC_MINE_SITE.c
        wkb = connection.scalar(select(func.ST_AsBinary(site.geom)).where(site.site_id == row.row_key))
    elif row.kind == ROUTE:
        wkb = connection.scalar(select(func.ST_AsBinary(Route.geom)).where(cast(Route.id, TextType) == row.row_key))
    return shapely.from_wkb(bytes(wkb)) if wkb is not None else None


def _news(
    connection: Connection, row: Any, shape: Geometry, since: dt.datetime, seen: Sequence[uuid.UUID], *, language: str
) -> list[Item]:
    target = func.ST_GeomFromText(shapely.to_wkt(shape, rounding_precision=7), 4326)

    def near(geom: Any) -> Any:
        box = geom.op("&&")(func.ST_Expand(target, row.km / KM_OF_A_DEGREE))
        if row.kind == AREA:
            return box & func.ST_Intersects(geom, target)
        exact = func.ST_DWithin(cast(geom, Geography()), cast(target, Geography()), row.km * 1000)
        return box & exact

    parts: list[Select[Any]] = [
        _part(
            INCIDENT, Incident, Incident.incident_id, Incident.incident_no, Incident.occurred_from,
            where=near(Incident.geom),
        )
        .add_columns(Incident.level, Incident.category.label("code"), Incident.date_precision.label("precision")),
        _part(
            RELEASE, IncidentRelease, IncidentRelease.incident_id, literal(None), IncidentRelease.shown_date,
            where=near(IncidentRelease.geom),
        ).add_columns(
            IncidentRelease.level,
            IncidentRelease.category.label("code"),
            IncidentRelease.shown_date_precision.label("precision"),
        ),
        _part(VISIT, SiteVisit, SiteVisit.id, MineSite.name, SiteVisit.visited_on, where=near(MineSite.geom))
        .join(MineSite, MineSite.site_id == SiteVisit.site_id)
        .add_columns(literal(None), literal(None).label("code"), literal(None).label("precision")),
    ]  # fmt: skip
    for place in DEPLOYMENTS.places:
        asked = DEPLOYMENTS.rows(place, Filter()).where(near(place.geom)).add_columns(
            literal(DEPLOYMENT).label("kind"),
            Deployment.id.label("key"),
            Deployment.deployment_id.label("number"),
            Deployment.valid_from.label("day"),
            Deployment.created_at.label("recorded_at"),
            literal(None).label("level"),
            Deployment.force.label("code"),
            literal(None).label("precision"),
        )  # fmt: skip
        parts.append(asked)
    rows = union_all(*parts).subquery()
    new = select(rows).where(rows.c.recorded_at > since)
    if seen:
        new = new.where(rows.c.key.not_in(seen))
    found = connection.execute(new.order_by(rows.c.recorded_at.desc(), rows.c.key).limit(MOST_NEWS)).all()
    whole = {each.key for each in found if each.kind == INCIDENT}
    return [_item(each, language) for each in found if not (each.kind == RELEASE and each.key in whole)]


def _part(kind: str, model: Any, key: Any, number: Any, day: Any, *, where: Any) -> Select[Any]:
    table: Table = model.__table__
    return (
        select(
            literal(kind).label("kind"),
            key.label("key"),
            cast(number, TextType).label("number"),
            day.label("day"),
            table.c.created_at.label("recorded_at"),
        )
        .select_from(table)
        .where(where)
    )


def _item(row: Any, language: str) -> Item:
    words = [NEWS[row.kind].in_language(language)]
    if row.number:
        words[0] = f"{words[0]} {row.number}"
    if row.level:
        words.append(vocab.LEVEL.label(str(row.level), language))
    if row.code:
        labels = vocab.FORCE if row.kind == DEPLOYMENT else vocab.CATEGORY
        words.append(labels.label(row.code, language))
    if row.day and row.kind in {INCIDENT, RELEASE} and row.precision is not None:
        words.append(date_in_words(row.day, row.precision, language))
    elif row.day:
        words.append(str(format_date(row.day, "medium", locale=language)))
    pages = {INCIDENT: f"/incidents/{row.key}", RELEASE: f"/incidents/{row.key}", DEPLOYMENT: f"/deployments/{row.key}"}
    return Item(row.kind, str(row.key), pages.get(row.kind, ""), ", ".join(words), row.recorded_at)


def young(news: Sequence[Item], now: dt.datetime) -> list[str]:
    """The keys of those of so late that others of their time may still come."""
    return [each.key for each in news if each.recorded_at > now - LATE]
