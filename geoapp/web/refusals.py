"""Refused requests in the audit: enough of them to see who tries, and never as many as a flood would bring."""

from __future__ import annotations

import logging

from flask import current_app, request
from sqlalchemy.exc import SQLAlchemyError

from geoapp.access.audit import record
from geoapp.errors import GeoappError
from geoapp.web.buckets import Buckets
from geoapp.web.database import writing
from geoapp.web.limits import KEY
from geoapp.web.proxies import client_network

RECORDED = {403, 429}
# Events a minute; whoever is refused more often is in the audit already.
OF_A_NETWORK, OF_ALL = 10, 60

log = logging.getLogger(__name__)


def record_refusal(status: int) -> None:
    """Write down that this request was refused, where it is of a kind that matters and there were not many."""
    if status not in RECORDED:
        return
    buckets: Buckets = current_app.extensions[KEY]
    if buckets.take("refusal", client_network(), OF_A_NETWORK) or buckets.take("refusals", "", OF_ALL):
        return
    try:
        with writing() as connection:
            record(connection, "refused", f"address/{request.endpoint or 'unknown'}", after={"status": status})
    except (GeoappError, SQLAlchemyError) as error:
        # The answer must not depend on it.
        log.warning("a refusal is not in the audit: %s", type(error).__name__)
