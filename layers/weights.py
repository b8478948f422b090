"""The house weights of incidents: no source fixes any, so that each installation may set its own."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, func, select

from layers.text import Text

# Of the levels 1, 2 and 3.
DEFAULT = (9, 3, 1)
MOST = 100
# The database's sessions know them under this name, as whole numbers with commas between.
SETTING = "geoapp.level_weights"

LevelWeights = Mapping[int, int]


def of_levels(weights: tuple[int, int, int] = DEFAULT) -> LevelWeights:
    """The weights by level, 0 being an unknown one, which weighs as much as the lowest."""
    return {0: weights[2], 1: weights[0], 2: weights[1], 3: weights[2]}


def read_level_weights(connection: Connection) -> LevelWeights:
    """The weights of the installation, by level."""
    first, second, third = (int(each) for each in written(connection).split(","))
    return of_levels((first, second, third))


def written(connection: Connection) -> str:
    """The same as the database's session knows them."""
    return connection.scalar(select(func.current_setting(SETTING, True))) or ",".join(map(str, DEFAULT))


def explained(weights: tuple[int, int, int]) -> Text:
    """What they are, in the words of the legend."""
    first, second, third = weights
    return Text(
        f"House weights: level 1 = {first}, level 2 = {second}, level 3 or unknown = {third}; more where people were"
        " killed or injured.",
        f"Pondération interne\u00a0: niveau 1 = {first}, niveau 2 = {second}, niveau 3 ou inconnu = {third}\u00a0;"
        " davantage s'il y a des morts ou des blessés.",
    )
