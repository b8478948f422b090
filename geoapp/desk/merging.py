"""Merging two mine sites, or two incidents, that are one: proposed, done as a batch, parted again by undoing it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Select, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from geoapp.desk.typed import Held, read_held
from geoapp.errors import ConflictError
from geoapp.ingest import doubles, load, parts
from geoapp.ingest.repeats import REPEATS
from geoapp.ingest.report import Report, Rows
from geoapp.ingest.targets import TARGETS, Target
from layers.tables import AliasRefusal, Deployment, ImportPart, Incident, RepeatRefusal, SiteAlias, SiteVisit
from layers.text import Text

MERGEABLE = ("mine_sites", "incidents")
# What tells a row from others, or is the business of its handlers: not taken from one row into another.
OWN = {
    "site_id", "incident_no", "synthetic", "sealed", "handlers", "status", "outcome", "opened_on", "due_on",
    "closed_on",
}  # fmt: skip
MOST_PAIRS = 100
NOT_TWO = Text("Name two rows.", "Nommez deux lignes.")
MERGED = Text(
    "One of the two is merged into another already. Undo that first, or choose the one that it was merged into.",
    "L’un des deux est déjà fusionné avec un autre. Annulez d’abord cette fusion, ou choisissez celui avec lequel il a"
    " été fusionné.",
)
GONE = Text(
    "One of the two is no longer there, or not yours to change, so nothing was done.",
    "L’un des deux n’est plus là, ou n’est pas à vous\u00a0; rien n’a été fait.",
)
# What is merged into an incident is told apart from others as that one is.
PAIRS = text(
    "WITH told AS (SELECT coalesce(one.merged_into, one.incident_id) AS one,"  # noqa: S608
    " coalesce(other.merged_into, other.incident_id) AS other FROM repeat_refusal AS refusal"
    " JOIN (SELECT incident_id, CASE outcome WHEN 'merged' THEN repeat_of END AS merged_into FROM incident) AS one"
    " ON one.incident_id = refusal.incident_id"
    " JOIN (SELECT incident_id, CASE outcome WHEN 'merged' THEN repeat_of END AS merged_into FROM incident) AS other"
    " ON other.incident_id = refusal.other_incident_id)"
    " SELECT mine.incident_id::text AS one, other.incident_id::text AS other FROM incident AS mine"
    f" JOIN incident AS other ON other.incident_id > mine.incident_id AND {REPEATS['incidents'].condition}"
    " WHERE mine.occurred_from >= :since AND mine.outcome IS DISTINCT FROM 'merged'"
    " AND other.outcome IS DISTINCT FROM 'merged'"
    " AND NOT EXISTS (SELECT FROM told WHERE least(told.one, told.other) = mine.incident_id"
    " AND greatest(told.one, told.other) = other.incident_id)"
    " ORDER BY mine.occurred_from DESC, 1, 2 LIMIT :most"
)


@dataclass(frozen=True)
class Merge:
    """Two rows that become one: their keys in the log, and the columns in which the other's values are taken over."""

    kept: str
    other: str
    taken: Collection[str] = ()


def read_pair(connection: Connection, target: Target, keys: Sequence[str], *, lock: bool = False) -> list[Held]:
    """The two rows; ConflictError where one of them is not there, or, locked, not to be changed."""
    if len(set(keys)) != 2:
        raise ConflictError(NOT_TWO)
    found = [read_held(connection, target, key, lock=lock) for key in sorted(keys)]
    held = {each.key: each for each in found if each is not None}
    if len(held) != 2:
        raise ConflictError(GONE)
    return [held[key] for key in keys]


def incident_pairs(connection: Connection, since: date) -> list[tuple[str, str]]:
    """Pairs of incidents since a day that may be one: of the same day, text and place; the newest first.

    Those that somebody told apart are left out.
    """
    asked = {"since": since, "most": MOST_PAIRS}
    return [(row.one, row.other) for row in connection.execute(PAIRS, asked)]


def hanging_on(connection: Connection, site_id: str) -> dict[str, int]:
    """How many rows of other tables refer to a mine site, as far as whoever acts sees them."""
    columns = {"visits": SiteVisit.site_id, "incidents": Incident.site_id, "deployments": Deployment.site_id}
    return {
        name: connection.scalar(select(func.count()).where(column == site_id)) or 0 for name, column in columns.items()
    }


def merge(connection: Connection, target: Target, asked: Merge) -> uuid.UUID:
    """Merge within the caller's transaction, with the rights of whoever acts; the batch, whose undoing parts them.

    A site becomes an alias of the other, and what refers to it refers to that one. An incident stays, closed as merged,
    as a repeat of the other. Raises ConflictError or ImportRefusedError where they cannot be merged.
    """
    load.lock_table(connection, target)
    kept, other = read_pair(connection, target, [asked.kept, asked.other], lock=True)
    if target.name == "incidents":
        return _merge_incidents(connection, target, kept, other, asked.taken)
    batch = _begin(connection, target, (kept, other), removed=1, private=False)
    there = {
        model: set(connection.scalars(_of_site(model, kept.key, other.key))) for model in (SiteAlias, AliasRefusal)
    }
    _take_over(connection, target, asked)
    doubles.confirm(connection, kept.key, other.key)
    for model, ids in there.items():
        made = set(connection.scalars(_of_site(model, kept.key, other.key))) - ids
        if made:
            _note_made(connection, batch, model, sorted(map(str, made)))
    return batch


