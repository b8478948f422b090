"""What a browser says of itself, in the few words by which its owner knows it."""

from __future__ import annotations

import re

from flask import request

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


def browser() -> str | None:
    """The family and system of the browser, such as "Firefox, Windows"; None where it says neither."""
    said = request.user_agent.string
    found = [next((name for name, pattern in each if re.search(pattern, said)), None) for each in (BROWSERS, SYSTEMS)]
    return ", ".join(name for name in found if name) or None
