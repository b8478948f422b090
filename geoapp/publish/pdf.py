"""HTML made a PDF: A4, tagged for screen readers (PDF/UA-1), the same bytes for the same HTML."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

from geoapp.errors import PaperError
from geoapp.publish import typesetter

SECONDS = 150
WHY = {
    typesetter.NO_FONT: "The font of papers is not installed: run script/setup, or install fonts-dejavu-extra.",
    typesetter.NO_LIBRARY: "Pango is not installed: run script/setup, or install libpango-1.0-0, libpangoft2-1.0-0 and"
    " libharfbuzz-subset0.",
}

log = logging.getLogger(__name__)


def make_pdf(html: str) -> bytes:
    """The PDF of a document that holds all it needs: no address in it is followed.

    Pango and its fonts run in a process of their own: they are not made for threads, and no text must take a server
    down. Pictures are SVG in the HTML, each with a <title>. Raises PaperError.
    """
    # Nothing of the surrounding settings, which hold secrets, goes along.
    environment = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "geoapp.publish.typesetter"],
            input=html.encode(),
            capture_output=True,
            env=environment | {"LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8", "SOURCE_DATE_EPOCH": "0"},
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PaperError("The paper is too long to be set. Leave a part of it out.") from None
    if done.returncode or not done.stdout:
        # What it says may quote the paper.
        log.error("a paper was not set: status %s", done.returncode)
        raise PaperError(WHY.get(done.returncode, "The paper could not be set. Leave a part of it out, and try again."))
    if done.stderr.strip():
        log.warning("a paper was set with %s faults", len(done.stderr.strip().splitlines()))
    return done.stdout
