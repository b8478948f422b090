"""The actions of a unit that are not done, what is late first."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from geoapp.followup.due import SOON_DAYS
from geoapp.followup.meetings import ActionRow, read_actions
from geoapp.followup.periods import lies_in
from geoapp.province.section import Cell, Row, Section, Table, counted, day, said
from geoapp.province.unit import Unit
from layers.tables import Action
from layers.text import Text

TITLE = Text("Actions due and late", "Actions à faire et en retard")
FIRST_DUE = Text("What is due first at the top", "Ce qui est dû d'abord en haut")
LATE = Text("late", "en retard")
SOON = Text("due this week", "échéance cette semaine")
NOBODY = Text("nobody named", "personne de désigné")


def read_due_actions(connection: Connection, unit: Unit) -> Sequence[ActionRow]:
    """The actions in a unit that are not done and that the viewer sees, what is due first at the top."""
    return read_actions(connection, unit.today, lies_in(Action.units, unit.codes), Action.done_on.is_(None))


def actions_section(actions: Sequence[ActionRow], unit: Unit, language: str, most: int) -> Section:
    """They in words."""
    title = said(TITLE, language)
    if not actions:
        none = Text("No action is waiting to be done.", "Aucune action n'est à faire.")
        return Section("actions", title, empty=said(none, language))
    late = sum(each.late for each in actions)
    lead = (
        counted(
            len(actions),
            Text("{n} action is not done.", "{n} action n'est pas faite."),
            Text("{n} actions are not done.", "{n} actions ne sont pas faites."),
            language,
        ),
        counted(
            late,
            Text("{n} is late.", "{n} est en retard."),
            Text("{n} are late.", "{n} sont en retard."),
            language,
            Text("None of them is late.", "Aucune n'est en retard."),
        ),
    )
    return Section("actions", title, lead, (action_table(actions, said(FIRST_DUE, language), unit, language, most),))


def action_table(
    actions: Sequence[ActionRow], title: str, unit: Unit, language: str, most: int, *, done: bool = False
) -> Table:
    """Actions as a table; with `done` what came of them."""
    rows = []
    for each in actions[:most]:
        waiting = each.done_on is None
        soon = waiting and not each.late and each.due_on is not None and (each.due_on - unit.today).days <= SOON_DAYS
        state = said(LATE, language) if each.late else said(SOON, language) if soon else ""
        what = Cell(
            each.action, each.result if done else "", f"/incidents/{each.key}" if each.about == "incident" else ""
        )
        cells = [what, Cell(each.responsible or said(NOBODY, language))]
        if done:
            words = said(Text("not done", "pas faite"), language)
            cells.append(Cell(day(each.done_on, language) or words, mark=state))
        else:
            none = said(Text("no day set", "sans échéance"), language)
            cells.append(Cell(day(each.due_on, language) or none, mark=state))
            cells.append(Cell(day(each.decided_on, language)))
        rows.append(Row(tuple(cells), stands_out=each.late))
    headings = [
        said(Text("Action", "Action"), language),
        said(Text("By whom", "Par qui"), language),
    ]
    if done:
        headings.append(said(Text("Done on", "Faite le"), language))
    else:
        headings += [said(Text("Due on", "Échéance"), language), said(Text("Decided on", "Décidée le"), language)]
    return Table(title, tuple(headings), rows, total=len(actions))
