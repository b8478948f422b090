"""What was put right of each row, kept with the row."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, text, update

from geoapp.ingest.findings import Findings
from geoapp.ingest.stage import Stage

COLUMN = "repairs"
# Which findings are repairs of a row that those who use it should know of, as codes of the vocabulary `repair`.
OF_ROWS = {"geometry_repaired": "geometry", "text_repaired": "text", "text_cleaned": "text"}
# These are said of the whole file, and hold for each position in it.
OF_POSITIONS = {"crs_assumed": "crs", "axes_exchanged": "crs"}
NOTE = text("""
    UPDATE import_stage SET import_repairs = import_repairs || CAST(:code AS text)
     WHERE import_row = ANY (CAST(:rows AS integer[]))""")


def kept_for(stage: Stage) -> bool:
    """Whether the table keeps what was repaired."""
    return COLUMN in stage.target.table.c


def note(connection: Connection, stage: Stage, findings: Findings) -> None:
    """Write what was put right beside the rows of the stage."""
    if not kept_for(stage):
        return
    rows: dict[str, set[int]] = defaultdict(set)
    whole: set[str] = set()
    for finding in findings:
        if finding.rule in OF_ROWS and finding.row is not None:
            rows[OF_ROWS[finding.rule]].add(finding.row)
        elif finding.rule in OF_POSITIONS:
            whole.add(OF_POSITIONS[finding.rule])
    for code, found in rows.items():
        connection.execute(NOTE, {"code": code, "rows": sorted(found)})
    if whole and "geom" in stage.brought:
        placed = update(stage.table).where(stage.table.c.geom.is_not(None))
        said = func.array_cat(stage.table.c.import_repairs, sorted(whole))
        connection.execute(placed.values(import_repairs=said))


def afterwards(stage: Stage) -> ColumnElement[Any]:
    """The repairs of a row that is there already: those of its position stay where the file brings none."""
    brought = stage.table.c.import_repairs
    if "geom" in stage.brought or "geom" not in stage.target.table.c:
        return brought
    return func.array_cat(func.array_remove(stage.target.table.c[COLUMN], "text"), brought)
