"""The state of the map as its address holds it: what of it can be understood, and a note of what cannot."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection, select
from werkzeug.datastructures import MultiDict

from geoapp.publish.listing import LISTED, Asked, Box
from geoapp.risk.questions import QUESTIONS
from layers.catalogue import LAYERS
from layers.filter import PARSERS, Filter, routes_named
from layers.tables import AdminUnit, Route
from layers.text import Text, typeset

# In the place of a table: the rows counted.
CHARTS = "charts"
TABLES = (*LISTED, CHARTS)
THEMES = ("light", "dark")
# The closest and the farthest view of the map.
LEAST_ZOOM, MOST_ZOOM = 4.0, 18.0
NUMBER = r"(-?\d{1,3}(?:\.\d{1,8})?)"
VIEW = re.compile(rf"(\d{{1,2}}(?:\.\d{{1,4}})?)/{NUMBER}/{NUMBER}", re.ASCII)
SORT = re.compile(r"-?[a-z_]{1,40}", re.ASCII)
OPEN = re.compile(r"[a-z_]{1,40}:[^\0]{1,200}")
# What an address may hold beside the filter. Words of the page itself, such as the language, are no part of the state.
OWN = {"at", "layers", "table", "sort", "page", "all", "open", "theme", "ask"}
# An open answer: a risk question and its parameters, as its page below /risk/ has them. As many as have a letter each.
ASK = re.compile(rf"({'|'.join(QUESTIONS)})(\?[^\0#]{{0,4000}})?")
MOST_ASKS = 6
ELSEWHERE = {"lang", "part", "bbox"}
LONGEST_SHOWN = 40


@dataclass(frozen=True)
class View:
    """Where the map looks: a zoom, and the middle in degrees."""

    zoom: float
    lat: float
    lon: float


@dataclass(frozen=True)
class MapState:
    """What a map shows. `layers` are those drawn, None for those of the start; `everywhere` lists rows out of view too.

    `table` is one of TABLES. `asks` are the open answers. `faults` say what of the address could not be understood.
    """

    chosen: Filter = field(default_factory=Filter)
    view: View | None = None
    layers: tuple[str, ...] | None = None
    table: str = "incidents"
    sort: str = ""
    page: int = 1
    everywhere: bool = False
    opened: str = ""
    theme: str = ""
    asks: tuple[str, ...] = ()
    faults: tuple[Text, ...] = ()

    def asked(self, box: Box | None) -> Asked:
        """The page of the table, where that is one of rows."""
        return Asked(self.table, self.chosen, None if self.everywhere else box, self.sort, self.page)

    def query(self, **other: str) -> str:
        """An address's query with the same state, but for `other`; an empty one is left out."""
        made: dict[str, Any] = {
            **self.chosen.query(),
            "at": f"{self.view.zoom:g}/{self.view.lat:g}/{self.view.lon:g}" if self.view else "",
            "layers": ",".join(self.layers) if self.layers is not None else "",
            "table": self.table if self.table != "incidents" else "",
            "sort": self.sort,
            "page": str(self.page) if self.page > 1 else "",
            "all": "1" if self.everywhere else "",
            "theme": self.theme,
            "ask": self.asks,
            **other,
        }
        return urlencode({name: value for name, value in made.items() if value}, doseq=True)

    @property
    def cleared(self) -> str:
        """An address's query with the same view of the map, and nothing chosen."""
        return replace(self, chosen=Filter(), page=1).query()


def read_state(arguments: MultiDict[str, str]) -> MapState:
    """The state that an address means; boxes of a plain form that bear one name are read as one list."""
    given = {name: ",".join(each for each in values if each) for name, values in arguments.lists()}
    chosen, faults = Filter.understand({name: text for name, text in given.items() if name in PARSERS})
    notes = [*faults]
    unknown = sorted(set(given) - set(PARSERS) - OWN - ELSEWHERE)
    notes += [_unknown(name) for name in unknown[:5]]
    view = _view(given, notes)
    layers = _layers(given, notes)
    table = given.get("table") or "incidents"
    if table not in TABLES:
        notes.append(_fault("table", f"there are {', '.join(TABLES)}", f"il y a {', '.join(TABLES)}"))
        table = "incidents"
    sort = given.get("sort", "")
    if sort and not SORT.fullmatch(sort):
        notes.append(_fault("sort", "is not the name of a column", "n'est pas le nom d'une colonne"))
        sort = ""
    page = given.get("page") or "1"
    if not re.fullmatch(r"[1-9]\d{0,6}", page, re.ASCII):
        notes.append(_fault("page", "is not a whole number from 1 on", "n'est pas un nombre entier à partir de 1"))
        page = "1"
    theme = given.get("theme", "")
    if theme and theme not in THEMES:
        notes.append(_fault("theme", "is light or dark", "est light ou dark"))
        theme = ""
    opened = given.get("open", "")
    if opened and not (OPEN.fullmatch(opened) and opened.split(":")[0] in LAYERS):
        notes.append(_fault("open", "names no row of a layer", "ne désigne aucune ligne d'une couche"))
        opened = ""
    everywhere, asks = given.get("all") == "1", _asks(arguments.getlist("ask"), notes)
    return MapState(chosen, view, layers, table, sort, int(page), everywhere, opened, theme, asks, tuple(notes))


