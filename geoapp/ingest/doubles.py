"""Mine sites that are there twice: proposed, confirmed or refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor, Future
from typing import Any, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from sqlalchemy import ColumnElement, Connection, Row, func, insert, literal, or_, select, update
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError, ProgrammingError

from geoapp.access.viewer import acting_viewer
from geoapp.errors import ImportRefusedError
from geoapp.ingest.findings import Findings
from geoapp.ingest.likeness import Described, Likeness, accuracy, compare
from geoapp.ingest.matching import merged
from geoapp.ingest.neighbours import CELL, Descriptions, near
from geoapp.ingest.sheet import Values
from geoapp.ingest.stage import Stage, plain
from layers.tables import AliasRefusal, MineSite, SiteAlias
from layers.text import Text

_SITE = cast(Any, MineSite.__table__).c
GEOD = Geod(ellps="WGS84")
# A degree is at least so long there, in metres, in either direction.
DEGREE = 107_900
# Pairs of names that begin alike and lie near each other. A file that makes more of them calls everything the same.
MOST_PAIRS = 1_000_000
DESCRIBED = ("site_id", "name", "name_alt", "territory", "position_method", "position_accuracy_m")


def find_doubles(connection: Connection) -> list[Likeness]:
    """Pairs of sites that may be one, the likeliest first, among those that whoever acts may write.

    Pairs that were refused are left out.
    """
    return _likenesses(_writable(connection), _said(connection), _refused(connection), None)[0]


class Search:
    """A look for new sites of a file that may be there already under another key.

    It reads before the rows are written, and compares in a thread of its own while the database writes.
    """

    def __init__(self, connection: Connection, stage: Stage, source_id: str | None, aside: Executor, new: NewSites):
        self.found: Future[tuple[list[Likeness], bool]] | None = None
        self.new = new
        if new.count:
            staged = _staged(connection, stage, source_id)
            keys = {site.site_id for site in staged}
            others = [site for site in _writable(connection, box=new.box()) if site.site_id not in keys]
            known = _said(connection), _refused(connection)
            self.found = aside.submit(_likenesses, [*others, *staged], *known, new)

    def tell(self, findings: Findings) -> None:
        """Note what was found."""
        pairs, too_many = self.found.result() if self.found else ([], False)
        if too_many:
            findings.add("too_many_to_compare", None, "name", f"{MOST_PAIRS:,}")
        rows = self.new.rows_of({each.site_id for each in pairs})
        for each in pairs:
            said = Text(
                f"{each.other_site_id} ({each.score:.2f}: {each.reasons.en})",
                f"{each.other_site_id} ({each.score:.2f} : {each.reasons.fr})",
            )
            findings.add("maybe_same_site", rows[each.site_id], "name", each.names[0], said)


class NewSites:
    """The sites that a file brings, of which it keeps no more than is compared.

    `values` are the file's by column, `geometry` its points, `indexes` the rows that are new.
    """

    def __init__(
        self, values: Mapping[str, Values], geometry: Values, indexes: NDArray[np.int64], source_id: str | None
    ):
        self.values = {name: values[name] for name in DESCRIBED if name in values}
        self.indexes = indexes
        self.source_id = source_id
        self.lon, self.lat = shapely.get_x(geometry)[indexes], shapely.get_y(geometry)[indexes]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.indexes)

    def box(self) -> tuple[float, float, float, float]:
        """West, south, east and north of where sites may lie that are near one of them."""
        west, south, east, north = (
            float(each) for each in (self.lon.min(), self.lat.min(), self.lon.max(), self.lat.max())
        )
        return (west - CELL, south - CELL, east + CELL, north + CELL)

    def rows_of(self, keys: Collection[str]) -> dict[str, int]:
        """The row of the file, from 1, of each of the sites `keys`."""
        sites = self.values["site_id"]
        return {sites[index]: index + 1 for index in self.indexes.tolist() if sites[index] in keys} if keys else {}

    def described(self, places: NDArray[np.int64]) -> list[Described]:
        """The new sites at some places, from 0."""
        indexes = self.indexes[places]
        none = [None] * len(indexes)
        columns = [self.values[name][indexes].tolist() if name in self.values else none for name in DESCRIBED]
        return [
            Described(
                site_id,
                (name, *name_alt) if name_alt else (name,),
                territory,
                accuracy(method, accuracy_m),
                self.source_id,
                lon,
                lat,
            )
            for site_id, name, name_alt, territory, method, accuracy_m, lon, lat in zip(
                *columns, self.lon[places].tolist(), self.lat[places].tolist(), strict=True
            )
        ]


def _likenesses(
    rows: Sequence[Any],
    said: Mapping[str, Sequence[Described]],
    refused: Collection[tuple[str, ...]],
    new: NewSites | None,
) -> tuple[list[Likeness], bool]:
    """The pairs that may be one, and whether there were too many to look at all of them.

    Each of the sites in `rows` is looked at as it is, and as each source describes it (`said`). With `new`, only pairs
    of which one at least is of its sites are told, which then comes first.
    """
    sites: list[Described] = []
    for site_id, name, name_alt, territory, method, accuracy_m, source, lon, lat in rows:
        names = (name, *name_alt) if name_alt else (name,)
        sites.append(Described(site_id, names, territory, accuracy(method, accuracy_m), source, lon, lat))
        if site_id in said:
            sites += said[site_id]
    count = new.count if new is not None else 0

    def described(places: NDArray[np.int64]) -> list[Described]:
        ours = iter(new.described(places[places < count]) if new is not None else [])
        return [next(ours) if place < count else sites[place - count] for place in places.tolist()]

    descriptions = Descriptions(
        np.concatenate([[] if new is None else new.lat, [site.lat for site in sites]]),
        described,
        None if new is None else np.arange(count + len(sites)) < count,
    )
    found: dict[tuple[str, str], Likeness] = {}
    looked_at = 0
    for one, other in near(descriptions):
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


def _writable(
    connection: Connection,
    keys: Collection[str] | None = None,
    box: tuple[float, float, float, float] | None = None,
) -> Sequence[Row[Any]]:
    """Sites that whoever acts may write: those of `keys`, or those that are or were said to be in `box` (degrees)."""
    sites = select(*_described(_SITE)).order_by(_SITE.site_id)
    if acting_viewer(connection) is not None:
        sites = sites.where(_SITE.units.bool_op("&&")(select(func.viewer_units("gis")).scalar_subquery()))
    if keys is not None:
        sites = sites.where(_SITE.site_id.in_(keys))
    if box is not None:
        within = func.ST_MakeEnvelope(*box, 4326)
        said_there = select(SiteAlias.site_id).where(SiteAlias.geom.bool_op("&&")(within))
        sites = sites.where(or_(plain(_SITE.geom).bool_op("&&")(within), _SITE.site_id.in_(said_there)))
    return connection.execute(sites).all()


def _staged(connection: Connection, stage: Stage, source_id: str | None) -> Sequence[Row[Any]]:
    """The sites of the stage that are there already, as they will be."""
    then = merged(stage)
    there = select(*_described(then.c, source_id)).join(stage.table, stage.row == then.c.import_row)
    return connection.execute(there.where(stage.action != "insert")).all()


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


def _clearly_apart(one: Described, other: Described) -> bool:
    limit = (one.accuracy_m + other.accuracy_m) / DEGREE
    return abs(one.lon - other.lon) > limit or abs(one.lat - other.lat) > limit
