"""The words by which people write the codes of the vocabularies."""

from __future__ import annotations

import re
from functools import cache

from geoapp.naming import fold, nearest
from layers.text import Text
from layers.vocabulary import Vocabulary

# Usual words beside the labels, whose every part counts already ("cassitérite (étain)": both words).
USUAL: dict[str, dict[str, str]] = {
    "mineral": {
        "au": "gold",
        "sn": "cassiterite",
        "ta": "coltan",
        "w": "wolframite",
        "wolfram": "wolframite",
        "cu": "copper",
        "co": "cobalt",
        "columbite tantalite": "coltan",
        "tantalite": "coltan",
        "diamants": "diamond",
        "autres": "other",
    },
    "icglr_status": {
        "valide": "green",
        "bleue": "blue",
        "verte": "green",
        "non qualifie": "not_inspected",
        "non visite": "not_inspected",
        "not visited": "not_inspected",
    },
    "mine_type": {
        "artisanale": "artisanal",
        "asm": "artisanal",
        "semi industriel": "semi_mechanised",
        "industrielle": "industrial",
        "lsm": "industrial",
    },
    "traceability": {"itsci not visited by ipis": "itsci", "non": "none", "no": "none", "aucun": "none"},
    "activity": {
        "active": "active",
        "en activite": "active",
        "inactive": "suspended",
        "inactif": "suspended",
        "suspendue": "suspended",
        "abandonnee": "abandoned",
        "ferme": "abandoned",
        "closed": "abandoned",
    },
    "position_method": {"gps approximation": "map", "approximation": "reported"},
    "presence_frequency": {
        "quotidien": "daily",
        "hebdomadaire": "weekly",
        "mensuel": "monthly",
        "rarement": "rare",
        "aleatoire": "rare",
        "jamais": "none",
        "aucun": "none",
    },
    "actor_kind": {
        "fardc": "state_army",
        "pnc": "state_police",
        "pmh": "mining_police",
        "groupe arme local": "armed_group",
        "groupe arme etranger": "armed_group",
        "fardc elements indisciplines": "state_army",
    },
    "force": {"fardc": "army", "pnc": "police", "pmh": "mining_police", "police miniere": "mining_police"},
    "level": {f"{word} {number}": str(number) for word in ("level", "niveau", "n", "l") for number in (1, 2, 3)},
    "lawful": {"oui": "yes", "non": "no", "legale": "yes", "illegale": "no"},
    "vetted": {"oui": "yes", "non": "no"},
    "armed": {"non": "no", "none": "no", "aucun": "no"},
    "country": {
        "cod": "CD",
        "drc": "CD",
        "rdc": "CD",
        "bdi": "BI",
        "rwa": "RW",
        "uga": "UG",
        "democratic republic of the congo": "CD",
        "republique democratique du congo": "CD",
    },
    "facility_kind": {
        "comptoir": "exporter",
        "maison d achat": "buying_house",
        "poudriere": "explosives_magazine",
        "entrepot": "depot",
        "warehouse": "depot",
        "magazine": "explosives_magazine",
    },
    "route_mode": {
        "pied": "foot",
        "velo": "foot",
        "motorcycle": "motorbike",
        "pirogue": "boat",
        "car": "light_vehicle",
    },
}
NOT_KNOWN = {
    "inconnu",
    "inconnue",
    "unknown",
    "n d",
    "nd",
    "indetermine",
    "not known",
    "non connu",
    "non precise",
}


def code_of(word: str, vocabulary: Vocabulary) -> str | None:
    """The code that `word` means: by code, by label in either language, by a usual word; None where it means none."""
    return _words(vocabulary).get(fold(word))


def means_not_known(word: str) -> bool:
    """Whether `word` says that the fact is not known."""
    return fold(word) in NOT_KNOWN


def proposal(word: str, vocabulary: Vocabulary) -> Text:
    """What to write instead of `word`: the nearest code, else the list of codes; in French their labels."""
    words = _words(vocabulary)
    like = nearest(word, words, count=1)
    if like:
        code = words[like[0]]
        return Text(f"nearest: {code}", f"le plus proche : {vocabulary.label(code, 'fr')}")
    labels = " ; ".join(vocabulary.label(code, "fr") for code in vocabulary)
    return Text(f"use one of: {', '.join(vocabulary)}", f"utilisez l'un de : {labels}")


@cache
def _words(vocabulary: Vocabulary) -> dict[str, str]:
    words: dict[str, str] = {}
    for code, label in vocabulary.labels.items():
        for text in (code, label.en, label.fr):
            for part in (text, *re.split(r"[()]", text)):
                if folded := fold(part):
                    words.setdefault(folded, code)
    return words | {word: code for word, code in USUAL.get(vocabulary.name, {}).items() if code in vocabulary}
