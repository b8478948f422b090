"""What the map's page asks for while it is looked at: choices, counts beside them, and the rows of its table."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify, make_response, render_template, request
from sqlalchemy import Connection

from geoapp.access.viewer import Viewer
from geoapp.errors import QuestionError
from geoapp.publish.charts import read_charts
from geoapp.publish.counts import Told, count_choices
from geoapp.publish.listing import LISTED, Box, read_listing
from geoapp.publish.search import LONGEST, SHORTEST, Names, find_numbers, read_names
from geoapp.publish.search import TABLES as NAMED_TABLES
from geoapp.snapshot.changes import Reading, named
from geoapp.web.charts import draw_charts
from geoapp.web.database import current_viewer, look, read_snapshot, reading_one_version
from geoapp.web.description import FILTERS, LANGUAGE, Description, Parameter, described
from geoapp.web.filter_panel import outline, read_choices
from geoapp.web.filtering import asked_filter
from geoapp.web.language import translate
from geoapp.web.map_state import CHARTS, MapState, read_box, read_state
from geoapp.web.policy import unstored
from layers.catalogue import LAYERS
from layers.filter import Filter
from layers.incidents import INCIDENTS
from layers.text import Text

map_data = Blueprint("map_data", __name__)

TOWN = Text("Town", "Ville")
# Under this name the names are kept in the process, for so many rights and languages.
NAMES, MOST_NAMES = "geoapp.names", 8
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
    chosen = asked_filter("lang")
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
        snapshot, of_sites = read_snapshot(connection, started), sees_sites_alone(current_viewer())
        return count_choices(connection, snapshot, chosen, g.language, of_sites=of_sites), started


@map_data.get("/map/rows")
def rows() -> Response:
    """The table alone, for the page that shows it already."""
    state = read_state(request.args)
    box = None if state.everywhere else read_box(request.args)
    with reading_one_version() as (connection, started):
        shown = read_table(connection, started, state, box)
    page = render_template("_rows.html", **shown, state=state, in_view=box is not None)
    return unstored(make_response(page))


def read_table(connection: Connection, started: Reading, state: MapState, box: Box | None) -> dict[str, Any]:
    """What the template of the table takes: a page of rows, or the charts of them, and the names of all tables."""
    tables = tables_of(current_viewer())
    snapshot = read_snapshot(connection, started)
    if state.table == CHARTS:
        open_ones = [name for name, _ in tables]
        charted = read_charts(connection, snapshot, state.chosen, box, open_ones)
        return {"charts": draw_charts(connection, charted, state, g.language), "tables": tables}
    return {"listing": read_listing(connection, snapshot, state.asked(box), g.language), "tables": tables}


@map_data.get("/map/choices")
def choices() -> Response:
    """The choices of the lists that `parts` names, without numbers: the page has those of what is chosen."""
    viewer = current_viewer()
    facets = {facet.part: facet for facet in outline(viewer, Filter(), g.language).facets}
    parts = [part for part in request.args.get("parts", "").split(",") if part]
    if not parts or set(parts) - set(facets):
        listed = ", ".join(facets)
        raise QuestionError(f"parts: there are {listed}", f"parts : il y a {listed}")
    chosen, _ = Filter.understand({"route": request.args.get("route", "")})
    with reading_one_version() as (connection, _started):
        found = read_choices(connection, parts, chosen, None, g.language)
    answer = make_response(
        render_template(
            "_choices.html", facets=[facets[part] for part in parts], choices=found, within_km=chosen.within_km
        )
    )
    answer.add_etag()
    answer.make_conditional(request)
    return answer


@map_data.get("/api/v1/search")
@described(
    Description(
        Text(
            "Rows, units and towns by name or number; accents and a wrong letter are forgiven",
            "Lignes, unités et villes par nom ou numéro\u00a0; les accents et une lettre fausse sont pardonnés",
        ),
        Text("Rows", "Lignes"),
        {
            "type": "object",
            "required": ["results"],
            "properties": {
                "results": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["layer", "key", "title", "kind", "code", "lon", "lat", "zoom"],
                        "properties": {
                            "layer": {"type": "string"},
                            "key": {"type": "string"},
                            "title": {"type": "string"},
                            "kind": {"type": "string"},
                            "code": {"type": "string"},
                            "lon": {"type": ["number", "null"]},
                            "lat": {"type": ["number", "null"]},
                            "zoom": {"type": "integer"},
                        },
                    },
                }
            },
        },
        parameters=(
            Parameter(
                "q",
                "query",
                Text("What is looked for.", "Ce qui est cherché."),
                {"type": "string", "minLength": SHORTEST, "maxLength": LONGEST},
                required=True,
            ),
            LANGUAGE,
        ),
    )
)
def search() -> Response:
    """What the viewer may see that is called something like `q`."""
    text = " ".join(request.args.get("q", "").replace("\0", " ").split())
    if not SHORTEST <= len(text) <= LONGEST:
        raise QuestionError(
            f"q: has {len(text)} characters; write {SHORTEST} to {LONGEST}.",
            f"q : compte {len(text)} caractères ; écrivez-en {SHORTEST} à {LONGEST}.",
        )
    with reading_one_version() as (connection, started):
        numbered = find_numbers(read_snapshot(connection, started), text)
        names = _names(connection, started)
    kinds = {name: layer.title.in_language(g.language) for name, layer in LAYERS.items()} | {
        "towns": TOWN.in_language(g.language)
    }
    results = [
        {
            "layer": INCIDENTS.name,
            "key": each.key,
            "title": each.number,
            "kind": kinds[INCIDENTS.name],
            "code": "",
            "lon": each.lon,
            "lat": each.lat,
            "zoom": 13,
        }
        for each in numbered
    ]
    results += [
        {
            "layer": each.layer,
            "key": each.key,
            "title": each.title,
            "kind": kinds[each.layer],
            "code": each.says,
            "lon": each.lon,
            "lat": each.lat,
            "zoom": each.zoom,
        }
        for _, each in names.like(text)
    ]
    return unstored(jsonify(results=results))


def _names(connection: Connection, started: Reading) -> Names:
    """All names that the viewer may see, as they were read for those of the same rights at the same version."""
    kept: OrderedDict[tuple[str, str], Names] = current_app.extensions.setdefault(NAMES, OrderedDict())
    key = (started.version_of(sorted(NAMED_TABLES)), g.language)
    names = kept.get(key)
    if names is None:
        names = read_names(connection, g.language)
        # Another request may do the same at once.
        kept[key] = names
        while len(kept) > MOST_NAMES:
            with suppress(KeyError):
                kept.popitem(last=False)
    return names


def sees_sites_alone(viewer: Viewer) -> bool:
    """Whether the viewer's role shows them no incident, so that the map's sentence is about sites."""
    return not viewer.has(*INCIDENTS.roles)


def tables_of(viewer: Viewer) -> list[tuple[str, str]]:
    """The tables of which the viewer may see anything, and the charts: name and title."""
    open_ones = [layer for layer in LISTED.values() if not layer.roles or viewer.has(*layer.roles)]
    return [*((layer.name, layer.title.in_language(g.language)) for layer in open_ones), (CHARTS, translate("Charts"))]


def _tag(started: Reading, chosen: Filter) -> str:
    return named(f"{started.version_of(sorted(COUNTED_TABLES))} counts {g.language} {chosen}")
