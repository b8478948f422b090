"""Administrative boundaries of OCHA (COD-AB), in the spelling of old files (ADM1_PCODE) and of new services."""

from __future__ import annotations

import re
from collections.abc import Iterable

from geoapp.errors import ImportRefusedError
from geoapp.ingest.recognisers.recogniser import Export, Recogniser, Translation, signs
from layers.text import Text

# Codes nest: each level's begins with that of the level above. Burundi's country code has three letters.
COUNTRIES = {"BDI": "BI", "BI": "BI", "CD": "CD", "COD": "CD", "RW": "RW", "RWA": "RW", "UG": "UG", "UGA": "UG"}
PCODE = re.compile(r"([A-Z]{2,3})([0-9A-Z]*)")
TYPES = {
    ("BI", 1): "province",
    ("BI", 2): "commune",
    ("CD", 1): "province",
    ("CD", 2): "territoire",
    ("RW", 1): "province",
    ("RW", 2): "district",
    ("UG", 1): "region",
    ("UG", 2): "district",
}
DEEPEST = 2


def boundaries(export: Export) -> Translation:
    """The units of the file's own level. `unit_code` is made of the p-code, for `units.adopt_known` to better."""
    level = _level(export.columns)
    pcodes = export.texts(f"adm{level}_pcode")
    countries = [_country(code) for code in pcodes]
    english = export.texts(f"adm{level}_en", f"adm{level}_name", f"adm{level}_name1", f"adm{level}_fr")
    french = export.texts(f"adm{level}_fr", f"adm{level}_name", f"adm{level}_name1", f"adm{level}_en")
    above = export.texts(f"adm{level - 1}_pcode") if level > 1 else countries
    units = zip(countries, english, strict=True)
    return export.translation(
        {
            "unit_code": [code_of(code) for code in pcodes],
            "pcode": pcodes,
            "level": [level] * export.count,
            "country": countries,
            "name_en": english,
            "name_fr": french,
            "parent_code": [code_of(code) for code in above] if level else [None] * export.count,
            "admin_type": [_type(country, level, name) for country, name in units],
            "valid_from": export.raw("validOn", "valid_on", "date"),
            "valid_to": export.raw("validTo", "valid_to"),
        }
    )


def code_of(pcode: str | None) -> str | None:
    """A code of our own for a p-code: CD61 is CD-61, BDI014 is BI-014, a country is its two letters."""
    match = PCODE.fullmatch(pcode) if pcode else None
    if match is None:
        return pcode
    country = COUNTRIES.get(match[1], match[1])
    return f"{country}-{match[2]}" if match[2] else country


def _level(names: Iterable[str]) -> int:
    levels = [int(match[1]) for name in names if (match := re.fullmatch(r"(?i)adm(\d)_pcode", name))]
    if max(levels) > DEEPEST:
        raise ImportRefusedError(
            f"The file holds units of level {max(levels)}; geoapp keeps levels 0 to {DEEPEST}. Bring the file of level"
            f" {DEEPEST} or above.",
            f"Le fichier contient des unités de niveau {max(levels)} ; geoapp garde les niveaux 0 à {DEEPEST}. Apportez"
            f" le fichier de niveau {DEEPEST} ou au-dessus.",
            column=f"adm{max(levels)}_pcode",
        )
    return max(levels)


def _country(pcode: str | None) -> str | None:
    match = PCODE.fullmatch(pcode) if pcode else None
    return COUNTRIES.get(match[1]) if match else None


def _type(country: str | None, level: int, name: str | None) -> str | None:
    if level == 0:
        return "country"
    if country == "CD" and level == 2 and (name or "").casefold().startswith("ville"):
        return "ville"
    return TYPES.get((country or "", level))


COD_AB = Recogniser(
    name="OCHA COD-AB",
    source="OCHA COD-AB",
    signs=signs("adm0_pcode", "adm0_fr adm0_en adm0_name adm1_fr adm1_en adm1_name adm2_name"),
    reads={"boundaries": boundaries},
    decided=Text(
        "units are those of the deepest level, from their validOn; a unit whose p-code or name is known keeps its code",
        "les unités sont celles du niveau le plus fin, depuis leur validOn ; une unité dont le p-code ou le nom est"
        " connu garde son code",
    ),
)
