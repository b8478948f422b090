"""An answer to a risk question in words: its figures, what was left out, and its tables, in the request's language."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from flask import g

from geoapp.formulas import neutral
from geoapp.risk.answer import Answer, as_json
from geoapp.risk.area import AreaAnswer
from geoapp.risk.corridor import CorridorAnswer
from geoapp.risk.coverage import CoverageAnswer
from geoapp.risk.escort import EscortAnswer
from geoapp.risk.hotspots import HotspotsAnswer
from geoapp.risk.path import PathAnswer
from geoapp.risk.pressure import PressureAnswer
from geoapp.risk.profile import ProfileAnswer
from geoapp.risk.wording import REASONS
from layers.text import Text

LEVELS = {
    "1": Text("Level 1 (highest)", "Niveau 1 (le plus élevé)"),
    "2": Text("Level 2", "Niveau 2"),
    "3": Text("Level 3 (lowest)", "Niveau 3 (le plus bas)"),
    "level_unknown": Text("Level unknown", "Niveau inconnu"),
}
STRUCK = {
    "rejected": Text("rejected", "rejetés"),
    "unfounded": Text("found to be unfounded", "jugés infondés"),
    "merged": Text("merged into another", "fusionnés avec un autre"),
}
FROM_KM, TO_KM = Text("From km", "Du km"), Text("To km", "Au km")
INCIDENTS, WEIGHT = Text("Incidents", "Incidents"), Text("Weight", "Poids")
LENGTH, EXPOSURE = Text("Length", "Longueur"), Text("Exposure", "Exposition")
PRESSURE, RANK, SITE = Text("Pressure", "Pression"), Text("Rank", "Rang"), Text("Site", "Site")
ROUTE, AREA = Text("Route", "Itinéraire"), Text("Area", "Superficie")
NONE = Text("none", "aucun")


@dataclass(frozen=True)
class Figure:
    """A figure: `value` is the number itself, which `shown` writes for readers."""

    name: str
    label: Text
    shown: str
    value: float | None


@dataclass(frozen=True)
class Column:
    """A column of a table: `key` heads it in files, `shown` writes a value for readers, `href` leads on from it."""

    key: str
    label: Text
    shown: Callable[[Any], str] | None = None
    href: Callable[[Mapping[str, Any]], str | None] | None = None

    @property
    def number(self) -> bool:
        """Whether it holds numbers."""
        return self.shown is not None

    def cell(self, row: Mapping[str, Any]) -> tuple[str, str | None]:
        """What stands in it, and where that leads."""
        value = row[self.key]
        text = "" if value is None else self.shown(value) if self.shown else str(value)
        return text, self.href(row) if self.href else None


@dataclass(frozen=True)
class Table:
    """A list that an answer is made of."""

    name: str
    title: Text
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]

    def as_csv(self) -> str:
        """The table as a file, with the names of the API and numbers as they are."""
        written = io.StringIO()
        rows = csv.writer(written)
        rows.writerow([column.key for column in self.columns])
        for row in self.rows:
            rows.writerow([_as_text(row[column.key]) for column in self.columns])
        return written.getvalue()


@dataclass(frozen=True)
class Answered:
    """An answer in words."""

    sentence: str
    figures: list[Figure]
    left_out: list[str]
    tables: list[Table] = field(default_factory=list)


def decimals(digits: int) -> Callable[[float], str]:
    """How a number is written with so many decimals at most."""
    pattern = "#,##0" + ("." + "#" * digits if digits else "")
    return lambda value: format_decimal(value, pattern, locale=g.language)


def with_unit(digits: int, unit: str) -> Callable[[float], str]:
    """How a number is written with its unit."""
    write = decimals(digits)
    return lambda value: f"{write(value)}\u202f{unit}"


def percent(value: float) -> str:
    """A share of 1."""
    return format_percent(value, "#,##0.#\u202f%" if g.language == "fr" else "#,##0.#%", locale=g.language)


def day(value: dt.date) -> str:
    """A day, short."""
    return format_date(value, "medium", locale=g.language)


def signed(digits: int, unit: str = "") -> Callable[[float], str]:
    """A difference with its sign."""
    write = decimals(digits)
    return lambda value: f"{'+' if value > 0 else '−' if value < 0 else ''}{write(abs(value))}{unit}"


whole, two, three = decimals(0), decimals(2), decimals(3)
km, metres = with_unit(1, "km"), with_unit(0, "m")


def in_words(answer: Answer) -> Answered:
    """The answer for readers."""
    figures: list[Figure] = []
    tables: list[Table] = []
    for kind, (figures_of, tables_of) in KINDS.items():
        if isinstance(answer, kind):
            figures, tables = figures_of(answer), tables_of(answer)
    return Answered(answer.sentence.in_language(g.language), figures, left_out(answer), tables)


def left_out(answer: Answer) -> list[str]:
    """What the figures do not hold, and why."""
    told = [(number, REASONS[name]) for name, number in answer.left_out.items() if number]
    told += [(number, STRUCK[name]) for name, number in answer.excluded.items() if number]
    said = [f"{whole(number)} {why.in_language(g.language)}" for number, why in told]
    if answer.outside_scope:
        share = percent(answer.outside_scope)
        said.append(OUTSIDE.in_language(g.language).format(share=share))
    return said


OUTSIDE = Text(
    "{share} of the ground asked about is not visible to you", "{share} du terrain en question ne vous est pas visible"
)


def figure(name: str, label: Text, value: float | None, shown: Callable[[Any], str]) -> Figure:
    """A figure, or that there is none."""
    return Figure(name, label, NONE.in_language(g.language) if value is None else shown(value), value)


def _by_level(by_level: Mapping[str, int]) -> list[Figure]:
    return [figure(f"level_{name.removeprefix('level_')}", LEVELS[name], by_level[name], whole) for name in LEVELS]


def _counts(answer: CorridorAnswer | AreaAnswer) -> list[Figure]:
    return [
        figure("incidents", INCIDENTS, answer.incidents, whole),
        *_by_level(answer.by_level),
        figure("weighted", WEIGHT, answer.weighted, decimals(1)),
    ]


def _corridor(answer: CorridorAnswer) -> list[Figure]:
    rate, write = answer.rate, decimals(2)
    between = Text("to", "à").in_language(g.language)
    shown = f"{write(rate.value)} ({write(rate.low)} {between} {write(rate.high)})"
    return [
        figure("length_km", LENGTH, answer.length_km, km),
        *_counts(answer),
        Figure("rate", Text("Per 100 km and year (95 %)", "Par 100 km et an (95 %)"), shown, rate.value),
    ]


def _pieces(answer: CorridorAnswer) -> list[Table]:
    columns = (
        Column("from_km", FROM_KM, decimals(1)),
        Column("to_km", TO_KM, decimals(1)),
        Column("incidents", INCIDENTS, whole),
        Column("weighted", WEIGHT, decimals(1)),
    )
    return [Table("pieces", Text("Piece by piece", "Tronçon par tronçon"), columns, as_json(answer.pieces))]


def _area(answer: AreaAnswer) -> list[Figure]:
    return [figure("area_km2", AREA, answer.area_km2, with_unit(1, "km²")), *_counts(answer)]


def _levels(answer: AreaAnswer) -> list[Table]:
    rows = [
        {"level": label.in_language(g.language), "incidents": answer.by_level[name]} for name, label in LEVELS.items()
    ]
    columns = (Column("level", Text("Level", "Niveau")), Column("incidents", INCIDENTS, whole))
    return [Table("by_level", Text("By level", "Par niveau"), columns, rows)]


def _pressure(answer: PressureAnswer) -> list[Figure]:
    return [
        figure("pressure", PRESSURE, answer.pressure, three),
        figure("incidents", Text("Incidents that press", "Incidents qui pèsent"), answer.used, whole),
    ]


def _terms(answer: PressureAnswer) -> list[Table]:
    columns = (
        Column("incident_no", Text("Incident", "Incident"), href=lambda row: f"/incidents/{row['incident_id']}"),
        Column("distance_m", Text("Distance", "Distance"), lambda value: km(value / 1000)),
        Column("age_days", Text("Age in days", "Âge en jours"), whole),
        Column("weight", WEIGHT, decimals(1)),
        Column("contribution", Text("Adds", "Ajoute"), three),
    )
    title = Text("What adds to the pressure", "Ce qui ajoute à la pression")
    return [Table("terms", title, columns, answer.terms.as_json())]


def _profile(answer: ProfileAnswer) -> list[Figure]:
    highest = max((point.pressure for point in answer.points), default=None)
    return [
        figure("length_km", LENGTH, answer.length_km, km),
        figure("exposure", EXPOSURE, answer.exposure, two),
        figure("highest", Text("Highest pressure", "Pression la plus forte"), highest, two),
    ]


def _points(answer: ProfileAnswer) -> list[Table]:
    columns = (Column("km", Text("km", "km"), two), Column("pressure", PRESSURE, three))
    return [Table("points", Text("Every 500 m", "Tous les 500 m"), columns, as_json(answer.points))]


def _coverage(answer: CoverageAnswer) -> list[Figure]:
    of = Text("of", "sur").in_language(g.language)

    def part(name: str, label: Text, share: Any, write: Callable[[float], str]) -> Figure:
        value = share.share
        shown = "–" if value is None else f"{percent(value)} ({write(share.covered)} {of} {write(share.total)})"
        return Figure(name, label, shown, value)

    return [
        figure("deployments", Text("Deployments", "Déploiements"), answer.deployments, whole),
        part("sites", Text("Sites within reach", "Sites à portée"), answer.sites, whole),
        part("route_km", Text("Route km within reach", "Km d'itinéraire à portée"), answer.route_km, whole),
        part(
            "weight", Text("Weight of incidents within reach", "Poids des incidents à portée"), answer.weighted, whole
        ),
        figure(
            "security_forces",
            Text("Incidents whose actor is a security force", "Incidents dont l'acteur est une force de sécurité"),
            answer.security_forces.incidents,
            whole,
        ),
    ]


def _gaps(answer: CoverageAnswer) -> list[Table]:
    of_sites = (
        Column("rank", RANK, whole),
        Column("site_id", SITE, href=lambda row: f"/sites/{row['site_id']}"),
        Column("name", Text("Name", "Nom")),
        Column("pressure", PRESSURE, two),
    )
    of_routes = (
        Column("route_id", ROUTE, href=lambda row: f"/routes/{row['route_id']}"),
        Column("name", Text("Name", "Nom")),
        Column("longest_gap_km", Text("Longest stretch out of reach", "Plus long tronçon hors de portée"), km),
        Column("covered_km", Text("Within reach", "À portée"), km),
        Column("length_km", LENGTH, km),
    )
    routes = sorted(as_json(answer.routes), key=lambda row: -row["longest_gap_km"])
    return [
        Table("gaps", Text("Sites out of reach", "Sites hors de portée"), of_sites, as_json(answer.gaps)),
        Table("routes", Text("Routes", "Itinéraires"), of_routes, routes),
    ]


def _path(answer: PathAnswer) -> list[Figure]:
    short, low, trade = answer.shortest, answer.lower, answer.trade_off
    reached = answer.reachable.metres / 1000 if answer.reachable else None
    figures = [
        figure("shortest_km", Text("Shortest way", "Chemin le plus court"), short.length_km if short else None, km),
        figure("shortest_exposure", Text("its exposure", "son exposition"), short.exposure if short else None, two),
        figure("lower_km", Text("Way of lower exposure", "Chemin moins exposé"), low.length_km if low else None, km),
        figure("lower_exposure", Text("its exposure", "son exposition"), low.exposure if low else None, two),
    ]
    if trade:
        shown = signed(1, "\u202fkm")(trade.longer_km)
        figures.append(Figure("longer_km", Text("Detour", "Détour"), shown, trade.longer_km))
        less = trade.exposure_change_share
        share = "" if less is None else f" ({signed(1)(100 * less)}\u202f%)"
        shown = f"{signed(2)(trade.exposure_change)}{share}"
        figures.append(
            Figure(
                "exposure_change", Text("Change of exposure", "Changement d'exposition"), shown, trade.exposure_change
            )
        )
    if reached is not None:
        label = Text("The network comes within", "Le réseau s'approche à")
        figures.append(figure("reachable_km", label, reached, km))
    for name, label, value in zip(
        ("from_km", "to_km"),
        (Text("From A to the network", "De A au réseau"), Text("From B to the network", "De B au réseau")),
        answer.snapped_m,
        strict=True,
    ):
        figures.append(figure(name, label, value / 1000, km))
    return figures


def _ways(answer: PathAnswer) -> list[Table]:
    if not (answer.shortest and answer.lower and answer.trade_off):
        return []
    trade = answer.trade_off
    rows = [
        {"figure": LENGTH.in_language(g.language), "unit": "km", "shortest": answer.shortest.length_km,
         "lower": answer.lower.length_km, "difference": trade.longer_km, "share": trade.longer_share},
        {"figure": EXPOSURE.in_language(g.language), "unit": "", "shortest": answer.shortest.exposure,
         "lower": answer.lower.exposure, "difference": trade.exposure_change, "share": trade.exposure_change_share},
    ]  # fmt: skip
    columns = (
        Column("figure", Text("Figure", "Grandeur")),
        Column("shortest", Text("Shortest", "Le plus court"), two),
        Column("lower", Text("Lower exposure", "Moins exposé"), two),
        Column("difference", Text("Difference", "Différence"), signed(2)),
        Column("share", Text("in %", "en %"), lambda value: signed(1, "\u202f%")(100 * value)),
    )
    return [Table("ways", Text("Side by side", "Côte à côte"), columns, rows)]


def _hotspots(answer: HotspotsAnswer) -> list[Figure]:
    return [
        figure("hot", Text("Hot cells", "Cellules chaudes"), answer.hot, whole),
        figure("cells", Text("Cells looked at", "Cellules examinées"), len(answer.cells), whole),
        figure("used", INCIDENTS, answer.used, whole),
    ]


def _cells(answer: HotspotsAnswer) -> list[Table]:
    columns = (
        Column("id", Text("Cell", "Cellule")),
        Column("lon", Text("Longitude", "Longitude"), decimals(4)),
        Column("lat", Text("Latitude", "Latitude"), decimals(4)),
        Column("incidents", INCIDENTS, whole),
        Column("value", WEIGHT, decimals(1)),
        Column("z", Text("z of Gi*", "z de Gi*"), two),
        Column("p", Text("p", "p"), decimals(4)),
    )
    cells = [
        {"id": cell.id, "lon": cell.lon, "lat": cell.lat, "incidents": cell.incidents, "value": cell.value,
         "z": cell.z, "p": cell.p}
        for cell in sorted(answer.cells, key=lambda cell: -(cell.z or 0.0))
        if cell.hot
    ]  # fmt: skip
    return [Table("cells", Text("Hot cells", "Cellules chaudes"), columns, cells)]


def _escort(answer: EscortAnswer) -> list[Figure]:
    kg = with_unit(0, "kg")
    return [
        figure("movements", Text("Movements", "Mouvements"), answer.movements, whole),
        figure("escorted_share", Text("With an escort", "Avec escorte"), answer.escorted_share, percent),
        figure("unescorted_km", Text("Unescorted", "Sans escorte"), answer.unescorted_km, km),
        figure("dispatched_kg", Text("Dispatched", "Expédiés"), answer.dispatched_kg, kg),
        figure("received_kg", Text("Received", "Reçus"), answer.received_kg, kg),
        figure("shortfalls", Text("Shortfalls over 1 %", "Manquants de plus de 1 %"), len(answer.shortfalls), whole),
    ]


def _shortfalls(answer: EscortAnswer) -> list[Table]:
    columns = (
        Column("movement_id", Text("Movement", "Mouvement")),
        Column("kg", Text("Missing", "Manquant"), with_unit(1, "kg")),
        Column("share", Text("Share", "Part"), percent),
    )
    return [Table("shortfalls", Text("Shortfalls", "Manquants"), columns, as_json(answer.shortfalls))]


KINDS: dict[type[Answer], tuple[Callable[[Any], list[Figure]], Callable[[Any], list[Table]]]] = {
    CorridorAnswer: (_corridor, _pieces),
    AreaAnswer: (_area, _levels),
    PressureAnswer: (_pressure, _terms),
    ProfileAnswer: (_profile, _points),
    CoverageAnswer: (_coverage, _gaps),
    PathAnswer: (_path, _ways),
    HotspotsAnswer: (_hotspots, _cells),
    EscortAnswer: (_escort, _shortfalls),
}


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return neutral(value) if isinstance(value, str) else str(value)