def _of_site(model: type[SiteAlias] | type[AliasRefusal], *sites: str) -> Select[uuid.UUID]:
    """The ids of what is noted of some sites."""
    columns = [model.site_id, *([AliasRefusal.other_site_id] if model is AliasRefusal else [])]
    return select(model.id).where(or_(*(column.in_(sites) for column in columns)))


def _merge_incidents(
    connection: Connection, target: Target, kept: Held, other: Held, taken: Collection[str]
) -> uuid.UUID:
    if "merged" in {kept.texts["outcome"], other.texts["outcome"]}:
        raise ConflictError(MERGED)
    sealed = "yes" in {kept.texts["sealed"], other.texts["sealed"]}
    batch = _begin(connection, target, (kept, other), removed=0, private=sealed)
    _take_over(connection, target, Merge(kept.key, other.key, taken))
    one, repeat = uuid.UUID(kept.key), uuid.UUID(other.key)
    values = {
        "outcome": "merged",
        "repeat_of": one,
        "status": "closed",
        "closed_on": func.coalesce(Incident.closed_on, func.today()),
    }
    connection.execute(update(Incident).where(Incident.incident_id == repeat).values(values))
    connection.execute(update(Incident).where(Incident.repeat_of == repeat).values(repeat_of=one))
    return batch


def _take_over(connection: Connection, target: Target, asked: Merge) -> None:
    """Give the row that stays the other's values in some columns."""
    table = target.table
    (key,) = table.primary_key.columns
    stored = {name: column.stored.name for name, column in target.columns.items() if name not in OWN}
    names = {stored[name] for name in asked.taken if name in stored} | ({"geom"} & set(asked.taken))
    if not names:
        return
    source = table.alias("source")
    values = {name: select(source.c[name]).where(source.c[key.name] == asked.other).scalar_subquery() for name in names}
    connection.execute(update(table).where(key == asked.kept).values(values))


def _begin(
    connection: Connection, target: Target, pair: tuple[Held, Held], *, removed: int, private: bool
) -> uuid.UUID:
    kept, other = pair
    names = [held.texts[target.key[0]] or held.key for held in (other, kept)]
    report = Report(
        file=f"{names[0]} = {names[1]}",
        table=target.name,
        dry_run=False,
        sha256=hashlib.sha256(f"{kept.mark()}{other.mark()}".encode()).hexdigest(),
        rows=Rows(read=2 - removed, updated=2 - removed),
    )
    columns = sorted({"name_alt"} if target.name == "mine_sites" else {"outcome", "repeat_of"})
    batch = load.record_batch(
        connection, report, load.Origin(None), columns, kind="merge", removed=removed, private=private
    )
    parts.begin_batch(connection, batch)
    return batch


def _note_made(
    connection: Connection, batch: uuid.UUID, model: type[SiteAlias] | type[AliasRefusal], keys: list[str]
) -> None:
    """What a merge added is its own, and goes with it."""
    values = {
        "import_batch_id": batch,
        "table_name": model.__tablename__,
        "deed": "insert",
        "keys": keys,
        "rows": [0] * len(keys),
    }
    connection.execute(insert(ImportPart).values(values))


def keep_apart(connection: Connection, target: Target, one: str, other: str) -> None:
    """Note that two rows are two, so that they are not proposed again, to whoever sees both.

    Raises ConflictError or ImportRefusedError where one of them is not there, or not for whoever acts to change.
    """
    if target.name == "mine_sites":
        doubles.refuse(connection, one, other)
        return
    read_pair(connection, target, [one, other], lock=True)
    connection.execute(insert_or_skip(RepeatRefusal).values(_refused_pair(one, other)).on_conflict_do_nothing())


def are_apart(connection: Connection, target: Target, one: str, other: str) -> bool:
    """Whether somebody told two rows apart."""
    if target.name == "mine_sites":
        there = select(AliasRefusal.id).filter_by(site_id=min(one, other), other_site_id=max(one, other))
    else:
        there = select(RepeatRefusal.id).filter_by(**_refused_pair(one, other))
    return connection.scalar(there) is not None


def _refused_pair(one: str, other: str) -> dict[str, uuid.UUID]:
    first, second = sorted((uuid.UUID(one), uuid.UUID(other)))
    return {"incident_id": first, "other_incident_id": second}


def target_of_merge(name: str) -> Target | None:
    """The target of a public name whose rows can be merged; None for any other."""
    return TARGETS[name] if name in MERGEABLE else None
