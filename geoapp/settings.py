"""The settings of an installation, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from geoapp.errors import SettingsError

Value = TypeVar("Value")

DRIVER = "postgresql+psycopg"


@dataclass(frozen=True)
class Settings:
    """How this installation runs; see docs/settings.md for each variable.

    `database_url`, with its password, is None where the embedded cluster under `home` is used. Without
    `web_database_password` the web role's is derived from the owner's.
    """

    home: Path
    database_url: str | None
    web_database_password: str | None
    host: str
    port: int
    workers: int
    tile_cache_mb: int
    time_zone: str
    language: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the environment; `SettingsError` names every variable that is wrong, not only the first."""
        reader = _Reader(os.environ if environ is None else environ)
        settings = cls(
            home=reader.get("GEOAPP_HOME", default_home(), lambda text: Path(text).expanduser().absolute()),
            database_url=_with_password(
                reader,
                reader.get("GEOAPP_DATABASE_URL", None, _database_url),
                reader.get("GEOAPP_DATABASE_PASSWORD", None, str),
            ),
            web_database_password=reader.get("GEOAPP_WEB_DATABASE_PASSWORD", None, str),
            host=reader.get("GEOAPP_HOST", "127.0.0.1", str),
            port=reader.get("GEOAPP_PORT", 8000, _whole_number(1, 65535)),
            workers=reader.get("GEOAPP_WORKERS", 2, _whole_number(1, 64)),
            tile_cache_mb=reader.get("GEOAPP_TILE_CACHE_MB", 32, _whole_number(0, 4096)),
            time_zone=reader.get("GEOAPP_TIME_ZONE", "Africa/Kigali", _time_zone),
            language=reader.get("GEOAPP_LANGUAGE", "en", _one_of("en", "fr")),
        )
        if reader.faults:
            raise SettingsError("\n".join(reader.faults))
        return settings


def default_home() -> Path:
    """Where the embedded database and its files live when nothing else is said."""
    if os.geteuid() == 0:
        return Path("/var/lib/geoapp")
    return Path("~/.local/share/geoapp").expanduser()


class _Reader:
    """Reads variables, `NAME_FILE` before `NAME`, and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]):
        self.environ = environ
        self.faults: list[str] = []

    def get(self, name: str, default: Value, parse: Callable[[str], Value]) -> Value:
        text = self._text(name)
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.faults.append(f"{name}: {error}")
            return default

    def is_set(self, name: str) -> bool:
        """Whether the variable, or its `_FILE`, says anything, be it right or wrong."""
        return bool(self.environ.get(name) or self.environ.get(f"{name}_FILE"))

    def _text(self, name: str) -> str | None:
        path = self.environ.get(f"{name}_FILE")
        if not path:
            return self.environ.get(name)
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "is not UTF-8 text"
            self.faults.append(f"{name}_FILE: cannot read {path}: {reason}")
            return None


def _database_url(text: str) -> str:
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError("is not a database address; write postgresql://user:password@host:port/name") from None
    if url.drivername not in {"postgresql", "postgres", DRIVER}:
        raise ValueError(f"names {url.drivername}; geoapp stores in PostgreSQL with PostGIS alone")
    return url.set(drivername=DRIVER).render_as_string(hide_password=False)


def _with_password(reader: _Reader, address: str | None, password: str | None) -> str | None:
    """`address` with the password that was set apart from it, so that the address itself need not be kept secret."""
    if password is None:
        return address
    if address is None:
        if not reader.is_set("GEOAPP_DATABASE_URL"):
            reader.faults.append(
                "GEOAPP_DATABASE_PASSWORD: is set without GEOAPP_DATABASE_URL; set the address too, or unset it"
            )
        return None
    url = make_url(address)
    if url.password is not None:
        reader.faults.append(
            "GEOAPP_DATABASE_PASSWORD: GEOAPP_DATABASE_URL has a password already; leave out one of them"
        )
    return url.set(password=password).render_as_string(hide_password=False)


def _whole_number(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ValueError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return parse


def _time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{text!r} is not a time zone; write one such as Africa/Kigali") from None
    return text


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} is not one of {', '.join(choices)}")
        return text

    return parse
