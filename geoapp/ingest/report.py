"""The report of an import: what was read, how, what became of each row, and every finding."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from geoapp.errors import ImportRefusedError
from geoapp.ingest.findings import Findings, printable

SHOWN_FINDINGS = 20


@dataclass
class Found:
    """A fact of the file: what it says, what was used, and how that was decided."""

    found: str | None = None
    used: str | None = None
    how: str | None = None


@dataclass
class Rows:
    """What became of the rows; `read` is always the sum of the others."""

    read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0

    @property
    def accepted(self) -> int:
        """The rows that are in the table now as the file has them."""
        return self.inserted + self.updated + self.unchanged


@dataclass
class Report:
    """The report of one file; `batch` is None where nothing was written."""

    file: str
    table: str
    dry_run: bool
    sha256: str | None = None
    layer: str | None = None
    batch: str | None = None
    crs: Found = field(default_factory=Found)
    encoding: Found = field(default_factory=Found)
    rows: Rows = field(default_factory=Rows)
    findings: Findings = field(default_factory=Findings)

    @property
    def refusal(self) -> str | None:
        """Why the whole file was refused; None where it was not."""
        return next((finding.sentence() for finding in self.findings if finding.rule == "refused"), None)

    @property
    def accepted(self) -> bool:
        """Whether no row was refused, nor the file."""
        return self.rows.rejected == 0 and self.refusal is None

    def refuse(self, reason: str) -> None:
        """Refuse the whole file: whatever was read of it counts as rejected."""
        self.batch = None
        self.rows = Rows(read=self.rows.read, rejected=self.rows.read)
        self.findings.add("refused", value=reason)

    def as_json(self) -> dict[str, Any]:
        """The report as written to a file and answered by the server."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "table": self.table,
            "layer": self.layer,
            "batch": self.batch,
            "dry_run": self.dry_run,
            "crs": asdict(self.crs),
            "encoding": asdict(self.encoding),
            "rows": asdict(self.rows),
            "issues": [finding.as_json() for finding in self.findings],
        }

    def write(self, path: Path) -> None:
        """Write the report as JSON."""
        text = json.dumps(self.as_json(), ensure_ascii=False, indent=1) + "\n"
        path.write_text(text, encoding="utf-8")

    def summary(self, language: str = "en") -> str:
        """The report in a few lines for a person, with the first findings."""
        lines = [self._counts(), f"CRS: {_told(self.crs)}. Encoding: {_told(self.encoding)}."]
        # What refuses a row must not be buried under warnings.
        findings = sorted(self.findings, key=lambda finding: finding.severity != "error")
        lines += [f"  {finding.severity}: {finding.sentence(language)}" for finding in findings[:SHOWN_FINDINGS]]
        if len(findings) > SHOWN_FINDINGS:
            lines.append(f"  ... and {len(findings) - SHOWN_FINDINGS} more; --report FILE writes them all.")
        lines.append(self._next())
        return "\n".join(lines)

    def _counts(self) -> str:
        rows = self.rows
        layer = f" (layer {printable(self.layer)})" if self.layer else ""
        return (
            f"{printable(self.file)}{layer} as {self.table}: {rows.read} rows read, {rows.inserted} inserted,"
            f" {rows.updated} updated, {rows.unchanged} unchanged, {rows.rejected} rejected."
        )

    def _next(self) -> str:
        if self.dry_run:
            return "Dry run: nothing was written. Run it again without --dry-run to load the accepted rows."
        if self.rows.rejected and self.batch is None:
            return "Nothing was written. Mend the rows above and import the file again."
        if self.rows.rejected:
            return f"Batch {self.batch}. Mend the rejected rows and import the file again: the others stay as they are."
        if self.rows.inserted + self.rows.updated == 0:
            return f"Batch {self.batch}. The table already held all of it: nothing was changed."
        return f"Batch {self.batch}."


def require_writable(path: Path) -> None:
    """Raise ImportRefusedError where no report can be written to `path`: better before the import than after it."""
    try:
        path.open("a").close()
    except OSError as error:
        raise ImportRefusedError(
            f"The report cannot be written to {path}: {error.strerror}. Name another place with --report."
        ) from None


def _told(fact: Found) -> str:
    used = printable(fact.used or "none")
    return f"{used} ({fact.how})" if fact.how else used
