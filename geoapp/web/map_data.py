"""What the map's page asks for while it is looked at: counts beside every choice, and the rows of its table."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify, make_response, render_template, request

from geoapp.access.viewer import Viewer
from geoapp.publish.counts import Told, count_choices
from geoapp.publish.listing import LISTED, read_listing
from geoapp.snapshot.changes import Reading, named
from geoapp.web.database import current_viewer, look, read_snapshot, reading_one_version
from geoapp.web.description import FILTERS, LANGUAGE, Description, described
from geoapp.web.map_state import read_box, read_state
from geoapp.web.policy import unstored
from layers.filter import PARSERS, Filter, FilterError
from layers.text import Text

map_data = Blueprint("map_data", __name__)

COUNTED_TABLES = ("incident", "incident_release", "mine_site", "deployment", "facility", "route", "admin_unit")
NUMBERS = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}


@map_data.get("/api/v1/counts")
@described(
    Description(
        Text(
            "How many rows each choice of a filter would leave, and incidents by month",
            "Combien de lignes chaque choix d’un filtre laisserait, et les incidents par mois",
        ),
        Text("Rows", "Lignes"),
        {
            "type": "object",
            "required": ["sentence", "totals", "unplaced", "synthetic", "choices", "months"],
            "properties": {
                "sentence": {"type": "string"},
                "totals": NUMBERS,
                "unplaced": {"type": "integer", "minimum": 0},
                "synthetic": {"type": "integer", "minimum": 0},
                "choices": {"type": "object", "additionalProperties": NUMBERS},
                "months": NUMBERS,
            },
        },
        parameters=(*FILTERS, LANGUAGE),
        headers={"ETag": Text("Changes with the content.", "Change avec le contenu.")},
        conditional=True,
    )
)
def counts() -> Response:
    """The counts under the filter of the query."""
    chosen = _filter()
    tag = _tag(look(), chosen)
    if request.if_none_match.contains(tag):
        unchanged = Response(status=304)
        unchanged.set_etag(tag)
        return unchanged
    told, started = read_counts(chosen)
    answer = jsonify(
        sentence=told.sentence,
        totals=told.totals,
        unplaced=told.unplaced,
        synthetic=told.synthetic,
        choices=told.choices,
        months=told.months,
    )
    answer.set_etag(_tag(started, chosen))
    return answer


def read_counts(chosen: Filter) -> tuple[Told, Reading]:
    """The counts for the request's viewer, and what they were made from."""
    with reading_one_version() as (connection, started):
        return count_choices(connection, read_snapshot(connection, started), chosen, g.language), started


@map_data.get("/map/rows")
def rows() -> Response:
    """The table alone, for the page that shows it already."""
    state = read_state(request.args)
    asked = state.asked(read_box(request.args))
    with reading_one_version() as (connection, started):
        listing = read_listing(connection, read_snapshot(connection, started), asked, g.language)
    page = render_template(
        "_rows.html", listing=listing, state=state, tables=tables_of(current_viewer()), in_view=asked.box is not None
    )
    return unstored(make_response(page))


def tables_of(viewer: Viewer) -> list[tuple[str, str]]:
    """The tables of which the viewer may see anything: name and title."""
    open_ones = [layer for layer in LISTED.values() if not layer.roles or viewer.has(*layer.roles)]
    return [(layer.name, layer.title.in_language(g.language)) for layer in open_ones]


def _filter() -> Filter:
    given = {name: text for name, text in request.args.items() if name != "lang"}
    for name, values in request.args.lists():
        if len(values) > 1 and name in PARSERS:
            raise FilterError(
                f"{name}: is given twice; write several values with commas between them",
                f"{name} : est donné deux fois ; écrivez plusieurs valeurs en les séparant par des virgules",
            )
    return Filter.parse(given)


def _tag(started: Reading, chosen: Filter) -> str:
    return named(f"{started.version_of(sorted(COUNTED_TABLES))} counts {g.language} {chosen}")
