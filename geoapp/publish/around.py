"""What stands on the page of a site beside its facts: its visits, and the deployments nearest to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from babel.dates import format_date
from babel.numbers import format_decimal
from geoalchemy2 import Geography
from sqlalchemy import Connection, cast, func, select, union_all

from layers import vocabulary as vocab
from layers.deployments import DEPLOYMENTS
from layers.filter import Filter
from layers.tables import SiteVisit
from layers.tables.views import PUBLIC_MINE_SITE

SITE = PUBLIC_MINE_SITE.c
MOST_VISITS, MOST_DEPLOYMENTS = 10, 3


@dataclass(frozen=True)
class Visit:
    """A visit in words."""

    on: str
    by: str
    workers: str
    armed: str
    interference: str


@dataclass(frozen=True)
class NearDeployment:
    """A deployment with its distance in words."""

    key: str
    force: str
    function: str
    distance: str


def site_point(connection: Connection, site_id: str) -> tuple[float, float] | None:
    """Where a site is, in degrees; None where there is no such site."""
    row = connection.execute(
        select(func.ST_X(SITE.geom), func.ST_Y(SITE.geom)).where(SITE.site_id == site_id)
    ).one_or_none()
    return (row[0], row[1]) if row else None


def read_visits(connection: Connection, site_id: str, language: str) -> Sequence[Visit]:
    """The last visits to a site that the transaction's viewer may see, the latest first."""
    asked = select(
        SiteVisit.visited_on,
        SiteVisit.visitor_org,
        SiteVisit.workers_est,
        SiteVisit.armed_actor_kind,
        SiteVisit.interference,
    ).where(SiteVisit.site_id == site_id)
    rows = connection.execute(asked.order_by(SiteVisit.visited_on.desc()).limit(MOST_VISITS)).all()
    return [
        Visit(
            format_date(row.visited_on, "medium", locale=language),
            row.visitor_org or "",
            format_decimal(row.workers_est, locale=language) if row.workers_est is not None else "",
            vocab.ACTOR_KIND.label(row.armed_actor_kind, language),
            ", ".join(vocab.INTERFERENCE.label(each, language) for each in row.interference),
        )
        for row in rows
    ]


def nearest_deployments(connection: Connection, point: tuple[float, float], language: str) -> Sequence[NearDeployment]:
    """The deployments of today nearest to a point in degrees, of those that the transaction's viewer may see."""
    here = cast(func.ST_SetSRID(func.ST_Point(*point), 4326), Geography())
    parts = [
        DEPLOYMENTS.rows(place, Filter()).add_columns(
            DEPLOYMENTS.key.label("key"),
            *(DEPLOYMENTS.properties[at].label(name) for at, name in ((3, "force"), (4, "function"))),
            func.ST_Distance(cast(place.geom, Geography()), here).label("metres"),
        )
        for place in DEPLOYMENTS.places
    ]
    found = union_all(*parts).subquery()
    rows = connection.execute(select(found).order_by(found.c.metres, found.c.key).limit(MOST_DEPLOYMENTS)).all()
    return [
        NearDeployment(
            str(row.key),
            vocab.FORCE.label(row.force, language),
            vocab.DEPLOYMENT_FUNCTION.label(row.function, language),
            f"{format_decimal(row.metres / 1000, format='#,##0.0', locale=language)}\u202fkm",
        )
        for row in rows
    ]
