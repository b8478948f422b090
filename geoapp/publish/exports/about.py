"""What stands inside a file beside its rows: what they are, where they come from, and whether they are real."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, cast, func, literal, null, select
from sqlalchemy import Text as TextType

from geoapp.publish.box import Box
from geoapp.publish.features import Question, select_matching
from layers.filter import Filter
from layers.layer import MapLayer
from layers.tables import Source
from layers.text import Text, typeset

SYNTHETIC = Text(
    "Synthetic data: made up for demonstration.", "Données synthétiques : inventées pour la démonstration."
)
PARTLY = Text(
    "Holds synthetic data, made up for demonstration: the rows whose synthetic is true.",
    "Contient des données synthétiques, inventées pour la démonstration : les lignes dont synthetic est vrai.",
)


@dataclass(frozen=True)
class About:
    """What a file holds: how many rows of what, of which sources under which licences, and how many synthetic."""

    title: str
    sentence: str
    made_on: dt.date
    rows: int
    synthetic: int
    sources: Mapping[str, str | None]
    language: str

    def lines(self) -> list[str]:
        """The same in words, a line each."""
        french = self.language == "fr"
        licences = [
            f"{name} (licence {licence})" if licence else name for name, licence in sorted(self.sources.items())
        ]
        told = ", ".join(licences) or ("non indiquées" if french else "not stated")
        rows = f"{self.rows} {'ligne' if french else 'row'}{'s' if self.rows != 1 else ''}"
        mark = [SYNTHETIC if self.synthetic == self.rows else PARTLY] if self.synthetic else []
        lines = [
            f"{self.sentence}.",
            f"{rows}, {'exportées de geoapp le' if french else 'exported from geoapp on'} {self.made_on.isoformat()}.",
            f"{'Sources : ' if french else 'Sources: '}{told}.",
            *(each.in_language(self.language) for each in mark),
        ]
        return [typeset(line, self.language) for line in lines]

    @property
    def text(self) -> str:
        """All of it in one line."""
        return " ".join(self.lines())


def describe(connection: Connection, layer: MapLayer, question: Question, language: str) -> About:
    """What a file of the rows that match would be about, as far as the transaction's viewer may see them."""
    sources: set[str] = set()
    rows = synthetic = 0
    for part in select_matching(layer, question):
        found = part.subquery("found").c
        # What is made from other rows, as the network is, has no source of its own.
        source_id = found.source_id if "source_id" in found else cast(null(), TextType)
        counted = select(
            source_id, func.count(), func.count().filter(func.coalesce(found.synthetic, literal(False)))
        ).group_by(source_id)
        for source, number, made_up in connection.execute(counted):
            rows, synthetic = rows + number, synthetic + made_up
            sources |= {source} if source else set()
    licences = {row.source_id: row.licence for row in connection.execute(select(Source.source_id, Source.licence))}
    return About(
        title=layer.title.in_language(language),
        sentence=sentence(layer, question, language),
        made_on=dt.datetime.now(dt.UTC).date(),
        rows=rows,
        synthetic=synthetic,
        sources={name: licences.get(name) for name in sources},
        language=language,
    )


def sentence(layer: MapLayer, question: Question, language: str) -> str:
    """What is asked of a layer, in words."""
    chosen: Filter = question.chosen.applying(layer.filters)
    phrases = chosen.phrases(language)
    if question.box is not None:
        phrases.append(_within(question.box, language))
    title = layer.title.in_language(language)
    if not phrases:
        return f"{title} ({'toute la couche' if language == 'fr' else 'the whole layer'})"
    return typeset(f"{title}{' : ' if language == 'fr' else ': '}{'; '.join(phrases)}", language)


def _within(box: Box, language: str) -> str:
    sides = ", ".join(f"{side:g}" for side in (box.west, box.south, box.east, box.north))
    return f"dans l'emprise {sides}" if language == "fr" else f"within {sides}"