def with_known_places(connection: Connection, state: MapState) -> MapState:
    """The state without the units and routes that there are not for the transaction's viewer, which its faults name."""
    chosen = state.chosen
    if not chosen.unit and not chosen.route:
        return state
    units = set(connection.scalars(select(AdminUnit.unit_code).where(AdminUnit.unit_code.in_(chosen.unit))))
    routes = {
        each
        for row in connection.execute(select(Route.id, Route.route_id).where(routes_named(chosen.route)))
        for each in (str(row.id), row.route_id)
    }
    notes = [*state.faults]
    for name, missing in (("unit", set(chosen.unit) - units), ("route", set(chosen.route) - routes)):
        if missing:
            some = ", ".join(_short(each) for each in sorted(missing)[:5])
            notes.append(
                _fault(
                    name, f"there is none that you can see: {some}", f"il n'y en a pas que vous puissiez voir : {some}"
                )
            )
    known = replace(
        chosen,
        unit=tuple(each for each in chosen.unit if each in units),
        route=tuple(each for each in chosen.route if each in routes),
    )
    return replace(state, chosen=known, faults=tuple(notes))


def read_box(arguments: Mapping[str, str]) -> Box | None:
    """The part of the map that `bbox` names: west, south, east, north; None where it names none."""
    try:
        numbers = [float(each) for each in arguments.get("bbox", "").split(",")]
    except ValueError:
        return None
    if len(numbers) != 4 or not all(math.isfinite(each) for each in numbers):
        return None
    west, south, east, north = (min(max(each, -180.0), 180.0) for each in numbers)
    return (west, max(south, -90.0), east, min(north, 90.0)) if west <= east and south <= north else None


def _fault(name: str, en: str, fr: str) -> Text:
    return Text(f"{name}: {en}", typeset(f"{name} : {fr}", "fr"))


def _short(word: str) -> str:
    return word if len(word) <= LONGEST_SHOWN else f"{word[:LONGEST_SHOWN]}…"


def _unknown(name: str) -> Text:
    return _fault(_short(name), "is no part of the map's address", "ne fait pas partie de l'adresse de la carte")


def _view(given: Mapping[str, str], notes: list[Text]) -> View | None:
    text = given.get("at")
    if not text:
        return None
    found = VIEW.fullmatch(text)
    zoom, lat, lon = (float(each) for each in found.groups()) if found else (0.0, 0.0, 0.0)
    if not found or not (LEAST_ZOOM <= zoom <= MOST_ZOOM and abs(lat) <= 85 and abs(lon) <= 180):
        notes.append(
            _fault(
                "at",
                "is not zoom/latitude/longitude, such as 9/-1.67/29.22",
                "n'est pas zoom/latitude/longitude, comme 9/-1.67/29.22",
            )
        )
        return None
    return View(zoom, lat, lon)


def _asks(given: list[str], notes: list[Text]) -> tuple[str, ...]:
    known = [each for each in given if ASK.fullmatch(each)]
    if len(known) < len([each for each in given if each]):
        listed = ", ".join(QUESTIONS)
        notes.append(
            _fault(
                "ask",
                f"is a question with its parameters, such as corridor?route=RT-001; there are {listed}",
                f"est une question avec ses paramètres, comme corridor?route=RT-001 ; il y a {listed}",
            )
        )
    if len(known) > MOST_ASKS:
        notes.append(
            _fault(
                "ask", f"no more than {MOST_ASKS} answers are open", f"pas plus de {MOST_ASKS} réponses sont ouvertes"
            )
        )
    return tuple(dict.fromkeys(known))[:MOST_ASKS]


def _layers(given: Mapping[str, str], notes: list[Text]) -> tuple[str, ...] | None:
    text = given.get("layers")
    if not text:
        return None
    names = ["" if name == "none" else name for name in text.split(",")]
    known = tuple(name for name in LAYERS if name in names)
    if set(names) - set(LAYERS) - {""}:
        listed = ", ".join(LAYERS)
        notes.append(_fault("layers", f"there are {listed}, or none", f"il y a {listed}, ou none"))
        return known or None
    return known
