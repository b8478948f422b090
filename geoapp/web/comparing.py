"""`/compare`: two periods under one filter, on maps that move together and in a table that needs no script."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

from flask import Blueprint, Response, g, make_response, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from geoapp.access.viewer import FULL_ROLES
from geoapp.briefing.comparison import Comparison, Period, compare
from geoapp.briefing.contents import in_words, read_periods
from geoapp.errors import ForbiddenError, QuestionError
from geoapp.publish.counts import read_sentence
from geoapp.web.database import current_viewer, reading
from geoapp.web.folium_page import map_parts
from geoapp.web.map import draw
from geoapp.web.map_state import MapState, read_state
from geoapp.web.policy import nonce, unstored
from layers.element import Together

comparing = Blueprint("comparing", __name__)

OWN = ("since2", "until2")
NOT_YOURS = "Comparing periods is for those who see incidents. Sign in, and come back."


@comparing.get("/compare")
def page() -> Response:
    """The comparison; what of the address cannot be understood is said, and the rest is shown."""
    viewer = current_viewer()
    if not viewer.has(*FULL_ROLES, "committee"):
        raise ForbiddenError(NOT_YOURS)
    days = {name: request.args.get(name, "") for name in ("since", "until", *OWN)}
    state = read_state(MultiDict([pair for pair in request.args.items(multi=True) if pair[0] not in days]))
    faults = [fault.in_language(g.language) for fault in state.faults]
    with reading() as connection:
        today = connection.scalar(select(func.today()))
        assert today is not None  # noqa: S101 - the database always has a day.
        try:
            earlier, later = read_periods(days, today)
        except QuestionError as error:
            faults.append(error.said.in_language(g.language))
            earlier, later = read_periods({}, today)
        found = compare(connection, earlier, later, state.chosen, g.language)
        sentence = read_sentence(connection, state.chosen, g.language)
    maps = _maps(state, found)
    query = _query(state, found)
    shown = render_template(
        "compare.html",
        found=found,
        sentence=sentence,
        state=state,
        theme=state.theme,
        faults=faults,
        maps=maps,
        periods=(earlier, later),
        in_words=lambda period: in_words(period, g.language),
        kept=[(name, value) for name, value in _kept(state).items() if value],
        into=url_for("briefings.choose", comparison=query, lang=g.language),
        back=f"/?{urlencode({**_kept(state), **_dated(later), 'lang': g.language})}",
        synthetic=found.synthetic,
    )
    return unstored(make_response(shown, 400 if faults else 200))


def _maps(state: MapState, found: Comparison) -> list[object]:
    charts = []
    for period in (found.earlier, found.later):
        chosen = replace(state.chosen, since=period.since, until=period.until)
        charts.append(draw(current_viewer(), g.language, replace(state, chosen=chosen), workbench=False))
    Together(charts[0]).add_to(charts[1])
    return [map_parts(chart, nonce(), loads=not at, beside=charts) for at, chart in enumerate(charts)]


def _kept(state: MapState) -> dict[str, str]:
    at = f"{state.view.zoom:g}/{state.view.lat:g}/{state.view.lon:g}" if state.view else ""
    layers = ",".join(state.layers) if state.layers is not None else ""
    return {name: value for name, value in {**state.chosen.query(), "at": at, "layers": layers}.items() if value}


def _dated(period: Period) -> dict[str, str]:
    return {"since": str(period.since), "until": str(period.until)}


def _query(state: MapState, found: Comparison) -> str:
    first = {f"{name}2": day for name, day in _dated(found.earlier).items()}
    return urlencode({**_kept(state), **first, **_dated(found.later)})
