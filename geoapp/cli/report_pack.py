"""`geoapp report UNIT OUT.pdf`: the meeting pack of a unit."""

from __future__ import annotations

from sqlalchemy import Engine

from geoapp.cli.reports import Asked
from geoapp.province.pack import ROOM, number_copy, print_pack, read_pack, recipient_of


def make(engine: Engine, asked: Asked, _: str) -> bytes:
    """The pack; a restricted one gets its number."""
    recipient = recipient_of(asked.recipient or "", asked.by)
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        code, days = asked.arguments[0].strip().upper(), (asked.since, asked.until)
        pack = read_pack(connection, code, asked.edition, asked.language, days)
    if asked.edition == ROOM:
        return print_pack(pack, asked.language, asked.by, asked.made)
    with engine.begin() as connection:
        number = number_copy(connection, pack.unit, pack.period, asked.language, recipient)
    return print_pack(pack, asked.language, asked.by, asked.made, number=number, recipient=recipient)
