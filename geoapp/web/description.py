"""What the description of the API says of an address; each view bears its own, so that the two cannot drift apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from layers.catalogue import LAYERS
from layers.filter import LEAST_KM, LONGEST_KEY, MOST_KM, MOST_VALUES, UNIT_CODE, UNKNOWN, WITHIN_KM
from layers.text import LANGUAGES, Text
from layers.vocabulary import (
    ACTOR_KIND,
    CATEGORY,
    DEPLOYMENT_FUNCTION,
    FORCE,
    ICGLR_STATUS,
    LEVEL,
    MINERAL,
    QUALITY,
    STATUS,
)

View = TypeVar("View", bound=Callable[..., Any])
Schema = Mapping[str, Any]

JSON = "application/json"
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Parameter:
    """A part of an address: `place` is "path" or "query"."""

    name: str
    place: str
    meaning: Text
    schema: Schema
    required: bool = False


@dataclass(frozen=True)
class Description:
    """An operation: what it is for, what it takes, what it answers, and the errors beside those of every address.

    `answer` is a JSON Schema, `media` the type of what is answered; `body` is the schema of a JSON body that is sent.
    """

    summary: Text
    group: Text
    answer: Schema
    media: str = JSON
    parameters: Sequence[Parameter] = ()
    body: Schema | None = None
    body_media: str = JSON
    errors: Sequence[int] = ()
    headers: Mapping[str, Text] = field(default_factory=dict)
    # Whether an unchanged answer is 304 for who sends its ETag.
    conditional: bool = False


def described(description: Description) -> Callable[[View], View]:
    """Give a view its description; the decorator stands below the one that routes."""

    def mark(view: View) -> View:
        view.__dict__["description"] = description
        return view

    return mark


def description_of(view: Callable[..., Any] | None) -> Description | None:
    """The description that a view bears."""
    found: Description | None = getattr(view, "description", None)
    return found


def _codes(codes: Sequence[str]) -> Schema:
    return {"type": "array", "items": {"type": "string", "enum": list(codes)}, "minItems": 1, "maxItems": MOST_VALUES}


LANGUAGE = Parameter(
    "lang", "query", Text("The language of the words.", "La langue des mots."), {"type": "string", "enum": [*LANGUAGES]}
)
LAYER = Parameter(
    "name", "path", Text("A layer of the map.", "Une couche de la carte."), {"type": "string", "enum": [*LAYERS]}, True
)
FILTERS = (
    Parameter(
        "since",
        "query",
        Text("The first day of occurrence.", "Le premier jour de survenue."),
        {"type": "string", "format": "date"},
    ),
    Parameter(
        "until",
        "query",
        Text("The last day of occurrence, not before since.", "Le dernier jour de survenue, pas avant since."),
        {"type": "string", "format": "date"},
    ),
    Parameter(
        "level",
        "query",
        Text(
            "Levels, comma separated; 1 is the highest.", "Niveaux, séparés par des virgules\u00a0; 1 est le plus haut."
        ),
        _codes([*LEVEL, UNKNOWN]),
    ),
    Parameter(
        "category",
        "query",
        Text("Categories, comma separated.", "Catégories, séparées par des virgules."),
        _codes([*CATEGORY]),
    ),
    Parameter(
        "status", "query", Text("States, comma separated.", "États, séparés par des virgules."), _codes([*STATUS])
    ),
    Parameter(
        "unit",
        "query",
        Text(
            "Countries and provinces, comma separated, such as CD or CD-SK.",
            "Pays et provinces, séparés par des virgules, comme CD ou CD-SK.",
        ),
        {
            "type": "array",
            "items": {"type": "string", "pattern": f"^{UNIT_CODE.pattern}$"},
            "minItems": 1,
            "maxItems": MOST_VALUES,
        },
    ),
    Parameter(
        "actor_kind",
        "query",
        Text(
            "Actors of incidents, comma separated; unknown is also where none is recorded.",
            "Acteurs des incidents, séparés par des virgules\u00a0; unknown vaut aussi où aucun n’est noté.",
        ),
        _codes([*ACTOR_KIND]),
    ),
    Parameter(
        "mineral",
        "query",
        Text("Minerals of mine sites, comma separated.", "Minerais des sites miniers, séparés par des virgules."),
        _codes([*MINERAL]),
    ),
    Parameter(
        "icglr_status",
        "query",
        Text(
            "ICGLR states of mine sites, comma separated.", "Statuts CIRGL des sites miniers, séparés par des virgules."
        ),
        _codes([*ICGLR_STATUS]),
    ),
    Parameter(
        "force",
        "query",
        Text("Forces of deployments, comma separated.", "Forces des déploiements, séparées par des virgules."),
        _codes([*FORCE]),
    ),
    Parameter(
        "function",
        "query",
        Text("Functions of deployments, comma separated.", "Fonctions des déploiements, séparées par des virgules."),
        _codes([*DEPLOYMENT_FUNCTION]),
    ),
    Parameter(
        "route",
        "query",
        Text(
            "The route_id of routes, comma separated: what lies near one of them.",
            "Le route_id d’itinéraires, séparés par des virgules\u00a0: ce qui se trouve près de l’un d’eux.",
        ),
        {
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[^,\\x00]+$"},
            "minItems": 1,
            "maxItems": MOST_VALUES,
        },
    ),
    Parameter(
        "within_km",
        "query",
        Text(
            f"How near to a route, in kilometres; {WITHIN_KM:g} where it is not given.",
            f"À quelle distance d’un itinéraire, en kilomètres\u00a0; {WITHIN_KM:g} par défaut.",
        ),
        {"type": "number", "minimum": LEAST_KM, "maximum": MOST_KM},
    ),
    Parameter(
        "quality",
        "query",
        Text(
            "Checks of data quality, comma separated: rows that fail one of them.",
            "Contrôles de qualité, séparés par des virgules\u00a0: les lignes qui échouent à l’un d’eux.",
        ),
        _codes([*QUALITY]),
    ),
    Parameter(
        "source",
        "query",
        Text(
            "The id of a source, or - for rows without one.",
            "L’identifiant d’une source, ou - pour les lignes sans source.",
        ),
        {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[^\\x00]+$"},
    ),
)
