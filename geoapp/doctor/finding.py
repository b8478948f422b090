"""What a check of the installation found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

State = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """The state of one thing: a fault endangers rows or service, a warning does not yet. `todo` says what to do."""

    check: str
    state: State
    said: str
    todo: str = ""

    def as_json(self) -> dict[str, Any]:
        """The same for a program."""
        return {"check": self.check, "state": self.state, "said": self.said, "todo": self.todo or None}


def ok(check: str, said: str) -> Finding:
    """It is as it should be."""
    return Finding(check, "ok", said)


def warning(check: str, said: str, todo: str) -> Finding:
    """It wants a look."""
    return Finding(check, "warning", said, todo)


def fault(check: str, said: str, todo: str) -> Finding:
    """It has to be mended."""
    return Finding(check, "fault", said, todo)
