"""What the tests of the snapshot share: many incidents, viewers' transactions, and the same questions put to SQL."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Numeric, case, cast, func, select, text, union_all

from geoapp.access.secret import hash_of
from geoapp.database.engine import open_web_engine
from geoapp.settings import Settings
from geoapp.snapshot.changes import Reading, Watch
from geoapp.snapshot.columns import CODES, EPOCH, WEIGHT_UNIT, Near, matching
from geoapp.snapshot.snapshot import Snapshot
from geoapp.snapshot.store import Store
from layers.filter import Filter
from layers.incidents import INCIDENTS, RELEASES
from layers.tables import Incident, IncidentRelease

MANY = text("""
    INSERT INTO incident (incident_no, occurred_from, occurred_to, reported_on, level, category, killed, injured,
                          status, outcome, actor_kind, location_precision, sealed, handlers, synthetic, geom)
    SELECT CASE WHEN n % 7 > 0 THEN 'N-' || n END, day, CASE WHEN n % 5 = 0 THEN day + 3 END,
           CASE WHEN n % 3 > 0 THEN day + n % 40 END, nullif(n % 4, 0),
           (ARRAY['violence', 'bribery', 'tag_fraud', 'abduction', NULL])[1 + n % 5], nullif(n % 6, 5) * 3,
           nullif(n % 9, 8) * 7, (ARRAY['reported', 'open', 'closed', 'rejected'])[1 + n % 4],
           CASE WHEN n % 4 = 2 THEN 'resolved' END,
           (ARRAY['armed_group', 'state_army', 'unknown', NULL])[1 + n % 4], nullif(n % 6, 0), n % 13 = 0,
           CASE WHEN n % 26 = 0 THEN ARRAY['coordinator-sk'] ELSE '{}' END, n % 11 = 0,
           CASE WHEN n % 17 > 0 THEN
               ST_SetSRID(ST_Point(26.5 + (n * 7919 % 4999) / 1000.0, -4.5 + (n * 104729 % 4999) / 1000.0), 4326) END
      FROM generate_series(1, :count) AS n, LATERAL (SELECT date '2022-01-01' + n * 31 % 1500 AS day) AS days""")
RELEASED = text("""
    INSERT INTO incident_release (incident_id, released_on, released_by, category, level, status, shown_date,
                                  shown_date_precision, location_precision, summary_fr, summary_en, geom)
    SELECT incident_id, occurred_from, 'x', category, level, status, date_trunc('month', occurred_from)::date, 3, 3,
           'f', 'e', ST_SnapToGrid(geom, 0.1)
      FROM incident WHERE incident_no LIKE '%3' AND NOT sealed""")


def add_incidents(engine: Engine, count: int = 800) -> None:
    """Write incidents of every kind in and around the Kivus, and release some of them."""
    with engine.begin() as connection:
        connection.execute(MANY, {"count": count})
        connection.execute(RELEASED)


@contextmanager
def transaction(web: Engine, name: str, watch: Watch) -> Iterator[tuple[Connection, Reading]]:
    """A transaction that reads as somebody of the cast."""
    with web.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        started = watch.start(connection, session=None if name == "public" else hash_of(name))
        assert started is not None
        yield connection, started


# House weights, as they are defined. A release does not tell of victims.
OF_LEVELS = {1: 9, 2: 3}
OF_A_RELEASE = case(OF_LEVELS, value=IncidentRelease.level, else_=1)
WEIGHT = case(OF_LEVELS, value=Incident.level, else_=1) * (
    1
    + func.least(func.coalesce(Incident.killed, 0), 10) / 5.0
    + func.least(func.coalesce(Incident.injured, 0), 40) / 20.0
)


class Worker:
    """What one process holds."""

    def __init__(self, settings: Settings, home: Path | None):
        self.web = open_web_engine(settings)
        self.watch = Watch()
        self.store = Store(home)

    def read(self, name: str) -> Snapshot:
        """The snapshot of somebody of the cast."""
        with transaction(self.web, name, self.watch) as (connection, reading):
            self.store.keep_rights(connection, reading)
            return self.store.read(connection, reading)


def told_by_sql(connection: Connection, chosen: Filter) -> list[Any]:
    """What the transaction's viewer sees by plain SQL: one row an incident, in the order of their ids."""
    parts = [
        layer.rows(layer.places[0], chosen).add_columns(
            model.incident_id.label("id"),
            (model.occurred_from if model is Incident else model.shown_date).label("day"),
            func.coalesce(model.level, 0),
            func.coalesce(model.category, ""),
            model.status,
            model.synthetic,
            cast(weight, Numeric(9, 2)),
            func.ST_X(model.geom),
            func.ST_Y(model.geom),
        )
        for layer, model, weight in ((INCIDENTS, Incident, WEIGHT), (RELEASES, IncidentRelease, OF_A_RELEASE))
    ]
    asked = union_all(*parts).subquery()
    return [tuple(row) for row in connection.execute(select(asked).order_by(asked.c.id)).all()]


def told_by_snapshot(snapshot: Snapshot, chosen: Filter, near: Near | None = None) -> list[Any]:
    """The same out of a snapshot."""
    columns = snapshot.columns
    rows = matching(columns, snapshot.unit_sets, chosen, near, sources=snapshot.sources)
    columns = columns if rows is None else columns.take(rows)
    return sorted(
        (
            uuid.UUID(bytes=columns.ids[n].tobytes()),
            EPOCH + dt.timedelta(days=int(columns.occurred[n])),
            int(columns.level[n]),
            ["", *CODES["category"]][columns.category[n]],
            CODES["status"][columns.status[n] - 1],
            bool(columns.synthetic[n]),
            Decimal(int(columns.weight[n])) / WEIGHT_UNIT,
            float(columns.lon[n]),
            float(columns.lat[n]),
        )
        for n in range(len(columns))
        if columns.lon[n] == columns.lon[n]
    )
