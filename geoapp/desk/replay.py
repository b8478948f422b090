"""What a row would be without a batch: its history told again, leaving that batch out.

A row's history is what batches brought of it, each the columns that its file had, and what people changed by hand.
States in between follow backwards from the row as it is, since every change left what was before it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

State = dict[str, Any]
# What a batch writes of itself beside what its file says.
MARKS = {"repairs"}


@dataclass(frozen=True)
class Change:
    """A change of a row: what was before it and after it, in the columns that it touched."""

    at: dt.datetime
    deed: str
    batch: uuid.UUID | None
    undoing: bool
    before: Mapping[str, Any]
    after: Mapping[str, Any] | None


@dataclass(frozen=True)
class Bringing:
    """That a batch brought a row, with these columns; in those that are `lost` another source's value was kept."""

    at: dt.datetime
    deed: str
    batch: uuid.UUID
    columns: Sequence[str]
    source: str | None = None
    undone: bool = False
    lost: Collection[str] = ()


@dataclass
class Outcome:
    """What the row is without the batch; None where there is none. `by_others` are the columns that others gave it."""

    state: State | None
    by_others: set[str] = field(default_factory=set)


def without(
    batch: uuid.UUID,
    current: Mapping[str, Any] | None,
    changes: Sequence[Change],
    bringings: Sequence[Bringing],
    said: Mapping[str, Mapping[str, Any]],
    *,
    undone: Collection[uuid.UUID] = frozenset(),
) -> Outcome:
    """The row as it would be had `batch`, and those that were undone, never been.

    `said` is what each source says of it by itself, which counts where its value lost against one that is gone.
    `undone` are the batches whose changes do not count, beside those that the bringings tell of.
    """
    changes = sorted(changes, key=lambda each: each.at)
    states = _states(current, changes)
    inserted = any(each.deed == "insert" for each in bringings)
    outcome = Outcome(None if inserted else states[0])
    kept = {each.batch for each in bringings if not each.undone and each.batch != batch}
    brought = {each.batch for each in bringings}
    after_batch = False
    events: list[Bringing | Change] = [*bringings, *changes]
    for event in sorted(events, key=lambda each: each.at):
        if isinstance(event, Bringing):
            after_batch = after_batch or event.batch == batch
            if event.batch in kept:
                _bring(outcome, event, _after(event, changes, states), said, note=after_batch)
        elif not event.undoing and event.batch != batch and event.batch not in brought - kept:
            # What a batch changed of a row that it brought was told with it.
            if event.batch is None or event.batch not in brought | set(undone):
                _change(outcome, event, note=after_batch)
        elif event.batch == batch:
            after_batch = True
    return outcome


def _states(current: Mapping[str, Any] | None, changes: Sequence[Change]) -> list[State | None]:
    """The row before the first change, and after each."""
    states: list[State | None] = [dict(current) if current is not None else None]
    for change in reversed(changes):
        later = states[0]
        states.insert(0, dict(change.before) if change.deed == "delete" else {**(later or {}), **change.before})
    return states


def _after(event: Bringing, changes: Sequence[Change], states: Sequence[State | None]) -> State:
    """The row as the batch left it."""
    place = sum(change.at < event.at for change in changes)
    for index, change in enumerate(changes, 1):
        if change.batch == event.batch and not change.undoing:
            place = max(place, index)
    return states[place] or {}


def _bring(
    outcome: Outcome, event: Bringing, then: State, said: Mapping[str, Mapping[str, Any]], *, note: bool
) -> None:
    values = {name: then.get(name) for name in event.columns if name not in event.lost}
    state = outcome.state if outcome.state is not None else {}
    own = said.get(event.source or "", {})
    for name in event.lost:
        if state.get(name) is None and own.get(name) is not None:
            values[name] = own[name]
    if event.source is not None:
        values["source_id"] = event.source
    outcome.state = {**state, **values, "import_batch_id": str(event.batch)}
    if note:
        outcome.by_others |= set(values) - MARKS


def _change(outcome: Outcome, event: Change, *, note: bool) -> None:
    if event.deed == "delete":
        outcome.state = None
        return
    outcome.state = {**(outcome.state or {}), **(event.after or {})}
    if note:
        outcome.by_others |= set(event.after or {})
