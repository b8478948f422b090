"""Whatever stands in a file: read = inserted + updated + unchanged + rejected, and the table agrees with it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from importing import ZONE
from sqlalchemy import Engine, text

from geoapp.ingest.importing import import_file
from geoapp.ingest.request import Request

KEYS = st.sampled_from(["S1", "S2", "S3", "s 4", "", "NA", "'=x", "é" * 250])
WORDS = st.one_of(
    st.sampled_from(
        ["vert", "or;coltan", "gps", "GPS", "2024-01-31", "31/01/2024", "03/04/2024", "2999-01-01", "1 234,5"]
    ),
    st.sampled_from(
        ["", " ", "NA", "oui", "-1", "1e400", "inf", "nan", "45000", "=1+1", "\x00", "a\x07b", '{"a": 1}', "CD-SK"]
    ),
    st.text(max_size=12),
)
DEGREES = st.one_of(
    st.floats(-200, 200, allow_nan=False).map(str),
    st.sampled_from(["28.5", "-2.6", "28,5", "", "E 28", "1e9", "29.2", "-1.67"]),
)
COLUMNS = {
    "mine_sites": ["site_id", "name", "minerals", "icglr_status", "workers_est", "workers_on", "province", "mystery"],
    "incidents": ["incident_no", "date", "category", "level", "killed", "site_id", "province", "summary", "sealed"],
    "visits": ["site_id", "visited_on", "workers_est", "armed_presence", "interference"],
    "deployments": ["deployment_id", "force", "valid_from", "valid_to", "strength", "armed", "site_id"],
}
COUNTED = {"mine_sites": "mine_site", "incidents": "incident", "visits": "site_visit", "deployments": "deployment"}


@st.composite
def broken_files(draw: st.DrawFn) -> tuple[str, bytes]:
    """A table of the import and a CSV file for it, with whatever may stand in one."""
    table = draw(st.sampled_from(sorted(COLUMNS)))
    names = [*COLUMNS[table], "lon", "lat"]
    kept = draw(st.lists(st.sampled_from(names), min_size=2, max_size=len(names), unique=True))
    cells = {
        name: KEYS if name.endswith(("_id", "_no")) else DEGREES if name in {"lon", "lat"} else WORDS for name in kept
    }
    rows = draw(st.lists(st.tuples(*(cells[name] for name in kept)), max_size=8))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(kept)
    writer.writerows(rows)
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]))
    data = out.getvalue().encode(encoding, "replace")
    # Now and then a file that was cut off, or that a transfer has spoilt.
    cut = draw(st.one_of(st.none(), st.integers(0, len(data))))
    return table, data[:cut] if draw(st.integers(0, 9)) == 0 else data


def test_every_row_of_any_file_is_accounted_for(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO mine_site (site_id, name, geom) VALUES ('S1', 'A', 'SRID=4326;POINT(28.5 -2.6)')")
        )

    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        database=None,
        # Making a failing file smaller takes minutes, since each try is an import.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        file=broken_files(),
        dry_run=st.booleans(),
        accept=st.booleans(),
        on_error=st.sampled_from(["reject", "abort"]),
        source=st.sampled_from([None, "A", "B"]),
    )
    def holds(file: tuple[str, bytes], dry_run: bool, accept: bool, on_error: str, source: str | None) -> None:
        table, data = file
        with tempfile.TemporaryDirectory() as folder:
            path, out = Path(folder) / "file.csv", Path(folder) / "bad.csv"
            path.write_bytes(data)
            request = Request(
                path=path,
                table=table,
                dry_run=dry_run,
                on_error=on_error,  # type: ignore[arg-type]
                source=source,
                source_date=dt.date(2024, 1, 1) if source == "A" else None,
                accept_proposals=accept,
                memory="ignore",
                rejected=out,
            )
            before = count(engine, table)
            report = import_file(engine, request, ZONE)
            rows = report.rows
            assert rows.read == rows.inserted + rows.updated + rows.unchanged + rows.rejected
            assert min(rows.inserted, rows.updated, rows.unchanged, rows.rejected) >= 0
            added = count(engine, table) - before
            assert added == (0 if report.batch is None else rows.inserted)
            if report.refusal is None:
                refused = {each.row for each in report.findings if each.severity == "error" and each.row is not None}
                if on_error == "reject":
                    assert len(refused) == rows.rejected
                # What was refused is given back, each row once.
                assert out.exists() == bool(refused)
            assert all(finding.sentence("fr") and finding.sentence("en") for finding in report.findings)
            if report.batch is not None:
                again = import_file(engine, request, ZONE)
                assert (again.rows.inserted, again.rows.rejected) == (0, rows.rejected), again.as_json()

    holds()


def count(engine: Engine, table: str) -> int:
    """How many rows a table holds."""
    with engine.connect() as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {COUNTED[table]}")) or 0)
