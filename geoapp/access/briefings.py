"""Briefings that somebody puts together, their parts in order; the database shows nobody another's."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from geoapp.errors import GeoappError
from layers.tables import Briefing, BriefingItem
from layers.text import Text, typeset

LONGEST_TITLE, LONGEST_NOTE, LONGEST_QUERY = 160, 8000, 200_000
MOST_BRIEFINGS, MOST_ITEMS = 100, 40
ANSWER, VIEW, COMPARISON, NOTE = "answer", "view", "comparison", "note"


class BriefingRefusedError(GeoappError):
    """A briefing, or a part of one, that cannot be kept; `said` is the reason in every language."""

    def __init__(self, en: str, fr: str):
        super().__init__(en)
        self.said = Text(en, typeset(fr, "fr"))


@dataclass(frozen=True)
class Item:
    """A part of a briefing as its author sees it."""

    item_id: uuid.UUID
    kind: str
    title: str
    query: str
    note: str
    shared: bool
    revision: int
    changed_at: dt.datetime


@dataclass(frozen=True)
class Paper:
    """A briefing with its parts in order."""

    briefing_id: uuid.UUID
    title: str
    revision: int
    changed_at: dt.datetime
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Listed:
    """A briefing in a list."""

    briefing_id: uuid.UUID
    title: str
    items: int
    changed_at: dt.datetime


@dataclass(frozen=True)
class Change:
    """What a form would change of a part, which it saw at `revision`."""

    title: str
    note: str
    shared: bool
    revision: int


def list_briefings(connection: Connection) -> list[Listed]:
    """The briefings of the transaction's viewer, the last changed first."""
    items = select(func.count()).where(BriefingItem.briefing_id == Briefing.briefing_id).scalar_subquery()
    asked = select(Briefing.briefing_id, Briefing.title, items.label("items"), Briefing.changed_at)
    ordered = asked.order_by(Briefing.changed_at.desc(), Briefing.briefing_id)
    return [Listed(row.briefing_id, row.title, row.items, row.changed_at) for row in connection.execute(ordered)]


def read_briefing(connection: Connection, briefing_id: uuid.UUID) -> Paper | None:
    """A briefing of the viewer's; None where there is none."""
    row = connection.execute(
        select(Briefing.title, Briefing.revision, Briefing.changed_at).where(Briefing.briefing_id == briefing_id)
    ).one_or_none()
    if row is None:
        return None
    items = connection.execute(
        select(BriefingItem).where(BriefingItem.briefing_id == briefing_id).order_by(*ORDER)
    ).all()
    return Paper(briefing_id, row.title, row.revision, row.changed_at, tuple(_item(each) for each in items))


ORDER = (BriefingItem.place, BriefingItem.changed_at, BriefingItem.item_id)


def make_briefing(connection: Connection, user: str, title: str) -> uuid.UUID:
    """Begin a briefing of the transaction's viewer, `user`. Raises BriefingRefusedError."""
    if (connection.scalar(select(func.count()).select_from(Briefing)) or 0) >= MOST_BRIEFINGS:
        raise BriefingRefusedError(
            f"You have {MOST_BRIEFINGS} briefings, which is the most there is room for. Delete one first.",
            f"Vous avez {MOST_BRIEFINGS} notes de synthèse, le plus qu'il y ait de place. Supprimez-en une d'abord.",
        )
    made = insert(Briefing).values(user_name=user, title=_title(title)).returning(Briefing.briefing_id)
    return uuid.UUID(str(connection.scalar(made)))


def rename_briefing(connection: Connection, briefing_id: uuid.UUID, title: str, revision: int) -> bool:
    """Give a briefing another title, unless it was changed since `revision`; whether it was given."""
    changed = (
        update(Briefing)
        .where(Briefing.briefing_id == briefing_id, Briefing.revision == revision)
        .values(title=_title(title), revision=Briefing.revision + 1, changed_at=func.now())
    )
    return connection.execute(changed).rowcount > 0


def delete_briefing(connection: Connection, briefing_id: uuid.UUID) -> bool:
    """Take a briefing away with its parts; whether there was one."""
    return connection.execute(delete(Briefing).where(Briefing.briefing_id == briefing_id)).rowcount > 0


