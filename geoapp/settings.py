"""The settings of an installation, read once from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from geoapp.errors import SettingsError
from layers import weights
from layers.text import LANGUAGES

Value = TypeVar("Value")

DRIVER = "postgresql+psycopg"
SHORTEST_SECRET = 32
MOST_PROXIES = 8
PREFIX = "GEOAPP_"
# Variables of the tests' browser, which no setting is about.
OF_OTHERS = {"GEOAPP_CHROMIUM"}
HOST_NAME = re.compile(r"\.?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*", re.ASCII)


@dataclass(frozen=True)
class TrustedProxies:
    """Whose word about the client is taken: so many proxies before geoapp, or those of some networks; none."""

    hops: int = 0
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.hops or self.networks)


@dataclass(frozen=True)
class Settings:
    """How this installation runs; see docs/settings.md for each variable.

    `database_url`, with its password, is None where the embedded cluster under `home` is used; `read_urls` are those of
    its standbys. Without
    `tls_certificate` and `tls_key` are files in PEM format, both or none. Without
    `web_database_password` the web role's is derived from the owner's; without `audit_key` or `backup_key` one is kept
    under `home`.
    The limits are requests a minute, of which 0 means any number.
    """

    home: Path
    database_url: str | None
    read_urls: tuple[str, ...]
    web_database_password: str | None
    host: str
    port: int
    tls_certificate: Path | None
    tls_key: Path | None
    workers: int
    tile_cache_mb: int
    time_zone: str
    language: str
    level_weights: tuple[int, int, int]
    source_precedence: Mapping[str, tuple[str, ...]]
    audit_key: str | None
    audit_heads: Path | None
    backup_key: str | None
    public_url: str | None
    session_idle_minutes: int
    session_days: int
    trusted_proxies: TrustedProxies
    trusted_hosts: tuple[str, ...]
    max_upload_mb: int
    uploads_mb: int
    upload_days: int
    max_form_kb: int
    max_form_parts: int
    network_limit: int
    person_limit: int
    question_limit: int
    log_format: str
    slow_ms: int

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
            read_urls=reader.get("GEOAPP_READ_URLS", (), _database_urls),
            web_database_password=reader.get("GEOAPP_WEB_DATABASE_PASSWORD", None, str),
            host=reader.get("GEOAPP_HOST", "127.0.0.1", str),
            port=reader.get("GEOAPP_PORT", 8000, _whole_number(1, 65535)),
            tls_certificate=reader.get("GEOAPP_TLS_CERTIFICATE", None, _file),
            tls_key=reader.get("GEOAPP_TLS_KEY", None, _file),
            workers=reader.get("GEOAPP_WORKERS", 2, _whole_number(1, 64)),
            tile_cache_mb=reader.get("GEOAPP_TILE_CACHE_MB", 32, _whole_number(0, 4096)),
            time_zone=reader.get("GEOAPP_TIME_ZONE", "Africa/Kigali", _time_zone),
            language=reader.get("GEOAPP_LANGUAGE", "en", _one_of(*LANGUAGES)),
            level_weights=reader.get("GEOAPP_LEVEL_WEIGHTS", weights.DEFAULT, _level_weights),
            source_precedence=reader.get("GEOAPP_SOURCE_PRECEDENCE", {}, _precedence),
            audit_heads=reader.get("GEOAPP_AUDIT_HEADS", None, lambda text: Path(text).expanduser().absolute()),
            audit_key=reader.get("GEOAPP_AUDIT_KEY", None, _secret),
            backup_key=reader.get("GEOAPP_BACKUP_KEY", None, _secret),
            public_url=reader.get("GEOAPP_PUBLIC_URL", None, _web_address),
            session_idle_minutes=reader.get("GEOAPP_SESSION_IDLE_MINUTES", 60, _whole_number(1, 1440)),
            session_days=reader.get("GEOAPP_SESSION_DAYS", 14, _whole_number(1, 366)),
            trusted_proxies=reader.get("GEOAPP_TRUSTED_PROXIES", TrustedProxies(), _proxies),
            trusted_hosts=reader.get("GEOAPP_TRUSTED_HOSTS", (), _host_names),
            max_upload_mb=reader.get("GEOAPP_MAX_UPLOAD_MB", 64, _whole_number(1, 4096)),
            uploads_mb=reader.get("GEOAPP_UPLOADS_MB", 4096, _whole_number(1, 1_000_000)),
            upload_days=reader.get("GEOAPP_UPLOAD_DAYS", 30, _whole_number(1, 3660)),
            max_form_kb=reader.get("GEOAPP_MAX_FORM_KB", 1024, _whole_number(64, 16384)),
            max_form_parts=reader.get("GEOAPP_MAX_FORM_PARTS", 1000, _whole_number(10, 100_000)),
            network_limit=reader.get("GEOAPP_NETWORK_LIMIT", 6000, _whole_number(0, 1_000_000)),
            person_limit=reader.get("GEOAPP_PERSON_LIMIT", 3000, _whole_number(0, 1_000_000)),
            question_limit=reader.get("GEOAPP_QUESTION_LIMIT", 60, _whole_number(0, 1_000_000)),
            log_format=reader.get("GEOAPP_LOG_FORMAT", "text", _one_of("text", "json")),
            slow_ms=reader.get("GEOAPP_SLOW_MS", 2000, _whole_number(0, 3_600_000)),
        )
        if (settings.tls_certificate is None) != (settings.tls_key is None):
            reader.faults.append("GEOAPP_TLS_CERTIFICATE and GEOAPP_TLS_KEY: set both, or none")
        reader.name_strangers()
        if reader.faults:
            raise SettingsError("\n".join(reader.faults))
        return settings

    @property
    def address(self) -> str:
        """The address that people reach the pages by, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "https" if self.tls_certificate else "http"
        return self.public_url or f"{scheme}://{host}:{self.port}"


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
        self._asked: set[str] = set()

    def get(self, name: str, default: Value, parse: Callable[[str], Value]) -> Value:
        text = self._text(name)
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.faults.append(f"{name}: {error}")
            return default

    def name_strangers(self) -> None:
        """A fault for each variable that nothing has asked for: a limit with a typo in its name would not hold."""
        for name in sorted(self.environ):
            if name.startswith(PREFIX) and name not in self._asked | OF_OTHERS:
                near = get_close_matches(name, self._asked, n=1)
                proposal = f"did you mean {near[0]}?" if near else "docs/settings.md lists them all; unset it"
                self.faults.append(f"{name}: there is no such setting; {proposal}")

    def is_set(self, name: str) -> bool:
        """Whether the variable, or its `_FILE`, says anything, be it right or wrong."""
        return bool(self.environ.get(name) or self.environ.get(f"{name}_FILE"))

    def _text(self, name: str) -> str | None:
        self._asked |= {name, f"{name}_FILE"}
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


