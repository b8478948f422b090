"""Views of the map that somebody keeps under a name; the database shows nobody another's."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from geoapp.errors import GeoappError
from layers.tables import SavedView
from layers.text import Text, typeset

LONGEST_NAME, LONGEST_QUERY = 80, 4000
MOST_VIEWS = 100


class ViewRefusedError(GeoappError):
    """A view that cannot be kept; `said` is the reason in every language."""

    def __init__(self, en: str, fr: str):
        super().__init__(en)
        self.said = Text(en, typeset(fr, "fr"))


@dataclass(frozen=True)
class View:
    """A view as its owner sees it; `query` is the state of the map."""

    view_id: uuid.UUID
    name: str
    query: str
    saved_at: dt.datetime


def list_views(connection: Connection) -> list[View]:
    """The views of the transaction's viewer, by name."""
    asked = select(SavedView.view_id, SavedView.name, SavedView.query, SavedView.saved_at)
    ordered = asked.order_by(func.lower(SavedView.name), SavedView.view_id)
    return [View(row.view_id, row.name, row.query, row.saved_at) for row in connection.execute(ordered)]


def save_view(connection: Connection, user: str, name: str, query: str) -> None:
    """Keep a view of the transaction's viewer, `user`. Raises ViewRefusedError."""
    name = _checked(connection, name, None)
    _require_short(query)
    if (connection.scalar(select(func.count()).select_from(SavedView)) or 0) >= MOST_VIEWS:
        raise ViewRefusedError(
            f"You keep {MOST_VIEWS} views, which is the most there is room for. Delete one first.",
            f"Vous gardez {MOST_VIEWS} vues, le plus qu’il y ait de place. Supprimez-en une d’abord.",
        )
    connection.execute(insert(SavedView).values(user_name=user, name=name, query=query))


def rename_view(connection: Connection, view_id: uuid.UUID, name: str) -> bool:
    """Give a view of the viewer's another name; whether there is such a view. Raises ViewRefusedError."""
    return _change(connection, view_id, name=_checked(connection, name, view_id))


def replace_view(connection: Connection, view_id: uuid.UUID, query: str) -> bool:
    """Keep another state of the map under a name; whether there is such a view. Raises ViewRefusedError."""
    _require_short(query)
    return _change(connection, view_id, query=query)


def delete_view(connection: Connection, view_id: uuid.UUID) -> bool:
    """Take a view away; whether there was one."""
    return connection.execute(delete(SavedView).where(SavedView.view_id == view_id)).rowcount > 0


def _change(connection: Connection, view_id: uuid.UUID, **values: str) -> bool:
    changed = update(SavedView).where(SavedView.view_id == view_id).values(**values, saved_at=func.now())
    return connection.execute(changed).rowcount > 0


def _checked(connection: Connection, name: str, but: uuid.UUID | None) -> str:
    """A name that can be given to a view that is not `but`."""
    name = " ".join(name.replace("\x00", "").split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise ViewRefusedError(
            f"A view has a name of 1 to {LONGEST_NAME} characters. Write one.",
            f"Une vue a un nom de 1 à {LONGEST_NAME} caractères. Écrivez-en un.",
        )
    taken = exists().where(func.lower(SavedView.name) == name.lower())
    if connection.scalar(select(taken.where(SavedView.view_id != but) if but else taken)):
        raise ViewRefusedError(
            f"You have a view called “{name}” already. Choose another name, or put the present state in its place.",
            f"Vous avez déjà une vue nommée « {name} ». Choisissez un autre nom, ou mettez l’état présent à sa place.",
        )
    return name


def _require_short(query: str) -> None:
    if len(query) > LONGEST_QUERY:
        raise ViewRefusedError(
            "This view chooses more than can be kept. Choose fewer values in its lists.",
            "Cette vue choisit plus que ce qui peut être gardé. Choisissez moins de valeurs dans ses listes.",
        )