def add_item(
    connection: Connection,
    briefing_id: uuid.UUID,
    user: str,
    kind: str,
    *,
    title: str = "",
    query: str = "",
    note: str = "",
) -> bool:
    """Add a part at the end of a briefing; whether there is such a briefing. Raises BriefingRefusedError."""
    if not _touch(connection, briefing_id):
        return False
    held, last = connection.execute(
        select(func.count(), func.max(BriefingItem.place)).where(BriefingItem.briefing_id == briefing_id)
    ).one()
    if held >= MOST_ITEMS:
        raise BriefingRefusedError(
            f"A briefing has room for {MOST_ITEMS} parts. Delete one first, or begin another briefing.",
            f"Une note de synthèse a de la place pour {MOST_ITEMS} parties. Supprimez-en une d'abord.",
        )
    if len(query) > LONGEST_QUERY:
        raise BriefingRefusedError(
            "This line or area has more points than can be kept. Simplify it.",
            "Cette ligne ou zone a plus de points que ce qui peut être gardé. Simplifiez-la.",
        )
    values = {"title": _line(title), "query": query.replace("\x00", ""), "note": _note(note)}
    placed = {"briefing_id": briefing_id, "user_name": user, "kind": kind, "place": (last or 0) + 1}
    connection.execute(insert(BriefingItem).values({**placed, **values}))
    return True


def change_item(connection: Connection, briefing_id: uuid.UUID, item_id: uuid.UUID, change: Change) -> bool:
    """Change a part, unless it was changed since the form saw it; whether it was. Raises BriefingRefusedError."""
    changed = (
        update(BriefingItem)
        .where(
            BriefingItem.briefing_id == briefing_id,
            BriefingItem.item_id == item_id,
            BriefingItem.revision == change.revision,
        )
        .values(
            title=_line(change.title),
            note=_note(change.note),
            shared=change.shared,
            revision=BriefingItem.revision + 1,
            changed_at=func.now(),
        )
    )
    done = connection.execute(changed).rowcount > 0
    return done and _touch(connection, briefing_id)


def delete_item(connection: Connection, briefing_id: uuid.UUID, item_id: uuid.UUID) -> bool:
    """Take a part away; whether there was one."""
    gone = delete(BriefingItem).where(BriefingItem.briefing_id == briefing_id, BriefingItem.item_id == item_id)
    return connection.execute(gone).rowcount > 0 and _touch(connection, briefing_id)


def move_item(connection: Connection, briefing_id: uuid.UUID, item_id: uuid.UUID, by: int) -> bool:
    """Move a part up (-1) or down (1) by one; whether there is such a part."""
    if not _touch(connection, briefing_id):
        return False
    ids = list(
        connection.scalars(select(BriefingItem.item_id).where(BriefingItem.briefing_id == briefing_id).order_by(*ORDER))
    )
    if item_id not in ids:
        return False
    at = ids.index(item_id)
    to = min(max(at + by, 0), len(ids) - 1)
    ids.insert(to, ids.pop(at))
    for place, each in enumerate(ids, 1):
        connection.execute(
            update(BriefingItem).where(BriefingItem.item_id == each, BriefingItem.place != place).values(place=place)
        )
    return True


def _touch(connection: Connection, briefing_id: uuid.UUID) -> bool:
    """Note that a briefing was changed, which has other changes of its order wait; whether there is one."""
    touched = update(Briefing).where(Briefing.briefing_id == briefing_id).values(changed_at=func.now())
    return connection.execute(touched).rowcount > 0


def _item(row: Any) -> Item:
    return Item(row.item_id, row.kind, row.title, row.query, row.note, row.shared, row.revision, row.changed_at)


def _title(title: str) -> str:
    if not (title := _line(title)):
        raise BriefingRefusedError("A briefing has a title. Write one.", "Une note a un titre. Écrivez-en un.")
    return title


def _line(text: str) -> str:
    text = " ".join(text.replace("\x00", "").split())
    if len(text) > LONGEST_TITLE:
        raise BriefingRefusedError(
            f"A title has at most {LONGEST_TITLE} characters. Shorten it.",
            f"Un titre a au plus {LONGEST_TITLE} caractères. Raccourcissez-le.",
        )
    return text


def _note(text: str) -> str:
    text = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if len(text) > LONGEST_NOTE:
        raise BriefingRefusedError(
            f"A note has at most {LONGEST_NOTE} characters. Shorten it, or make two of it.",
            f"Une remarque a au plus {LONGEST_NOTE} caractères. Raccourcissez-la, ou faites-en deux.",
        )
    return text
