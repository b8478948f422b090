"""Edits by hand: checked by the rules of the import, written as a batch of their own, and so told and undone as one."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DataError, IntegrityError, InternalError, OperationalError, ProgrammingError

from geoapp.access.viewer import acting_viewer
from geoapp.desk import rows
from geoapp.desk.typed import Held, as_cell
from geoapp.errors import ConflictError
from geoapp.ingest import aliases, doubles, load, matching, parts, references, removing, repeats, rights, units
from geoapp.ingest.findings import Finding, Findings
from geoapp.ingest.report import Found, Report, Rows
from geoapp.ingest.rows import make_keys, read_rows, require_places
from geoapp.ingest.shapes import store_form
from geoapp.ingest.sheet import Sheet, Values
from geoapp.ingest.stage import Stage, fill, make_stage
from geoapp.ingest.targets import Target
from geoapp.ingest.values import Calendar
from layers.text import Text

# Behind an import that is being written nobody waits longer than this, in seconds.
PATIENCE = 5
NO_ORIGIN = load.Origin(None)
BUSY = Text(
    "An import into this table is being written, so nothing was changed. What you typed is below: save it again in a"
    " minute.",
    "Un import dans cette table est en cours d’écriture\u00a0; rien n’a été changé. Ce que vous avez saisi est"
    " ci-dessous\u00a0: enregistrez-le de nouveau dans une minute.",
)
TAKEN = Text(
    "There is a row with the key {key} already. Choose another key, or mend that row.",
    "Il y a déjà une ligne avec la clé {key}. Choisissez une autre clé, ou corrigez cette ligne.",
)
GONE = Text(
    "This row is no longer there, or no longer yours to change, so nothing was written.",
    "Cette ligne n’est plus là, ou n’est plus à vous\u00a0; rien n’a été écrit.",
)
NEEDED = Text(
    "Other rows refer to this one, so it stays. Give them another place first, or merge the two.",
    "D’autres lignes renvoient à celle-ci\u00a0; elle reste donc. Donnez-leur d’abord un autre lieu, ou fusionnez les"
    " deux.",
)


@dataclass(frozen=True)
class Draft:
    """What is to become of a row: `texts` of the columns that change; of a new row, without a `key`, all there are.

    `shape` (EPSG:4326) counts where it is `placed`.
    """

    key: str | None
    texts: Mapping[str, str]
    shape: BaseGeometry | None = None
    placed: bool = False


def changes_of(
    target: Target, held: Held, texts: Mapping[str, str], place: tuple[bool, BaseGeometry | None]
) -> Draft | None:
    """The draft of a row that is there: what of it was typed otherwise; None where nothing was.

    `place` says whether its place is another one now, and which.
    """
    own = target.key[0]
    changed = {name: text for name, text in texts.items() if name != own and text.strip() != held.texts[name]}
    if not changed and not place[0]:
        return None
    return Draft(held.key, {own: held.texts[own], **changed}, place[1], place[0])


@dataclass
class Written:
    """An edit that was written: its batch, the keys of its rows in the log, and what was noticed."""

    batch: uuid.UUID
    keys: list[str] = field(default_factory=list)
    findings: Sequence[Finding] = ()


class EditRefusedError(Exception):
    """An edit that breaks rules: the findings say which, by column."""

    def __init__(self, findings: Sequence[Finding]):
        super().__init__("the edit breaks rules")
        self.findings = findings


def write_edit(
    connection: Connection,
    target: Target,
    drafts: Sequence[Draft],
    name: str,
    zone: ZoneInfo,
    *,
    removed: Sequence[str] = (),
    joined: tuple[str, str] | None = None,
) -> Written | None:
    """Write an edit within the caller's transaction, with the rights of whoever acts; None where it changes nothing.

    `name` is what people call the row. `removed` are the keys of rows that go; of the two routes that are `joined` the
    second goes, and what refers to it refers to the first. Raises EditRefusedError for what an import would refuse too,
    and ConflictError where the row is gone, its key is taken, others need it, or an import is being written.
    """
    _take_table(connection, target)
    calendar = Calendar(dt.datetime.now(zone).date(), zone)
    edit = _Edit(connection, target, calendar)
    try:
        actions = [edit.check(draft) for draft in drafts]
        counts = {action: actions.count(action) for action in ("insert", "update", "unchanged")}
        gone = [*removed, *(joined[1:] if joined else ())]
        if not (counts["insert"] or counts["update"] or gone):
            return None
        edit.begin(name, counts, len(gone), drafts)
        for draft, action in zip(drafts, actions, strict=True):
            if action != "unchanged":
                edit.write(draft)
        if joined:
            connection.execute(select(func.join_route(uuid.UUID(joined[0]), uuid.UUID(joined[1]))))
        edit.remove(removed)
    except (DataError, IntegrityError, InternalError, ProgrammingError) as error:
        raise _refusal(error) from None
    load.record_findings(connection, edit.batch, edit.findings)
    return Written(edit.batch, edit.keys, list(edit.findings))


def _take_table(connection: Connection, target: Target) -> None:
    """Let no import write to the table meanwhile; ConflictError where one is doing so for long."""
    connection.execute(select(func.set_config("lock_timeout", f"{PATIENCE}s", True)))
    try:
        load.lock_table(connection, target)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == "55P03":
            raise ConflictError(BUSY) from None
        raise


def _refusal(error: DataError | IntegrityError | InternalError | ProgrammingError) -> EditRefusedError:
    """What the database refuses by itself, as a finding; its own words name no value."""
    diagnosis = getattr(error.orig, "diag", None)
    findings = Findings()
    reason = getattr(diagnosis, "constraint_name", None) or getattr(diagnosis, "message_primary", None) or ""
    findings.add("refused", 1, getattr(diagnosis, "column_name", None), _database_said(str(reason)))
    return EditRefusedError(list(findings))


def _database_said(reason: str) -> Text:
    return Text(
        f"The database refused this ({reason}). Nothing was written; mend it, or try again.",
        f"La base de données l'a refusé ({reason}). Rien n'a été écrit ; corrigez-le, ou réessayez.",
    )


class _Edit:
    """One edit under way: each draft is checked, then all are written."""

    def __init__(self, connection: Connection, target: Target, calendar: Calendar):
        self.connection = connection
        self.target = target
        self.calendar = calendar
        self.findings = Findings()
        self.keys: list[str] = []
        self.batch = uuid.uuid4()
        self.columns: set[str] = set()
        # The draft that was staged last, where it is a new site.
        self.new_site: doubles.NewSites | None = None

    def check(self, draft: Draft) -> str:
        """What is to be done with a draft: insert, update, or nothing as it is unchanged."""
        findings = Findings()
        stage = self._stage(draft, findings)
        action = str(self.connection.scalar(select(stage.action))) if stage is not None else ""
        if stage is None or findings.rejected:
            raise EditRefusedError(list(findings))
        if draft.key is None and action != "insert":
            shown = self.connection.scalar(select(stage.table.c[self.target.key[0]]))
            raise ConflictError(Text(TAKEN.en.format(key=shown), TAKEN.fr.format(key=shown)))
        if draft.key is not None and action == "insert":
            raise ConflictError(GONE)
        self.columns |= set(stage.brought)
        self._drop(stage)
        return action

    def begin(self, name: str, counts: Mapping[str, int], removed: int, drafts: Sequence[Draft]) -> None:
        """Write the batch."""
        typed = json.dumps([[draft.key, dict(draft.texts), str(draft.shape)] for draft in drafts], ensure_ascii=False)
        report = Report(
            file=name,
            table=self.target.name,
            dry_run=False,
            sha256=hashlib.sha256(f"{typed}{removed}".encode()).hexdigest(),
            rows=Rows(sum(counts.values()), counts["insert"], counts["update"], counts["unchanged"]),
        )
        columns = sorted(self.columns) or [self.target.key[0]]
        self.batch = load.record_batch(
            self.connection, report, NO_ORIGIN, columns, kind="edit", removed=removed, private=False
        )
        parts.begin_batch(self.connection, self.batch)

    def write(self, draft: Draft) -> None:
        """Write a draft that was checked."""
        stage = self._stage(draft, self.findings)
        assert stage is not None  # noqa: S101 - it was checked in this transaction.
        with ThreadPoolExecutor(1) as aside:
            search = None
            if self.new_site is not None:
                search = doubles.Search(self.connection, stage, None, aside, self.new_site)
            if draft.key is None:
                # What it changes is known by itself; that it added a row is not.
                parts.note_rows(self.connection, stage, self.batch)
            inserts = draft.key is None
            load.write_rows(
                self.connection, stage, self.batch, None, lambda _: None, inserts=inserts, updates=not inserts
            )
            units.compare(self.connection, stage, self.findings)
            if search is not None:
                search.tell(self.findings)
        repeats.tell(self.connection, stage, int(draft.key is None), self.findings)
        random_id = self.target.random_id
        own = stage.table.c.import_id if random_id is not None else stage.table.c[self.target.key[0]]
        self.keys.append(str(self.connection.scalar(select(own))))
        self._drop(stage)

    def remove(self, keys: Sequence[str]) -> None:
        """Remove rows that nobody needs."""
        if not keys:
            return
        if removing.needed(self.connection, self.target.table, keys):
            raise ConflictError(NEEDED)
        if rows.remove_rows(self.connection, self.target.table, keys) != len(keys):
            raise ConflictError(GONE)

    def _stage(self, draft: Draft, findings: Findings) -> Stage | None:
        """The draft as a file of one row would be staged; None where its values are bad."""
        target, connection = self.target, self.connection
        cells = {name: as_cell(target.columns[name], typed) for name, typed in draft.texts.items()}
        columns = {name: _one(cell) for name, cell in cells.items()}
        sheet = Sheet(columns, 1, Found())
        values = read_rows(target, sheet, {name: [name] for name in columns}, self.calendar, findings)
        geometry: Values | None = None
        if draft.placed:
            geometry = store_form(_one(draft.shape), target.geometry_types, findings)
            if draft.key is None or target.needs_geometry:
                require_places(target, values, geometry, findings)
        if findings.rejected:
            return None
        if draft.key is None:
            if target.key[0] not in values:
                values[target.key[0]] = _one(None)
            make_keys(target, values, geometry, Findings())
            values |= self._made_up()
            if target.name == "mine_sites":
                aliases.adopt(connection, values, None, findings)
        units.recognise(connection, target, values, geometry, findings)
        references.resolve(connection, target, values, None, findings)
        if findings.rejected:
            return None
        stored = {target.columns[name].stored.name: each for name, each in values.items()}
        if geometry is not None:
            stored["geom"] = geometry
        stage = make_stage(connection, target, list(stored))
        given = _one(uuid.UUID(draft.key)) if draft.key and target.random_id is not None else None
        only = np.zeros(1, dtype=np.int64)
        fill(connection, stage, stored, only, lambda _: None, given=given)
        self.new_site = None
        if draft.key is None and target.name == "mine_sites" and geometry is not None:
            self.new_site = doubles.NewSites(values, geometry, only, None)
        matching.match(connection, stage, None, findings)
        rights.refuse_rows_of_others(connection, stage, findings)
        return stage

    def _made_up(self) -> dict[str, Values]:
        """The demonstration's people write synthetic rows."""
        real = acting_viewer(self.connection) is None or self.connection.scalar(select(func.viewer_sees_real()))
        return {} if real else {"synthetic": _one(True)}

    def _drop(self, stage: Stage) -> None:
        """Make room for the next stage of this transaction."""
        self.connection.execute(text(f"DROP TABLE {stage.table.name}"))
        self.connection.execute(text("DROP TABLE IF EXISTS import_place"))


def _one(value: object) -> Values:
    """An array of one element, whatever that is."""
    return np.array([value, None], dtype=object)[:-1]
