"""Numbers as people write them: blanks between thousands, decimal commas, an amount of zeros behind the point."""

from __future__ import annotations

import math
import re
from numbers import Integral, Real

# Blanks of every width, and apostrophes, stand between thousands.
BETWEEN_THOUSANDS = re.compile(r"[\s\u00a0\u202f\u2009'\u2019]")
PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
COMMA_GROUPS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
POINT_GROUPS = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?")


def whole(raw: object) -> int:
    """The whole number that `raw` means; raises ValueError where it means none."""
    if isinstance(raw, Integral):
        return int(raw)
    text = BETWEEN_THOUSANDS.sub("", str(raw))
    number = float(text.replace(",", "")) if COMMA_GROUPS.fullmatch(text) else decimal(raw)
    if number != int(number):
        raise ValueError(raw)
    return int(number)


def decimal(raw: object) -> float:
    """The finite number that `raw` means; one comma alone is a decimal comma. Raises ValueError where it means none."""
    if isinstance(raw, Real):
        number = float(raw)
    else:
        text = BETWEEN_THOUSANDS.sub("", str(raw))
        if text.count(",") == 1 and "." not in text:
            text = text.replace(",", ".")
        elif COMMA_GROUPS.fullmatch(text):
            text = text.replace(",", "")
        elif POINT_GROUPS.fullmatch(text) and ("," in text or text.count(".") > 1):
            text = text.replace(".", "").replace(",", ".")
        if not PLAIN.fullmatch(text):
            raise ValueError(raw)
        number = float(text)
    if not math.isfinite(number):
        raise ValueError(raw)
    return number
