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


# How a coordinate system or an encoding was found, part by part.
HOW: tuple[tuple[str, str], ...] = (
    (r"from the file", "d’après le fichier"),
    (r"--crs", "comme vous l’avez indiqué"),
    (r"--encoding", "comme vous l’avez indiqué"),
    (r"columns of longitude and latitude, taken as WGS 84", "colonnes de longitude et de latitude, prises en WGS 84"),
    (r"not stated", "non indiqué"),
    (r"all coordinates are degrees inside .+", "toutes les coordonnées sont des degrés à l’intérieur des quatre pays"),
    (
        r"of the usual systems only (.+) puts the data inside the four countries and the provinces that rows state",
        r"des systèmes usuels, seul \1 place les données dans les quatre pays et les provinces que les"
        r" lignes indiquent",
    ),
    (
        r"of the usual systems only (.+) puts the data inside the four countries",
        r"des systèmes usuels, seul \1 place les données dans les quatre pays",
    ),
    (r"shifted by (.+), accuracy not known", r"décalé par \1, précision inconnue"),
    (r"shifted by (.+), accuracy (\S+) m", r"décalé par \1, précision \2 m"),
    (r"grids that are missing here: (.+)", r"grilles absentes ici : \1"),
    (r"UTM zone in the name (.+)", r"fuseau UTM dans le nom \1"),
    (r"UTM zone in the column (.+)", r"fuseau UTM dans la colonne \1"),
    (r"byte order mark", "marque d’ordre des octets"),
    (r"every second byte is zero", "un octet sur deux est nul"),
    (r"all bytes are UTF-8", "tous les octets sont de l’UTF-8"),
    (r"not UTF-8", "pas de l’UTF-8"),
    (r"as (\S+) its letters make French words", r"en \1 ses lettres font des mots français"),
    (r"\.dbf language byte", "octet de langue du .dbf"),
    (r"as the XML declares it", "comme le XML le déclare"),
    (r"workbooks are UTF-8 by their standard", "les classeurs sont en UTF-8 selon leur norme"),
    (r"(GeoPackage|FlatGeobuf|Parquet) is UTF-8 by its standard", r"\1 est en UTF-8 selon sa norme"),
)


def how_in_words(how: str, language: str) -> str:
    """How a fact of a file was found, in a language; what is not known here stays as it is."""
    if language != "fr":
        return how
    return typeset(" ; ".join(_part(part) for part in how.split("; ")), language)


def _part(part: str) -> str:
    for pattern, french in HOW:
        if found := re.fullmatch(pattern, part):
            return found.expand(french)
    return part
