"""The audit: who did what, when and to which row, written down in the transaction that does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import JSONB

from layers.vocabulary import EVENT

_RECORD = text("SELECT record_event(:what, :object, :before, :after)").bindparams(
    bindparam("before", type_=JSONB(none_as_null=True)), bindparam("after", type_=JSONB(none_as_null=True))
)


def record(
    connection: Connection,
    what: str,
    object: str | None = None,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write one event as the transaction's viewer, or the operator; it stands or falls with the transaction.

    `what` is a code of layers.vocabulary.EVENT; `object` is a table with the random id or key of its row, such as
    "incident/3f0c...". Numbers in `before` and `after`, and codes such as a role or a level, are kept as they are; all
    other values give way to keyed hashes. The transaction must be one that may write.
    """
    if what not in EVENT:
        raise ValueError(f"{what} is no event: add it to layers.vocabulary.EVENT, with its labels")
    values = {"what": what, "object": object, "before": _given(before), "after": _given(after)}
    connection.execute(_RECORD, values)


def announce_bulk(connection: Connection) -> None:
    """Have the rest of the transaction write no event a row.

    An import has the event of its batch; the operator's loads record how many rows of which table they wrote. For a
    person's transaction this holds only beside the event of an import.
    """
    connection.execute(select(func.set_config("geoapp.bulk", "on", True)))


def record_counts(connection: Connection, what: str, counts: Mapping[str, int]) -> None:
    """Write one event for each table of which a bulk load wrote rows."""
    for table, rows in counts.items():
        if rows:
            record(connection, what, table, after={"rows": rows})


def set_request(connection: Connection, request_id: str) -> None:
    """Name the request that the current transaction's events are of; forgotten at its end."""
    connection.execute(select(func.set_config("geoapp.request_id", request_id, True)))


def _given(facts: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return dict(facts) if facts is not None else None
