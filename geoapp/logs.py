"""What geoapp's processes log: lines for people or for programs, with the identifier of a request where there is one.

No line bears a name, an address of a client, a path, a query or a value: where it happened, how long it took, of which
kind it was.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Callable

from geoapp.settings import Settings

# What a line says beside its words, in the order in which programs get it.
PARTS = ("method", "endpoint", "status", "ms", "bytes", "statement", "task", "attempt", "state")


def write_logs(settings: Settings, request_of: Callable[[], str] = lambda: "-") -> None:
    """Have geoapp's lines written to the standard error as the settings say; `request_of` names the current request."""
    logger = logging.getLogger("geoapp")
    # A program that collects lines wants one of every request and job; a person looks for what went wrong.
    logger.setLevel(logging.INFO if settings.log_format == "json" else logging.WARNING)
    for handler in [each for each in logger.handlers if isinstance(each, _Handler)]:
        logger.removeHandler(handler)
    logger.addHandler(_Handler(_Json(request_of) if settings.log_format == "json" else _Plain(request_of)))


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes lines to the standard error."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)


class _Plain(logging.Formatter):
    """A line for people: time, level, request, part of geoapp, and what it says."""

    def __init__(self, request_of: Callable[[], str]) -> None:
        super().__init__("%(asctime)s %(levelname)s [%(request_id)s] %(name)s: %(message)s")
        self._request_of = request_of

    def format(self, record: logging.LogRecord) -> str:
        """The line; a hyphen stands for a request where there is none."""
        record.request_id = self._request_of()
        parts = [f"{name}={value}" for name in PARTS if (value := getattr(record, name, None)) is not None]
        return " ".join([super().format(record), *parts])


class _Json(logging.Formatter):
    """The same as one JSON object a line."""

    def __init__(self, request_of: Callable[[], str]) -> None:
        super().__init__()
        self._request_of = request_of

    def format(self, record: logging.LogRecord) -> str:
        """The object, without what is not known."""
        told = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "request": self._request_of(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: value for name in PARTS if (value := getattr(record, name, None)) is not None},
        }
        return json.dumps(told, ensure_ascii=False)
