"""Importing a file: from what somebody brings to rows in a table and a report, in one transaction."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DataError, IntegrityError, InternalError, ProgrammingError

from geoapp.access.audit import announce_bulk
from geoapp.errors import ImportRefusedError
from geoapp.ingest import (
    aliases,
    doubles,
    exported,
    heap,
    load,
    matching,
    meanwhile,
    memory,
    parts,
    placing,
    precedence,
    references,
    removing,
    repairs,
    repeats,
    rights,
    succession,
    units,
)
from geoapp.ingest.findings import storable
from geoapp.ingest.georeferencing import Georeferencing
from geoapp.ingest.reading import choose_layer, fingerprint, open_layers, read_layer
from geoapp.ingest.rejected import restore, write_rejected
from geoapp.ingest.report import Report, Rows
from geoapp.ingest.request import Request
from geoapp.ingest.rows import make_keys, read_rows
from geoapp.ingest.sheet import Sheet, Values
from geoapp.ingest.stage import Stage, fill, join_whole, make_stage
from geoapp.ingest.targets import Target, target_named
from geoapp.ingest.texts import look_for_mojibake
from geoapp.ingest.understanding import LEFT_OUT, forget, understand
from geoapp.ingest.values import Calendar
from geoapp.naming import VERSIONS
from layers.text import Text

# Opens a progress bar for a step of so many rows; what it gives is told how many are done.
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], Any]]]


@contextmanager
def silent(_step: str, _total: int) -> Iterator[Callable[[int], Any]]:
    """A progress bar that shows nothing."""
    yield lambda _count: None


class Watcher:
    """Somebody who looks on while a file is imported; an error that they raise undoes the import, and goes on up."""

    def read(self, sheet: Sheet) -> None:
        """The layer was read."""

    def staged(self, connection: Connection, stage: Stage) -> None:
        """It is decided what becomes of each row, and nothing is written yet."""

    def written(self, connection: Connection, report: Report) -> None:
        """All is written, and will be committed or, on a dry run, rolled back."""


def import_file(
    engine: Engine, request: Request, time_zone: str, progress: Progress = silent, watcher: Watcher | None = None
) -> Report:
    """Import a file, and report on it.

    A file that cannot be imported at all is a report too, with one finding of the rule "refused" that says why and
    what to do. Nothing is left in the database then, nor on a dry run, nor where `on_error` is "abort" and a row is
    bad. Raises ImportRefusedError for a table that there is not. An engine that acts for a person imports with their
    rights: their units' rows alone, matched with those that they see.
    """
    target = target_named(request.table)
    report = Report(file=storable(request.path.name), table=target.name, dry_run=request.dry_run)
    job = _Import(request, target, report, ZoneInfo(time_zone), progress)
    job.watcher = watcher or job.watcher
    try:
        job.read()
        job.require_right(engine)
        job.check(engine)
        job.write(engine)
        job.give_back()
    except ImportRefusedError as refusal:
        report.refuse(refusal.said, refusal.row, refusal.column)
    except (DataError, IntegrityError, InternalError, ProgrammingError) as error:
        reason = str(error.orig).strip().splitlines()[0]
        report.refuse(
            Text(
                f"The database refused the file: {reason}. Nothing was written; mend it, or try again.",
                f"La base de données a refusé le fichier : {reason}. Rien n'a été écrit ; corrigez-le, ou réessayez.",
            ),
            column=getattr(getattr(error.orig, "diag", None), "column_name", None),
        )
    return report


class _Import:
    """One import under way: what was read and checked so far goes from step to step."""

    def __init__(self, request: Request, target: Target, report: Report, zone: ZoneInfo, progress: Progress):
        self.request = request
        self.watcher = Watcher()
        self.target = target
        self.report = report
        self.findings = report.findings
        self.zone = zone
        self.progress = progress
        self.rows: dict[str, Values] = {}
        self.saying: aliases.Saying | None = None
        self.doubles: doubles.Search | None = None
        self.geometry: Values | None = None
        self.from_shapefile = False
        self.ids: Values | None = None
        # Whether the file gives no positions, and those by which its sites are known stand for them.
        self.places_known = False
        # Of an export, the versions that its rows had, and the keys that the file still holds.
        self.versions: dict[str, str] = {}
        self.held: frozenset[str] = frozenset()
        self.is_export = False

    def read(self) -> None:
        """Read the layer that is meant."""
        path = self.request.path
        with self.progress("Reading", 0), open_layers(path) as (layers, folder):
            self.report.sha256 = fingerprint(path)
            target = self.target
            types = target.geometry_types if target.has_geometry else ()
            layer = choose_layer(layers, self.request.layer, path.name, target.needs_geometry, types)
            self.report.layer = storable(layer.name)
            self.from_shapefile = layer.file.suffix == "shp"
            self.sheet: Sheet = read_layer(layer, folder, self.request.encoding)
            about = next((each for each in layers if each.inner == VERSIONS and each.file == layer.file), None)
            if about is not None and about.rows != 0:
                self.versions = meanwhile.versions_in(read_layer(about, folder, None), target.name)
        restore(self.sheet)
        self.is_export = exported.restore(self.sheet) or bool(self.versions)
        left_out = self.request.mapping.get(LEFT_OUT, ())
        columns = {name: values for name, values in self.sheet.columns.items() if name not in left_out}
        self.ids = exported.ids_of(self.target, columns)
        self.watcher.read(self.sheet)
        self.report.rows = Rows(read=self.sheet.count)
        self.report.encoding = self.sheet.encoding
        for rule, value in self.sheet.notes:
            self.findings.add(rule, value=value, repair=self.sheet.encoding.used)
        look_for_mojibake(self.sheet.columns, self.request.repair_text, self.findings)

    def require_right(self, engine: Engine) -> None:
        """Refuse the file of somebody who may import nothing into the table, whatever else is wrong with it."""
        with engine.connect() as connection:
            rights.require_importer(connection, self.target)

    def check(self, engine: Engine) -> None:
        """Find the values and the geometry of every row, with findings about the bad ones."""
        request = self.request
        if request.memory == "forget" and not request.dry_run:
            # By itself, so that it is forgotten whatever becomes of the file.
            with engine.begin() as connection:
                forget(connection, self.target, self.sheet, request.source, self.report)
        with engine.connect() as connection:
            self.meaning = understand(
                connection,
                self.target,
                self.sheet,
                request.mapping,
                request.source,
                remember=request.memory == "use",
                accept=request.accept_proposals,
                unused=exported.derived_columns(self.target) if self.is_export else frozenset(),
                report=self.report,
            )
        read = Sheet(self.meaning.columns, self.sheet.count, self.sheet.encoding)
        self.report.source = self.meaning.source
        calendar = Calendar(dt.datetime.now(self.zone).date(), self.zone)
        self.rows = read_rows(self.target, read, self.meaning.matched, calendar, self.findings)
        if self.target.has_geometry:
            found = Georeferencing(
                request.path,
                request.crs,
                request.rejected is not None,
                self.target,
                self.sheet,
                self.meaning,
                self.rows,
                self.report,
            ).georeference(engine)
            self.geometry, self.places_known = found.geometry, found.known
        self.held = meanwhile.keys_held(self.target, self.ids, self.rows)
        make_keys(self.target, self.rows, self.geometry, self.findings)
        if request.rejected is None:
            # Nobody asks for the cells of the file again, and there may be millions.
            self.sheet.columns, self.sheet.geometry = {}, None
            self.meaning.columns = {}
            heap.give_back()

    def write(self, engine: Engine) -> None:
        """Match and load in one transaction, which a dry run and an abort roll back."""
        with (
            ThreadPoolExecutor(1) as aside,
            engine.connect() as connection,
            connection.begin() as transaction,
        ):
            load.lock_table(connection, self.target)
            request, source = self.request, self.meaning.source
            source_id = load.find_source(connection, source, request.licence) if source else None
            origin = load.Origin(source_id, request.source_date, request.licence)
            stage = self._stage(connection, origin)
            matching.match(connection, stage, source_id, self.findings)
            stage = self._compare(connection, stage)
            rights.refuse_rows_of_others(connection, stage, self.findings)
            self._count(load.count_actions(connection, stage))
            if self.request.on_error == "abort" and self.report.rows.rejected:
                self._abort()
                transaction.rollback()
                return
            if self.target.name == "mine_sites":
                assert self.geometry is not None  # noqa: S101 - every site has a position.
                new = doubles.NewSites(self.rows, self.geometry, self._new_rows(connection, stage), source_id)
                self.doubles = doubles.Search(connection, stage, source_id, aside, new)
            if self.saying is None:
                # Millions of rows are in the stage now, and need not be here as well.
                self.rows, self.geometry = {}, None
                heap.give_back()
            self.watcher.staged(connection, stage)
            repairs.note(connection, stage, self.findings)
            columns = (*stage.brought, repairs.COLUMN) if repairs.kept_for(stage) else stage.brought
            batch = load.record_batch(connection, self.report, origin, columns, removed=len(stage.removed))
            announce_bulk(connection)
            parts.begin_batch(connection, batch)
            parts.note_rows(connection, stage, batch)
            written = self.report.rows
            with self.progress("Writing", written.inserted + written.updated) as advance:
                load.write_rows(
                    connection,
                    stage,
                    batch,
                    source_id,
                    advance,
                    inserts=written.inserted > 0,
                    updates=written.updated > 0,
                )
            self._remove(connection, stage)
            self._look_back(connection, stage, batch)
            if self.meaning.confirmed and request.memory != "ignore":
                memory.remember(connection, self.meaning.shape, self.target.name, source_id, self.meaning.confirmed)
            load.record_findings(connection, batch, self.findings)
            if not self.request.dry_run:
                self.report.batch = str(batch)
            self.watcher.written(connection, self.report)
            if self.request.dry_run:
                transaction.rollback()

    def _compare(self, connection: Connection, stage: Stage) -> Stage:
        """Tell what others changed since an export was made from what was edited in it."""
        if not self.versions:
            return stage
        request = self.request
        edited = meanwhile.Edited(
            self.versions, self.held, request.settled, request.removing, request.conflicts, request.remove_missing
        )
        stage, found = meanwhile.compare(connection, stage, edited, self.findings)
        self.report.meanwhile = found
        if found.kept:
            self.findings.add("kept_meanwhile", None, None, found.kept)
        left = len(found.gone) - len(stage.removed)
        if left:
            self.findings.add("gone_from_file", None, None, left)
        return stage

    def _remove(self, connection: Connection, stage: Stage) -> None:
        """Remove the rows that somebody wants to go."""
        if not stage.removed:
            return
        keys = [key for key, _ in stage.removed]
        try:
            with connection.begin_nested():
                free = not removing.needed(connection, self.target.table, keys)
                done = meanwhile.remove_gone(connection, self.target, keys) if free else 0
        except IntegrityError:
            done = 0
        if done != len(keys):
            raise ImportRefusedError(
                "Some of the rows that are to be removed are needed by others, or not yours to remove. Leave them, and"
                " import again.",
                "D'autres lignes ont besoin de certaines lignes à supprimer, ou vous ne pouvez pas les supprimer."
                " Laissez-les, et importez de nouveau.",
            )
        self.findings.add("removed", None, None, done)

    def _stage(self, connection: Connection, origin: load.Origin) -> Stage:
        """The good rows, as they are to be stored, in a temporary table."""
        units.recognise(connection, self.target, self.rows, self.geometry, self.findings)
        if self.target.name == "boundaries" and self.report.recognised is not None:
            units.adopt_known(connection, self.rows, self.findings)
        if self.target.name == "mine_sites":
            self._settle(connection, origin)
        references.resolve(connection, self.target, self.rows, origin.source_id, self.findings)
        columns = self.target.columns
        stored = {columns[name].stored.name if name in columns else name: self.rows[name] for name in self.rows}
        if self.geometry is not None:
            stored["geom"] = self.geometry
        stage = make_stage(connection, self.target, list(stored), cut=self.from_shapefile)
        left_out = self.meaning.older | {row - 1 for row in self.findings.rejected}
        taken = np.ones(self.report.rows.read, dtype=bool)
        taken[list(left_out)] = False
        good = np.flatnonzero(taken)
        place = self._placer(connection) if stage.is_placed else None
        with self.progress("Copying", len(good)) as advance:
            all_placed = fill(connection, stage, stored, good, advance, given=self.ids, place=place)
        if not all_placed:
            placing.place_rest(connection, stage)
        join_whole(connection, len(good))
        return stage

    def _placer(self, connection: Connection) -> Callable[[Values], Sequence[Values]]:
        """What finds the units and the country of the rows at some indexes."""
        units, geometry = placing.Units(connection), self.geometry
        days = self.rows["occurred_from"] if self.target.name == "incidents" else None

        def place(indexes: Values) -> Sequence[Values]:
            assert geometry is not None  # noqa: S101 - whoever asks has looked.
            placed = units.of(geometry[indexes], None if days is None else days[indexes])
            return placed.units, placed.countries

        return place

    def _new_rows(self, connection: Connection, stage: Stage) -> NDArray[np.int64]:
        """The indexes of the rows of the stage that are to be inserted."""
        there: Sequence[int] = []
        if self.report.rows.updated + self.report.rows.unchanged:
            there = connection.scalars(select(stage.row).where(stage.action != "insert")).all()
        new = np.ones(self.report.rows.read + 1, dtype=bool)
        new[[0, *self.findings.rejected, *there, *(index + 1 for index in self.meaning.older)]] = False
        return np.flatnonzero(new) - 1

    def _settle(self, connection: Connection, origin: load.Origin) -> None:
        """Find the sites by their source's codes, and let the source that wins have each value."""
        codes = self.rows["site_id"]
        aliases.adopt(connection, self.rows, origin.source_id, self.findings)
        if origin.source_id is not None:
            values = {name: array for name, array in self.rows.items() if name != "site_id"}
            said_place = None if self.places_known else self.geometry
            self.saying = aliases.Saying(
                origin.source_id, origin.day, list(codes), values, said_place, frozenset(self.meaning.older)
            )
            order = self.request.precedence
            settled = precedence.settle(connection, self.rows, self.saying, order, self.findings)
            self.geometry = settled if said_place is not None else self.geometry

    def _count(self, actions: Mapping[str, int]) -> None:
        # What a newer row of the file says too is in the table by that row.
        older = sum(index + 1 not in self.findings.rejected for index in self.meaning.older)
        self.report.rows = Rows(
            read=self.report.rows.read,
            inserted=actions["insert"],
            updated=actions["update"],
            unchanged=actions["unchanged"] + older,
            rejected=len(self.findings.rejected),
        )

    def _abort(self) -> None:
        self.findings.add("aborted", value=self.report.rows.rejected)
        self.report.rows = Rows(read=self.report.rows.read, rejected=self.report.rows.read)

    def _look_back(self, connection: Connection, stage: Stage, batch: uuid.UUID) -> None:
        """Notice what only the written rows can tell."""
        if self.target.name == "boundaries":
            succession.succeed(connection, stage, batch, self.findings)
        elif self.target.has_geometry:
            units.compare(connection, stage, self.findings)
        if self.saying is not None:
            rows = connection.scalars(select(stage.row).order_by(stage.row)).all()
            aliases.keep(connection, self.saying, self.rows["site_id"], rows, batch)
            parts.note_aliases(connection, batch, self.saying.source, self.saying.codes)
        if self.doubles is not None:
            self.doubles.tell(self.findings)
        repeats.tell(connection, stage, self.report.rows.inserted, self.findings)

    def give_back(self) -> None:
        """Write the rejected rows to where the request wants them."""
        if self.request.rejected is not None and self.findings.rejected:
            write_rejected(self.request.rejected, self.sheet, self.findings, self.request.language)