def _database_urls(text: str) -> tuple[str, ...]:
    return tuple(_database_url(each) for each in re.split(r"\s+|,(?=[a-z+]+://)", text.strip()))


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


def _secret(text: str) -> str:
    if len(text) < SHORTEST_SECRET:
        raise ValueError(f"is too short to be a secret; write at least {SHORTEST_SECRET} random characters")
    return text


def _file(text: str) -> Path:
    path = Path(text).expanduser().absolute()
    try:
        path.open("rb").close()
    except OSError as error:
        raise ValueError(f"{text} cannot be read: {error.strerror}") from None
    return path


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{text!r} is not the address of a site; write one such as https://geoapp.example")
    return text.rstrip("/")


def _proxies(text: str) -> TrustedProxies:
    if text.isdecimal():
        return TrustedProxies(hops=_whole_number(0, MOST_PROXIES)(text))
    networks = []
    for part in _parts(text):
        try:
            network = ip_network(part)
        except ValueError:
            raise ValueError(
                f"{part!r} is neither a number of proxies nor a network; write 1, or networks such as 172.16.0.0/12"
            ) from None
        if network.prefixlen == 0:
            raise ValueError(f"{part} would believe everybody; name the networks of your proxies alone")
        networks.append(network)
    return TrustedProxies(networks=tuple(networks))


def _host_names(text: str) -> tuple[str, ...]:
    names = tuple(part.lower() for part in _parts(text))
    for name in names:
        if not HOST_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a host name; write maps.example.org, without https:// and port")
    return names


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{text!r} is not a time zone; write one such as Africa/Kigali") from None
    return text


def _level_weights(text: str) -> tuple[int, int, int]:
    parts = _parts(text)
    if len(parts) != 3 or not all(
        re.fullmatch(r"[0-9]{1,3}", part) and 1 <= int(part) <= weights.MOST for part in parts
    ):
        raise ValueError(
            f"{text!r} are not the weights of three levels; write such as 9,3,1, each from 1 to {weights.MOST}"
        )
    return int(parts[0]), int(parts[1]), int(parts[2])


def _precedence(text: str) -> dict[str, tuple[str, ...]]:
    """Sources by column, such as {"workers_est": ("IPIS", "iTSCi")} of "workers_est=IPIS,iTSCi"."""
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        column, separator, sources = part.partition("=")
        names = tuple(filter(None, (name.strip() for name in sources.split(","))))
        if not separator or not column.strip() or not names:
            raise ValueError(f"{part!r} is not COLUMN=SOURCE,SOURCE; put ; between columns")
        found[column.strip()] = names
    return found


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} is not one of {', '.join(choices)}")
        return text

    return parse
