"""Georeferencing a file: from the positions or geometries that it brings to those that its table stores, in degrees."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from sqlalchemy import Engine

from geoapp.errors import ImportRefusedError
from geoapp.ingest import aliases, exported, load
from geoapp.ingest.positions import PositionColumns, geometries, stated_degrees
from geoapp.ingest.projection import Choice, choose_crs, exchange_axes, to_wgs84
from geoapp.ingest.report import Report
from geoapp.ingest.rows import require_places
from geoapp.ingest.shapes import compare_stated, store_form
from geoapp.ingest.sheet import Sheet, Values
from geoapp.ingest.targets import Target
from geoapp.ingest.understanding import Understanding
from layers.text import Text


@dataclass(frozen=True)
class Georeferenced:
    """The geometry of each row in EPSG:4326; None where the file has none, and rows are found by other columns.

    `known` says that they are the positions by which the sites are known, as the file gives none.
    """

    geometry: Values | None
    known: bool = False


@dataclass(frozen=True)
class Georeferencing:
    """What the positions of a file are found from. Its findings and its system are told to `report`.

    `crs` is the system that somebody named. Cells are given up as they are read, unless the file is needed again:
    `keeps_cells`.
    """

    path: Path
    crs: str | None
    keeps_cells: bool
    target: Target
    sheet: Sheet
    meaning: Understanding
    rows: dict[str, Values]
    report: Report

    def georeference(self, engine: Engine) -> Georeferenced:
        """Find the geometry of every row, with findings about the bad ones.

        Raises ImportRefusedError where the table needs positions and there are none, or no system is found for them.
        """
        position = self.meaning.position
        raw, told = self.sheet.geometry, None
        if position is not None:
            raw, told = geometries(self._cells_of(position), position, self.path.stem, self.report.findings)
        raw = exported.own_places(self.target, self.sheet.columns, raw)
        if raw is None and self.target.name == "mine_sites" and "site_id" in self.rows:
            known = self._known_places(engine)
            if known is not None:
                require_places(self.target, self.rows, known, self.report.findings)
                return Georeferenced(known, known=True)
        return Georeferenced(self._place(raw, told, degrees=position is not None and position.degrees))

    def _cells_of(self, position: PositionColumns) -> dict[str, Values]:
        """The cells of positions, held by nobody else where nobody will ask for them again."""
        cells = {name: self.meaning.columns[name] for name in position.used}
        self.meaning.columns.clear()
        if not self.keeps_cells:
            for name in position.names:
                self.sheet.columns.pop(name, None)
        return cells

    def _known_places(self, engine: Engine) -> Values | None:
        """The positions of the sites that a file without any names; None where none is known."""
        with engine.connect() as connection:
            source_id = load.known_source(connection, self.meaning.source) if self.meaning.source else None
            places = aliases.positions_of(connection, self.rows["site_id"], source_id)
        return None if shapely.is_missing(places).all() else places

    def _place(self, raw: Values | None, told: Choice | None, degrees: bool) -> Values | None:
        """Turn the geometries of the file into those that the table stores."""
        findings = self.report.findings
        if raw is None or shapely.is_missing(raw).all():
            self._require_other_places()
            nowhere = np.full(self.report.rows.read, None, dtype=object)
            require_places(self.target, self.rows, nowhere, findings)
            return None
        if self.sheet.has_heights is not None and self.sheet.has_heights.any():
            findings.add("height_dropped", None, "geom", int(self.sheet.has_heights.sum()))
        choice = self._choose_crs(raw, told, degrees)
        raw = exchange_axes(raw) if choice.exchanged else raw
        placed = to_wgs84(raw, choice.crs, in_place=not self.keeps_cells)
        if choice.exchanged:
            findings.add("axes_exchanged", None, "geom", int((~shapely.is_missing(raw)).sum()))
        geometry = store_form(placed, self.target.geometry_types, findings)
        stated = stated_degrees(self.sheet.columns) if self.sheet.geometry is not None else None
        if stated is not None:
            compare_stated(geometry, *stated, findings)
        require_places(self.target, self.rows, geometry, findings)
        return geometry

    def _choose_crs(self, raw: Values, told: Choice | None, degrees: bool) -> Choice:
        """The system of the file, with what must be said about it."""
        if told is not None and self.crs is None:
            self.report.crs = told.found
            return told
        provinces = self.rows.get("stated_unit")
        try:
            choice = choose_crs(self.sheet.crs, self.crs, raw, self.path.name, degrees=degrees, provinces=provinces)
        except ImportRefusedError as refusal:
            position = self.meaning.position
            refusal.column = "geom" if position is None else ", ".join(position.names)
            raise
        self.report.crs = choice.found
        if self.crs is not None and choice.found.found not in {None, choice.found.used}:
            self.report.findings.add("crs_overridden", None, "geom", choice.found.found, choice.found.used)
        if choice.assumed is not None:
            self.report.findings.add("crs_assumed", None, "geom", *choice.assumed)
        return choice

    def _require_other_places(self) -> None:
        if self.target.needs_geometry or not set(self.target.places) & set(self.rows):
            name = self.path.name
            known = Text("", "")
            if self.target.name == "mine_sites":
                known = Text(
                    " None of its sites is known by its code, either.", " Aucun de ses sites n'est connu par son code."
                )
            raise ImportRefusedError(
                f"{name} has no geometry, and no columns with longitude and latitude or WKT.{known.en} Bring a"
                " layer with positions, or name the columns with --map longitude=COLUMN --map latitude=COLUMN.",
                f"{name} n'a pas de géométrie, ni de colonnes de longitude et latitude ou de WKT.{known.fr} Apportez"
                " une couche avec des positions, ou nommez les colonnes avec --map longitude=COLONNE"
                " --map latitude=COLONNE.",
                column="geom",
            )
