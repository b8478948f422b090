"""What GeoJSON says of itself, and types that somebody wrote by hand and misspelt."""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from typing import Any

TYPES = (
    "FeatureCollection",
    "Feature",
    "GeometryCollection",
    "Point",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
)
OTHERS = {"Topology", "name", "link", "EPSG", "OGC"}
TYPE = re.compile(r'"type"\s*:\s*"([^"\\]{1,40})"')
SYSTEM = re.compile(r'"crs"\s*:\s*(?=\{)')
TOPOLOGY = re.compile(r'"type"\s*:\s*"Topology"')
# The addresses by which files of before 2016 link to a system bear its code.
LINKED = re.compile(r"/epsg/(?:[\d.]+/)?(\d{4,6})\b")
# What stands for itself is at the beginning of the file, or at its end.
HEAD, TAIL = 100_000, 10_000


def stated_system(text: str) -> str | None:
    """What the CRS member of the text calls its system, also where nobody knows that name; None where it says none."""
    found = SYSTEM.search(text, 0, HEAD) or SYSTEM.search(text, max(0, len(text) - TAIL))
    if found is None:
        return None
    try:
        member, _ = json.JSONDecoder().raw_decode(text, found.end())
    except ValueError:
        return None
    about = member.get("properties")
    about = about if isinstance(about, dict) else {}
    if "code" in about:
        return f"EPSG:{about['code']}"
    link = str(about.get("href", ""))
    linked = LINKED.search(link)
    return f"EPSG:{linked[1]}" if linked else str(about.get("name", "")) or link or None


def is_topology(text: str) -> bool:
    """Whether the text is TopoJSON."""
    return bool(TOPOLOGY.search(text, 0, HEAD) or TOPOLOGY.search(text, max(0, len(text) - TAIL)))


def with_types_mended(text: str) -> str | None:
    """The text with its misspelt types put right; None where there are none.

    Types are looked at where GeoJSON has them; a property that is called "type" is left alone.
    """
    odd = {found for found in TYPE.findall(text) if found not in TYPES and found not in OTHERS and _right(found)}
    if not odd:
        return None
    try:
        root: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return json.dumps(root, ensure_ascii=False) if _mend(root) else None


def _right(name: str) -> str | None:
    """The type that `name` means."""
    by_lower = {each.lower(): each for each in TYPES}
    like = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.85)
    return by_lower[like[0]] if like else None


def _mend(node: Any) -> bool:
    """Put the types of an object and of those in it right; whether any was wrong."""
    if not isinstance(node, dict):
        return False
    changed = False
    name = node.get("type")
    if isinstance(name, str) and name not in TYPES and (right := _right(name)):
        node["type"] = right
        changed = True
    parts = [node.get("geometry")]
    for member in ("features", "geometries"):
        inside = node.get(member)
        parts += inside if isinstance(inside, list) else []
    for part in parts:
        changed |= _mend(part)
    return changed
