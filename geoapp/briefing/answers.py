"""An answer to a risk question on paper: its figures and tables in words, and its shapes for a map."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from babel.dates import format_date
from babel.numbers import format_decimal
from shapely import MultiPolygon, Point, Polygon
from sqlalchemy import Connection

from geoapp.errors import QuestionError
from geoapp.publish.drawing import AREA, CELL, LINE, SECOND_LINE, Overlay
from geoapp.risk.answer import Answer
from geoapp.risk.area import AreaAnswer
from geoapp.risk.asking import ground_for_questions
from geoapp.risk.basis import find_route
from geoapp.risk.ground import Ground
from geoapp.risk.hotspots import HotspotsAnswer
from geoapp.risk.parameters import Asked
from geoapp.risk.path import PathAnswer
from geoapp.risk.questions import QUESTIONS, Question
from geoapp.risk.scope import circle
from geoapp.risk.wording import REASONS
from layers.filter import Filter
from layers.text import Text, typeset

# As many rows as are read on paper; the answer itself has all.
MOST_ROWS = 30
# As long incidents press on a place.
PRESSED = dt.timedelta(days=1096)
# What an address may hold beside a question, which is no parameter of it.
BESIDE = {"lang", "part", "of_points", "off_m", "table"}
# A shape in an address: its corners as lon,lat;lon,lat.
SHAPES = {"line": "LineString", "polygon": "Polygon"}
NAMES: Mapping[str, Text] = {
    "length_km": Text("Length (km)", "Longueur (km)"),
    "incidents": Text("Incidents", "Incidents"),
    "weighted": Text("Weighted", "Pondéré"),
    "by_level.1": Text("Level 1 (highest)", "Niveau 1 (le plus élevé)"),
    "by_level.2": Text("Level 2", "Niveau 2"),
    "by_level.3": Text("Level 3 (lowest)", "Niveau 3 (le plus bas)"),
    "by_level.level_unknown": Text("Level unknown", "Niveau inconnu"),
    "rate.value": Text("Per 100 km and year", "Par 100 km et an"),
    "rate.low": Text("Lower end of the 95 % interval", "Bas de l'intervalle à 95 %"),
    "rate.high": Text("Upper end of the 95 % interval", "Haut de l'intervalle à 95 %"),
    "pieces": Text("By piece", "Par tronçon"),
    "from_km": Text("From km", "Du km"),
    "to_km": Text("To km", "Au km"),
    "pressure": Text("Pressure", "Pression"),
    "terms": Text("What adds to it most", "Ce qui y ajoute le plus"),
    "incident_no": Text("Incident", "Incident"),
    "distance_m": Text("Distance (m)", "Distance (m)"),
    "age_days": Text("Age (days)", "Ancienneté (jours)"),
    "weight": Text("Weight", "Poids"),
    "contribution": Text("Adds", "Ajoute"),
    "total": Text("Sites", "Sites"),
    "sites": Text("Sites", "Sites"),
    "site_id": Text("Code", "Code"),
    "route_id": Text("Code", "Code"),
    "unit_code": Text("Code", "Code"),
    "name": Text("Name", "Nom"),
    "rank": Text("Rank", "Rang"),
    "rank_low": Text("Rank from", "Rang de"),
    "rank_high": Text("to", "à"),
    "exposure": Text("Exposure", "Exposition"),
    "km": Text("km", "km"),
    "points": Text("Along the kilometres", "Le long des kilomètres"),
    "deployments": Text("Deployments", "Déploiements"),
    "sites.covered": Text("Sites near a deployment", "Sites près d'un déploiement"),
    "sites.total": Text("Sites", "Sites"),
    "sites.share": Text("Share of the sites", "Part des sites"),
    "route_km.covered": Text("Route km near a deployment", "Km d'itinéraire près d'un déploiement"),
    "route_km.total": Text("Route km", "Km d'itinéraire"),
    "route_km.share": Text("Share of the route km", "Part des km d'itinéraire"),
    "weighted.covered": Text("Weight near a deployment", "Poids près d'un déploiement"),
    "weighted.total": Text("Weight", "Poids"),
    "weighted.share": Text("Share of the weight", "Part du poids"),
    "gaps": Text("Uncovered sites by pressure", "Sites non couverts par pression"),
    "routes": Text("Routes", "Itinéraires"),
    "covered_km": Text("Covered (km)", "Couverts (km)"),
    "longest_gap_km": Text("Longest gap (km)", "Plus long écart (km)"),
    "security_forces.incidents": Text(
        "Incidents by a security force", "Incidents dont une force de sécurité est l'auteur"
    ),
    "security_forces.weighted": Text("their weight", "leur poids"),
    "security_forces.within_reach": Text("of them near a deployment", "dont près d'un déploiement"),
    "shortest.length_km": Text("Shortest way (km)", "Chemin le plus court (km)"),
    "shortest.exposure": Text("its exposure", "son exposition"),
    "lower.length_km": Text("Way of lower exposure (km)", "Chemin moins exposé (km)"),
    "lower.exposure": Text("its exposure", "son exposition"),
    "trade_off.longer_km": Text("Longer by (km)", "Plus long de (km)"),
    "trade_off.longer_share": Text("as a share", "en part"),
    "trade_off.exposure_change": Text("Change of exposure", "Changement d'exposition"),
    "trade_off.exposure_change_share": Text("as a share", "en part"),
    "aversion": Text("Aversion", "Aversion"),
    "reference_pressure": Text("Mean pressure of the network", "Pression moyenne du réseau"),
    "units": Text("By unit", "Par unité"),
    "open": Text("Open", "Ouverts"),
    "overdue": Text("Overdue", "En retard"),
    "year_before": Text("A year before", "Un an avant"),
    "change": Text("Change", "Évolution"),
    "hot": Text("Hot spots", "Points chauds"),
    "cells": Text("Hot cells", "Cellules chaudes"),
    "id": Text("Cell", "Cellule"),
    "value": Text("Value", "Valeur"),
    "z": Text("z", "z"),
    "p": Text("p", "p"),
    "lon": Text("Longitude", "Longitude"),
    "lat": Text("Latitude", "Latitude"),
    "movements": Text("Movements", "Mouvements"),
    "escorted_share": Text("Share with an escort", "Part avec escorte"),
    "unescorted_km": Text("Km without an escort", "Km sans escorte"),
    "dispatched_kg": Text("Dispatched (kg)", "Envoyés (kg)"),
    "received_kg": Text("Received (kg)", "Reçus (kg)"),
    "shortfalls": Text("Shortfalls over 1 %", "Manques de plus de 1 %"),
    "movement_id": Text("Movement", "Mouvement"),
    "kg": Text("Missing (kg)", "Manquant (kg)"),
    "share": Text("Share", "Part"),
}
# The columns of each list; a list that is not here is told by its figures.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "pieces": ("from_km", "to_km", "incidents", "weighted"),
    "terms": ("incident_no", "distance_m", "age_days", "weight", "contribution"),
    "sites": ("rank", "name", "site_id", "pressure", "incidents", "rank_low", "rank_high"),
    "gaps": ("rank", "name", "site_id", "pressure"),
    "routes": ("name", "route_id", "length_km", "covered_km", "longest_gap_km"),
    "units": ("name", "incidents", "weighted", "open", "overdue", "year_before", "change"),
    "cells": ("id", "lon", "lat", "incidents", "value", "z", "p"),
    "shortfalls": ("movement_id", "kg", "share"),
}
WORDS: Mapping[str, Text] = {
    "rejected": Text("rejected", "rejetés"),
    "unfounded": Text("found to be unfounded", "jugés infondés"),
    "merged": Text("merged into another", "fusionnés avec un autre"),
    **REASONS,
}
SHORTEST, LOWER = Text("Shortest", "Le plus court"), Text("Lower exposure", "Moins exposé")
ASKED, HOT = Text("What was asked about", "Ce qui est demandé"), Text("Hot spots", "Points chauds")


@dataclass(frozen=True)
class Figure:
    """A figure with what it is of."""

    name: Text
    value: str


@dataclass(frozen=True)
class Table:
    """A list in words; of `total` rows the first are told. `numbers` says of each column whether it holds numbers."""

    title: Text
    headings: Sequence[Text]
    numbers: Sequence[bool]
    rows: Sequence[Sequence[str]]
    total: int


@dataclass(frozen=True)
class Told:
    """An answer in words and shapes; `parameters` are what was asked with, defaults included."""

    question: Question
    sentence: Text
    parameters: Sequence[tuple[str, str]]
    counted: Sequence[tuple[Text, str]]
    figures: Sequence[Figure]
    tables: Sequence[Table]
    overlays: Sequence[Overlay]
    chosen: Filter
    synthetic: bool


def parse_address(address: str) -> tuple[str, dict[str, str]]:
    """The question and its parameters that an address such as `corridor?route=R1` names; QuestionError for none."""
    path, _, query = address.strip().partition("?")
    name = path.rstrip("/").rpartition("/")[2]
    if name not in QUESTIONS:
        raise QuestionError(
            f"There is no risk question “{name[:40]}”; there are {', '.join(QUESTIONS)}.",
            f"Il n'y a pas de question de risque « {name[:40]} » ; il y a {', '.join(QUESTIONS)}.",
        )
    given: dict[str, str] = {}
    for key, value in parse_qsl(query):
        if key not in BESIDE:
            given[key] = f"{given[key]},{value}" if key in given else value
    return name, given


def answer(connection: Connection, address: str, language: str) -> Told:
    """Answer the question of an address from what the transaction's viewer may see; raises as asking does."""
    name, given = parse_address(address)
    ground = ground_for_questions(connection)
    question = QUESTIONS[name]
    known = {each.name for each in question.parameters}
    drawn = next((each for each in SHAPES if given.get(each) and each not in known), None)
    body = geojson(SHAPES[drawn], given.pop(drawn)) if drawn else None
    if name == "hotspots":
        given["geometry"] = "1"
    asked = question.read(given, ground.today, body)
    found = question.answer(connection, ground, asked)
    return Told(
        question,
        found.sentence,
        [(key, _parameter(value, language)) for key, value in found.parameters.items() if key != "geometry"],
        [
            (WORDS.get(key, Text(key, key)), _number(value, language))
            for key, value in {**found.left_out, **found.excluded}.items()
            if value
        ],
        list(_figures(found, language)),
        list(_tables(found, language)),
        _overlays(connection, ground, asked, found),
        replace(asked.chosen, since=asked.since or asked.on - PRESSED, until=asked.until or asked.on),
        found.synthetic > 0,
    )


