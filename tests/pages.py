"""What tests ask of any page."""

from __future__ import annotations

import re


def without_way_back(page: str) -> str:
    """A page without where signing in would lead back to, which is its own address."""
    return re.sub(r"&amp;next=[^\"]*", "", page)
