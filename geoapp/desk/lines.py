"""Lines as people type and mend them: read and written as coordinates, split, joined, and snapped to the network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from pyproj import Geod
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, text
from sqlalchemy.sql.elements import TextClause

from geoapp.errors import ImportRefusedError
from geoapp.ingest import coordinates

GEOD = Geod(ellps="WGS84")
# Ends so near to each other are one node of the network, in metres.
TOLERANCE_M = 25.0
# A degree of latitude or longitude is at least so long between the latitudes of the four countries, in metres.
DEGREE_M = 100_000.0
# The nearest corner of another route within reach, else the nearest point of one.
NEAREST: TextClause = text("""
    WITH near AS (
        SELECT route.geom FROM route
         WHERE route.geom && ST_Expand(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), :degrees)
           AND route.id IS DISTINCT FROM CAST(:own AS uuid) AND route.mode IS DISTINCT FROM 'air'
    ), found AS (
        SELECT 0 AS rank, corner.geom AS place FROM near CROSS JOIN LATERAL ST_DumpPoints(near.geom) AS corner
         UNION ALL
        SELECT 1, ST_ClosestPoint(near.geom, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)) FROM near
    ), measured AS (
        SELECT rank, place,
               ST_Distance(place::geography, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)::geography) AS metres
          FROM found
    )
    SELECT ST_X(place), ST_Y(place), metres FROM measured WHERE metres <= :metres ORDER BY rank, metres LIMIT 1
