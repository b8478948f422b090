"""Texts that a spreadsheet would take for formulas, made harmless and put back."""

from __future__ import annotations

import re

# Texts that begin like this are calculated when a spreadsheet opens them. Apostrophes before are part of the rule, so
# that putting back is exact.
CALCULATED = re.compile(r"'*[=+\-@\t\r]")
NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d{1,3})?")


def neutral(text: str) -> str:
    """`text` with an apostrophe before it where a spreadsheet would calculate it; numbers stay numbers."""
    return f"'{text}" if CALCULATED.match(text) and not NUMBER.fullmatch(text) else text


def original(text: str) -> str:
    """The text of which `neutral` made `text`."""
    return text[1:] if text.startswith("'") and CALCULATED.match(text[1:]) else text
