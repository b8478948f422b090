"""The published editions: which quarters are due, making one by the owner's function, removing synthetic ones."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

import psycopg
from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.exc import DBAPIError

from geoapp.errors import PublicationError
from layers.tables import PublishedCell, PublishedEdition

# Every quarter from the first to the last in which an incident of the kind is recorded, quiet ones in between included.
QUARTERS = text("""
    WITH kind AS (
        SELECT synthetic, date_trunc('quarter', min(occurred_from)) AS first_one,
               date_trunc('quarter', max(occurred_from)) AS last_one
          FROM incident GROUP BY synthetic
    )
    SELECT quarter::date AS quarter, kind.synthetic
      FROM kind CROSS JOIN LATERAL generate_series(first_one, last_one, interval '3 months') AS quarter
     WHERE EXISTS (SELECT FROM admin_unit WHERE level = 1 AND valid_from < quarter + interval '3 months'
                      AND (valid_to IS NULL OR valid_to > quarter))
     ORDER BY quarter, kind.synthetic
""")


@dataclass(frozen=True)
class Made:
    """An edition that was made: how many of its figures are shown, and how many withheld."""

    quarter: dt.date
    number: int
    synthetic: bool
    shown: int
    withheld: int

    def summary(self) -> str:
        """The edition in one line."""
        kind = " of synthetic data" if self.synthetic else ""
        return (
            f"{quarter_name(self.quarter)}: edition {self.number}{kind},"
            f" {self.shown} figures shown, {self.withheld} withheld."
        )


def quarter_name(quarter: dt.date) -> str:
    """A quarter, given by its first day, as people write it: 2025-Q4."""
    return f"{quarter.year}-Q{(quarter.month + 2) // 3}"


def parse_quarter(name: str) -> dt.date | None:
    """The first day of the quarter of that name; None where it names none."""
    found = re.fullmatch(r"([12][0-9]{3})-[Qq]([1-4])", name, re.ASCII)
    return dt.date(int(found[1]), 3 * int(found[2]) - 2, 1) if found else None


def publish_due(connection: Connection, synthetic: bool | None = None) -> list[Made]:
    """Make the edition of every quarter that is due and has none, oldest first, within the caller's transaction.

    `synthetic` limits it to synthetic or to real rows; each kind has editions of its own.
    """
    day = connection.execute(select(func.today())).scalar_one()
    return [
        _make(connection, quarter, kind, correction=False)
        for quarter, kind in _quarters(connection)
        if synthetic in {None, kind} and _published_from(connection, quarter) <= day
        if not _has_edition(connection, quarter, kind)
    ]


def publish_quarter(connection: Connection, quarter: dt.date, correction: bool = False) -> list[Made]:
    """Make the editions of one quarter within the caller's transaction; with `correction` a further one.

    PublicationError where the quarter is not due, was published before (or, for a correction, was not), has other
    provinces than its last edition, or where no incident is recorded in it nor on both sides of it.
    """
    kinds = [kind for each, kind in _quarters(connection) if each == quarter]
    if not kinds:
        raise PublicationError(
            f"No incidents are recorded around {quarter_name(quarter)}: there is nothing to count."
            " Import those of the quarter first."
        )
    published = [kind for kind in kinds if _has_edition(connection, quarter, kind)]
    chosen = [kind for kind in kinds if (kind in published) == correction]
    # Where none is left, the function says why.
    return [_make(connection, quarter, kind, correction) for kind in chosen or kinds]


def remove_synthetic(connection: Connection) -> int:
    """Delete the editions of synthetic rows, the only ones that may be deleted; how many."""
    return connection.execute(delete(PublishedEdition).where(PublishedEdition.synthetic)).rowcount


def _quarters(connection: Connection) -> list[tuple[dt.date, bool]]:
    return [(row.quarter, row.synthetic) for row in connection.execute(QUARTERS)]


def _published_from(connection: Connection, quarter: dt.date) -> dt.date:
    day: dt.date = connection.execute(select(func.published_from(quarter))).scalar_one()
    return day


def _has_edition(connection: Connection, quarter: dt.date, synthetic: bool) -> bool:
    made = select(PublishedEdition.edition_id).where(
        PublishedEdition.quarter == quarter, PublishedEdition.synthetic == synthetic
    )
    return connection.scalar(made.limit(1)) is not None


def _make(connection: Connection, quarter: dt.date, synthetic: bool, correction: bool) -> Made:
    try:
        edition = connection.execute(select(func.make_edition(quarter, synthetic, correction))).scalar_one()
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.RaiseException):
            raise PublicationError(str(error.orig.diag.message_primary)) from error
        raise
    number = connection.execute(
        select(PublishedEdition.number).where(PublishedEdition.edition_id == edition)
    ).scalar_one()
    cells, shown = connection.execute(
        select(func.count(), func.count(PublishedCell.incidents)).where(PublishedCell.edition_id == edition)
    ).one()
    return Made(quarter, number, synthetic, shown, cells - shown)
