"""The georeferenced events of UCDP (GED): https://ucdp.uu.se, the codebook of its precisions and types of violence."""

from __future__ import annotations

from geoapp.ingest.recognisers.recogniser import Export, Recogniser, Translation, signs
from geoapp.naming import fold
from layers.text import Text

# The events are of organised lethal violence, of states (1), between other groups (2) or against civilians (3).
CATEGORIES = {"1": "violence", "2": "violence", "3": "violence"}
DATE_PRECISION = {"1": 1, "2": 2, "3": 2, "4": 3, "5": 4}
LOCATION_PRECISION = {"1": 1, "2": 4, "3": 4, "4": 5, "5": 5, "6": 5, "7": 5}
STATE = "government of"


def incidents(export: Export) -> Translation:
    """Each event as an incident; killed is `best`, the estimate that UCDP finds most reliable."""
    types, sides = export.texts("type_of_violence"), export.texts("side_a")
    actors = [_actor(kind, side) for kind, side in zip(types, sides, strict=True)]
    export.list_unknown("actor_kind", (side for side, code in zip(sides, actors, strict=True) if side and not code))
    told = zip(export.texts("dyad_name"), export.texts("source_headline", "source_article"), strict=True)
    return export.translation(
        {
            "incident_no": export.texts("id"),
            "occurred_from": export.raw("date_start"),
            "occurred_to": export.raw("date_end"),
            "date_precision": export.coded("date_precision", DATE_PRECISION, "date_prec"),
            "category": export.coded("category", CATEGORIES, "type_of_violence"),
            "act": ["attack" if kind == "3" else None for kind in types],
            "actor_kind": actors,
            "killed": export.raw("best"),
            "stated_unit": [_province(name) for name in export.texts("adm_1")],
            "place_text": export.texts("where_coordinates", "where_description"),
            "location_precision": export.coded("location_precision", LOCATION_PRECISION, "where_prec"),
            "summary_en": [". ".join(part for part in pair if part) or None for pair in told],
        }
    )


def _actor(kind: str | None, side: str | None) -> str | None:
    """An armed group where neither side, or the one-sided side, is a state; which force of a state is not told."""
    if kind == "2" or (kind == "3" and side and not fold(side).startswith(STATE)):
        return "armed_group"
    return None


def _province(name: str | None) -> str | None:
    return name.removesuffix(" province").removesuffix(" Province") if name else None


UCDP = Recogniser(
    name="UCDP GED",
    source="UCDP",
    signs=signs("where_prec", "date_prec", "type_of_violence", "best"),
    reads={"incidents": incidents},
    decided=Text(
        "killed is the best estimate; where_prec 1 became 1, 2 and 3 became 4, more became 5; no level",
        "les tués sont l'estimation best ; where_prec 1 devient 1, 2 et 3 deviennent 4, au-delà 5 ; aucun niveau",
    ),
)
