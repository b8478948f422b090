"""The form by which a row is mended: what it shows, and what somebody sent with it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict

from geoapp.desk.lines import read_line, write_line
from geoapp.desk.typed import GEOM, Held, as_people, choices_of, columns_of, is_line
from geoapp.errors import ImportRefusedError
from geoapp.ingest.findings import Finding, Findings
from geoapp.ingest.positions import PositionColumns, geometries
from geoapp.ingest.targets import FileColumn, Target
from geoapp.web.column_words import column_label
from geoapp.web.desk_words import for_page
from layers.text import Text
from layers.vocabulary import PARTICIPANT_GROUP

# What a browser sends of a column bears this before its name, since a column could be called as a button is.
PREFIX = "c-"
POINT = PositionColumns(("longitude", "latitude"), "degrees")
PLACE = ("longitude", "latitude", "line")
LONG = {"equipment_transferred", "name_alt", "mandate_ref"}
# What is counted of each group of people.
PEOPLE = ("total", "women")
YES_NO = (("yes", Text("yes", "oui")), ("no", Text("no", "non")))


@dataclass
class Sent:
    """What was typed: texts by column, the place as its fields have it, and what is wrong with either, by column.

    `shape` is the place (EPSG:4326); None where there is none, or, with a fault, where it cannot be read.
    """

    texts: dict[str, str]
    place: dict[str, str]
    faults: dict[str, list[str]] = field(default_factory=dict)
    shape: BaseGeometry | None = None

    def read_place(self, target: Target, language: str) -> Sent:
        """Find the shape that the fields of the place mean."""
        if is_line(target):
            try:
                self.shape = read_line(self.place["line"])
            except ImportRefusedError as refusal:
                self.faults.setdefault(GEOM, []).append(refusal.said.in_language(language))
            return self
        findings = Findings()
        cells = {name: np.array([self.place[name] or None, None], dtype=object)[:-1] for name in POINT.names}
        found, _ = geometries(cells, POINT, "", findings)
        self.fault(findings, language)
        self.shape = found[0]
        return self

    def fault(self, findings: Sequence[Finding] | Findings, language: str) -> None:
        """Note findings beside the columns that they are about."""
        for finding in findings:
            if finding.severity == "error":
                column = GEOM if finding.column in {*PLACE, None} else str(finding.column)
                self.faults.setdefault(column, []).append(sentence(finding, language))


def sentence(finding: Finding, language: str) -> str:
    """A finding beside its field, without the name of the column."""
    said = for_page(replace(finding, column=None).sentence(language, with_row=False), language)
    return said[:1].upper() + said[1:]


def read_sent(target: Target, form: MultiDict[str, str], language: str) -> Sent:
    """What the form of a row sent."""
    texts = {}
    for column in columns_of(target):
        if column.kind.name == "people":
            texts[column.name] = _sent_people(PREFIX + column.name, form)
            continue
        values = form.getlist(PREFIX + column.name)
        texts[column.name] = _clean("; ".join(value for value in values if value), lines=column.name in LONG)
    place = {name: _clean(form.get(name, ""), lines=True) for name in PLACE}
    return Sent(texts, place).read_place(target, language)


def _sent_people(name: str, form: MultiDict[str, str]) -> str:
    """People by group, as the fields of two numbers a group have them."""
    counted: dict[str, dict[str, Any]] = {}
    for field_name, text in form.items():
        group, _, number = field_name.removeprefix(f"{name}-").rpartition("-")
        typed = _clean(text, lines=False)
        if field_name.startswith(f"{name}-") and number in PEOPLE and group and typed:
            whole = re.fullmatch(r"[+-]?\d{1,9}", typed)
            counted.setdefault(group, {})[number] = int(typed) if whole else typed
    return as_people(counted)


def shown_of(held: Held) -> Sent:
    """The form of a row as it is."""
    return Sent(dict(held.texts), place_of(held.shape), shape=held.shape)


def empty(target: Target, asked: Mapping[str, str], language: str) -> Sent:
    """The form of a new row, with what the address says of it."""
    texts = {column.name: _clean(asked.get(column.name, ""), lines=False) for column in columns_of(target)}
    place = {name: _clean(asked.get(name, ""), lines=True) for name in PLACE}
    return Sent(texts, place).read_place(target, language)


def place_of(shape: BaseGeometry | None) -> dict[str, str]:
    """The fields of a place."""
    point = shape if isinstance(shape, shapely.Point) else None
    return {
        "longitude": repr(point.x) if point is not None else "",
        "latitude": repr(point.y) if point is not None else "",
        "line": write_line(shape),
    }


def fields_of(
    connection: Connection, target: Target, sent: Sent, held: Held | None, language: str
) -> list[dict[str, Any]]:
    """The fields of the form, as its template has them; the key of a row that is there is not changed."""
    return [
        _field(connection, column, sent, language)
        for column in columns_of(target)
        if held is None or column.name != target.key[0]
    ]


def _field(connection: Connection, column: FileColumn, sent: Sent, language: str) -> dict[str, Any]:
    value = sent.texts.get(column.name, "")
    vocabulary = column.kind.vocabulary
    choices = [(code, vocabulary.label(code, language)) for code in vocabulary] if vocabulary is not None else []
    if column.kind.name == "yes_no":
        choices = [(code, said.in_language(language)) for code, said in YES_NO]
    choices = choices or choices_of(connection, column, language)
    label = column_label(column.name, language, column.stored.table.name)
    if choices and column.refers_to is not None:
        # Chosen by its name, it needs no key.
        label = label.partition(" (")[0]
    several = column.kind.name == "texts"
    chosen = [part.strip() for part in value.split(";") if part.strip()] if several else [value]
    # What was typed is never lost, also where it is no choice.
    choices += [(code, code) for code in chosen if choices and code and code not in dict(choices)]
    return {
        "name": column.name,
        "label": label,
        "value": value,
        "chosen": chosen,
        "choices": choices,
        "several": several and bool(choices),
        "list": several and not choices,
        "kind": column.kind.name,
        "long": column.name in LONG,
        "required": column.required,
        "default": column.has_default,
        "refers": column.refers_to is not None,
        "people": _people_fields(value, language) if column.kind.name == "people" else [],
        "faults": sent.faults.get(column.name, ()),
    }


def _people_fields(value: str, language: str) -> list[dict[str, Any]]:
    """A line for each group: those of the vocabulary, and others that the row has."""
    counted = json.loads(value) if value else {}
    groups = [*PARTICIPANT_GROUP, *(group for group in counted if group not in PARTICIPANT_GROUP)]
    return [
        {"group": group, "label": PARTICIPANT_GROUP.label(group, language)}
        | {number: counted.get(group, {}).get(number, "") for number in PEOPLE}
        for group in groups
    ]


def _clean(text: str, *, lines: bool) -> str:
    """A text without what no column can hold."""
    kept = "".join(sign for sign in text.replace("\r\n", "\n") if sign.isprintable() or (lines and sign in "\n\t"))
    return kept.encode("utf-8", "ignore").decode("utf-8").strip()
