"""What the columns of the data dictionary are called, in English and French: as on the map, else by the list here."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Column

from layers.catalogue import LAYERS
from layers.text import Text

# Columns that no popup shows; those of one table alone bear its name before them.
TITLES: dict[str, Text] = {
    "incident.location_precision": Text("Precision of the position", "Précision de la position"),
    "incident.summary_en": Text("What happened, in English", "Ce qui s'est passé, en anglais"),
    "incident.summary_fr": Text("What happened, in French", "Ce qui s'est passé, en français"),
    "deployment.provider_class": Text("Public or private", "Public ou privé"),
    "deployment.force_unit": Text("Unit of the force", "Unité de la force"),
    "route.route_id": Text("Key of the route", "Clé de l'itinéraire"),
    "facility.facility_id": Text("Key of the facility", "Clé de l'installation"),
    "admin_unit.unit_code": Text("Code of the unit", "Code de l'unité"),
    "mine_site.name": Text("Name", "Nom"),
    "mine_site.icglr_status_on": Text("Day of the ICGLR status", "Jour du statut CIRGL"),
    "mine_site.mine_type": Text("Type of mine", "Type de mine"),
    "facility.name": Text("Name", "Nom"),
    "route.name": Text("Name", "Nom"),
    "act": Text("What was done", "Nature de l'acte"),
    "annex2": Text("Risk of OECD Annex II", "Risque de l'annexe II de l'OCDE"),
    "admin_unit.approximate": Text("Outline is approximate", "Contour approximatif"),
    "admin_unit.area_km2": Text("Area, computed", "Superficie, calculée"),
    "armed_actor_kind": Text("Armed actor that was met", "Acteur armé rencontré"),
    "armed_actor_present": Text("Armed actors were present", "Présence d'acteurs armés"),
    "arrived_at": Text("Arrived", "Arrivée"),
    "awaits_successor": Text("Last known outline, until its successor is loaded", "Dernier contour connu"),
    "cargo": Text("Cargo", "Chargement"),
    "channel": Text("Channel of the report", "Canal du signalement"),
    "checkpoint_id": Text("Key of the checkpoint", "Clé de la barrière"),
    "children_present": Text("Children were present", "Présence d'enfants"),
    "closed_on": Text("Closed", "Clos le"),
    "committee_id": Text("Key of the committee", "Clé du comité"),
    "country": Text("Country, found by geoapp", "Pays, trouvé par geoapp"),
    "coverage_m": Text("Reach of the deployment", "Portée du déploiement"),
    "created_at": Text("Written first", "Première écriture"),
    "date_precision": Text("Precision of the date", "Précision de la date"),
    "days": Text("Length in days", "Durée en jours"),
    "departed_at": Text("Departed", "Départ"),
    "deployment_id": Text("Key of the deployment", "Clé du déploiement"),
    "deviation_m": Text("Deviation from the route", "Écart à l'itinéraire"),
    "dispatched_kg": Text("Weight dispatched", "Poids expédié"),
    "due_on": Text("Due", "Échéance"),
    "escort_strength": Text("Strength of the escort", "Effectif de l'escorte"),
    "explosives_involved": Text("Explosives were involved", "Explosifs en cause"),
    "facility_id": Text("Key of the facility", "Clé de l'installation"),
    "funder": Text("Funder", "Bailleur"),
    "geom": Text("Position or outline", "Position ou contour"),
    "groupement": Text("Groupement", "Groupement"),
    "handlers": Text("Who handles it while it is sealed", "Qui le traite tant qu'il est scellé"),
    "held_on": Text("Held", "Tenue le"),
    "icglr_status": Text("ICGLR status", "Statut CIRGL"),
    "incident_id": Text("Random id, made by geoapp", "Identifiant aléatoire, fait par geoapp"),
    "id": Text("Random id, made by geoapp", "Identifiant aléatoire, fait par geoapp"),
    "incident_no": Text("Number of the incident", "Numéro de l'incident"),
    "interference": Text("Interference of armed actors", "Ingérence d'acteurs armés"),
    "ipis_pcode": Text("Code of IPIS", "Code IPIS"),
    "itsci_code": Text("Code of iTSCi", "Code iTSCi"),
    "language": Text("Language", "Langue"),
    "latitude": Text("Latitude", "Latitude"),
    "length_km": Text("Length, computed", "Longueur, calculée"),
    "level": Text("Level: 0 country, 1 province, 2 below", "Niveau : 0 pays, 1 province, 2 en dessous"),
    "licence_no": Text("Number of the licence", "Numéro du permis"),
    "locality": Text("Locality", "Localité"),
    "longitude": Text("Longitude", "Longitude"),
    "minerals": Text("Minerals", "Minerais"),
    "mou_on": Text("Memorandum of", "Protocole d'accord du"),
    "movement_id": Text("Key of the movement", "Clé du mouvement"),
    "name_alt": Text("Other names", "Autres noms"),
    "name_en": Text("Name in English", "Nom en anglais"),
    "name_fr": Text("Name in French", "Nom en français"),
    "notes": Text("Notes", "Notes"),
    "on_site": Text("The visit reached the site", "La visite a atteint le site"),
    "opened_on": Text("Opened", "Ouvert le"),
    "operator_kind": Text("Kind of operator", "Type d'exploitant"),
    "parent_code": Text("Unit that it is a part of", "Unité dont elle fait partie"),
    "participants_by_group": Text("Participants by group", "Participants par groupe"),
    "permit_no": Text("Number of the permit", "Numéro du permis de transport"),
    "place_text": Text("Place in words", "Lieu en mots"),
    "position_accuracy_m": Text("Accuracy of the position", "Exactitude de la position"),
    "position_method": Text("Where the position is from", "Origine de la position"),
    "presence_frequency": Text("How often armed actors are present", "Fréquence de la présence armée"),
    "provider_name": Text("Name of the provider", "Nom du prestataire"),
    "received_kg": Text("Weight received", "Poids reçu"),
    "repairs": Text("What an import put right", "Ce qu'un import a réparé"),
    "repeat_of": Text("Incident that it repeats", "Incident qu'il répète"),
    "route_id": Text("Key of the route", "Clé de l'itinéraire"),
    "sealed": Text("For its handlers alone", "Réservé à ceux qui le traitent"),
    "site_id": Text("Key of the site", "Clé du site"),
    "source_id": Text("Source", "Source"),
    "source_rating": Text("Rating by the source's own scale", "Note selon l'échelle de la source"),
    "stage": Text("Stage of the supply chain", "Étape de la chaîne"),
    "stated_unit": Text("Unit that the source states", "Unité indiquée par la source"),
    "synthetic": Text("Made up for demonstration", "Inventé pour la démonstration"),
    "topic": Text("Topic", "Sujet"),
    "trainer_org": Text("Trainer", "Formateur"),
    "training_id": Text("Key of the training", "Clé de la formation"),
    "unit_code": Text("Code of the unit", "Code de l'unité"),
    "units": Text("Units that it lies in, found by geoapp", "Unités où elle se trouve, trouvées par geoapp"),
    "valid_to": Text("Until, that day not included", "Jusqu'au, ce jour exclu"),
    "vehicles": Text("Vehicles", "Véhicules"),
    "victim_kind": Text("Victims", "Victimes"),
    "visit_id": Text("Key of the visit", "Clé de la visite"),
    "visited_on": Text("Visited", "Visité le"),
    "visitor_org": Text("Visitor", "Visiteur"),
    "workers_est": Text("Workers (estimate)", "Travailleurs (estimation)"),
    "workers_on": Text("Workers counted", "Travailleurs comptés le"),
}


def title_of(column: Column[Any], name: str | None = None) -> Text:
    """What a column is called; `name` is what files call it where that differs. KeyError where nobody has said."""
    shown, name = _of_layers(), name or column.name
    table = column.table.name
    if f"{table}.{name}" in TITLES:
        return TITLES[f"{table}.{name}"]
    return shown.get((table, name)) or TITLES[name]


@cache
def _of_layers() -> dict[tuple[str, str], Text]:
    """The titles of the popups, by table and column."""
    found: dict[tuple[str, str], Text] = {}
    for layer in LAYERS.values():
        for field in (*layer.fields, *([layer.subheading] if layer.subheading else [])):
            values = field.value if isinstance(field.value, tuple) else (field.value,)
            for value in values:
                if isinstance(column := getattr(value, "expression", value), Column):
                    found.setdefault((column.table.name, column.name), field.title)
    return found
