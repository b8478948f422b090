"""What may be wanting in a row: how data quality is counted."""

from __future__ import annotations

from layers.vocabulary.base import Vocabulary

QUALITY_KIND = Vocabulary(
    "quality_kind",
    lacks=("lacking", "manquant"),
    unit=("administrative unit", "unité administrative"),
    old=("old", "ancien"),
    repaired=("repaired by an import", "réparé par un import"),
)
QUALITY = Vocabulary(
    "quality",
    no_source=("without a source", "sans source"),
    no_place=("without a position", "sans position"),
    no_precision=("precision of the position unknown", "précision de la position inconnue"),
    no_level=("without a level", "sans niveau"),
    no_category=("without a category", "sans catégorie"),
    no_report_day=("day of the report unknown", "jour du signalement inconnu"),
    no_channel=("channel unknown", "canal inconnu"),
    no_actor=("actor unknown", "acteur inconnu"),
    no_victims=("number of victims unknown", "nombre de victimes inconnu"),
    no_summary=("without a summary", "sans résumé"),
    no_minerals=("without minerals", "sans minerais"),
    no_mine_type=("type of mine unknown", "type de mine inconnu"),
    no_operator=("operator unknown", "exploitant inconnu"),
    no_workers=("number of workers unknown", "nombre de travailleurs inconnu"),
    no_status=("ICGLR status unknown", "statut CIRGL inconnu"),
    no_status_day=("day of the ICGLR status unknown", "jour du statut CIRGL inconnu"),
    no_activity=("activity unknown", "activité inconnue"),
    no_traceability=("traceability unknown", "traçabilité inconnue"),
    no_position_method=("origin of the position unknown", "origine de la position inconnue"),
    no_provider=("provider unknown", "prestataire inconnu"),
    no_mandate=("without an order, MoU or contract", "sans ordre, protocole d'accord ou contrat"),
    no_strength=("strength unknown", "effectif inconnu"),
    no_arms=("armament unknown", "armement inconnu"),
    no_vetting=("vetting unknown", "vérification des antécédents inconnue"),
    no_training=("training in the Voluntary Principles unknown", "formation aux Principes volontaires inconnue"),
    no_equipment=("transfer of equipment unknown", "transfert d'équipement inconnu"),
    no_use=("use unknown", "usage inconnu"),
    no_mode=("mode of transport unknown", "mode de transport inconnu"),
    no_surface=("surface unknown", "revêtement inconnu"),
    no_passability=("passability unknown", "praticabilité inconnue"),
    no_ends=("without a start or an end", "sans départ ou sans arrivée"),
    no_lawfulness=("lawfulness unknown", "légalité inconnue"),
    no_levy=("levy unknown", "prélèvement inconnu"),
    no_days_seen=("days on which it was seen unknown", "jours d'observation inconnus"),
    no_visitor=("visitor unknown", "visiteur inconnu"),
    no_presence=("presence of armed actors unknown", "présence d'acteurs armés inconnue"),
    no_weights=("weights unknown", "poids inconnus"),
    no_departure=("departure unknown", "départ inconnu"),
    no_permit=("without a permit", "sans permis"),
    no_escort=("strength of the escort unknown", "effectif de l'escorte inconnu"),
    no_trainer=("trainer unknown", "formateur inconnu"),
    no_participants=("participants unknown", "participants inconnus"),
    no_unit=("in no known unit", "dans aucune unité connue"),
    unknown_unit=("stated unit not known here", "unité indiquée non connue ici"),
    outside_unit=("outside the stated unit", "hors de l'unité indiquée"),
    status_old=("ICGLR status over a year old", "statut CIRGL de plus d'un an"),
    workers_old=("number of workers over two years old", "nombre de travailleurs de plus de deux ans"),
    overdue=("past the day it was due", "échéance dépassée"),
    open_long=("open for over 183 days", "ouvert depuis plus de 183 jours"),
    deployment_old=("unconfirmed for over two years", "sans confirmation depuis plus de deux ans"),
    checkpoint_old=("not seen for over a year", "non vu depuis plus d'un an"),
    geometry_repaired=("geometry mended", "géométrie réparée"),
    text_repaired=("text mended", "texte réparé"),
    crs_guessed=("coordinate system or axes guessed", "système de coordonnées ou axes devinés"),
)
# The bit of each in the number of a row.
BITS = {code: 1 << place for place, code in enumerate(QUALITY)}
# In place of a source's id: rows that have none.
NO_SOURCE = "-"
