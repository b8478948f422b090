"""Columns of a file matched to those of a table, by their names in French and English."""

from __future__ import annotations

import pytest
from sqlalchemy import CheckConstraint

from geoapp.errors import ImportRefusedError
from geoapp.ingest import repairs
from geoapp.ingest.columns import match_columns, require_columns
from geoapp.ingest.synonyms import SYNONYMS
from geoapp.ingest.targets import TARGETS

SITES = TARGETS["mine_sites"]


@pytest.mark.parametrize(
    ("source", "column"),
    [
        ("site_id", "site_id"),
        ("Site ID", "site_id"),
        ("Province", "stated_unit"),
        ("statut_qualification", "icglr_status"),
        ("statut_qua", "icglr_status"),
        ("position_a", "position_accuracy_m"),
        ("WORKERS_NUMB", "workers_est"),
        ("Activité", "activity"),
    ],
)
def test_a_column_is_found_by_its_name_or_a_synonym(source: str, column: str) -> None:
    assert match_columns(SITES, ["nom_du_site", source], {}) == {"name": ["nom_du_site"], column: [source]}


def test_names_that_a_shapefile_cut_alike_are_told_apart_by_their_numbers() -> None:
    matched = match_columns(SITES, ["name", "icglr_stat", "icglr_st_1"], {})
    assert matched["icglr_status"] == ["icglr_stat"]
    assert matched["icglr_status_on"] == ["icglr_st_1"]


def test_several_columns_fill_one_list() -> None:
    assert match_columns(SITES, ["name", "mineral2", "mineral1"], {})["minerals"] == ["mineral1", "mineral2"]


def test_one_name_serves_both_languages_of_a_unit() -> None:
    sources = ["unit_code", "valid_from", "level", "adm1_name", "admin_type"]
    matched = match_columns(TARGETS["boundaries"], sources, {})
    assert matched["name_en"] == matched["name_fr"] == ["adm1_name"]


def test_the_persons_choice_comes_first() -> None:
    matched = match_columns(SITES, ["name", "autre"], {"name": ["Autre"]})
    assert matched == {"name": ["autre"]}


def test_a_column_that_every_row_needs_is_asked_for() -> None:
    with pytest.raises(
        ImportRefusedError, match=r"no column for name \(looked for name, nom, .*\).*foo, bar.*--map name="
    ):
        require_columns(SITES, ["foo", "bar"], match_columns(SITES, ["foo", "bar"], {}))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"nmae": ["nom"]}, "no column nmae.*Did you mean name"),
        ({"name": ["nim"]}, "the file has no column nim.*Did you mean nom"),
        ({"name": ["nom", "site"]}, "given twice"),
        ({"units": ["nom"]}, "no column units"),
    ],
)
def test_a_choice_that_does_not_exist_is_refused(given: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ImportRefusedError, match=message):
        match_columns(SITES, ["nom", "site"], given)


def test_every_synonym_is_of_a_column() -> None:
    columns = {name for target in TARGETS.values() for name in target.columns}
    assert set(SYNONYMS) <= columns


def test_every_column_of_codes_knows_its_vocabulary() -> None:
    for target in TARGETS.values():
        for constraint in target.table.constraints:
            if isinstance(constraint, CheckConstraint) and " ARRAY[" in str(constraint.sqltext):
                name = str(constraint.sqltext).split()[0]
                if name == repairs.COLUMN:
                    # The import itself writes it, and no file.
                    continue
                assert target.columns[name].kind.vocabulary is not None
    assert TARGETS["incidents"].columns["level"].kind.vocabulary is not None
    assert TARGETS["boundaries"].columns["level"].kind.vocabulary is None
