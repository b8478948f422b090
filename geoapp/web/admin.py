"""`/admin`: the people who may sign in, and the forms that change what they may do; for administrators alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, current_app, g, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection

from geoapp.access.links import PATH, make_link
from geoapp.access.people import (
    ADMIN,
    Person,
    PersonRefusedError,
    add_person,
    disable,
    enable,
    list_people,
    list_units,
    person_to_change,
    set_rights,
)
from geoapp.access.sessions import end_sessions
from geoapp.settings import Settings
from geoapp.web.database import current_viewer, reading, writing
from geoapp.web.policy import unstored
from layers.vocabulary import ROLE

admin = Blueprint("admin", __name__)

# Enough for the four countries; who needs more has two more after each save.
FIELDS, SPARE = 4, 2


@dataclass(frozen=True)
class Form:
    """What a form asks for: the change, of whom, and what was entered."""

    change: str
    name: str
    role: str
    units: tuple[str, ...]

    def apply(self, connection: Connection) -> object:
        """Make the change; PersonRefusedError where it cannot be made."""
        return CHANGES[self.change](connection, self)


def _add(connection: Connection, form: Form) -> str:
    """Add somebody; the secret of the link by which they choose a password."""
    add_person(connection, form.name, form.role, form.units)
    return make_link(connection, form.name, "invitation")


def _reset(connection: Connection, form: Form) -> str:
    """The secret of a link by which somebody chooses a new password."""
    person_to_change(connection, form.name)
    return make_link(connection, form.name, "reset")


# Those that answer with a secret make a link, which is shown this once.
CHANGES: Mapping[str, Callable[[Connection, Form], object]] = {
    "add": _add,
    "link": _reset,
    "sign-out": lambda connection, form: end_sessions(connection, person_to_change(connection, form.name).name),
    "rights": lambda connection, form: set_rights(connection, form.name, form.role, form.units),
    "disable": lambda connection, form: disable(connection, form.name),
    "enable": lambda connection, form: enable(connection, form.name),
}


@admin.get("/admin")
def page() -> Response:
    """Everybody with their roles, units and state."""
    _require_admin()
    return _shown()


@admin.post("/admin")
def change() -> Response:
    """Change one person, or show the page again with what is wrong beside its field."""
    _require_admin()
    entered = request.form
    form = Form(
        entered.get("change", ""),
        entered.get("name", "").strip(),
        entered.get("role", ""),
        tuple(entered.getlist("unit")),
    )
    if form.change not in CHANGES:
        abort(400)
    try:
        with writing() as connection:
            made = form.apply(connection)
    except PersonRefusedError as refusal:
        return _shown(form, refusal)
    if isinstance(made, str):
        return _shown(made=(form.name, _address() + PATH + made))
    # So that a page loaded again does not ask for the change again.
    return make_response(redirect(url_for("admin.page", lang=g.language, _anchor=f"person-{form.name}"), 303))


def _address() -> str:
    """The address that people reach the pages by: the one that was set, else that of this request."""
    settings: Settings = current_app.extensions["geoapp.settings"]
    return settings.public_url or request.host_url.rstrip("/")


def _require_admin() -> None:
    """To others this page does not exist."""
    if not current_viewer().has(ADMIN):
        abort(404)


def _shown(
    form: Form | None = None, refusal: PersonRefusedError | None = None, made: tuple[str, str] | None = None
) -> Response:
    with reading() as connection:
        people, units = list_people(connection), list_units(connection)
    names = {unit.code: unit.name.in_language(g.language) for unit in units}
    changeable = {person.name for person in people if not person.synthetic}
    body = render_template(
        "admin.html",
        persons=[_described(person, names) for person in people],
        roles=[(code, ROLE.label(code, g.language)) for code in ROLE],
        names=names,
        form=form,
        made=made,
        fields=_fields,
        refused=refusal.field if refusal else None,
        said=refusal.said.in_language(g.language) if refusal else None,
        # Whoever is unknown or stays as they are has no form of their own beside which it could be said.
        lost=form is not None and form.change != "add" and form.name not in changeable,
        synthetic=any(person.synthetic for person in people),
    )
    return unstored(make_response(body, 422 if refusal else 200))


def _described(person: Person, names: Mapping[str, str]) -> dict[str, Any]:
    role, units = next(iter(person.rights.items()), ("", ()))
    return {
        "name": person.name,
        "disabled": person.disabled,
        "synthetic": person.synthetic,
        "role": role,
        "units": units,
        "rights": [
            (ROLE.label(held, g.language), [(code, names.get(code, "")) for code in codes])
            for held, codes in person.rights.items()
        ],
    }


def _fields(units: Sequence[str]) -> list[str]:
    """The fields for units: those that are filled, and empty ones."""
    filled = [unit for unit in units if unit.strip()]
    return filled + [""] * max(FIELDS - len(filled), SPARE)
