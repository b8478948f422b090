"""The risk register in words: a risk, and the matrix of likelihood and consequence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for

from geoapp.followup.register import BANDS, Risk, band_of
from geoapp.web.language import day_in_words
from layers.text import Text
from layers.vocabulary import CATEGORY, CONSEQUENCE, LIKELIHOOD, RISK_ITEM

FIELDS = {
    "item": Text("Item of the assessment", "Point de l’évaluation"),
    "risk": Text("Risk", "Risque"),
    "likelihood": Text("Likelihood", "Probabilité"),
    "consequence": Text("Consequence", "Conséquence"),
    "measure": Text("Measure", "Mesure"),
    "owner": Text("Owner", "Responsable"),
    "review_on": Text("Review on", "À revoir le"),
    "incidents": Text("Linked incidents", "Incidents liés"),
}
KINDS = {
    "site": Text("Mine site", "Site minier"),
    "facility": Text("Facility", "Installation"),
    "route": Text("Route", "Itinéraire"),
    "incident": Text("Incident", "Incident"),
    "deployment": Text("Deployment", "Déploiement"),
}
BAND_WORDS = {code: said for _, code, said in BANDS}


def risk_shown(risk: Risk, language: str) -> dict[str, Any]:
    """A risk in words."""
    kind, key = risk.subject
    return {
        "id": risk.id,
        "kind": KINDS[kind].in_language(language),
        "about": risk.about,
        "about_href": subject_href(kind, key, language),
        "item": RISK_ITEM.label(risk.item, language),
        "risk": risk.risk,
        "likelihood": LIKELIHOOD.label(risk.likelihood, language),
        "consequence": CONSEQUENCE.label(risk.consequence, language),
        "band": risk.band,
        "band_said": BAND_WORDS[risk.band].in_language(language) if risk.band else "",
        "measure": risk.measure or "",
        "owner": risk.owner or "",
        "review_on": day_in_words(risk.review_on),
        "due": risk.due,
        "units": risk.units,
        "linked": [
            {
                "href": url_for("incidents.page", key=each.id, lang=language),
                "said": each.number or f"{CATEGORY.label(each.category, language)}, {day_in_words(each.occurred_from)}",
            }
            for each in risk.linked
        ],
    }


def subject_href(kind: str, key: str, language: str) -> str:
    """The page of what a risk is about."""
    pages = {
        "site": "places.site",
        "facility": "places.facility",
        "route": "places.route",
        "incident": "incidents.page",
        "deployment": "places.deployment",
    }
    return url_for(pages[kind], key=key, lang=language)


def matrix_shown(
    counts: Mapping[tuple[int, int], int],
    asked: Mapping[str, Any],
    chosen: tuple[int | None, int | None],
    language: str,
) -> list[dict[str, Any]]:
    """The rows of the matrix, the most likely first, each cell with its number, its band and its address."""
    rows = []
    for likelihood in range(5, 0, -1):
        cells = []
        for consequence in range(1, 6):
            band = str(band_of(likelihood, consequence))
            cells.append(
                {
                    "count": counts.get((likelihood, consequence), 0),
                    "band": band,
                    "said": BAND_WORDS[band].in_language(language),
                    "href": url_for(
                        "register.page", likelihood=likelihood, consequence=consequence, lang=language, **asked
                    ),
                    "chosen": chosen == (likelihood, consequence),
                }
            )
        rows.append({"label": LIKELIHOOD.label(likelihood, language), "cells": cells})
    return rows
