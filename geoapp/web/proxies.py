"""Whose word about a client is taken: that of the proxies which the settings trust, and of nobody by default."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app, request
from werkzeug.middleware.proxy_fix import ProxyFix

from geoapp.settings import Settings, TrustedProxies

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# What a proxy adds: behind one, a request from this machine can come from anywhere.
FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
IPV6_NETWORK = 64


def init_app(app: Flask) -> None:
    """Have the headers of trusted proxies read before the application sees a request."""
    settings: Settings = app.extensions["geoapp.settings"]
    if settings.trusted_proxies:
        app.wsgi_app = _Forwarded(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]


def client_address() -> IPv4Address | IPv6Address | None:
    """The address of who asks; None where a proxy names none."""
    return _address(request.remote_addr or "")


def client_network() -> str:
    """The network of who asks, for counting: an IPv4 address, or the /64 that one IPv6 client has."""
    address = client_address()
    if isinstance(address, IPv6Address):
        return f"{int(address) >> (128 - IPV6_NETWORK):x}::/{IPV6_NETWORK}"
    return str(address)


def is_local() -> bool:
    """Whether the request comes from this machine, and from no proxy on it."""
    settings: Settings = current_app.extensions["geoapp.settings"]
    address = client_address()
    return (
        address is not None
        and address.is_loopback
        and not settings.trusted_proxies
        and not any(name in request.headers for name in FORWARDED)
    )


class _Forwarded:
    """Werkzeug's ProxyFix for as many proxies as may be believed about this request."""

    def __init__(self, app: WSGIApplication, trusted: TrustedProxies):
        self.app = app
        self.trusted = trusted

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        hops = self.trusted.hops or self._hops(environ)
        if not hops:
            return self.app(environ, start_response)
        # Scheme and host are those that the nearest proxy tells; a path before ours is taken from none.
        return ProxyFix(self.app, x_for=hops, x_proto=1, x_host=1)(environ, start_response)

    def _hops(self, environ: dict[str, Any]) -> int:
        """How many of the addresses that led here, from the nearest on, are in the trusted networks."""
        named = [part.strip() for part in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        hops = 0
        for text in [environ.get("REMOTE_ADDR", ""), *reversed(named[1:])]:
            if not self._trusts(text):
                break
            hops += 1
        return hops

    def _trusts(self, text: str) -> bool:
        address = _address(text)
        return address is not None and any(address in network for network in self.trusted.networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
