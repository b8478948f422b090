"""How the coordinate system and the encoding of a file were found, in words: reports hold the English ones."""

from __future__ import annotations

import re

from layers.text import typeset

# Part by part, as patterns of what a report says.
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
    (r"language byte (0x\w+)", r"octet de langue \1"),
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
