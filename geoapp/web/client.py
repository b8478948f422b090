"""Who is at the other end of a request: this machine or another, its network, its browser."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address, ip_network

from flask import request

# What a proxy adds: behind one, a request from this machine can come from anywhere.
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP")
# In this order, since each names those after it too.
BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/|Chromium/"),
    ("Safari", r"Safari/"),
)
SYSTEMS = (
    ("Android", r"Android"),
    ("iOS", r"iPhone|iPad|iPod"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux|X11"),
)


def is_local() -> bool:
    """Whether the request comes from this machine, and from no proxy on it."""
    address = ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104
    return address.is_loopback and not any(name in request.headers for name in FORWARDED)


def network() -> str:
    """The network that guesses from this address are counted by: the address itself, of IPv6 the first 64 bits."""
    address = ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ip_network(f"{address}/64", strict=False)) if isinstance(address, IPv6Address) else str(address)


def browser() -> str | None:
    """The family and system of the browser, such as "Firefox, Windows"; None where it says neither."""
    said = request.user_agent.string
    found = [next((name for name, pattern in each if re.search(pattern, said)), None) for each in (BROWSERS, SYSTEMS)]
    return ", ".join(name for name in found if name) or None
