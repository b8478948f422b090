"""What the questions about incidents share: who counts, and the part of every answer that says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shapely import Geometry
from sqlalchemy import Connection

from geoapp.errors import QuestionError
from geoapp.risk.counting import Counted, Decay, Tally, Window
from geoapp.risk.earth import Floats
from geoapp.risk.ground import Ground
from geoapp.risk.incidents import INCIDENTS, Incidents
from geoapp.risk.parameters import Asked
from geoapp.risk.places import ROUTES, RouteLine
from geoapp.risk.scope import SCOPE
from geoapp.risk.wording import sentence
from layers.text import Text


def incidents_of(connection: Connection, ground: Ground) -> Incidents:
    """All incidents that the viewer may see."""
    return ground.get(connection, INCIDENTS)


def scope_of(connection: Connection, ground: Ground) -> Geometry:
    """Where the viewer sees whole incidents."""
    return ground.get(connection, SCOPE)


def in_period(connection: Connection, ground: Ground, asked: Asked) -> Counted:
    """The incidents that count from `since` to `until`."""
    return Counted.of(incidents_of(connection, ground), window_of(asked), asked.chosen)


def under_pressure(connection: Connection, ground: Ground, asked: Asked) -> Counted:
    """The incidents that count for pressure on the day asked for."""
    name = ("pressure", asked.on, asked.chosen)
    window = Window.of_pressure(asked.on)
    incidents = incidents_of(connection, ground)
    return ground.work_out(connection, name, (INCIDENTS,), lambda _: Counted.of(incidents, window, asked.chosen))


def weights_of(connection: Connection, ground: Ground, asked: Asked) -> Floats:
    """Their weights on that day, in the order of the grid."""
    counted = under_pressure(connection, ground, asked)
    name = ("weights", asked.on, asked.chosen)
    return ground.work_out(connection, name, (INCIDENTS,), lambda _: counted.weights(asked.on, Decay()))


def window_of(asked: Asked) -> Window:
    """The period of a question that has one."""
    if asked.since is None or asked.until is None:
        raise AssertionError("the question has no period")
    return Window(asked.on, asked.since, asked.until)


@dataclass(frozen=True)
class Basis:
    """What an answer was counted from, and told as."""

    counted: Counted
    tally: Tally
    told: Text
    outside: float | None = None
    # Beside the incidents that were.
    left_out: Mapping[str, int] = field(default_factory=dict)


def basis(question: str, ground: Ground, asked: Asked, made: Basis) -> dict[str, Any]:
    """What every answer about incidents holds, for its class."""
    tally, left_out = made.tally, {**made.counted.left_out, **made.left_out}
    return {
        "question": question,
        "parameters": asked.parameters,
        "used": tally.incidents,
        "left_out": left_out,
        "excluded": made.counted.excluded,
        "level_unknown": tally.by_level["level_unknown"],
        "synthetic": tally.synthetic,
        "outside_scope": made.outside,
        "sentence": sentence(
            made.told, asked, ground, left_out, outside=made.outside, synthetic=(tally.synthetic, tally.incidents)
        ),
    }


def find_route(connection: Connection, ground: Ground, name: str) -> RouteLine:
    """The route of a `route_id`, or of the id of its row; QuestionError where the viewer sees none or several."""
    routes = ground.get(connection, ROUTES)
    found = [each for each in routes if each.route_id == name] or [each for each in routes if str(each.key) == name]
    if not found:
        raise QuestionError(
            f"route: there is no route {name}, or it is not for you; the layer routes has their route_id.",
            f"route : il n'y a pas d'itinéraire {name}, ou il n'est pas pour vous ; la couche routes a leur route_id.",
        )
    if len(found) > 1:
        keys = ", ".join(str(each.key) for each in found)
        raise QuestionError(
            f"route: {len(found)} routes are called {name}; give one of their ids: {keys}.",
            f"route : {len(found)} itinéraires s'appellent {name} ; donnez l'un de leurs identifiants : {keys}.",
        )
    return found[0]
