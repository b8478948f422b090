"""The rules of the import: what each finding is called, how grave it is, and its sentence in English and French."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from layers.text import Text

Severity = Literal["error", "warning", "repair"]


@dataclass(frozen=True)
class Rule:
    """A kind of finding. Its sentences may name `{column}`, `{value}` and `{repair}`.

    An error refuses its row; a warning asks for a look; a repair says what was changed.
    """

    severity: Severity
    text: Text


def _error(en: str, fr: str) -> Rule:
    return Rule("error", Text(en, fr))


def _warning(en: str, fr: str) -> Rule:
    return Rule("warning", Text(en, fr))


def _repair(en: str, fr: str) -> Rule:
    return Rule("repair", Text(en, fr))


FILE_RULES = {
    "refused": _error("{value}", "{value}"),
    "aborted": _error(
        "{value} rows are bad, so nothing was loaded (--on-error abort)",
        "{value} lignes sont mauvaises : rien n'a été chargé (--on-error abort)",
    ),
    "column_ignored": _warning(
        "no column of the table matches it; if one should, add --map COLUMN={value}",
        "aucune colonne de la table n'y correspond ; sinon ajoutez --map COLONNE={value}",
    ),
    "key_made": _warning(
        "{value} rows have none and got one made from {repair}; if the file has keys, add --map {column}=SOURCE",
        "{value} lignes n'en ont pas et en ont reçu une tirée de {repair} ; si le fichier a des clés, ajoutez"
        " --map {column}=SOURCE",
    ),
    "reader_warning": _warning("the reader says: {value}", "le lecteur signale : {value}"),
    "crs_overridden": _warning(
        "the file says {value}, but --crs {repair} was used",
        "le fichier indique {value}, mais --crs {repair} a été utilisé",
    ),
    "encoding_overridden": _warning(
        "the file says {value}, but its bytes are not; {repair} was used",
        "le fichier indique {value}, mais ses octets n'en sont pas ; {repair} a été utilisé",
    ),
    "encoding_ignored": _warning(
        "--encoding {value} was not used: this format is always {repair}",
        "--encoding {value} n'a pas été utilisé : ce format est toujours en {repair}",
    ),
    "crs_assumed": _warning(
        "the file does not say its system; {value} was found from where it puts the data. {repair}",
        "le fichier ne dit pas son système ; {value} a été trouvé d'après l'endroit où il place les données. {repair}",
    ),
    "geometry_unreadable": _warning(
        "{value} geometries are broken, or of a kind that is not read, such as curves; make plain ones of them",
        "{value} géométries sont endommagées, ou d'un genre qui n'est pas lu, comme les courbes ; simplifiez-les",
    ),
    "axes_exchanged": _repair(
        "longitude and latitude stood the other way round in all {value} rows and were exchanged back",
        "longitude et latitude étaient inversées dans les {value} lignes et ont été remises dans l'ordre",
    ),
    "type_mended": _repair(
        "misspelt types of the GeoJSON were put right", "des types mal écrits du GeoJSON ont été corrigés"
    ),
    "mojibake": _warning(
        "'{value}' was once read in a wrong encoding and should be '{repair}'; add --repair-text to put it right",
        "« {value} » a été lu un jour dans un mauvais encodage et devrait être « {repair} » ; ajoutez --repair-text",
    ),
    "text_repaired": _repair(
        "'{value}', once read in a wrong encoding, was put right: '{repair}'",
        "« {value} », lu un jour dans un mauvais encodage, a été corrigé : « {repair} »",
    ),
    "index_rebuilt": _repair("the missing .shx was rebuilt from the .shp", "le .shx manquant a été refait du .shp"),
    "height_dropped": _repair(
        "heights or measures of {value} geometries were left out",
        "les altitudes ou mesures de {value} géométries ont été omises",
    ),
}
MEANING_RULES = {
    "recognised": _repair("read as {value}: {repair}", "lu comme {value} : {repair}"),
    "recognised_elsewhere": _warning(
        "this is {value}, which feeds {repair}; read as any other file here",
        "c'est {value}, qui alimente {repair} ; lu ici comme tout autre fichier",
    ),
    "columns_left": _warning(
        "the recogniser leaves these columns alone: {repair}; one that should be read takes --map COLUMN=NAME",
        "le lecteur de ce format laisse ces colonnes : {repair} ; pour en lire une, ajoutez --map COLONNE=NOM",
    ),
    "left_unknown": _warning(
        "'{value}' has no equal here, so {repair} rows were left unknown",
        "« {value} » n'a pas d'équivalent ici : {repair} lignes restent inconnues",
    ),
    "newer_row": _repair(
        "{value} rows describe what a newer row of the file describes, and changed nothing",
        "{value} lignes décrivent ce qu'une ligne plus récente du fichier décrit, et n'ont rien changé",
    ),
    "mapping_remembered": _repair(
        "read as confirmed for the last file of this shape: {repair}; --no-memory leaves that out",
        "lu comme confirmé pour le dernier fichier de cette forme : {repair} ; --no-memory l'écarte",
    ),
    "mapping_forgotten": _repair(
        "what was confirmed for files of this shape is forgotten", "ce qui était confirmé pour cette forme est oublié"
    ),
    "column_proposed": _warning(
        "may be the column {value} ({repair}); confirm with --map {column}={value} or --accept-proposals",
        "est peut-être la colonne {value} ({repair}) ; confirmez avec --map {column}={value} ou --accept-proposals",
    ),
    "proposal_accepted": _repair("was read from {value} ({repair})", "a été lu de {value} ({repair})"),
}
ALIAS_RULES = {
    "site_by_alias": _repair(
        "'{value}' is this source's code of the site {repair}",
        "« {value} » est le code de cette source pour le site {repair}",
    ),
    "other_source_wins": _warning(
        "'{value}' was not taken over, since another source wins: {repair}; it is kept beside the site",
        "« {value} » n'a pas été repris, car une autre source l'emporte : {repair} ; c'est gardé à côté du site",
    ),
    "maybe_same_site": _warning(
        "'{value}' may be the site {repair}; decide with geoapp aliases confirm or refuse",
        "« {value} » est peut-être le site {repair} ; décidez avec geoapp aliases confirm ou refuse",
    ),
    "maybe_same_row": _warning(
        "'{value}' may be {repair}, which is there already; keep one of the two",
        "« {value} » est peut-être {repair}, déjà présent ; gardez l'un des deux",
    ),
    "too_many_to_compare": _warning(
        "so many rows are nearly in one place that only {value} pairs of them were compared; bring the file in parts",
        "tant de lignes sont presque au même endroit que seules {value} paires ont été comparées ; apportez le fichier"
        " par parties",
    ),
}
VALUE_RULES = {
    "missing_value": _error(
        "is empty, but every row needs it; fill it in", "est vide, mais chaque ligne doit en avoir ; remplissez-la"
    ),
    "not_whole": _error(
        "'{value}' is not a whole number; write digits alone, such as 12, or leave it empty",
        "« {value} » n'est pas un nombre entier ; écrivez des chiffres seuls, comme 12, ou laissez vide",
    ),
    "not_number": _error(
        "'{value}' is not a number; write it as 12.5, or leave it empty",
        "« {value} » n'est pas un nombre ; écrivez 12,5, ou laissez vide",
    ),
    "too_large": _error(
        "{value} is larger than can be stored; check it, and its unit",
        "{value} est trop grand pour être enregistré ; vérifiez-le, et son unité",
    ),
    "too_long": _error(
        "'{value}' is longer than {repair} characters; shorten it",
        "« {value} » dépasse {repair} caractères ; raccourcissez-le",
    ),
    "not_yes_no": _error(
        "'{value}' is neither yes nor no; write yes or no, or leave it empty",
        "« {value} » n'est ni oui ni non ; écrivez oui ou non, ou laissez vide",
    ),
    "not_date": _error(
        "'{value}' is not a date; write it as 2024-03-31",
        "« {value} » n'est pas une date ; écrivez 2024-03-31",
    ),
    "not_time": _error(
        "'{value}' is not a date with a time; write it as 2024-03-31T14:30",
        "« {value} » n'est pas une date avec heure ; écrivez 2024-03-31T14:30",
    ),
    "ambiguous_date": _error(
        "'{value}' may be {repair}; write it as 2024-03-31",
        "« {value} » peut être {repair} ; écrivez 2024-03-31",
    ),
    "future_date": _error(
        "{value} is after today, {repair}; write the day on which it happened",
        "{value} est après aujourd'hui, {repair} ; écrivez le jour où cela s'est passé",
    ),
    "impossible_date": _error("{value} is before 1900; check the year", "{value} est avant 1900 ; vérifiez l'année"),
    "unknown_code": _error(
        "'{value}' is not one of its words; {repair}",
        "« {value} » n'est pas un de ses mots ; {repair}",
    ),
    "not_json": _error(
        '\'{value}\' is not a JSON object; write it as {{"name": "value"}}, or leave it empty',
        '« {value} » n\'est pas un objet JSON ; écrivez {{"nom": "valeur"}}, ou laissez vide',
    ),
    "not_people": _error(
        "{repair}: people are counted in whole numbers from 0, and women with their total; mend that group",
        "{repair} : les personnes se comptent en nombres entiers à partir de 0, les femmes avec leur total ; corrigez"
        " ce groupe",
    ),
    "women_more": _error(
        "there are more women than people: {repair}; mend one of the two numbers",
        "il y a plus de femmes que de personnes : {repair} ; corrigez l'un des deux nombres",
    ),
    "unit_code_form": _error(
        "'{value}' is not the code of such a unit; write {repair}",
        "« {value} » n'est pas le code d'une telle unité ; écrivez {repair}",
    ),
    "text_cleaned": _repair(
        "characters that cannot be stored were left out: '{repair}'",
        "des caractères impossibles à enregistrer ont été omis : « {repair} »",
    ),
    "number_read": _repair("'{value}' was read as {repair}", "« {value} » a été lu {repair}"),
    "excel_date": _repair("the Excel day {value} was read as {repair}", "le jour Excel {value} a été lu {repair}"),
}
GEOMETRY_RULES = {
    "no_geometry": _error("has no position; give it one", "n'a pas de position ; donnez-lui-en une"),
    "no_place": _error(
        "names no place: give it a position or one of {repair}",
        "ne nomme aucun lieu : donnez-lui une position ou {repair}",
    ),
    "bad_geometry": _error(
        "its coordinates cannot be read: {value}; draw it again, or leave the row out",
        "ses coordonnées ne peuvent être lues : {value} ; dessinez-la de nouveau, ou omettez la ligne",
    ),
    "wrong_type": _error(
        "is a {value}, but a {repair} is needed; draw it as one, or import it into another table",
        "est un {value}, mais il faut un {repair} ; dessinez-la ainsi, ou importez-la dans une autre table",
    ),
    "too_many_vertices": _error(
        "has {value} vertices, more than {repair}; simplify it",
        "a {value} sommets, plus que {repair} ; simplifiez-la",
    ),
    "outside_world": _error(
        "{value} is no longitude and latitude; check the coordinates and the CRS",
        "{value} n'est pas une longitude et une latitude ; vérifiez les coordonnées et le système",
    ),
    "swapped_axes": _error(
        "{value} lies far away, but with longitude and latitude exchanged ({repair}) inside the four countries;"
        " exchange them",
        "{value} est loin, mais avec longitude et latitude échangées ({repair}) dans les quatre pays ; échangez-les",
    ),
    "outside_countries": _warning(
        "{value} lies in none of the four countries", "{value} n'est dans aucun des quatre pays"
    ),
    "far_from_others": _warning(
        "{value} lies {repair} from the rest of the file; check the coordinates",
        "{value} est à {repair} du reste du fichier ; vérifiez les coordonnées",
    ),
    "position_differs": _warning(
        "the columns say {value}, but the geometry lies {repair} away from there; the geometry was taken",
        "les colonnes disent {value}, mais la géométrie est à {repair} de là ; la géométrie a été retenue",
    ),
    "geometry_repaired": _repair(
        "was not valid ({value}) and was mended: {repair}", "n'était pas valide ({value}), réparé : {repair}"
    ),
}
MATCH_RULES = {
    "duplicate": _error(
        "'{value}' already stands in row {repair}; keep one of the two rows, or give one another key",
        "« {value} » est déjà à la ligne {repair} ; gardez une des deux lignes, ou donnez une autre clé à l'une",
    ),
    "unknown_reference": _error(
        "nothing has the key '{value}'; import it first or mend the key; {repair}",
        "rien n'a la clé « {value} » ; importez-le d'abord ou corrigez la clé ; {repair}",
    ),
    "ambiguous_reference": _error(
        "'{value}' is the key of several rows (in {repair}); rename one",
        "« {value} » est la clé de plusieurs lignes (dans {repair}) ; renommez-en une",
    ),
    "ambiguous_key": _error(
        "'{value}' is the key of {repair} rows that are there; rename all but one of them",
        "« {value} » est la clé de {repair} lignes déjà présentes ; renommez-les toutes sauf une",
    ),
    "not_your_unit": _error(
        "lies in {value}; you may import into {repair} alone; leave the row to who may",
        "est dans {value} ; vous ne pouvez importer que dans {repair} ; laissez la ligne à qui le peut",
    ),
    "only_released": _error(
        "is what was released of an incident that is not yours to change; leave the row out",
        "est ce qui a été communiqué d'un incident que vous ne pouvez pas modifier ; retirez la ligne",
    ),
    "sealed_away": _error(
        "would be sealed from yourself; put {repair} among its handlers, or leave it unsealed",
        "vous serait scellé ; mettez {repair} parmi ses responsables, ou ne le scellez pas",
    ),
    "out_of_range": _error(
        "{value} is out of range: {repair}; check it", "{value} est hors limites : {repair} ; vérifiez-le"
    ),
    "wrong_order": _error(
        "{value} does not fit: {repair}; mend one of the two",
        "{value} ne convient pas : {repair} ; corrigez l'un des deux",
    ),
    "more_received": _error(
        "{value} kg is more than the {repair} kg that were dispatched; check both weights",
        "{value} kg dépasse les {repair} kg expédiés ; vérifiez les deux poids",
    ),
    "arrived_early": _error(
        "it arrived before it departed ({repair}); check both times",
        "arrivé avant d'être parti ({repair}) ; vérifiez les deux heures",
    ),
    "check_failed": _error(
        "{value} breaks the rule: {repair}; mend it", "{value} enfreint la règle : {repair} ; corrigez-le"
    ),
    "changed_meanwhile": _error(
        "somebody else made it '{repair}' since the export; your '{value}' was not written; settle it on the page of"
        " the file, or with --conflicts mine or theirs",
        "quelqu'un d'autre y a mis « {repair} » depuis l'export ; votre « {value} » n'a pas été écrit ; tranchez sur la"
        " page du fichier, ou avec --conflicts mine ou theirs",
    ),
    "gone_meanwhile": _error(
        "'{value}' was removed by somebody else since the export, and stays away",
        "« {value} » a été supprimé par quelqu'un d'autre depuis l'export, et reste absent",
    ),
    "gone_and_edited": _error(
        "'{value}', which you edited, was removed by somebody else since the export; settle it on the page of the file,"
        " or with --conflicts mine or theirs",
        "« {value} », que vous avez modifié, a été supprimé par quelqu'un d'autre depuis l'export ; tranchez sur la"
        " page du fichier, ou avec --conflicts mine ou theirs",
    ),
    "kept_meanwhile": _warning(
        "{value} values that others changed since the export, and the file did not, stay as they are",
        "{value} valeurs que d'autres ont changées depuis l'export, et le fichier non, restent telles quelles",
    ),
    "gone_from_file": _warning(
        "{value} rows of the export are no longer in the file; nothing is removed unless you say so, on the page of the"
        " file or with --remove-missing",
        "{value} lignes de l'export ne sont plus dans le fichier ; rien n'est supprimé sans que vous le disiez, sur la"
        " page du fichier ou avec --remove-missing",
    ),
    "removed": _repair("{value} rows were removed", "{value} lignes ont été supprimées"),
    "key_elsewhere": _warning(
        "'{value}' is also a key in {repair}; this row is another thing",
        "« {value} » est aussi une clé dans : {repair} ; cette ligne est une autre chose",
    ),
    "unit_recognised": _repair("'{value}' was read as {repair}", "« {value} » a été lu {repair}"),
    "unit_unknown": _warning(
        "'{value}' is not a unit that is known here", "« {value} » n'est pas une unité connue ici"
    ),
    "unit_differs": _warning(
        "the file says '{value}', but the position lies in {repair}",
        "le fichier dit « {value} », mais la position est dans {repair}",
    ),
    "unit_succeeded": _repair(
        "the older unit {value} ends on {repair}", "l'ancienne unité {value} prend fin le {repair}"
    ),
}
RULES: dict[str, Rule] = FILE_RULES | MEANING_RULES | ALIAS_RULES | VALUE_RULES | GEOMETRY_RULES | MATCH_RULES
