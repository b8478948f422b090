"""What a role sees of rows that it does not get: views that the database fills with its owner's eyes."""

from __future__ import annotations

from geoalchemy2 import Geometry
from sqlalchemy import Boolean, Column, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

# Not among the tables: views are made by migrations, not from models.
_VIEWS = MetaData()

PUBLIC_MINE_SITE = Table(
    "public_mine_site",
    _VIEWS,
    Column("site_id", Text, primary_key=True),
    Column("name", Text),
    Column("minerals", ARRAY(Text)),
    Column("icglr_status", Text),
    Column("country", Text),
    Column("units", ARRAY(Text)),
    Column("synthetic", Boolean),
    Column("geom", Geometry("POINT", 4326)),
    Column("geom_3857", Geometry("POINT", 3857)),
)
DEPLOYMENT_COUNT = Table(
    "deployment_count",
    _VIEWS,
    Column("unit_code", Text),
    Column("function", Text),
    Column("force", Text),
    Column("deployments", Integer),
    Column("synthetic", Boolean),
)
