"""A chart of the backtest as an SVG file: by day, the share of incidents that each method foretold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from geoapp.risk.backtest import METHODS, TOPS, BacktestAnswer, name_of
from geoapp.risk.tried import KINDS
from layers.text import Text

WIDTH, HEIGHT = 900, 420
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 70, 40
# Told apart in print and by colour-blind people: by dashes as well.
STYLES = {"pressure": ("#9d1c20", ""), "province_counts": ("#3f474d", "2 5"), "place_counts": ("#1b6ca8", "9 5")}
# Where the name of each method stands, which is longest in French.
PLACES = (0, 130, 490)
FONT = {"font-family": "sans-serif", "font-size": "13", "fill": "#222222"}


def draw(answer: BacktestAnswer, language: str) -> bytes:
    """The chart; its lines are named in the language."""
    days = [each for each in answer.days if each.incidents]
    svg = Xml.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {WIDTH} {HEIGHT}", "role": "img"})
    Xml.SubElement(svg, "rect", {"width": str(WIDTH), "height": str(HEIGHT), "fill": "#ffffff"})
    kind = KINDS[answer.by]
    title = Text(
        f"Share of the next 90 days' incidents in the first 5 % of {kind.of.en}",
        f"Part des incidents des 90 jours suivants dans les premiers 5\u00a0% des {kind.of.fr}",
    )
    _text(svg, LEFT, 20, title.in_language(language))
    highest = max(getattr(each, method) for each in days for method in METHODS)
    most = max(0.1, 1.1 * highest)
    for tenth in range(11):
        if tenth / 10 <= most:
            y = _y(tenth / 10, most)
            _line(svg, [(LEFT, y), (WIDTH - RIGHT, y)], {"stroke": "#dddddd"})
            _text(svg, 12, y + 4, f"{tenth * 10}\u00a0%")
    chance = _y(TOPS[0], most)
    _line(svg, [(LEFT, chance), (WIDTH - RIGHT, chance)], {"stroke": "#777777", "stroke-dasharray": "1 3"})
    _text(svg, WIDTH - RIGHT - 80, chance - 5, "hasard" if language == "fr" else "chance")
    for each in (days[0], days[-1]):
        _text(svg, min(_x(each.day, days[0].day, days[-1].day), WIDTH - 95), HEIGHT - 14, str(each.day))
    for nth, method in enumerate(METHODS):
        colour, dashes = STYLES[method]
        look = {"stroke": colour, "stroke-width": "2.5", "stroke-dasharray": dashes}
        points = [(_x(each.day, days[0].day, days[-1].day), _y(getattr(each, method), most)) for each in days]
        _line(svg, points, look)
        x = LEFT + PLACES[nth]
        _line(svg, [(x, 42), (x + 34, 42)], look)
        _text(svg, x + 42, 46, name_of(method, kind).in_language(language))
    return bytes(Xml.tostring(svg, encoding="utf-8", xml_declaration=True))


def _x(day: dt.date, first: dt.date, last: dt.date) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (day - first).days / max((last - first).days, 1)


def _y(share: float, most: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share / most


def _line(svg: Xml.Element, points: Sequence[tuple[float, float]], look: dict[str, str]) -> None:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    Xml.SubElement(
        svg, "polyline", {"points": path, "fill": "none", **{name: value for name, value in look.items() if value}}
    )


def _text(svg: Xml.Element, x: float, y: float, words: str) -> None:
    Xml.SubElement(svg, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", **FONT}).text = words
