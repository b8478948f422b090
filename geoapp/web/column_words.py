"""What pages call the columns of the tables that are mended by hand."""

from __future__ import annotations

from layers.text import Text

COLUMNS: dict[str, Text] = {
    "site_id": Text("Mine site (key)", "Site minier (clé)"),
    "route_id": Text("Route (key)", "Itinéraire (clé)"),
    "facility_id": Text("Facility (key)", "Installation (clé)"),
    "checkpoint_id": Text("Checkpoint (key)", "Barrière (clé)"),
    "deployment_id": Text("Deployment (key)", "Déploiement (clé)"),
    "itsci_code": Text("Code at iTSCi", "Code iTSCi"),
    "ipis_pcode": Text("Code at IPIS", "Code IPIS"),
    "licence_no": Text("Licence number", "Numéro du titre"),
    "name": Text("Name", "Nom"),
    "name_alt": Text("Other names", "Autres noms"),
    "territory": Text("Territory", "Territoire"),
    "groupement": Text("Groupement", "Groupement"),
    "locality": Text("Locality", "Localité"),
    "minerals": Text("Minerals", "Minerais"),
    "mine_type": Text("Kind of mine", "Type de mine"),
    "operator_kind": Text("Kind of operator", "Type d’exploitant"),
    "operator_name": Text("Operator", "Exploitant"),
    "workers_est": Text("Workers, estimated", "Travailleurs, estimation"),
    "workers_on": Text("Workers counted on", "Travailleurs comptés le"),
    "icglr_status": Text("ICGLR status", "Statut CIRGL"),
    "icglr_status_on": Text("ICGLR status of", "Statut CIRGL du"),
    "traceability": Text("Traceability", "Traçabilité"),
    "activity": Text("Activity", "Activité"),
    "position_method": Text("Position found by", "Position obtenue par"),
    "position_accuracy_m": Text("Position good to (m)", "Précision de la position (m)"),
    "stated_unit": Text("Unit stated by the source", "Unité indiquée par la source"),
    "kind": Text("Kind", "Type"),
    "operator": Text("Operator", "Exploitant"),
    "use": Text("Use", "Usage"),
    "mode": Text("Mode of transport", "Mode de transport"),
    "from_ref": Text("From", "De"),
    "to_ref": Text("To", "À"),
    "surface": Text("Surface", "Revêtement"),
    "passability": Text("Passability", "Praticabilité"),
    "lawful": Text("Lawful", "Légale"),
    "levy": Text("Levy", "Prélèvement"),
    "first_seen": Text("First seen on", "Vue la première fois le"),
    "last_seen": Text("Last seen on", "Vue la dernière fois le"),
    "provider_class": Text("Public or private", "Public ou privé"),
    "force": Text("Force", "Force"),
    "provider_name": Text("Name of the force or company", "Nom de la force ou société"),
    "force_unit": Text("Unit of the force", "Unité de la force"),
    "function": Text("Function", "Fonction"),
    "strength": Text("Strength", "Effectif"),
    "armed": Text("Arms", "Armement"),
    "mandate_ref": Text("Mandate: order, memorandum or contract", "Mandat\u00a0: ordre, protocole ou contrat"),
    "mou_on": Text("Memorandum of", "Protocole du"),
    "vetted": Text("Vetted", "Antécédents vérifiés"),
    "vps_trained": Text("Trained in the Voluntary Principles", "Formés aux Principes volontaires"),
    "vps_trained_on": Text("Trained on", "Formés le"),
    "equipment_transferred": Text("Equipment transferred", "Équipement transféré"),
    "coverage_m": Text("Covers (m around)", "Couvre (m alentour)"),
    "valid_from": Text("From the day", "À partir du"),
    "valid_to": Text("Until before the day", "Jusqu’avant le"),
    "geom": Text("Place", "Lieu"),
}


def column_label(name: str, language: str) -> str:
    """What a page calls a column; its own name where there is no word for it."""
    return COLUMNS[name].in_language(language) if name in COLUMNS else name
