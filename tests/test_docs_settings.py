"""docs/settings.md names every variable that is read, each with its default, and no other."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
from container_files import ROOT
from recording import RecordingEnvironment

from geoapp.settings import Settings

PAGE = ROOT / "docs/settings.md"
ROWS = {
    name: (default, meaning)
    for name, default, meaning in re.findall(
        r"^\| `(GEOAPP_\w+)` \| (.+?) \| (.+?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
}
# Their defaults are in words, since they depend on who runs geoapp, or there is none.
IN_WORDS = {
    "GEOAPP_HOME",
    "GEOAPP_DATABASE_URL",
    "GEOAPP_READ_URLS",
    "GEOAPP_DATABASE_PASSWORD",
    "GEOAPP_WEB_DATABASE_PASSWORD",
    "GEOAPP_AUDIT_HEADS",
    "GEOAPP_TRUSTED_PROXIES",
    "GEOAPP_TRUSTED_HOSTS",
    "GEOAPP_AUDIT_KEY",
    "GEOAPP_BACKUP_KEY",
    "GEOAPP_PUBLIC_URL",
    "GEOAPP_SOURCE_PRECEDENCE",
    "GEOAPP_LEVEL_WEIGHTS",
    "GEOAPP_TLS_CERTIFICATE",
    "GEOAPP_TLS_KEY",
}


@pytest.fixture(scope="module")
def read() -> set[str]:
    """The names of the variables that the settings ask for."""
    environment = RecordingEnvironment()
    Settings.from_environment(environment)
    return environment.names


def test_every_variable_is_documented(read: set[str]) -> None:
    assert {name.removesuffix("_FILE") for name in read} - set(ROWS) == set()


def test_every_documented_variable_is_read(read: set[str]) -> None:
    assert set(ROWS) - read == set()


def test_every_variable_may_be_given_as_a_file(read: set[str]) -> None:
    assert {f"{name}_FILE" for name in ROWS} <= read


def test_the_page_speaks_of_no_other_variable() -> None:
    assert set(re.findall(r"GEOAPP_\w+", PAGE.read_text(encoding="utf-8"))) == set(ROWS)


def test_the_defaults_are_right() -> None:
    settings = Settings.from_environment({})
    for each in fields(Settings):
        name = f"GEOAPP_{each.name.upper()}"
        if name not in IN_WORDS:
            assert ROWS[name][0] == f"`{getattr(settings, each.name)}`"
