"""What the address of a list asks for: a page, a code of a vocabulary, a text."""

from __future__ import annotations

from collections.abc import Container

from flask import request


def asked_text(name: str, longest: int = 200) -> str | None:
    """A text of the address; None where there is none."""
    return request.args.get(name, "").replace("\0", "").strip()[:longest] or None


def asked_code(name: str, known: Container[str]) -> str | None:
    """A text of the address that is one of some codes; None for any other."""
    text = asked_text(name)
    return text if text in known else None


def asked_number(name: str, low: int, high: int) -> int | None:
    """A whole number of the address within bounds; None where there is none."""
    text = request.args.get(name, "").strip()
    if not text.isdecimal() or len(text) > 9:
        return None
    return int(text) if low <= int(text) <= high else None
