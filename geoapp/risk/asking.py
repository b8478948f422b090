"""Asking a question as the viewer of a transaction: who may, and the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from geoapp.access.audit import record
from geoapp.errors import ForbiddenError, UnauthorizedError
from geoapp.risk.answer import Answer
from geoapp.risk.ground import Ground
from geoapp.risk.parameters import Asked
from geoapp.risk.questions import QUESTIONS

SIGN_IN = "Risk questions are for people who are signed in. Sign in, and ask again."
NOT_YOURS = "Risk questions are for coordinators, analysts and GIS officers, in their units."


def ground_for_questions(connection: Connection) -> Ground:
    """What the viewer may see, for questions.

    Raises UnauthorizedError for the public, ForbiddenError for who sees no whole incidents.
    """
    ground = Ground.of(connection)
    if ground.viewer is not None and not ground.viewer.signed_in:
        raise UnauthorizedError(SIGN_IN)
    if not ground.answers:
        raise ForbiddenError(NOT_YOURS)
    return ground


def record_question(connection: Connection, name: str) -> None:
    """Write into the audit that the viewer of a transaction was answered the question `name`."""
    record(connection, "question", f"question/{name}", after={"question": name})


def read_question(
    connection: Connection, name: str, values: Mapping[str, str], body: Any = None
) -> tuple[Ground, Asked]:
    """What the viewer may see, and what is asked of it; raises as `ask` does."""
    ground = ground_for_questions(connection)
    return ground, QUESTIONS[name].read(values, ground.today, body)


def ask(connection: Connection, name: str, values: Mapping[str, str], body: Any = None) -> Answer:
    """Answer the question `name` from what the viewer may see.

    Raises what `ground_for_questions` does, and QuestionError for what cannot be answered.
    """
    ground, asked = read_question(connection, name, values, body)
    return QUESTIONS[name].answer(connection, ground, asked)
