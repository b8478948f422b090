"""Under which names the pages are served: a foreign name that points here must not make a browser read them."""

from __future__ import annotations

from flask import Flask, current_app, request

from geoapp.errors import BadRequestError
from geoapp.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost", "::1")
KEY = "geoapp.hosts"
NOT_SERVED = "geoapp is not served under this name. Whoever runs it can add the name to GEOAPP_TRUSTED_HOSTS."


def init_app(app: Flask) -> None:
    """Refuse requests that name another host than the settings do."""
    app.extensions[KEY] = served_names(app.extensions["geoapp.settings"])
    app.before_request(_check)


def served_names(settings: Settings) -> tuple[str, ...]:
    """The names that are answered; none where all are, since whoever listens on the network may not have named any.

    A name that begins with a dot stands for all below it too.
    """
    if settings.trusted_hosts or settings.host in LOOPBACK:
        return (*LOOPBACK, *settings.trusted_hosts)
    return ()


def _check() -> None:
    served: tuple[str, ...] = current_app.extensions[KEY]
    if served and not any(_is_named(_without_port(request.environ.get("HTTP_HOST", "")), name) for name in served):
        raise BadRequestError(NOT_SERVED)


def _is_named(host: str, name: str) -> bool:
    return host == name.removeprefix(".") or (name.startswith(".") and host.endswith(name))


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()
