"""The people of the tests: one of each role, as access rules read best."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from geoapp.access.secret import hash_of
from geoapp.web.forms import token_for
from geoapp.web.session import COOKIE, FORM_COOKIE

PUBLIC_FORM = (FORM_COOKIE, "form-of-the-public")
# Name, role, and the units in which they have it.
CAST = {
    "committee-sk": ("committee", ["CD-SK"]),
    "coordinator-sk": ("coordinator", ["CD-SK"]),
    "analyst": ("analyst", ["BI", "CD", "RW", "UG"]),
    "analyst-rw": ("analyst", ["RW"]),
    "gis-cd": ("gis", ["CD"]),
    "gis-rw": ("gis", ["RW"]),
    "admin": ("admin", [None]),
}


def join(engine: Engine) -> None:
    """Make them users of a database, each with a session whose token is their name."""
    with engine.begin() as connection:
        for name, (role, units) in CAST.items():
            connection.execute(text("INSERT INTO app_user (user_name) VALUES (:name)"), {"name": name})
            for unit in units:
                connection.execute(
                    text("INSERT INTO user_scope (user_name, role, unit_code) VALUES (:name, :role, :unit)"),
                    {"name": name, "role": role, "unit": unit},
                )
            connection.execute(
                text(
                    "INSERT INTO web_session (token_hash, user_name, expires_at)"
                    " VALUES (:hash, :name, now() + interval '1 day')"
                ),
                {"hash": hash_of(name), "name": name},
            )


def cookie(name: str) -> tuple[str, str]:
    """The cookie of somebody's session."""
    return COOKIE, name


def form_token(name: str) -> str:
    """The token of somebody's forms; the public's are bound to the cookie of PUBLIC_FORM."""
    return token_for(PUBLIC_FORM[1] if name == "public" else name)


def signed_in(client: FlaskClient, name: str) -> FlaskClient:
    """A client as the browser of one of the cast, or "public", whose forms bear the token that those of a page do."""
    client.set_cookie(*(PUBLIC_FORM if name == "public" else cookie(name)))
    client.environ_base["HTTP_X_CSRF_TOKEN"] = form_token(name)
    return client
