"""The log of changes, by which copies of rows outside the database are kept up to date."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, Identity, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import UserDefinedType

from layers.tables.base import Base


class TransactionId(UserDefinedType[Any]):
    """A transaction's number as the server counts it over its whole life."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The name of the type."""
        return "xid8"


class Change(Base):
    """A change that transaction `xid` made to a table: to what belongs to incident `row_id`, or to any of its rows.

    A `pruned` entry stands for earlier ones of its table, of transactions up to `xid`.
    """

    __tablename__ = "change_log"

    change_id: Mapped[int] = mapped_column(BigInteger(), Identity(), primary_key=True)
    table_name: Mapped[str]
    row_id: Mapped[uuid.UUID | None]
    xid: Mapped[Any] = mapped_column(
        TransactionId(), server_default=text("pg_current_xact_id()"), nullable=False, index=True
    )
    pruned: Mapped[bool] = mapped_column(server_default=text("false"))
    changed_at: Mapped[dt.datetime] = mapped_column(server_default=text("now()"))
