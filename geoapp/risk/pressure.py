"""Pressure: how much, how severe, how near and how recent is what was recorded around a point."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from geoapp.risk.answer import Answer
from geoapp.risk.basis import Basis, basis, incidents_of, scope_of, under_pressure
from geoapp.risk.columns import as_number
from geoapp.risk.counting import Decay, Tally
from geoapp.risk.ground import Ground
from geoapp.risk.incidents import read_numbers
from geoapp.risk.listing import Listing
from geoapp.risk.parameters import Asked
from geoapp.risk.scope import area_outside, circle
from geoapp.risk.wording import d, incidents, n
from layers.text import Text


@dataclass(frozen=True)
class Term:
    """What one incident adds."""

    incident_id: uuid.UUID
    incident_no: str | None
    distance_m: float
    age_days: int
    weight: float
    contribution: float


@dataclass(frozen=True, kw_only=True)
class PressureAnswer(Answer):
    """The pressure on a point, with its terms, the largest first."""

    pressure: float
    terms: Listing[Term]


def ask_pressure(connection: Connection, ground: Ground, asked: Asked) -> PressureAnswer:
    """Answer for a point."""
    lon, lat = asked.values["lon"], asked.values["lat"]
    counted = under_pressure(connection, ground, asked)
    mapped = counted.incidents.mapped
    decay = Decay()
    place, metres = incidents_of(connection, ground).grid.around(lon, lat, decay.reach, counted.mask)
    age = as_number(asked.on) - mapped.day[place]
    parts = mapped.weight[place] * decay.of_distance(metres) * decay.of_age(age)
    order = np.argsort(-parts, kind="stable")
    listed = mapped.take(place[order])
    numbers = read_numbers(connection, listed)
    tally = Tally.of(mapped, place)
    outside = area_outside(scope_of(connection, ground), circle(lon, lat, decay.reach))
    total, many, day = n(float(parts.sum()), 3), incidents(tally.incidents), d(asked.on)
    told = Text(
        f"Pressure {total.en} on {day.en}, from {many.en} over three years within 20 km.",
        f"Pression de {total.fr} le {day.fr}, à partir de {many.fr} sur trois ans à moins de 20 km.",
    )
    return PressureAnswer(
        **basis("pressure", ground, asked, Basis(counted, tally, told, outside)),
        pressure=float(parts.sum()),
        terms=Listing(Term, listed.id, numbers, metres[order], age[order], listed.weight, parts[order]),
    )
