"""Exports in the style of the Kivu Security Tracker: flattened names with slashes, no number, month before day."""

from __future__ import annotations

import re

from geoapp.ingest.recognisers.recogniser import Export, Recogniser, Translation, signs
from layers.text import Text

# Looting is robbery by those with weapons. What has no equal here, such as displacement, is left unknown.
CATEGORIES = {
    "clash": "violence",
    "killing": "violence",
    "violent death": "violence",
    "looting": "theft_or_robbery",
    "kidnap for ransom": "abduction",
    "abduction": "abduction",
    "mass rape": "sexual_violence",
}
ACTS = {
    "clash": "attack",
    "killing": "attack",
    "violent death": "attack",
    "looting": "theft",
    "kidnap for ransom": "confine",
    "abduction": "confine",
    "mass rape": "attack",
}
DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(.*)")


def incidents(export: Export) -> Translation:
    """Each event as an incident, known by its day, place and text since it has no number.

    The rating of 1 to 10, high for severe, is kept beside it as the tracker wrote it.
    """
    return export.translation(
        {
            "occurred_from": [_day(text) for text in export.texts("time")],
            "category": export.coded("category", CATEGORIES, "title/0/en", "title/en"),
            "act": [ACTS.get(word.casefold()) if word else None for word in export.texts("title/0/en", "title/en")],
            "place_text": export.texts("0/name", "name"),
            "summary_en": export.texts("notes/en", "notes/0/en"),
            "source_rating": export.texts("severity_rating"),
        }
    )


def _day(text: str | None) -> str | None:
    """3/23/2019 as 2019-03-23; whatever is written otherwise is left to the ordinary reading of dates."""
    match = DAY.fullmatch(text) if text else None
    return f"{match[3]}-{int(match[1]):02}-{int(match[2]):02}" if match else text


KST = Recogniser(
    name="Kivu Security Tracker",
    source="KST",
    signs=signs("title/0/en title/en", "notes/en notes/0/en", "severity_rating", "time"),
    reads={"incidents": incidents},
    decided=Text(
        "dates begin with the month; severity_rating (10 = severe) is kept as source_rating and is no level",
        "les dates commencent par le mois ; severity_rating (10 = grave) est gardé comme source_rating, ce n'est pas"
        " un niveau",
    ),
)
