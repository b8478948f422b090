"""What the columns of a file mean for a table: by a recogniser, by a person's choice, by memory, or by their names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Connection, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from geoapp.ingest import memory
from geoapp.ingest.columns import Matching, ignored, match_columns, require_columns
from geoapp.ingest.load import known_source
from geoapp.ingest.positions import MAPPABLE, PositionColumns, find_positions
from geoapp.ingest.proposals import Known, propose, propose_coordinates
from geoapp.ingest.recognisers import recogniser_of
from geoapp.ingest.recognisers.recogniser import Export, Recogniser
from geoapp.ingest.report import Proposed, Report
from geoapp.ingest.sheet import Sheet, Values
from geoapp.ingest.targets import FileColumn, Target
from geoapp.ingest.units import units_by_name

Memory = Literal["use", "ignore", "forget"]
Choices = dict[str, list[str]]
# Stands among the columns of the table for nothing: what is chosen for it is not read.
LEFT_OUT = ""


@dataclass
class Understanding:
    """How a sheet is read for a table.

    `columns` are the file's and, before them, those that a recogniser made, by name; `matched` says which fill each
    column of the table, `position` which hold the place. `older` are the indexes of rows that a newer row of the file
    replaces. `confirmed` is what the person chose or accepted, to be remembered for `shape`.
    """

    columns: dict[str, Values]
    matched: Matching
    position: PositionColumns | None
    older: set[int] = field(default_factory=set)
    source: str | None = None
    shape: str = ""
    confirmed: Choices = field(default_factory=dict)


def understand(
    connection: Connection,
    target: Target,
    sheet: Sheet,
    given: Mapping[str, Sequence[str]],
    source: str | None,
    *,
    remember: bool,
    accept: bool,
    unused: Collection[str] = (),
    report: Report,
) -> Understanding:
    """Find out what the columns of `sheet` mean, and note in the report how.

    `given` are the person's choices; with `remember`, what was confirmed for this shape before is one too. Columns of
    the file that they give for `LEFT_OUT` are read as nothing, and so, without a word, are the `unused` ones that no
    name fits. Raises ImportRefusedError where they name what there is not, and where a column that every row needs is
    not found, with what it may be.
    """
    job = _Understanding(connection, target, sheet, report)
    recogniser = job.recognise()
    source = source or (recogniser.source if recogniser else None)
    source_id = known_source(connection, source) if source else None
    shape = memory.fingerprint(sheet.columns)
    chosen: Choices = {name: list(names) for name, names in given.items()}
    if recogniser is None and remember:
        chosen = job.recall(shape, source_id) | chosen
    left_out = job.leave_out(chosen, given)
    matched, position = job.match(chosen)
    free = [name for name in job.free(matched, position) if name not in unused]
    accepted = job.propose(matched, position, free, accept)
    if accepted:
        chosen |= accepted
        matched, position = job.match(chosen)
    report.mapping = {**matched, **({"geom": list(position.names)} if position else {})}
    require_columns(target, list(sheet.columns), matched, report.proposals)
    confirmed = chosen | ({LEFT_OUT: left_out} if left_out else {})
    return Understanding(
        job.columns, matched, position, job.older, source, shape, confirmed if given or accepted else {}
    )


def forget(connection: Connection, target: Target, sheet: Sheet, source: str | None, report: Report) -> None:
    """Forget what whoever acts has confirmed for the shape of `sheet`."""
    source_id = known_source(connection, source) if source else None
    if memory.forget(connection, memory.fingerprint(sheet.columns), target.name, source_id):
        report.findings.add("mapping_forgotten")


class _Understanding:
    """One sheet on its way to being understood."""

    def __init__(self, connection: Connection, target: Target, sheet: Sheet, report: Report):
        self.connection = connection
        self.target = target
        self.sheet = sheet
        self.report = report
        self.findings = report.findings
        self.columns: dict[str, Values] = dict(sheet.columns)
        self.older: set[int] = set()
        # The columns that names may match: a recogniser's own, where there is one.
        self.alone: list[str] | None = None
        self.read_by_recogniser: set[str] = set()
        self.left_out: set[str] = set()

    def recognise(self) -> Recogniser | None:
        """Read the sheet by the recogniser that knows it, if one does and it feeds the table."""
        recogniser = recogniser_of(self.sheet.columns)
        if recogniser is None:
            return None
        if self.target.name not in recogniser.reads:
            self.findings.add("recognised_elsewhere", None, None, recogniser.name, ", ".join(recogniser.reads))
            return None
        translation = recogniser.reads[self.target.name](Export(self.sheet.columns, self.sheet.count))
        self.report.recognised = recogniser.name
        self.findings.add("recognised", None, None, recogniser.name, recogniser.decided)
        for note in translation.notes:
            self.findings.add(note.rule, None, note.column, note.value, note.repair)
        if translation.older:
            self.findings.add("newer_row", None, None, len(translation.older))
        self.columns = {**self.sheet.columns, **translation.columns}
        self.alone = list(translation.columns)
        self.read_by_recogniser = translation.used
        self.older = translation.older
        return recogniser

    def recall(self, shape: str, source_id: str | None) -> Choices:
        """What was confirmed for this shape before."""
        found = memory.recall(self.connection, shape, self.target.name, source_id) or {}
        if found:
            told = ", ".join(f"{name or '–'}={'+'.join(sources)}" for name, sources in found.items())
            self.findings.add("mapping_remembered", None, None, None, told)
        return found

    def leave_out(self, chosen: Choices, given: Mapping[str, Sequence[str]]) -> list[str]:
        """Take the columns that are to be left out from all that follows; which those are."""
        wanted = {source for name, sources in given.items() if name != LEFT_OUT for source in sources}
        left_out = [name for name in chosen.pop(LEFT_OUT, []) if name in self.columns and name not in wanted]
        for name in list(chosen):
            chosen[name] = [source for source in chosen[name] if source not in left_out]
            if not chosen[name]:
                del chosen[name]
        self.columns = {name: values for name, values in self.columns.items() if name not in left_out}
        self.left_out = set(left_out)
        return left_out

    def match(self, chosen: Choices) -> tuple[Matching, PositionColumns | None]:
        """The columns of the file for each column of the table and for the position."""
        by_columns = self.sheet.geometry is None and self.target.has_geometry
        sources = list(self.columns)
        position = find_positions(sources, chosen) if by_columns else None
        given = {name: wanted for name, wanted in chosen.items() if not (by_columns and name in MAPPABLE)}
        return match_columns(self.target, sources, given, self.alone), position

    def free(self, matched: Matching, position: PositionColumns | None) -> list[str]:
        """The columns of the file that nothing uses."""
        used = {source for names in matched.values() for source in names} | self.read_by_recogniser | self.left_out
        return ignored(self.sheet.columns, [*used, *(position.used if position else ())])

    def propose(self, matched: Matching, position: PositionColumns | None, free: list[str], accept: bool) -> Choices:
        """Note what the free columns may be, and those that are nothing; what was accepted of it."""
        if self.report.recognised is not None:
            if free:
                self.findings.add("columns_left", None, None, len(free), ", ".join(free))
            return {}
        proposed = propose(self.target, self.columns, matched, free, self._known()) if free else []
        if self.sheet.geometry is None and self.target.has_geometry and position is None:
            places = propose_coordinates(self.columns, free)
            names = {each.source for each in places}
            proposed = [*places, *(each for each in proposed if each.source not in names)]
        self.report.proposals = proposed
        rule = "proposal_accepted" if accept else "column_proposed"
        for each in proposed:
            self.findings.add(rule, None, each.column, each.source, each.reason())
        told = {each.source for each in proposed}
        for source in free:
            if source not in told:
                self.findings.add("column_ignored", None, source, source)
        return _choices(proposed) if accept else {}

    def _known(self) -> Known:
        names = frozenset(units_by_name(self.connection))
        return Known(self._count_keys, names)

    def _count_keys(self, column: FileColumn, values: Sequence[str]) -> int:
        key = column.refers_to
        assert key is not None  # noqa: S101 - asked of references alone.
        asked = bindparam("values", list(values), type_=ARRAY(Text()))
        found = select(func.count(key.distinct())).where(key == func.any(asked))
        return int(self.connection.scalar(found) or 0)


def _choices(proposed: Sequence[Proposed]) -> Choices:
    return {each.column: [each.source] for each in proposed}
