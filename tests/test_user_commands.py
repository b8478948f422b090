"""`geoapp user`: people are added, changed and disabled, and what cannot be is refused with nothing changed."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cast import CAST
from importing import ask
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from geoapp.access.people import PersonRefusedError, add_person, disable, enable, list_people, set_rights
from geoapp.demo.people import remove_people, write_people

GEOAPP = Path(__file__).parents[1] / ".venv/bin/geoapp"
Act = Callable[..., Any]


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `geoapp user` with arguments."""
    command = [str(GEOAPP), "user", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def everybody(engine: Engine) -> list[Any]:
    """All people and scopes as they are stored."""
    return [*ask(engine, "SELECT * FROM app_user ORDER BY 1"), *ask(engine, "SELECT * FROM user_scope ORDER BY 1")]


def scopes(engine: Engine, name: str) -> list[Any]:
    """Somebody's roles with their units."""
    return ask(engine, "SELECT role, unit_code FROM user_scope WHERE user_name = :name ORDER BY 1, 2", name=name)


def refused(engine: Engine, act: Act, *arguments: Any) -> PersonRefusedError:
    """The refusal of a change, which must have changed nothing."""
    before = everybody(engine)
    with pytest.raises(PersonRefusedError) as caught, engine.begin() as connection:
        act(connection, *arguments)
    assert everybody(engine) == before
    assert caught.value.said.en != caught.value.said.fr
    return caught.value


def test_the_commands(environment: dict[str, str], engine: Engine) -> None:
    added = run(environment, "add", "marie.k", "--role", "coordinator", "--scope", "cd-sk", "--scope", "Nord-Kivu")
    assert added.returncode == 0
    assert added.stderr.startswith("Added marie.k: coordinator in CD-NK, CD-SK.\n")
    changed = run(environment, "scope", "marie.k", "--role", "analyst", "--scope", "RW")
    assert (changed.returncode, changed.stdout) == (0, "Changed marie.k: analyst in RW.\n")
    assert scopes(engine, "marie.k") == [("analyst", "RW")]
    assert run(environment, "disable", "marie.k").stdout == "Disabled marie.k.\n"
    assert run(environment, "disable", "marie.k").stdout == "marie.k was disabled before.\n"
    listed = run(environment, "list")
    assert "marie.k         analyst in RW (disabled)" in listed.stdout
    people = {person["name"]: person for person in json.loads(run(environment, "list", "--json").stdout)}
    assert people["marie.k"] == {
        "name": "marie.k",
        "roles": {"analyst": ["RW"]},
        "disabled": True,
        "synthetic": False,
    }
    assert set(people) == {*CAST, "marie.k"}
    assert people["admin"]["roles"] == {"admin": []}
    assert run(environment, "enable", "marie.k").stdout == "Enabled marie.k: analyst in RW.\n"
    assert run(environment, "enable", "marie.k").stdout == "marie.k was not disabled.\n"


def test_a_refusal_is_one_line_and_1(environment: dict[str, str], engine: Engine) -> None:
    before = everybody(engine)
    done = run(environment, "disable", "admin")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "geoapp: admin is the last administrator. Make somebody else administrator first.\n"
    assert everybody(engine) == before


@pytest.mark.parametrize(
    "arguments",
    [("add", "x1"), ("add", "--role", "gis"), ("add", "x1", "--role", "king"), ("scope", "gis-cd"), ("list", "x")],
)
def test_wrong_usage_is_2(environment: dict[str, str], arguments: tuple[str, ...]) -> None:
    done = run(environment, *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "name",
    [
        *("", "a", "Marie", "marie k", "-marie", ".m", "marïe", "m" * 65, "marie\n", "a\x00b", "<b>x</b>", "x'; --"),
        # The viewer who is not signed in, and the roles of the server under which an operator's rows are written.
        *("public", "geoapp", "geoapp_web", "pg_monitor"),
    ],
)
def test_a_name_that_cannot_be_one(engine: Engine, name: str) -> None:
    assert refused(engine, add_person, name, "analyst", ["RW"]).field == "name"


def test_a_name_that_is_taken(engine: Engine) -> None:
    refusal = refused(engine, add_person, "gis-cd", "analyst", ["RW"])
    assert (refusal.field, str(refusal)[:27]) == ("name", "The name gis-cd is taken. C")


@pytest.mark.parametrize(
    ("role", "units", "field", "said"),
    [
        ("king", ["RW"], "role", "There is no such role"),
        ("", ["RW"], "role", "There is no such role"),
        ("coordinator", [], "unit", "The role of coordinator needs at least one unit"),
        ("coordinator", [" ", ""], "unit", "needs at least one unit"),
        ("admin", ["CD"], "unit", "An administrator is of no unit"),
        ("analyst", ["CD-SX"], "unit", "There is no unit CD-SX. Did you mean CD-S"),
        ("analyst", ["Sud Kivo"], "unit", "Did you mean CD-SK (South Kivu)"),
        ("analyst", ["RW", "Atlantis-on-Sea"], "unit", "There is no unit Atlantis-on-Sea. Give a code"),
        ("analyst", ["x" * 5000], "unit", "There is no unit xxx"),
        ("analyst", ["<script>\x00"], "unit", "There is no unit <script>"),
    ],
)
def test_rights_that_cannot_be_given(engine: Engine, role: str, units: list[str], field: str, said: str) -> None:
    for act, name in ((add_person, "new-one"), (set_rights, "gis-cd")):
        refusal = refused(engine, act, name, role, units)
        assert refusal.field == field
        assert said in str(refusal)
        assert len(str(refusal)) < 300


@pytest.mark.parametrize(
    ("unit", "code"), [("cd-sk", "CD-SK"), (" South Kivu ", "CD-SK"), ("sud kivu", "CD-SK"), ("Ouganda", "UG")]
)
def test_a_unit_is_known_by_code_or_name(engine: Engine, unit: str, code: str) -> None:
    with engine.begin() as connection:
        add_person(connection, "new-one", "gis", [unit, code, unit])
    assert scopes(engine, "new-one") == [("gis", code)]


def test_a_name_of_several_units_is_asked_about(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE admin_unit SET name_en = 'South Kivu' WHERE unit_code = 'CD-NK'"))
    refusal = refused(engine, add_person, "new-one", "gis", ["South Kivu"])
    assert str(refusal) == (
        "Several units are called South Kivu: CD-NK (South Kivu), CD-SK (South Kivu). Give the code."
    )


@pytest.mark.parametrize(
    ("act", "rest"), [(disable, ()), (enable, ()), (set_rights, ("analyst", ["RW"]))]
)  # fmt: skip
def test_somebody_who_cannot_be_changed(engine: Engine, act: Act, rest: tuple[Any, ...]) -> None:
    assert str(refused(engine, act, "gis-dc", *rest)) == "There is no user gis-dc. Did you mean gis-cd?"
    assert str(refused(engine, act, "zzzzzz\x00", *rest)).startswith("There is no user zzzzzz")
    with engine.begin() as connection:
        write_people(connection)
    assert "belongs to the demonstration" in str(refused(engine, act, "demo-gis", *rest))


def test_the_last_administrator_keeps_the_role(engine: Engine) -> None:
    with engine.begin() as connection:
        # Those of the demonstration go with its data, and so do not count; nor does one who is disabled.
        write_people(connection)
        add_person(connection, "second", "admin", [])
        disable(connection, "second")
    assert refused(engine, disable, "admin").field == "name"
    assert refused(engine, set_rights, "admin", "gis", ["RW"]).field == "role"
    with engine.begin() as connection:
        set_rights(connection, "admin", "admin", [])
        enable(connection, "second")
        set_rights(connection, "admin", "gis", ["RW"])
    assert scopes(engine, "admin") == [("gis", "RW")]
    assert "second is the last administrator" in str(refused(engine, disable, "second"))


def test_two_administrators_cannot_leave_at_once(engine: Engine) -> None:
    with engine.begin() as connection:
        add_person(connection, "second", "admin", [])
    outcome: list[str] = []

    def leave() -> None:
        try:
            with engine.begin() as other:
                disable(other, "second")
            outcome.append("left")
        except PersonRefusedError as refusal:
            outcome.append(str(refusal))

    with engine.begin() as connection:
        disable(connection, "admin")
        thread = threading.Thread(target=leave)
        thread.start()
    thread.join(timeout=30)
    assert outcome == ["second is the last administrator. Make somebody else administrator first."]


def test_without_an_administrator_others_come_and_go(engine: Engine) -> None:
    """An installation may begin with an analyst."""
    with engine.begin() as connection:
        # As the very first: nothing of the cast is there.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("DELETE FROM user_scope; DELETE FROM web_session; DELETE FROM app_user"))
    with engine.begin() as connection:
        assert list_people(connection) == []
        add_person(connection, "first", "analyst", ["CD"])
        write_people(connection)
        disable(connection, "first")
        enable(connection, "first")
        set_rights(connection, "first", "gis", ["CD"])
        remove_people(connection)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM app_user WHERE user_name = 'first'"))
    assert everybody(engine) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE app_user SET disabled_at = now()",
        "UPDATE app_user SET synthetic = true WHERE user_name = 'admin'",
        "DELETE FROM app_user WHERE user_name = 'admin'",
        "DELETE FROM user_scope WHERE role = 'admin'",
        "UPDATE user_scope SET role = 'gis', unit_code = 'RW' WHERE role = 'admin'",
        "UPDATE user_scope SET user_name = 'gis-cd' WHERE role = 'admin'; UPDATE app_user SET disabled_at = now()",
    ],
)
def test_the_database_keeps_an_administrator_too(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        add_person(connection, "second", "admin", [])
        disable(connection, "second")
    before = everybody(engine)
    with pytest.raises(DBAPIError, match="last administrator"), engine.begin() as connection:
        connection.execute(text(statement))
    assert everybody(engine) == before