def geojson(kind: str, text: str) -> dict[str, Any]:
    """The GeoJSON of a line or polygon whose corners are `lon,lat;lon,lat`; raises QuestionError."""
    try:
        corners = [[float(number) for number in each.split(",")] for each in text.split(";") if each.strip()]
    except ValueError:
        corners = []
    if not corners or any(len(each) != 2 for each in corners):
        raise QuestionError(
            "The corners are not lon,lat;lon,lat in degrees.", "Les sommets ne sont pas lon,lat;lon,lat en degrés."
        )
    if kind == "Polygon" and corners[0] != corners[-1]:
        corners.append(corners[0])
    return {"type": kind, "coordinates": [corners] if kind == "Polygon" else corners}


def _parts(value: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """What an answer holds beside what all answers do, its records taken apart."""
    found: list[tuple[str, Any]] = []
    own = {each.name for each in fields(Answer)} if isinstance(value, Answer) else set()
    pairs = (
        [(str(key), each) for key, each in value.items()]
        if isinstance(value, Mapping)
        else [(each.name, getattr(value, each.name)) for each in fields(value) if each.name not in own]
    )
    for name, each in pairs:
        whole = f"{prefix}{name}"
        if isinstance(each, Mapping) or (is_dataclass(each) and not isinstance(each, Text)):
            found += _parts(each, f"{whole}.")
        else:
            found.append((whole, each))
    return found


def _figures(found: Answer, language: str) -> list[Figure]:
    return [
        Figure(NAMES[name], _number(value, language))
        for name, value in _parts(found)
        if name in NAMES and isinstance(value, int | float) and not isinstance(value, bool)
    ]


def _tables(found: Answer, language: str) -> list[Table]:
    tables = []
    for name, value in _parts(found):
        columns = COLUMNS.get(name)
        if columns is None or not isinstance(value, Sequence) or not len(value):
            continue
        rows = [each for each in value if each.hot] if name == "cells" else list(value[:MOST_ROWS])
        if name == "units":
            # Those where nothing was recorded say so in the sentence.
            rows = [each for each in value if each.incidents or each.open]
        shown = [[getattr(row, column) for column in columns] for row in rows[:MOST_ROWS]]
        if not shown:
            continue
        kept = [at for at in range(len(columns)) if any(row[at] is not None for row in shown)]
        tables.append(
            Table(
                NAMES[name],
                [NAMES[columns[at]] for at in kept],
                [not isinstance(next(row[at] for row in shown if row[at] is not None), str | Text) for at in kept],
                [[_cell(row[at], language) for at in kept] for row in shown],
                len(rows) if name in {"cells", "units"} else len(value),
            )
        )
    return tables


def _overlays(connection: Connection, ground: Ground, asked: Asked, found: Answer) -> list[Overlay]:
    shapes: list[Overlay] = []
    values = asked.values
    if isinstance(found, PathAnswer):
        courses = ((found.shortest, SECOND_LINE, SHORTEST), (found.lower, LINE, LOWER))
        shapes += [Overlay(each.geometry, look, name) for each, look, name in courses if each is not None]
        shapes += [Overlay(Point(*values[end]), LINE) for end in ("from", "to")]
    elif isinstance(found, HotspotsAnswer):
        hot = [each for each in found.cells if each.hot]
        cells: list[Polygon] = [each.geometry for each in hot if each.geometry is not None]
        shapes += [Overlay(MultiPolygon(cells), CELL, HOT)] if cells else []
    elif asked.shape is not None:
        shapes.append(Overlay(asked.shape, AREA if isinstance(found, AreaAnswer) else LINE, ASKED))
    elif values.get("route"):
        shapes.append(Overlay(find_route(connection, ground, values["route"]).shape, LINE, ASKED))
    elif "lon" in values:
        if values.get("radius_km"):
            shapes.append(Overlay(circle(values["lon"], values["lat"], values["radius_km"] * 1000), AREA, ASKED))
        shapes.append(Overlay(Point(values["lon"], values["lat"]), LINE))
    return shapes


def _number(value: float, language: str) -> str:
    size = abs(value)
    digits = 0 if isinstance(value, int) or size >= 1000 else 1 if size >= 100 else 2 if size >= 0.1 else 4
    pattern = "#,##0" + ("." + "#" * digits if digits else "")
    return str(format_decimal(value, pattern, locale=language))


def _cell(value: Any, language: str) -> str:
    match value:
        case None:
            return "–"
        case Text():
            return typeset(value.in_language(language), language)
        case bool() | str():
            return str(value)
        case int() | float():
            return _number(value, language)
    return str(value)


def _parameter(value: Any, language: str) -> str:
    match value:
        case dt.date():
            return str(format_date(value, "long", locale=language))
        case list() | tuple():
            return ", ".join(f"{each:g}" if isinstance(each, float) else str(each) for each in value)
        case bool():
            return "1" if value else "0"
        case float():
            return f"{value:g}"
    text = str(value)
    # A shape of thousands of corners is on the map.
    return text if len(text) <= 600 else f"{text[:600]}…"
