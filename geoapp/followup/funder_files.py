"""The funder's report as files: JSON for programs, and lines of a table."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

from geoapp.followup.funder import FunderReport
from geoapp.formulas import neutral
from layers.text import Text
from layers.vocabulary import PARTICIPANT_GROUP, TRAINING_TOPIC


def as_json(report: FunderReport) -> dict[str, Any]:
    """The report as programs read it: texts in both languages, shares of 1, days ISO."""
    return {
        "report": "funder",
        "funder": report.funder,
        "parameters": report.period.parameters(),
        "made_on": report.made_on.isoformat(),
        "synthetic": report.synthetic,
        "figures": [
            {
                "name": each.name,
                "title": _both(each.title),
                "kind": each.kind,
                "value": each.value,
                **({"low": each.low, "high": each.high} if each.kind == "days" else {}),
                "parameters": each.of,
                "counted": _both(each.counted),
                "used": each.used,
                "left_out": each.left_out,
                **({"note": _both(each.note)} if each.note else {}),
            }
            for each in report.figures
        ],
        "trainings": [
            {
                name: value.isoformat() if isinstance(value, dt.date) else value
                for name, value in row.items()
                if name != "id"
            }
            for row in report.trainings
        ],
        "groups": list(report.groups),
    }


def as_rows(report: FunderReport, language: str) -> list[list[str]]:
    """The report as the lines of a table: the figures, then the people by group, then each training."""
    rows = [["part", "name", "title", "value", "low", "high", "parameters", "used", "left_out", "counted", "note"]]
    for each in report.figures:
        numbers = ["" if value is None else f"{value:.6g}" for value in (each.value, each.low, each.high)]
        of = "; ".join(f"{name}={value}" for name, value in each.of.items())
        left_out = "; ".join(f"{name}={count}" for name, count in each.left_out.items())
        note = each.note.in_language(language) if each.note else ""
        words = each.title.in_language(language), each.counted.in_language(language)
        rows.append(["figure", each.name, words[0], *numbers, of, str(each.used), left_out, words[1], note])
    for group in report.groups:
        label = PARTICIPANT_GROUP.label(group["group"], language)
        women = "" if group["women"] is None else f"women={group['women']}"
        rows.append(["group", group["group"], label, str(group["people"]), "", "", "", "", "", "", women])
    for row in report.trainings:
        told = f"{row['held_on']}, {row['place_text'] or ''}, {TRAINING_TOPIC.label(row['topic'], language)}"
        people = "" if row["participants"] is None else str(row["participants"])
        women = "" if row["women"] is None else f"women={row['women']}"
        rows.append(["training", row["training_id"], told, people, "", "", "", "", "", "", women])
    return rows


def as_csv(report: FunderReport, language: str) -> str:
    """The report as CSV that a spreadsheet reads as UTF-8, and calculates nothing of."""
    written = io.StringIO()
    csv.writer(written).writerows([neutral(cell) for cell in row] for row in as_rows(report, language))
    return "\ufeff" + written.getvalue()


def _both(text: Text) -> dict[str, str]:
    return {"fr": text.fr, "en": text.en}
