"""What the desk's pages call tables, and the words of the import with the names of its form in place of options."""

from __future__ import annotations

import re

from layers.text import Text, typeset

TABLES = {
    "mine_sites": Text("Mine sites", "Sites miniers"),
    "visits": Text("Site visits", "Visites de sites"),
    "incidents": Text("Incidents", "Incidents"),
    "deployments": Text("Deployments", "Déploiements"),
    "routes": Text("Routes", "Itinéraires"),
    "facilities": Text("Facilities", "Installations"),
    "checkpoints": Text("Checkpoints", "Barrières"),
    "movements": Text("Escorted movements", "Mouvements escortés"),
    "trainings": Text("Trainings", "Formations"),
    "boundaries": Text("Boundaries", "Limites"),
}
# What the command line calls an option, and the page's name for it.
OPTIONS: tuple[tuple[str, Text], ...] = (
    (r"--map (\w+)=COL(?:UMN|ONNE)", Text(r"“Columns” (\1)", r"«\u00a0Colonnes\u00a0» (\1)")),
    (r"--map COL(?:UMN|ONNE)=(\S+?)(?=[\s;,.]|$)", Text(r"“Columns” for \1", r"«\u00a0Colonnes\u00a0» pour \1")),
    (r"--map (\S+?)=(\S+?)(?=[\s;,.)]|$)", Text(r"“Columns” (\2 as \1)", r"«\u00a0Colonnes\u00a0» (\2 comme \1)")),
    (
        r"geoapp aliases (?:confirm or refuse|confirm ou refuse)",
        Text("“Rows that are there twice”", "«\u00a0Lignes présentes deux fois\u00a0»"),
    ),
    (
        r"settle it on the page of the file, or with --conflicts mine or theirs",
        Text("settle it above", "tranchez ci-dessus"),
    ),
    (
        r"tranchez sur la page du fichier, ou avec --conflicts mine ou theirs",
        Text("settle it above", "tranchez ci-dessus"),
    ),
    (
        r"(?:on the page of the file or|sur la page du fichier ou) (?:with|avec) --remove-missing",
        Text("above", "ci-dessus"),
    ),
    (r"--map", Text("“Columns”", "«\u00a0Colonnes\u00a0»")),
    (r"--crs (EPSG:\w+)", Text(r"“Coordinate system” (\1)", r"«\u00a0Système de coordonnées\u00a0» (\1)")),
    (r"--crs", Text("“Coordinate system”", "«\u00a0Système de coordonnées\u00a0»")),
    (r"--encoding", Text("“Encoding”", "«\u00a0Encodage\u00a0»")),
    (r"--repair-text", Text("“Put broken texts right”", "«\u00a0Corriger les textes abîmés\u00a0»")),
    (r"--accept-proposals", Text("“Take over all proposals”", "«\u00a0Reprendre les propositions\u00a0»")),
    (r"--no-memory", Text("“Forget earlier choices”", "«\u00a0Oublier les choix précédents\u00a0»")),
)


def for_page(said: str, language: str) -> str:
    """What the import says, for somebody who has a form before them and no command line."""
    for pattern, words in OPTIONS:
        said = re.sub(pattern, words.in_language(language).replace("\\u00a0", "\u00a0"), said)
    return typeset(said, language)
