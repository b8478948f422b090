"""The network of the routes: their pieces between junctions, along which paths are found."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import BigInteger, Double, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from layers import vocabulary as vocab
from layers.tables.base import ON_EARTH, Base, check, geometry, mercator, not_negative, one_of, spatial_indexes


class NetworkEdge(Base):
    """A piece of a route, at most 500 m long, between two nodes; the first route's where several share it.

    Nodes and edges are numbered by where they lie, so that the numbers stay the same from one build to the next and
    tell nothing of hidden ones. `middle_lon` and `middle_lat` are the point half way, in degrees.
    """

    __tablename__ = "network_edge"

    edge_id: Mapped[int] = mapped_column(BigInteger(), primary_key=True, autoincrement=False)
    from_node: Mapped[int] = mapped_column(BigInteger())
    to_node: Mapped[int] = mapped_column(BigInteger())
    mode: Mapped[str | None]
    metres: Mapped[float] = mapped_column(Double())
    middle_lon: Mapped[float] = mapped_column(Double())
    middle_lat: Mapped[float] = mapped_column(Double())
    route_ref: Mapped[uuid.UUID] = mapped_column(ForeignKey("route.id", ondelete="CASCADE"), index=True)
    geom: Mapped[Any] = geometry("LINESTRING")
    geom_3857: Mapped[Any] = mercator("LINESTRING")
    country: Mapped[str | None]
    units: Mapped[list[str]] = mapped_column(server_default=text("'{}'::text[]"))
    synthetic: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        one_of("mode", vocab.ROUTE_MODE),
        *not_negative("metres"),
        check("geom", ON_EARTH),
        *spatial_indexes("network_edge"),
    )
