"""What each source calls the mine sites: finding a site by a source's own code, and keeping what the source says."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Connection, Text, bindparam, func, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from geoapp.ingest.findings import Findings
from geoapp.ingest.sheet import Values
from layers.tables import MineSite, SiteAlias

# Columns that a source may say nothing about: they are the row's own.
NOT_SAID = {"site_id", "synthetic"}

# What so many rows say is sent at once.
PIECE = 20_000
# One statement of arrays each, since COPY refuses a table that is under a policy.
BROUGHT = """
    WITH brought AS (
        SELECT each.*
          FROM unnest(CAST(:sites AS text[]), CAST(:codes AS text[]), CAST(:names AS text[]), CAST(:said AS text[]),
                      CAST(:places AS text[])) AS each (site_id, code, name, said, place))"""
# What a file does not speak of, its source says as before.
CHANGE = text(f"""{BROUGHT}, said AS (
        SELECT alias.id, coalesce(brought.name, alias.name) AS name,
               jsonb_strip_nulls(alias.said || CAST(brought.said AS jsonb)) AS said,
               coalesce(ST_GeomFromEWKT(brought.place), alias.geom) AS geom
          FROM site_alias AS alias
          JOIN brought ON alias.code = brought.code AND alias.site_id = brought.site_id
         WHERE alias.source = :source)
    UPDATE site_alias AS alias
       SET name = said.name, said = said.said, geom = said.geom, source_date = :day, import_batch_id = :batch
      FROM said
     WHERE alias.id = said.id AND (alias.name, alias.said, alias.geom, alias.source_date)
           IS DISTINCT FROM (said.name, said.said, said.geom, CAST(:day AS date))
""")  # noqa: S608 - both parts are constants of this file.
ADD = text(f"""{BROUGHT}
    INSERT INTO site_alias (site_id, source, code, name, said, geom, source_date, source_id, import_batch_id)
    SELECT brought.site_id, :source, brought.code, brought.name, jsonb_strip_nulls(CAST(brought.said AS jsonb)),
           ST_GeomFromEWKT(brought.place), :day, :source, :batch
      FROM brought
     WHERE NOT EXISTS (SELECT FROM site_alias AS alias
                        WHERE alias.source = :source AND alias.code = brought.code AND alias.site_id = brought.site_id)
