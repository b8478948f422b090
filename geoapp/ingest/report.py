"""The report of an import: what was read, how, what became of each row, and every finding."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoapp.errors import ImportRefusedError
from geoapp.ingest.findings import Findings, printable
from geoapp.ingest.grounds import how_in_words
from layers.text import Text, typeset
from layers.vocabulary import SEVERITY

if TYPE_CHECKING:
    from geoapp.ingest.meanwhile import Meanwhile

SHOWN_FINDINGS = 20
COLON = Text(":", " :")


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


@dataclass(frozen=True)
class Proposed:
    """A column of the file that may be one of the table: how sure that is (0 to 1), why, and some of its values."""

    column: str
    source: str
    confidence: float
    why: Text
    samples: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The proposal as the report has it."""
        return {**asdict(self), "confidence": round(self.confidence, 2), "samples": list(self.samples)}

    def reason(self) -> Text:
        """How sure and why, with the values."""
        percent, samples = round(100 * self.confidence), ", ".join(self.samples)
        return Text(f"{percent} %: {self.why.en}: {samples}", f"{percent} % : {self.why.fr} : {samples}")


@dataclass
class Report:
    """The report of one file; `batch` is None where nothing was written.

    `recognised` is the published export as which the file was read. `mapping` names the file's columns of each column
    of the table, `proposals` what may be mapped too.
    """

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
    source: str | None = None
    recognised: str | None = None
    mapping: dict[str, list[str]] = field(default_factory=dict)
    proposals: list[Proposed] = field(default_factory=list)
    # What is to be decided about an edited export; None of another file.
    meanwhile: Meanwhile | None = None

    @property
    def refusal(self) -> str | None:
        """Why the whole file was refused; None where it was not."""
        return self.refusal_in("en")

    def refusal_in(self, language: str) -> str | None:
        """The same in a language."""
        return next((finding.sentence(language) for finding in self.findings if finding.rule == "refused"), None)

    @property
    def accepted(self) -> bool:
        """Whether no row was refused, nor the file."""
        return self.rows.rejected == 0 and self.refusal is None

    def refuse(self, reason: Text, row: int | None = None, column: str | None = None) -> None:
        """Refuse the whole file: whatever was read of it counts as rejected. The reason names file and layer."""
        self.batch = None
        self.rows = Rows(read=self.rows.read, rejected=self.rows.read)
        layer = None if self.layer in {None, self.file, Path(self.file).stem} else self.layer
        english = [f"row {row}"] if row else []
        french = [f"ligne {row}"] if row else []
        told = Text(
            _placed(reason.en, self.file, layer, "layer", [*english, *([f"column {column}"] if column else [])]),
            _placed(reason.fr, self.file, layer, "couche", [*french, *([f"colonne {column}"] if column else [])]),
        )
        self.findings.add("refused", row, column, told)

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
            "source": self.source,
            "recognised": self.recognised,
            "mapping": self.mapping,
            "proposals": [each.as_json() for each in self.proposals],
        }

    def write(self, path: Path) -> None:
        """Write the report as JSON."""
        text = json.dumps(self.as_json(), ensure_ascii=False, indent=1) + "\n"
        path.write_text(text, encoding="utf-8")

    def summary(self, language: str = "en") -> str:
        """The report in a few lines for a person, with the first findings."""
        lines = [self._counts().in_language(language), self._reading().in_language(language)]
        # What refuses a row must not be buried under warnings.
        findings = sorted(self.findings, key=lambda finding: finding.severity != "error")
        for finding in findings[:SHOWN_FINDINGS]:
            severity = SEVERITY.label(finding.severity, language)
            lines.append(f"  {severity}{COLON.in_language(language)} {finding.sentence(language)}")
        if len(findings) > SHOWN_FINDINGS:
            more = len(findings) - SHOWN_FINDINGS
            told = Text(
                f"  ... and {more} more; --report FILE writes them all.",
                f"  ... et {more} de plus ; --report FICHIER les écrit tous.",
            )
            lines.append(told.in_language(language))
        lines.append(self._next().in_language(language))
        return typeset("\n".join(lines), language)

    def _counts(self) -> Text:
        rows = self.rows
        name = printable(self.file)
        layer = printable(self.layer) if self.layer and self.layer != Path(self.file).stem else None
        return Text(
            f"{name}{f' (layer {layer})' if layer else ''} as {self.table}: {rows.read} rows read, {rows.inserted}"
            f" inserted, {rows.updated} updated, {rows.unchanged} unchanged, {rows.rejected} rejected.",
            f"{name}{f' (couche {layer})' if layer else ''} comme {self.table} : {rows.read} lignes lues,"
            f" {rows.inserted} ajoutées, {rows.updated} modifiées, {rows.unchanged} inchangées, {rows.rejected}"
            " refusées.",
        )

    def _reading(self) -> Text:
        crs, encoding = _told(self.crs), _told(self.encoding)
        return Text(
            f"CRS: {crs.en}. Encoding: {encoding.en}.",
            f"Système de coordonnées : {crs.fr}. Encodage : {encoding.fr}.",
        )

    def _next(self) -> Text:
        if self.dry_run:
            return Text(
                "Dry run: nothing was written. Run it again without --dry-run to load the accepted rows.",
                "Essai : rien n'a été écrit. Relancez sans --dry-run pour charger les lignes acceptées.",
            )
        if self.rows.rejected and self.batch is None:
            return Text(
                "Nothing was written. Mend the rows above and import the file again.",
                "Rien n'a été écrit. Corrigez les lignes ci-dessus et importez le fichier de nouveau.",
            )
        if self.rows.rejected:
            return Text(
                f"Batch {self.batch}. Mend the rejected rows and import the file again: the others stay as they are.",
                f"Lot {self.batch}. Corrigez les lignes refusées et importez le fichier de nouveau : les autres restent"
                " telles quelles.",
            )
        if self.rows.inserted + self.rows.updated == 0:
            return Text(
                f"Batch {self.batch}. The table already held all of it: nothing was changed.",
                f"Lot {self.batch}. La table contenait déjà tout : rien n'a changé.",
            )
        return Text(f"Batch {self.batch}.", f"Lot {self.batch}.")


def require_writable(path: Path, option: str = "--report") -> None:
    """Raise ImportRefusedError where nothing can be written to `path`: better before the import than after it."""
    existed = path.exists()
    try:
        path.open("a").close()
        if not existed:
            path.unlink()
    except OSError as error:
        raise ImportRefusedError(
            f"{'The report' if option == '--report' else 'Nothing'} cannot be written to {path}: {error.strerror}."
            f" Name another place with {option}.",
            f"Impossible d'écrire {path} : {error.strerror}. Indiquez un autre endroit avec {option}.",
        ) from None


def _placed(reason: str, file: str, layer: str | None, word: str, place: Sequence[str]) -> str:
    """`reason` with the names of the file and its layer before it, where it does not say them, and the place in it."""
    # The only layer of a file bears its name, without the ending.
    reason = re.sub(rf"^{re.escape(Path(file).stem)}(?=[ :])", lambda _: file, reason) if layer is None else reason
    names = [file] if file not in reason else []
    if layer is not None and not reason.startswith(layer) and f"{word} {layer}" not in reason:
        names.append(f"{word} {layer}")
    names += place
    return f"{', '.join(names)}: {reason}" if names else reason


def _told(fact: Found) -> Text:
    used = Text(*(printable(fact.used or none) for none in ("none", "aucun")))
    if not fact.how:
        return used
    return Text(f"{used.en} ({fact.how})", f"{used.fr} ({how_in_words(fact.how, 'fr')})")
