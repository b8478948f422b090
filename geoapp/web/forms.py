"""What every form that changes something is checked for."""

from __future__ import annotations

from flask import request

from geoapp.errors import ForbiddenError

FOREIGN = "This form was sent from another site, so nothing was done. Open the page here, and send it again."


def require_own_form() -> None:
    """Raise ForbiddenError where the browser says that the form was sent from another site's page."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise ForbiddenError(FOREIGN)
