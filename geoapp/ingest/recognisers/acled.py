"""ACLED's events: https://acleddata.com, the codebook of its event types, actors and precisions."""

from __future__ import annotations

from geoapp.ingest.recognisers.recogniser import Export, Recogniser, Translation, signs
from geoapp.naming import fold
from layers.text import Text

# A sub-event type says more than the event type above it, so it is looked at first. What has no equal is None: protests
# and agreements are no incidents of the supply chain, and looting is not told apart from destruction.
CATEGORIES = {
    "abduction forced disappearance": "abduction",
    "sexual violence": "sexual_violence",
    "attack": "violence",
    "armed clash": "violence",
    "government regains territory": "violence",
    "non state actor overtakes territory": "violence",
    "chemical weapon": "violence",
    "air drone strike": "violence",
    "suicide bomb": "violence",
    "shelling artillery missile attack": "violence",
    "remote explosive landmine ied": "violence",
    "grenade": "violence",
    "mob violence": "violence",
    "excessive force against protesters": "violence",
}
ACTS = {word: "confine" if category == "abduction" else "attack" for word, category in CATEGORIES.items()}
# Interaction codes, as numbers until 2024 and as words since. State forces are told apart by the actor's name.
REBELS = {"2", "3", "4", "rebel group", "rebel groups", "political militia", "identity militia"}
STATE = {"1", "state forces"}
STATE_NAMES = (("military forces", "state_army"), ("police forces", "state_police"))


def incidents(export: Export) -> Translation:
    """Each event as an incident. ACLED has no level and none is made; `fatalities` are all sides' deaths."""
    actors = _actors(export)
    locations, districts = export.texts("location"), export.texts("admin3")
    return export.translation(
        {
            "incident_no": export.texts("event_id_cnty"),
            "occurred_from": export.raw("event_date"),
            "date_precision": export.coded("date_precision", {"1": 1, "2": 2, "3": 3}, "time_precision"),
            "category": export.coded("category", CATEGORIES, "sub_event_type"),
            "act": [ACTS.get(fold(word)) if word else None for word in export.texts("sub_event_type")],
            "actor_kind": actors,
            "killed": export.raw("fatalities"),
            "stated_unit": export.texts("admin1"),
            "place_text": [
                ", ".join(part for part in pair if part) or None for pair in zip(locations, districts, strict=True)
            ],
            "location_precision": export.coded("location_precision", {"1": 2, "2": 4, "3": 5}, "geo_precision"),
            "summary_en": export.texts("notes"),
        }
    )


def _actors(export: Export) -> list[str | None]:
    kinds, names = export.texts("inter1"), export.texts("actor1")
    found: list[str | None] = []
    for kind, name in zip(kinds, names, strict=True):
        word = fold(kind or "")
        if word in REBELS:
            found.append("armed_group")
        elif word in STATE:
            found.append(next((code for start, code in STATE_NAMES if fold(name or "").startswith(start)), None))
        else:
            found.append(None)
    unknown = (name or kind for name, kind, code in zip(names, kinds, found, strict=True) if code is None)
    export.list_unknown("actor_kind", (word for word in unknown if word))
    return found


ACLED = Recogniser(
    name="ACLED",
    source="ACLED",
    signs=signs("event_id_cnty", "event_date", "sub_event_type", "geo_precision"),
    reads={"incidents": incidents},
    decided=Text(
        "its number is event_id_cnty, killed is fatalities of all sides, geo_precision 1, 2, 3 became 2, 4, 5;"
        " no level",
        "son numéro est event_id_cnty, les tués sont fatalities de toutes les parties, geo_precision 1, 2, 3 devient"
        " 2, 4, 5 ; aucun niveau",
    ),
)
