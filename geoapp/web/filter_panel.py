"""The panel of filters: its lists, and every choice with its words, its count, and whether it is chosen."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from babel.dates import format_date
from sqlalchemy import Connection, func, select

from geoapp.access.viewer import Viewer
from geoapp.naming import fold
from geoapp.publish.counts import Told
from geoapp.publish.quality import source_names
from layers.catalogue import LAYERS
from layers.filter import LONGEST_KEY, UNKNOWN, VOCABULARIES, Filter
from layers.tables import AdminUnit, Route
from layers.text import Text
from layers.vocabulary import COUNTRY, LEVEL, QUALITY
from layers.vocabulary.quality import NO_SOURCE

# The parts of the filter that are lists of codes, by the layer whose rows they are about.
GROUPS: tuple[tuple[str, Text, tuple[tuple[str, Text], ...]], ...] = (
    (
        "incidents",
        Text("Incidents", "Incidents"),
        (
            ("level", Text("Level", "Niveau")),
            ("category", Text("Category", "Catégorie")),
            ("status", Text("Status", "État")),
            ("actor_kind", Text("Actor", "Acteur")),
        ),
    ),
    (
        "mine_sites",
        Text("Mine sites", "Sites miniers"),
        (("mineral", Text("Mineral", "Minerai")), ("icglr_status", Text("ICGLR status", "Statut CIRGL"))),
    ),
    (
        "deployments",
        Text("Security deployments", "Déploiements de sécurité"),
        (("force", Text("Force", "Force")), ("function", Text("Function", "Fonction"))),
    ),
)
LEVEL_UNKNOWN = Text("Level unknown", "Niveau inconnu")
UNITS = Text("Country and province", "Pays et province")
NEAR = Text("Near a route", "Près d’un itinéraire")
WITHOUT_SOURCE = Text("no source", "sans source")
UNTIL = Text("{name} (until {year})", "{name} (jusqu’en {year})")
# Which lists are open at first: the others open by themselves where something in them is chosen.
OPEN = ("level", "category", "icglr_status")


@dataclass(frozen=True)
class Facet:
    """A list of the panel: the part of the filter that it is about, how much is chosen, and whether it is open."""

    part: str
    title: str
    chosen: int
    open: bool


@dataclass(frozen=True)
class Outline:
    """The lists of the panel for one viewer, without their choices; `groups` are those about the rows of one layer."""

    period: bool
    unit: Facet
    route: Facet | None
    groups: Sequence[tuple[str, str, Sequence[Facet]]]

    @property
    def facets(self) -> list[Facet]:
        """All lists."""
        near = [self.route] if self.route else []
        return [self.unit, *near, *(facet for _, _, facets in self.groups for facet in facets)]


@dataclass(frozen=True)
class Choice:
    """A box of the panel: `part` and `code` are what it puts into the address.

    `count` is None where the browser fills it in.
    """

    part: str
    code: str
    label: str
    count: int | None
    chosen: bool
    share: float = 0.0


@dataclass(frozen=True)
class Country:
    """A country with its provinces."""

    choice: Choice
    provinces: Sequence[Choice]


@dataclass(frozen=True)
class Month:
    """A bar of the histogram: `height` from 0 to 1, `inside` the period that is chosen."""

    name: str
    count: int
    height: float
    inside: bool
    title: str


@dataclass(frozen=True)
class Choices:
    """The choices of some lists: those that are codes by part of the filter, the units by country, and the routes.

    Each route is its key, its words, whether it is chosen, and its corners: south, west, north, east in degrees.
    """

    lists: Mapping[str, Sequence[Choice]]
    countries: Sequence[Country]
    routes: Sequence[tuple[str, str, bool, str]]


def outline(viewer: Viewer, chosen: Filter, language: str) -> Outline:
    """The lists for a viewer, without those about rows of which they see none."""

    def facet(part: str, title: Text) -> Facet:
        number = len(getattr(chosen, part))
        return Facet(part, title.in_language(language), number, bool(number) or part in OPEN)

    groups = [
        (name, title.in_language(language), [facet(part, words) for part, words in parts])
        for name, title, parts in GROUPS
        if _open(viewer, name)
    ]
    route = facet("route", NEAR) if _open(viewer, "routes") else None
    return Outline(_open(viewer, "incidents"), facet("unit", UNITS), route, groups)


def _open(viewer: Viewer, layer: str) -> bool:
    return not LAYERS[layer].roles or viewer.has(*LAYERS[layer].roles)


def read_choices(
    connection: Connection, parts: Collection[str], chosen: Filter, told: Told | None, language: str
) -> Choices:
    """The choices of the lists about some parts of the filter, as the viewer of a transaction sees them.

    Without `told` they are the same whatever is chosen, but for what is ticked.
    """
    return Choices(
        {part: _list(part, chosen, told, language) for part in parts if part in VOCABULARIES},
        _countries(connection, chosen, told, language) if "unit" in parts else [],
        _routes(connection, chosen) if "route" in parts else [],
    )


def read_checks(connection: Connection, chosen: Filter, language: str) -> list[tuple[str, str, str]]:
    """The checks and the sources that are chosen, which the page of data quality has set: part, code and words."""
    names = source_names(connection) if chosen.source else {}
    checks = [("quality", code, QUALITY.label(code, language)) for code in chosen.quality]
    none = WITHOUT_SOURCE.in_language(language)
    return checks + [("source", each, none if each == NO_SOURCE else names.get(each, each)) for each in chosen.source]


def _list(part: str, chosen: Filter, told: Told | None, language: str) -> list[Choice]:
    vocabulary = VOCABULARIES[part]
    labels = {code: vocabulary.label(code, language) for code in vocabulary}
    if vocabulary is LEVEL:
        labels[UNKNOWN] = LEVEL_UNKNOWN.in_language(language)
    ticked = getattr(chosen, part)
    if told is None:
        return [Choice(part, code, label, None, code in ticked) for code, label in labels.items()]
    counts = told.choices.get(part, {})
    most = max(counts.values(), default=0)
    return [
        Choice(part, code, label, counts.get(code, 0), code in ticked, counts.get(code, 0) / most if most else 0)
        for code, label in labels.items()
    ]


def _countries(connection: Connection, chosen: Filter, told: Told | None, language: str) -> list[Country]:
    """Every country with the provinces that are valid today, and with those of before in which something may be."""
    counts = told.choices.get("unit", {}) if told else None
    name = AdminUnit.name_fr if language == "fr" else AdminUnit.name_en
    asked = select(AdminUnit.unit_code, AdminUnit.country, AdminUnit.valid_to, name.label("name"))
    rows = connection.execute(asked.where(AdminUnit.level == 1).order_by(AdminUnit.valid_from)).all()
    provinces: dict[str, dict[str, Choice]] = {code: {} for code in COUNTRY}
    most = max((counts.get(row.unit_code, 0) for row in rows), default=0) if counts else 0
    for row in rows:
        count = counts.get(row.unit_code, 0) if counts is not None else None
        ticked = row.unit_code in chosen.unit
        past = row.valid_to is not None
        if past and count == 0 and not ticked:
            provinces[row.country].pop(row.unit_code, None)
            continue
        said = UNTIL.in_language(language).format(name=row.name, year=row.valid_to.year) if past else row.name
        share = count / most if count and most else 0
        provinces[row.country][row.unit_code] = Choice("unit", row.unit_code, said, count, ticked, share)
    return [
        Country(
            Choice(
                "unit",
                code,
                COUNTRY.label(code, language),
                counts.get(code, 0) if counts is not None else None,
                code in chosen.unit,
            ),
            sorted(inside.values(), key=lambda each: fold(each.label)),
        )
        for code, inside in provinces.items()
    ]


def bars_of(counts: Mapping[str, int], chosen: Filter, language: str) -> list[Month]:
    """The bars of the incidents by month, of which `counts` has every one from the first to the last."""
    most = max(counts.values(), default=0) or 1
    made = []
    for name, count in counts.items():
        year, month = int(name[:4]), int(name[5:])
        first = dt.date(year, month, 1)
        last = dt.date(year, month, calendar.monthrange(year, month)[1])
        inside = (chosen.since is None or chosen.since <= last) and (chosen.until is None or first <= chosen.until)
        said = format_date(first, "MMMM y", locale=language)
        made.append(Month(name, count, count / most, inside, said))
    return made


def _routes(connection: Connection, chosen: Filter) -> list[tuple[str, str, bool, str]]:
    """The routes that the viewer sees by name, and what the address holds if that is another one."""
    edges = (func.ST_YMin(Route.geom), func.ST_XMin(Route.geom), func.ST_YMax(Route.geom), func.ST_XMax(Route.geom))
    found = {}
    for row in connection.execute(select(Route.id, Route.route_id, Route.name, *edges)).all():
        # A list in an address has commas between its values.
        plain = "," not in row.route_id and len(row.route_id) <= LONGEST_KEY
        key = row.route_id if plain else str(row.id)
        found[key] = (f"{row.name} ({row.route_id})", ",".join(f"{edge:.3f}" for edge in row[3:]))
    wanted = ",".join(chosen.route)
    offered = [
        (key, words, key == wanted, corners)
        for key, (words, corners) in sorted(found.items(), key=lambda each: fold(each[1][0]))
    ]
    if wanted and not any(ticked for _, _, ticked, _ in offered):
        offered.insert(0, (wanted, wanted, True, ""))
    return offered