""")  # noqa: S608


@dataclass(frozen=True)
class Alias:
    """What a source calls a site, and where it puts it, in degrees; `said` is all that it says of it."""

    site_id: str
    source: str
    code: str | None
    name: str | None
    longitude: float | None
    latitude: float | None
    source_date: dt.date | None
    said: dict[str, Any]


@dataclass(frozen=True)
class Saying:
    """What a source says of some sites: by row, its code for the site and all its values.

    `older` are the indexes of rows that a newer one replaces, which say nothing.
    """

    source: str
    day: dt.date | None
    codes: Sequence[str | None]
    values: Mapping[str, Values]
    geometry: Values | None
    older: frozenset[int] = frozenset()


def aliases_of(connection: Connection) -> list[Alias]:
    """Every alias of sites that whoever acts may see, by site and source."""
    place = (func.ST_X(SiteAlias.geom), func.ST_Y(SiteAlias.geom))
    columns = (SiteAlias.site_id, SiteAlias.source, SiteAlias.code, SiteAlias.name, *place)
    found = select(*columns, SiteAlias.source_date, SiteAlias.said).order_by(*columns[:3])
    return [Alias(*row) for row in connection.execute(found)]


def sites_called(connection: Connection, codes: Iterable[str], source_id: str | None) -> dict[str, str]:
    """The site that each code is an alias of, among those that whoever acts may see.

    Another source's code counts only where the source is not named, and no two sites have it.
    """
    aliases = select(SiteAlias.code, SiteAlias.site_id, SiteAlias.source)
    if source_id is not None:
        aliases = aliases.where(SiteAlias.source == source_id)
    if connection.execute(aliases.limit(1)).first() is None:
        return {}
    asked = bindparam("codes", sorted(set(codes)), type_=ARRAY(Text()))
    aliases = aliases.where(SiteAlias.code == func.any(asked))
    found: dict[str, set[str]] = defaultdict(set)
    for code, site_id, _ in connection.execute(aliases):
        found[str(code)].add(site_id)
    return {code: next(iter(sites)) for code, sites in found.items() if len(sites) == 1}


def sites_known_by(connection: Connection, codes: Iterable[str]) -> dict[str, str]:
    """The one site whose code at iTSCi or IPIS, or whose alias of any source, each code is."""
    wanted = sorted(set(codes))
    asked = bindparam("codes", wanted, type_=ARRAY(Text()))
    known = select(MineSite.site_id, MineSite.itsci_code, MineSite.ipis_pcode).where(
        or_(MineSite.itsci_code == func.any(asked), MineSite.ipis_pcode == func.any(asked))
    )
    found: dict[str, set[str]] = defaultdict(set)
    for site_id, *others in connection.execute(known):
        for code in filter(None, others):
            found[code].add(site_id)
    for code, site_id in sites_called(connection, wanted, None).items():
        found[code].add(site_id)
    return {code: next(iter(found[code])) for code in wanted if len(found[code]) == 1}


def adopt(connection: Connection, rows: dict[str, Values], source_id: str | None, findings: Findings) -> None:
    """Put the key of a site for the code by which the source calls it, so that no second site is made."""
    codes = rows["site_id"]
    named = [code for code in codes if code is not None]
    called = sites_called(connection, named, source_id)
    if not called:
        return
    if source_id is None:
        # Without a source a key that a site bears is that site's.
        asked = bindparam("keys", sorted(called), type_=ARRAY(Text()))
        taken = select(MineSite.site_id).where(MineSite.site_id == func.any(asked))
        for key in connection.scalars(taken):
            called.pop(key, None)
    adopted = np.array([*codes, None], dtype=object)[:-1]
    for index, code in enumerate(codes):
        site_id = called.get(code, code) if code is not None else None
        adopted[index] = site_id
        if site_id != code:
            findings.add("site_by_alias", index + 1, "site_id", code, site_id)
    rows["site_id"] = adopted


def positions_of(connection: Connection, codes: Values, source_id: str | None) -> Values:
    """The position of the site that each code means; None where none is known."""
    named = {code for code in codes if code is not None}
    called = sites_called(connection, named, source_id)
    asked = bindparam("keys", sorted({*called.values(), *named}), type_=ARRAY(Text()))
    places = select(MineSite.site_id, func.ST_AsBinary(MineSite.geom)).where(MineSite.site_id == func.any(asked))
    known = {key: shapely.from_wkb(bytes(place)) for key, place in connection.execute(places)}
    return np.array([*(known.get(called.get(code, code)) for code in codes), None], dtype=object)[:-1]


def keep(connection: Connection, saying: Saying, sites: Values, rows: Sequence[int], batch: object) -> None:
    """Keep what a source says in `rows`, which count from 1, of the `sites` that it says it of."""
    for start in range(0, len(rows), PIECE):
        _keep(connection, saying, sites, rows[start : start + PIECE], batch)


def _keep(connection: Connection, saying: Saying, sites: Values, rows: Sequence[int], batch: object) -> None:
    kept: dict[str, list[str | None]] = {name: [] for name in ("sites", "codes", "names", "said", "places")}
    for row in rows:
        index = row - 1
        said = {name: _plain(values[index]) for name, values in saying.values.items() if name not in NOT_SAID}
        place = saying.geometry[index] if saying.geometry is not None else None
        kept["sites"].append(sites[index])
        kept["codes"].append(saying.codes[index])
        kept["names"].append(said.get("name"))
        kept["said"].append(json.dumps(said))
        kept["places"].append(
            f"SRID=4326;{shapely.to_wkt(place, rounding_precision=-1)}" if place is not None else None
        )
    if kept["sites"]:
        values = {**kept, "source": saying.source, "day": saying.day, "batch": batch}
        connection.execute(CHANGE, values)
        connection.execute(ADD, values)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
