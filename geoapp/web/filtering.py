"""The filter of the map as addresses bear it: the same for tiles, exports and pages."""

from __future__ import annotations

from flask import request

from layers.filter import Filter, FilterError


def asked_filter(*others: str) -> Filter:
    """The filter of the request's query, in which the address takes `others` too. Raises FilterError."""
    twice = [name for name, values in request.args.lists() if len(values) > 1]
    if twice:
        raise FilterError(
            f"{twice[0]}: is given twice; write several values with commas between them",
            f"{twice[0]} : est donné deux fois ; écrivez plusieurs valeurs en les séparant par des virgules",
        )
    return Filter.parse({name: text for name, text in request.args.items() if name not in others})
