"""The form of a layer that was brought: its table, its options, and where each of its columns goes."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from flask import request
from sqlalchemy import Connection, Row

from geoapp.desk import jobs
from geoapp.desk.options import Options
from geoapp.ingest.meanwhile import Side
from geoapp.ingest.positions import MAPPABLE
from geoapp.ingest.targets import TARGETS, Target
from geoapp.ingest.understanding import LEFT_OUT
from geoapp.web.desk_shown import LONGEST, tables
from layers.text import Text

SIDES: dict[str, Side] = {"mine": "mine", "theirs": "theirs"}
NO_DAY = Text("Write the day as 2026-03-31.", "Écrivez le jour comme 2026-03-31.")
NO_TABLE = Text("Choose the table that the rows go to.", "Choisissez la table où vont les lignes.")


def about_layer(row: Row[Any], job: Row[Any] | None) -> dict[str, Any]:
    """What was found in the layer."""
    return next((each for each in row.layers or () if job is not None and each["name"] == job.layer), {})


def form_of(row: Row[Any], job: Row[Any] | None) -> dict[str, Any] | None:
    """What of a layer can be changed: its options, and where each of its columns goes."""
    about = about_layer(row, job)
    if job is None or not about.get("columns") or row.removed_at is not None:
        return None
    target = TARGETS.get(job.table_name or "")
    read = _goes_to(job)
    columns = [
        {"name": column["name"], "samples": column["samples"], "to": read.get(column["name"], "")}
        for column in about["columns"]
    ]
    return {
        "options": Options.of(job.options),
        "columns": columns,
        "choices": _choices(target, bool(about.get("geometry"))),
        "proposals": (job.preview or {}).get("proposals", ()),
        "recognised": (job.preview or {}).get("recognised"),
    }


def _goes_to(job: Row[Any]) -> dict[str, str]:
    """The column of the table that each column of the file was read as."""
    found: dict[str, str] = {}
    for name, sources in (job.preview or {}).get("mapping", {}).items():
        if name == "geom" and len(sources) == 2:
            found |= dict(zip(sources, ("longitude", "latitude"), strict=True))
        else:
            found |= dict.fromkeys(sources, name)
    for name, sources in Options.of(job.options).mapping.items():
        found |= dict.fromkeys(sources, name)
    return found


def _choices(target: Target | None, placed: bool) -> list[str]:
    if target is None:
        return []
    places = list(MAPPABLE) if target.has_geometry and not placed else []
    return [*target.columns, *places]


def change(connection: Connection, job: Row[Any]) -> Text | None:
    """Store what the form says; what is wrong with it where something is."""
    sent = {name: "".join(sign for sign in value if sign.isprintable()).strip() for name, value in request.form.items()}
    table = sent.get("table", "")
    if table not in tables():
        return NO_TABLE
    if sent.get("source_date"):
        try:
            dt.date.fromisoformat(sent["source_date"])
        except ValueError:
            return NO_DAY
    same = table == job.table_name
    mapping = _mapping(connection, job) if same else {}
    decided = Options.of(job.options) if same else Options()
    options = Options(
        source=sent.get("source", "")[:LONGEST] or None,
        source_date=sent.get("source_date") or None,
        licence=sent.get("licence", "")[:LONGEST] or None,
        crs=sent.get("crs", "")[:LONGEST] or None,
        encoding=sent.get("encoding", "")[:LONGEST] or None,
        repair_text="repair_text" in sent,
        accept_proposals="accept_proposals" in sent,
        use_memory="forget" not in sent,
        mapping=mapping,
        settled=decided.settled,
        removing=decided.removing,
    )
    version = sent.get("version", "")
    jobs.change_options(connection, job.job_id, int(version) if version.isdecimal() else 0, table, options)
    return None


def settle(connection: Connection, job: Row[Any]) -> None:
    """Store how the conflicts of an edited export are settled, and which of its missing rows are to go."""
    told = (job.preview or {}).get("meanwhile") or {"conflicts": (), "gone": ()}
    settled: dict[str, dict[str, Side]] = {}
    for place, conflict in enumerate(told["conflicts"]):
        side = SIDES.get(request.form.get(f"settle-{place}", ""))
        if side is not None:
            settled.setdefault(conflict["key"], {})[conflict["column"]] = side
    removing = [each["key"] for place, each in enumerate(told["gone"]) if f"remove-{place}" in request.form]
    options = replace(Options.of(job.options), settled=settled, removing=removing)
    version = request.form.get("version", "")
    number = int(version) if version.isdecimal() else 0
    jobs.change_options(connection, job.job_id, number, job.table_name, options)


def _mapping(connection: Connection, job: Row[Any]) -> dict[str, list[str]]:
    """The choices of columns that differ from what was found, beside those that were made before."""
    about = about_layer(jobs.read_upload(connection, job.upload_id), job)
    read = _goes_to(job)
    mapping = {name: list(sources) for name, sources in Options.of(job.options).mapping.items()}
    allowed = set(_choices(TARGETS.get(job.table_name or ""), bool(about.get("geometry"))))
    for number, column in enumerate(about.get("columns", ())):
        name, chosen = column["name"], request.form.get(f"column-{number}", "")
        if chosen == read.get(name, "") or (chosen and chosen not in allowed):
            continue
        for sources in mapping.values():
            if name in sources:
                sources.remove(name)
        # One that is not to be read is said so, since its name would have it read again.
        mapping.setdefault(chosen or LEFT_OUT, []).append(name)
    return {name: sources for name, sources in mapping.items() if sources}
