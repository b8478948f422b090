"""How large what is sent may be: files of people who are signed in, and forms of everybody."""

from __future__ import annotations

from flask import Flask, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from geoapp.settings import Settings
from geoapp.web.database import current_viewer

KIB, MIB = 1024, 1024 * 1024


def init_app(app: Flask) -> None:
    """Refuse what is too large before it is read."""
    settings: Settings = app.extensions["geoapp.settings"]
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_form_kb * KIB,
        MAX_FORM_MEMORY_SIZE=settings.max_form_kb * KIB,
        MAX_FORM_PARTS=settings.max_form_parts,
    )
    app.before_request(_measure)


def most_in_words() -> str:
    """How large the body of this request may be, for a sentence."""
    most = request.max_content_length or 0
    return f"{most // MIB}\u00a0MB" if most >= MIB else f"{most // KIB}\u00a0kB"


def _measure() -> None:
    settings: Settings = current_app.extensions["geoapp.settings"]
    length, form = request.content_length, settings.max_form_kb * KIB
    # Files are kept on the disk while they come in: who is not signed in could fill it.
    if request.mimetype == "multipart/form-data" and (length is None or length > form) and current_viewer().signed_in:
        request.max_content_length = settings.max_upload_mb * MIB
    # Not left to the view: one that reads no body would answer as if nothing were wrong.
    if length is not None and length > (request.max_content_length or form):
        raise RequestEntityTooLarge
