"""What of a unit lies near a security deployment: its mine sites, its routes, and the weight of its incidents."""

from __future__ import annotations

from sqlalchemy import Connection

from geoapp.province.figures import RADIUS_KM
from geoapp.province.section import NO_BREAK, Cell, Row, Section, Table, bars_of, in_digits, said
from geoapp.province.unit import Unit
from geoapp.risk.asking import ground_for_questions
from geoapp.risk.coverage import CoverageAnswer, Share, ask_coverage
from geoapp.risk.parameters import Asked
from geoapp.risk.places import ROUTES
from layers.filter import Filter
from layers.text import Text

TITLE = Text("Coverage", "Couverture")


def read_coverage(connection: Connection, unit: Unit) -> tuple[CoverageAnswer, dict[str, str]]:
    """The answer of the question `coverage` for a unit today, and the addresses of the routes in it."""
    ground = ground_for_questions(connection)
    asked = Asked(ground.today, chosen=Filter(unit=(unit.unit_code,)), values={"radius_km": RADIUS_KM})
    answer = ask_coverage(connection, ground, asked)
    return answer, {each.route_id: f"/routes/{each.key}" for each in ground.get(connection, ROUTES)}


def coverage_section(found: CoverageAnswer, routes: dict[str, str], language: str, most: int) -> Section:
    """It in words. A deployment is no promise that nothing happens, which the sentence says."""
    title = said(TITLE, language)
    if not (found.sites.total or found.route_km.total or found.weighted.total):
        none = Text(
            "There is no worked mine site, route or incident here that could be near a deployment.",
            "Il n'y a ici ni site exploité, ni itinéraire, ni incident qui puisse être près d'un déploiement.",
        )
        return Section("coverage", title, empty=said(none, language))
    shares = (
        (Text("Worked mine sites", "Sites miniers exploités"), found.sites),
        (Text("Kilometres of route", "Kilomètres d'itinéraire"), found.route_km),
        (Text("Weight of incidents", "Poids des incidents"), found.weighted),
    )
    bars = bars_of([*([("plain", round(100 * (each.share or 0)))] for _, each in shares), [("plain", 100)]])
    rows = [
        Row((Cell(said(name, language)), *(Cell(text) for text in _in_words(each, language))), bar)
        for (name, each), bar in zip(shares, bars, strict=False)
    ]
    tables = [
        Table(
            said(Text("Within 5 km of a deployment", "À moins de 5 km d'un déploiement"), language),
            (
                said(Text("What", "Quoi"), language),
                said(Text("Within 5 km", "À moins de 5 km"), language),
                said(Text("Of all", "Sur tous"), language),
                said(Text("Share", "Part"), language),
            ),
            rows,
            frozenset({1, 2, 3}),
            len(rows),
            said(Text("Share within 5 km", "Part à moins de 5 km"), language),
        )
    ]
    if found.gaps:
        tables.append(
            Table(
                said(
                    Text(
                        "Sites out of reach, the highest pressure first",
                        "Sites hors de portée, la plus forte pression d'abord",
                    ),
                    language,
                ),
                (said(Text("Site", "Site"), language), said(Text("Pressure", "Pression"), language)),
                [
                    Row((Cell(each.name, href=f"/sites/{each.site_id}"), Cell(in_digits(each.pressure, language))))
                    for each in found.gaps[:most]
                ],
                frozenset({1}),
                len(found.gaps),
            )
        )
    bare = sorted((each for each in found.routes if each.longest_gap_km), key=lambda each: -each.longest_gap_km)
    if bare:
        tables.append(
            Table(
                said(Text("Longest stretch of a route out of reach", "Plus long tronçon hors de portée"), language),
                (
                    said(Text("Route", "Itinéraire"), language),
                    said(Text("Stretch, km", "Tronçon, km"), language),
                    said(Text("Length, km", "Longueur, km"), language),
                ),
                [
                    Row(
                        (
                            Cell(each.name, href=routes.get(each.route_id, "")),
                            Cell(in_digits(each.longest_gap_km, language)),
                            Cell(in_digits(each.length_km, language)),
                        )
                    )
                    for each in bare[:most]
                ],
                frozenset({1, 2}),
                len(bare),
            )
        )
    return Section(
        "coverage",
        title,
        (),
        tuple(tables),
        (found.sentence.in_language(language),),
        synthetic=bool(found.synthetic),
    )


def _in_words(share: Share, language: str) -> tuple[str, str, str]:
    percent = "–" if share.share is None else f"{in_digits(round(100 * share.share), language)}{NO_BREAK}%"
    return in_digits(share.covered, language), in_digits(share.total, language), percent
