"""Mine sites that are there twice: proposed, confirmed or refused."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import product
from typing import Any

from pyproj import Geod
from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from geoapp.access.viewer import acting_viewer
from geoapp.errors import ImportRefusedError
from geoapp.ingest.findings import Findings
from geoapp.ingest.likeness import FARTHEST, Described, Likeness, accuracy, compare, core
from geoapp.ingest.stage import Stage
from layers.tables import AliasRefusal, MineSite, SiteAlias
from layers.text import Text

GEOD = Geod(ellps="WGS84")
# A cell's sides are at least this long between the latitudes of the four countries, so that neighbours are compared.
CELL = FARTHEST / 110_000 * 1.05
# A file with more new sites than this is looked through by `geoapp aliases list`.
LOOKED_AT = 100_000


def find_doubles(connection: Connection, new: Collection[str] | None = None) -> list[Likeness]:
    """Pairs of sites that may be one, the likeliest first, among those that whoever acts may write.

    With `new`, only pairs of which one at least is in it, which then comes first. Pairs that were refused are left out.
    """
    sites = _sites(connection)
    refused = {tuple(pair) for pair in connection.execute(select(AliasRefusal.site_id, AliasRefusal.other_site_id))}
    found: dict[tuple[str, str], Likeness] = {}
    for one, other in _near(sites, new):
        pair = (min(one.site_id, other.site_id), max(one.site_id, other.site_id))
        if pair in refused:
            continue
        distance = GEOD.inv(one.lon, one.lat, other.lon, other.lat)[2]
        likeness = compare(one, other, distance)
        if likeness is not None and (pair not in found or found[pair].score < likeness.score):
            found[pair] = likeness
    return sorted(found.values(), key=lambda each: (-each.score, each.site_id, each.other_site_id))


def tell(connection: Connection, stage: Stage, findings: Findings) -> None:
    """Note new sites of the stage that may be there already under another key."""
    added = select(stage.table.c.site_id, stage.row).where(stage.action == "insert")
    rows: dict[str, int] = dict(map(tuple, connection.execute(added).all()))
    if not rows:
        return
    if len(rows) > LOOKED_AT:
        findings.add("too_many_to_compare", None, "site_id", len(rows))
        return
    for each in find_doubles(connection, rows):
        said = Text(
            f"{each.other_site_id} ({each.score:.2f}: {each.reasons.en})",
            f"{each.other_site_id} ({each.score:.2f} : {each.reasons.fr})",
        )
        findings.add("maybe_same_site", rows[each.site_id], "name", each.names[0], said)


def confirm(connection: Connection, kept: str, other: str) -> None:
    """Make `other` an alias of `kept`: what refers to it refers to `kept` then, and its name and place stay known.

    Raises ImportRefusedError where one of them is not there, or not for whoever acts to write, or they cannot be one.
    """
    sites = {site.site_id: site for site in _writable(connection, {kept, other})}
    if kept == other:
        raise ImportRefusedError(
            f"{kept} and {other} are the same key. Name two sites.",
            f"{kept} et {other} sont la même clé. Nommez deux sites.",
        )
    for key in (kept, other):
        _require(sites, key)
    absorbed, keeper = sites[other], sites[kept]
    known = select(SiteAlias.id).where(SiteAlias.site_id == other)
    if connection.scalar(known.limit(1)) is None:
        values = {
            "site_id": other,
            "source": absorbed.source_id or "geoapp",
            "code": other,
            "name": absorbed.name,
            "geom": absorbed.geom,
        }
        connection.execute(insert(SiteAlias).values(values))
    names = [*keeper.name_alt, *(name for name in (absorbed.name, *absorbed.name_alt))]
    alternatives = list(dict.fromkeys(name for name in names if name != keeper.name))
    connection.execute(update(MineSite).where(MineSite.site_id == kept).values(name_alt=alternatives))
    try:
        connection.execute(select(func.merge_site(kept, other)))
    except IntegrityError:
        raise ImportRefusedError(
            f"{kept} and {other} both have a visit of the same day and source. Remove one of the visits first.",
            f"{kept} et {other} ont chacun une visite du même jour et de la même source. Supprimez d'abord l'une des"
            " visites.",
        ) from None
    except ProgrammingError:
        _require({}, other)


def refuse(connection: Connection, one: str, other: str) -> None:
    """Note that two sites are two, so that they are not proposed again; raises as `confirm` does."""
    if one == other:
        raise ImportRefusedError(
            f"{one} and {other} are the same key. Name two sites.",
            f"{one} et {other} sont la même clé. Nommez deux sites.",
        )
    sites = {site.site_id: site for site in _writable(connection, {one, other})}
    for key in (one, other):
        _require(sites, key)
    pair = {"site_id": min(one, other), "other_site_id": max(one, other)}
    there = select(AliasRefusal.id).filter_by(**pair)
    if connection.scalar(there) is None:
        connection.execute(insert(AliasRefusal).values(pair))


def _require(sites: Collection[str], key: str) -> None:
    if key not in sites:
        raise ImportRefusedError(
            f"There is no site {key} that you may write. See `geoapp aliases list`.",
            f"Il n'y a pas de site {key} que vous puissiez modifier. Voyez `geoapp aliases list`.",
        )


def _sites(connection: Connection) -> list[Described]:
    """Every site that may be written, once as it is and once as each source describes it."""
    others: dict[str, list[Described]] = defaultdict(list)
    places = (func.ST_X(SiteAlias.geom).label("lon"), func.ST_Y(SiteAlias.geom).label("lat"))
    aliases = select(SiteAlias.site_id, SiteAlias.source, SiteAlias.name, SiteAlias.said, *places)
    for alias in connection.execute(aliases.where(SiteAlias.name.is_not(None), SiteAlias.geom.is_not(None))):
        said = alias.said
        good_to = accuracy(said.get("position_method"), said.get("position_accuracy_m"))
        others[alias.site_id].append(
            Described(alias.site_id, (alias.name,), said.get("territory"), good_to, alias.source, alias.lon, alias.lat)
        )
    found: list[Described] = []
    for site in _writable(connection):
        good_to = accuracy(site.position_method, site.position_accuracy_m)
        names = (site.name, *site.name_alt)
        found.append(Described(site.site_id, names, site.territory, good_to, site.source_id, site.lon, site.lat))
        found += others[site.site_id]
    return found


def _writable(connection: Connection, keys: Collection[str] | None = None) -> Sequence[Row[Any]]:
    columns = (
        MineSite.site_id,
        MineSite.name,
        MineSite.name_alt,
        MineSite.territory,
        MineSite.position_method,
        MineSite.position_accuracy_m,
        MineSite.source_id,
        MineSite.geom,
        func.ST_X(MineSite.geom).label("lon"),
        func.ST_Y(MineSite.geom).label("lat"),
    )
    sites = select(*columns).order_by(MineSite.site_id)
    if acting_viewer(connection) is not None:
        sites = sites.where(MineSite.units.bool_op("&&")(select(func.viewer_units("gis")).scalar_subquery()))
    if keys is not None:
        sites = sites.where(MineSite.site_id.in_(keys))
    return connection.execute(sites).all()


def _near(sites: list[Described], new: Collection[str] | None) -> Iterator[tuple[Described, Described]]:
    """Pairs of descriptions of different sites in neighbouring cells with a word of their names that begins alike."""
    cells: dict[tuple[int, int, str], list[int]] = defaultdict(list)
    blocks = [_blocks(site) for site in sites]
    for index, site in enumerate(sites):
        for block in blocks[index]:
            cells[(*_cell(site), block)].append(index)
    for index, site in enumerate(sites):
        if new is not None and site.site_id not in new:
            continue
        column, row = _cell(site)
        around = product((column - 1, column, column + 1), (row - 1, row, row + 1), blocks[index])
        for other in {other for cell in around for other in cells.get(cell, ())}:
            theirs = sites[other]
            if theirs.site_id == site.site_id:
                continue
            # A pair of two new sites, or of any two, is looked at once.
            if (new is None or theirs.site_id in new) and theirs.site_id < site.site_id:
                continue
            yield site, theirs


def _cell(site: Described) -> tuple[int, int]:
    return math.floor(site.lon / CELL), math.floor(site.lat / CELL)


def _blocks(site: Described) -> set[str]:
    words = {word for name in site.names for word in core(name)}
    return {word if word.isdecimal() else word[:2] for word in words}
