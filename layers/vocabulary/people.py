"""Committees, trainings, roles, what the audit knows of, and how serious a finding is."""

from __future__ import annotations

from layers.vocabulary.base import Vocabulary

COMMITTEE_KIND = Vocabulary(
    "committee_kind",
    CPS=("Provincial Monitoring Committee (CPS)", "Comité provincial de suivi (CPS)"),
    CPP=("Provincial Steering Committee (CPP)", "Comité provincial de pilotage (CPP)"),
    CTS=("Territorial Monitoring Committee (CTS)", "Comité territorial de suivi (CTS)"),
    CLS=("Local Monitoring Committee (CLS)", "Comité local de suivi (CLS)"),
    DMTF=("District Mining Task Force (DMTF)", "Groupe de travail minier de district (DMTF)"),
    NSC=("National Steering Committee (NSC)", "Comité national de pilotage (NSC)"),
    other=("other committee", "autre comité"),
)
# The groups that a committee of the Voluntary Principles brings together.
SEAT_GROUP = Vocabulary(
    "seat_group",
    provincial_government=("provincial government", "gouvernement provincial"),
    mineral_companies=("mineral companies", "entreprises minières"),
    public_security=("public security", "sécurité publique"),
    private_security=("private security", "sécurité privée"),
    civil_society=("civil society", "société civile"),
    other=("other", "autre"),
)
TRAINING_TOPIC = Vocabulary(
    "training_topic",
    voluntary_principles=("Voluntary Principles", "Principes volontaires"),
    human_rights=("human rights", "droits humains"),
    due_diligence=("due diligence", "devoir de diligence"),
    other=("other", "autre"),
)
PARTICIPANT_GROUP = Vocabulary(
    "participant_group",
    provincial_government=("provincial government", "gouvernement provincial"),
    mineral_companies=("mineral companies", "sociétés minières"),
    public_security_police=("police", "police"),
    public_security_mining_police=("mining police", "police des mines"),
    public_security_army=("army", "armée"),
    public_security_other_state=("other state force", "autre force de l'État"),
    private_security=("private security", "sécurité privée"),
    civil_society=("civil society", "société civile"),
    other=("other", "autre"),
)
# What the Voluntary Principles' risk assessment looks at.
RISK_ITEM = Vocabulary(
    "risk_item",
    security_risks=("security risks", "risques de sécurité"),
    violence=("potential for violence", "potentiel de violence"),
    human_rights_records=("human-rights records of forces", "antécédents des forces en droits humains"),
    rule_of_law=("rule of law", "état de droit"),
    conflict=("conflict and its causes", "conflit et ses causes"),
    equipment_transfers=("equipment transfers", "transferts d'équipement"),
)
LIKELIHOOD = Vocabulary(
    "likelihood",
    {
        "1": ("1 rare", "1 rare"),
        "2": ("2 unlikely", "2 peu probable"),
        "3": ("3 possible", "3 possible"),
        "4": ("4 likely", "4 probable"),
        "5": ("5 almost certain", "5 presque certain"),
    },
)
CONSEQUENCE = Vocabulary(
    "consequence",
    {
        "1": ("1 slight", "1 négligeable"),
        "2": ("2 minor", "2 mineure"),
        "3": ("3 moderate", "3 modérée"),
        "4": ("4 major", "4 majeure"),
        "5": ("5 extreme", "5 extrême"),
    },
)
ROLE = Vocabulary(
    "role",
    committee=("committee member", "membre de comité"),
    coordinator=("coordinator", "coordinateur"),
    analyst=("risk analyst", "analyste des risques"),
    gis=("GIS officer", "responsable SIG"),
    admin=("administrator", "administrateur"),
)
SEVERITY = Vocabulary(
    "severity",
    error=("error", "erreur"),
    warning=("warning", "avertissement"),
    repair=("repair", "réparation"),
)
EVENT = Vocabulary(
    "event",
    {"import": ("import", "import")},
    sign_in=("sign-in", "connexion"),
    backup=("backup made", "sauvegarde faite"),
    restore=("backup put back", "sauvegarde remise en place"),
    sign_in_failed=("failed sign-in", "connexion échouée"),
    sign_out=("sign-out", "déconnexion"),
    password=("password changed", "mot de passe changé"),
    token=("token made", "jeton créé"),
    token_revoked=("token revoked", "jeton révoqué"),
    link_made=("sign-in link made", "lien de connexion créé"),
    link_used=("sign-in link used", "lien de connexion utilisé"),
    session_ended=("session ended", "session terminée"),
    user_added=("user added", "utilisateur ajouté"),
    user_disabled=("user disabled", "utilisateur désactivé"),
    user_enabled=("user enabled", "utilisateur réactivé"),
    rights=("rights changed", "droits modifiés"),
    refused=("refused", "refus"),
    read=("read", "lecture"),
    question=("risk question", "question de risque"),
    insert=("added", "ajout"),
    update=("changed", "modification"),
    delete=("removed", "suppression"),
    undo=("import undone", "import annulé"),
    export=("export", "export"),
    step=("step taken", "étape franchie"),
    release=("released", "communication"),
    withdraw=("release withdrawn", "communication retirée"),
    publish=("published", "publication"),
    redact=("redacted", "caviardage"),
)
