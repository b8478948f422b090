"""Mine sites that are there twice: proposed, confirmed or refused."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from itertools import product
from typing import Any, cast

from pyproj import Geod
from sqlalchemy import ColumnElement, Connection, Row, func, insert, literal, select, update
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError, ProgrammingError

from geoapp.access.viewer import acting_viewer
from geoapp.errors import ImportRefusedError
from geoapp.ingest.findings import Findings
from geoapp.ingest.likeness import FARTHEST, NUMBERS, Described, Likeness, accuracy, compare, cores, numbers
from geoapp.ingest.matching import merged
from geoapp.ingest.stage import Stage, plain
from layers.tables import AliasRefusal, MineSite, SiteAlias
from layers.text import Text

_SITE = cast(Any, MineSite.__table__).c
GEOD = Geod(ellps="WGS84")
# A cell's sides are at least this long between the latitudes of the four countries, so that neighbours are compared.
CELL = FARTHEST / 110_000 * 1.05
# A degree is at least so long there, in metres, in either direction.
DEGREE = 107_900
# Pairs of names that begin alike and lie near each other. A file that makes more of them calls everything the same.
MOST_PAIRS = 1_000_000
# What is known of so many sites still fits into memory.
MOST_NEW = 250_000


def find_doubles(connection: Connection) -> list[Likeness]:
    """Pairs of sites that may be one, the likeliest first, among those that whoever acts may write.

    Pairs that were refused are left out.
    """
    return _likenesses(_writable(connection), _said(connection), _refused(connection), None)[0]


class Search:
    """A look for new sites of a stage that may be there already under another key.

    It reads before the stage is written, and compares in a thread of its own while the database writes.
    """

    def __init__(self, connection: Connection, stage: Stage, source_id: str | None, aside: Executor, *, new: int):
        self.new = new
        self.rows: dict[str, int] = {}
        self.found: Future[tuple[list[Likeness], bool]] | None = None
        if 0 < new <= MOST_NEW:
            added = select(stage.table.c.site_id, stage.row).where(stage.action == "insert")
            self.rows = dict(map(tuple, connection.execute(added).all()))
            staged = _staged(connection, stage, source_id)
            keys = {site.site_id for site in staged}
            others = [site for site in _writable(connection) if site.site_id not in keys]
            known = _said(connection), _refused(connection)
            self.found = aside.submit(_likenesses, [*others, *staged], *known, self.rows)

    def tell(self, findings: Findings) -> None:
        """Note what was found."""
        if self.new > MOST_NEW:
            findings.add("too_many_new", None, "site_id", f"{self.new:,}", f"{MOST_NEW:,}")
        pairs, too_many = self.found.result() if self.found else ([], False)
        if too_many:
            findings.add("too_many_to_compare", None, "name", f"{MOST_PAIRS:,}")
        for each in pairs:
            said = Text(
                f"{each.other_site_id} ({each.score:.2f}: {each.reasons.en})",
                f"{each.other_site_id} ({each.score:.2f} : {each.reasons.fr})",
            )
            findings.add("maybe_same_site", self.rows[each.site_id], "name", each.names[0], said)


def _likenesses(
    rows: Iterable[Any],
    said: Mapping[str, Sequence[Described]],
    refused: Collection[tuple[str, ...]],
    new: Collection[str] | None,
) -> tuple[list[Likeness], bool]:
    """The pairs that may be one, and whether there were too many to look at all of them.

    Each of the sites in `rows` is looked at as it is, and as each source describes it (`said`). With `new`, only pairs
    of which one at least is in it are told, which then comes first.
    """
    sites: list[Described] = []
    for site_id, name, name_alt, territory, method, accuracy_m, source, lon, lat in rows:
        names = (name, *name_alt) if name_alt else (name,)
        sites.append(Described(site_id, names, territory, accuracy(method, accuracy_m), source, lon, lat))
        if site_id in said:
            sites += said[site_id]
    found: dict[tuple[str, str], Likeness] = {}
    looked_at = 0
    for one, other in _near(sites, new):
        looked_at += 1
        if looked_at > MOST_PAIRS:
            break
        pair = (min(one.site_id, other.site_id), max(one.site_id, other.site_id))
        if pair in refused or _clearly_apart(one, other):
            continue
        distance = GEOD.inv(one.lon, one.lat, other.lon, other.lat)[2]
        likeness = compare(one, other, distance)
        if likeness is not None and (pair not in found or found[pair].score < likeness.score):
            found[pair] = likeness
    pairs = sorted(found.values(), key=lambda each: (-each.score, each.site_id, each.other_site_id))
    return pairs, looked_at > MOST_PAIRS


def _refused(connection: Connection) -> set[tuple[str, ...]]:
    return {tuple(pair) for pair in connection.execute(select(AliasRefusal.site_id, AliasRefusal.other_site_id))}


def require_two(connection: Connection, kept: str, other: str) -> tuple[Row[Any], Row[Any]]:
    """The two sites; ImportRefusedError where one of them is not there, or not for whoever acts to write."""
    sites = {site.site_id: site for site in _writable(connection, {kept, other})}
    if kept == other:
        raise ImportRefusedError(
            f"{kept} and {other} are the same key. Name two sites.",
            f"{kept} et {other} sont la même clé. Nommez deux sites.",
        )
    for key in (kept, other):
        _require(sites, key)
    return sites[kept], sites[other]


def confirm(connection: Connection, kept: str, other: str) -> None:
    """Make `other` an alias of `kept`: what refers to it refers to `kept` then, and its name and place stay known.

    Raises ImportRefusedError as `require_two` does, and where they cannot be one.
    """
    keeper, absorbed = require_two(connection, kept, other)
    known = select(SiteAlias.id).where(SiteAlias.site_id == other)
    if connection.scalar(known.limit(1)) is None:
        values = {
            "site_id": other,
            "source": absorbed.source_id or "geoapp",
            "code": other,
            "name": absorbed.name,
            "geom": select(MineSite.geom).where(MineSite.site_id == other).scalar_subquery(),
        }
        connection.execute(insert(SiteAlias).values(values))
    names = [*(keeper.name_alt or ()), absorbed.name, *(absorbed.name_alt or ())]
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


def _said(connection: Connection) -> dict[str, list[Described]]:
    """How each source describes the sites that it knows, by site."""
    others: dict[str, list[Described]] = defaultdict(list)
    places = (func.ST_X(SiteAlias.geom).label("lon"), func.ST_Y(SiteAlias.geom).label("lat"))
    aliases = select(SiteAlias.site_id, SiteAlias.source, SiteAlias.name, SiteAlias.said, *places)
    for alias in connection.execute(aliases.where(SiteAlias.name.is_not(None), SiteAlias.geom.is_not(None))):
        said = alias.said
        good_to = accuracy(said.get("position_method"), said.get("position_accuracy_m"))
        others[alias.site_id].append(
            Described(alias.site_id, (alias.name,), said.get("territory"), good_to, alias.source, alias.lon, alias.lat)
        )
    return others


def _writable(connection: Connection, keys: Collection[str] | None = None) -> Sequence[Row[Any]]:
    sites = select(*_described(_SITE)).order_by(_SITE.site_id)
    if acting_viewer(connection) is not None:
        sites = sites.where(_SITE.units.bool_op("&&")(select(func.viewer_units("gis")).scalar_subquery()))
    if keys is not None:
        sites = sites.where(_SITE.site_id.in_(keys))
    return connection.execute(sites).all()


def _staged(connection: Connection, stage: Stage, source_id: str | None) -> Sequence[Row[Any]]:
    then = merged(stage)
    return connection.execute(select(*_described(then.c, source_id))).all()


def _described(site: Any, source_id: str | None = None) -> list[ColumnElement[Any]]:
    """The columns of a description, from those of the table or of what it will hold."""
    place = plain(site.geom)
    return [
        site.site_id,
        site.name,
        # Reading arrays takes time, and few sites have other names.
        func.nullif(site.name_alt, literal([], ARRAY(SqlText())), type_=ARRAY(SqlText())).label("name_alt"),
        site.territory,
        site.position_method,
        site.position_accuracy_m,
        func.coalesce(literal(source_id, SqlText()), site.source_id).label("source_id"),
        func.ST_X(place).label("lon"),
        func.ST_Y(place).label("lat"),
    ]


def _near(sites: Sequence[Described], new: Collection[str] | None) -> Iterator[tuple[Described, Described]]:
    """Pairs of descriptions of different sites in neighbouring cells, numbered alike, with a word that begins alike."""
    blocks: dict[tuple[tuple[int, ...], str], list[int]] = defaultdict(list)
    for index, names in enumerate(_cores_of(sites)):
        for block in {block for words in names for block in _blocks(words)}:
            blocks[block].append(index)
    seen: set[tuple[int, int]] = set()
    for members in blocks.values():
        if len(members) < 2 or not (new is None or any(sites[index].site_id in new for index in members)):
            continue
        for pair in _neighbours(sites, members):
            one, other = (sites[index] for index in pair)
            if one.site_id == other.site_id or pair in seen:
                continue
            # Of a pair with one new site that one comes first; of others the one with the lower key.
            ours, theirs = (new is None or each.site_id in new for each in (one, other))
            if not (ours or theirs):
                continue
            seen.add(pair)
            yield (one, other) if (ours, other.site_id) > (theirs, one.site_id) else (other, one)


def _blocks(words: Sequence[str]) -> Iterator[tuple[tuple[int, ...], str]]:
    """The numbers of a name with the beginning of each of its words, of which like names share one."""
    told = numbers(words)
    others = [word for word in words if NUMBERS[word] is None]
    return ((told, word[:2]) for word in others or [""])


def _cores_of(sites: Sequence[Described]) -> Iterator[list[tuple[str, ...]]]:
    """The telling words of each name of each site."""
    found = iter(cores([name for site in sites for name in site.names]))
    return ([next(found) for _ in site.names] for site in sites)


def _neighbours(sites: Sequence[Described], members: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Pairs of members in the same or in neighbouring cells, each once."""
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index in members:
        column, row = math.floor(sites[index].lon / CELL), math.floor(sites[index].lat / CELL)
        for cell in product((column - 1, column, column + 1), (row - 1, row, row + 1)):
            for other in cells.get(cell, ()):
                yield (other, index)
        cells[column, row].append(index)


def _clearly_apart(one: Described, other: Described) -> bool:
    limit = (one.accuracy_m + other.accuracy_m) / DEGREE
    return abs(one.lon - other.lon) > limit or abs(one.lat - other.lat) > limit