""")


def read_line(typed: str) -> shapely.MultiLineString | shapely.Point | None:
    """The line whose corners stand one a line, longitude first; an empty line begins another part.

    One corner alone is a point; nothing is None. Raises ImportRefusedError, naming the line that cannot be read.
    """
    parts: list[list[tuple[float, float]]] = [[]]
    for number, raw in enumerate(typed.splitlines(), 1):
        if not raw.strip():
            parts.append([])
            continue
        try:
            parts[-1].append(_corner(raw.strip()))
        except ValueError:
            raise ImportRefusedError(
                f"Line {number} of the coordinates cannot be read: “{raw.strip()[:60]}”. Write longitude and latitude,"
                " such as 28.8431 -2.5012.",
                f"La ligne {number} des coordonnées ne peut être lue : « {raw.strip()[:60]} ». Écrivez longitude et"
                " latitude, comme 28.8431 -2.5012.",
                row=number,
                column="geom",
            ) from None
    parts = [part for part in parts if part]
    if not parts:
        return None
    if len(parts) == 1 and len(parts[0]) == 1:
        return shapely.Point(parts[0][0])
    if any(len(set(part)) < 2 for part in parts):
        raise ImportRefusedError(
            "A part of the line has one place alone. Give it a second one, or take it out.",
            "Une partie de la ligne n'a qu'un seul lieu. Donnez-lui-en un second, ou retirez-la.",
            column="geom",
        )
    return shapely.MultiLineString(parts)


def _corner(raw: str) -> tuple[float, float]:
    found = raw.replace("\t", " ").split()
    if len(found) != 2:
        found = list(map(str, coordinates.pair(raw)))
    lon, lat = coordinates.longitude(found[0].rstrip(",;")), coordinates.latitude(found[1])
    if not (np.isfinite(lon) and np.isfinite(lat)):
        raise ValueError(raw)
    return lon, lat


def write_line(shape: BaseGeometry | None) -> str:
    """The corners of a line or a point, one a line, with every digit; parts are told apart by an empty line."""
    if shape is None:
        return ""
    return "\n\n".join(
        "\n".join(f"{lon!r} {lat!r}" for lon, lat in shapely.get_coordinates(part).tolist())
        for part in shapely.get_parts(shape)
    )


def split(line: shapely.MultiLineString, corner: int) -> tuple[shapely.MultiLineString, shapely.MultiLineString]:
    """Two lines of one, which both have its corner of that number, counted from 1 through all its parts.

    Raises ImportRefusedError for a corner at an end of the line, or that there is not.
    """
    first: list[Sequence[Sequence[float]]] = []
    second: list[Sequence[Sequence[float]]] = []
    seen = 0
    for part in shapely.get_parts(line):
        corners = shapely.get_coordinates(part).tolist()
        place = corner - 1 - seen
        seen += len(corners)
        if place >= len(corners):
            first.append(corners)
        elif place < 0:
            second.append(corners)
        else:
            first += [corners[: place + 1]] if place > 0 else []
            second += [corners[place:]] if place < len(corners) - 1 else []
    if not first or not second:
        raise ImportRefusedError(
            f"The line cannot be split at its corner {corner}. Choose one from 2 to {seen - 1}.",
            f"La ligne ne peut être coupée à son sommet {corner}. Choisissez-en un de 2 à {seen - 1}.",
            column="geom",
        )
    return shapely.MultiLineString(first), shapely.MultiLineString(second)


def join(one: shapely.MultiLineString, other: shapely.MultiLineString) -> tuple[shapely.MultiLineString, float]:
    """One line of two, the nearest of their ends put together, and how far in metres those were from each other.

    Ends within `TOLERANCE_M` become one corner, that of `one`; farther apart the line keeps the gap between its parts.
    """
    options = [
        (_apart(_ends(ours)[1], _ends(theirs)[0]), ours, theirs)
        for ours, theirs in (
            (one, other),
            (one, _turned(other)),
            (_turned(other), one),
            (other, one),
        )
    ]
    metres, before, after = min(options, key=lambda option: option[0])
    head, tail = (
        [shapely.get_coordinates(part).tolist() for part in shapely.get_parts(each)] for each in (before, after)
    )
    if metres > TOLERANCE_M:
        return shapely.MultiLineString([*head, *tail]), metres
    meeting = head[-1][-1] if before is one else tail[0][0]
    middle = [*head[-1][:-1], meeting, *tail[0][1:]]
    return shapely.MultiLineString([*head[:-1], middle, *tail[1:]]), metres


def _turned(line: shapely.MultiLineString) -> shapely.MultiLineString:
    return shapely.MultiLineString(
        [shapely.get_coordinates(part)[::-1].tolist() for part in shapely.get_parts(line)][::-1]
    )


def _ends(line: shapely.MultiLineString) -> tuple[list[float], list[float]]:
    corners = shapely.get_coordinates(line).tolist()
    return corners[0], corners[-1]


def _apart(one: Sequence[float], other: Sequence[float]) -> float:
    return float(GEOD.inv(one[0], one[1], other[0], other[1])[2])


def snap(connection: Connection, shape: BaseGeometry, own: str | None, metres: float) -> tuple[BaseGeometry, int]:
    """The shape with its ends on the network, where that is within `metres`, and how many ends were moved.

    The network is the other routes that whoever acts may see, but those by air: first their corners, then their lines.
    A point is moved as an end is. `own` is the id of the route that is not to be snapped to itself.
    """
    moved = 0
    parts: list[list[list[float]]] = []
    for part in shapely.get_parts(shape):
        corners = shapely.get_coordinates(part).tolist()
        for place in sorted({0, len(corners) - 1}):
            found = _nearest(connection, corners[place], own, metres)
            if found is not None and found != corners[place]:
                corners[place] = found
                moved += 1
        parts.append(corners)
    if isinstance(shape, shapely.Point):
        return shapely.Point(parts[0][0]), moved
    return shapely.MultiLineString(parts), moved


def _nearest(connection: Connection, place: Sequence[float], own: str | None, metres: float) -> list[float] | None:
    asked = {"lon": place[0], "lat": place[1], "own": own, "metres": metres, "degrees": metres / DEGREE_M}
    found = connection.execute(NEAREST, asked).one_or_none()
    return None if found is None else [found[0], found[1]]


def corners_of(shape: BaseGeometry) -> Iterator[tuple[float, float]]:
    """Every corner of a shape, in stored order."""
    yield from map(tuple, shapely.get_coordinates(shape).tolist())
