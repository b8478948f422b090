"""Two people who edit at once: what each wrote, what may be saved beside each other, and what the second has to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """A field that somebody else changed since a form was opened: what it held then, holds now, and is to hold."""

    name: str
    then: str
    now: str
    yours: str


@dataclass(frozen=True)
class Meanwhile:
    """`write` is what may be saved; `clashes` are fields that both changed; `theirs` all that others changed."""

    write: Mapping[str, str]
    clashes: tuple[Change, ...]
    theirs: tuple[Change, ...]


def compare(then: Mapping[str, str], now: Mapping[str, str], yours: Mapping[str, str]) -> Meanwhile:
    """Compare what a form held when it was opened, what is stored, and what was typed; fields by name.

    A field that the form did not bring is taken for unchanged.
    """
    changed = {name: text for name, text in yours.items() if text != then.get(name, "")}
    theirs = tuple(
        Change(name, then.get(name, ""), text, yours.get(name, ""))
        for name, text in now.items()
        if name in then and text != then[name]
    )
    clashes = tuple(each for each in theirs if each.name in changed and each.now != each.yours)
    write = {name: text for name, text in changed.items() if text != now.get(name, "")}
    return Meanwhile(write, clashes, theirs)
