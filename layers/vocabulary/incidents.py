"""What happened: levels, categories, actors, channels, precision, and the life of an incident."""

from __future__ import annotations

from layers.vocabulary.base import Vocabulary

LEVEL = Vocabulary(
    "level",
    {
        "1": ("Level 1 (highest)", "Niveau 1 (le plus élevé)"),
        "2": ("Level 2", "Niveau 2"),
        "3": ("Level 3 (lowest)", "Niveau 3 (le plus bas)"),
    },
)
PUBLISHED_LEVEL = Vocabulary(
    "published_level",
    {
        **{code: (label.en, label.fr) for code, label in LEVEL.labels.items()},
        "unknown": ("Level unknown", "Niveau inconnu"),
    },
)
CATEGORY = Vocabulary(
    "category",
    armed_group_presence=("armed group presence", "présence d'un groupe armé"),
    security_force_interference=("interference by security forces", "ingérence des forces de sécurité"),
    illegal_taxation=("illegal taxation", "taxation illégale"),
    roadblock_extortion=("extortion at a roadblock", "extorsion à une barrière"),
    violence=("violence", "violence"),
    sexual_violence=("sexual violence", "violence sexuelle"),
    abduction=("abduction", "enlèvement"),
    theft_or_robbery=("theft or robbery", "vol ou braquage"),
    depot_break_in=("depot break-in", "cambriolage d'un dépôt"),
    tag_fraud=("tag fraud", "fraude aux étiquettes"),
    origin_misrepresentation=("misrepresentation of origin", "fausse déclaration d'origine"),
    smuggling=("smuggling", "contrebande"),
    bribery=("bribery", "corruption"),
    child_labour=("child labour", "travail des enfants"),
    forced_labour=("forced labour", "travail forcé"),
    mine_accident=("mine accident", "accident minier"),
    explosives_loss_or_misuse=("loss or misuse of explosives", "perte ou détournement d'explosifs"),
    community_conflict=("community conflict", "conflit communautaire"),
)
ANNEX2 = Vocabulary(
    "annex2",
    {
        "1a": ("1a torture, cruel or degrading treatment", "1a torture, traitements cruels ou dégradants"),
        "1b": ("1b forced labour", "1b travail forcé"),
        "1c": ("1c worst forms of child labour", "1c pires formes de travail des enfants"),
        "1d": (
            "1d other gross human rights violations",
            "1d autres violations flagrantes des droits humains",
        ),
        "1e": ("1e war crimes", "1e crimes de guerre"),
        "2a": (
            "2a non-state armed groups: illegal control",
            "2a groupes armés non étatiques : contrôle illégal",
        ),
        "2b": ("2b non-state armed groups: extortion", "2b groupes armés non étatiques : extorsion"),
        "2c": (
            "2c non-state armed groups: taxing intermediaries",
            "2c groupes armés non étatiques : taxation des intermédiaires",
        ),
        "3a": ("3a security forces: illegal control", "3a forces de sécurité : contrôle illégal"),
        "3b": ("3b security forces: extortion", "3b forces de sécurité : extorsion"),
        "3c": (
            "3c security forces: taxing intermediaries",
            "3c forces de sécurité : taxation des intermédiaires",
        ),
        "4": ("4 bribery and misrepresentation of origin", "4 corruption et fausse déclaration d'origine"),
        "5": ("5 money laundering", "5 blanchiment d'argent"),
        "6": ("6 taxes, fees and royalties", "6 impôts, droits et redevances"),
        "none": ("none of Annex II", "hors annexe II"),
    },
)
ACT = Vocabulary(
    "act",
    attack=("attack", "attaque"),
    confine=("confinement", "séquestration"),
    theft=("theft", "vol"),
    threat=("threat", "menace"),
    extortion=("extortion", "extorsion"),
    fraud=("fraud", "fraude"),
    accident=("accident", "accident"),
    other=("other", "autre"),
)
STAGE = Vocabulary(
    "stage",
    mine=("mine", "mine"),
    depot=("depot", "dépôt"),
    transport=("transport", "transport"),
    processing=("processing", "traitement"),
    export=("export", "exportation"),
    community=("community", "communauté"),
)
ACTOR_KIND = Vocabulary(
    "actor_kind",
    state_army=("army", "armée"),
    state_police=("police", "police"),
    mining_police=("mining police", "police des mines"),
    other_state=("other state service", "autre service de l'État"),
    private_guard=("private guard", "garde privé"),
    armed_group=("armed group", "groupe armé"),
    cooperative=("cooperative", "coopérative"),
    company=("company", "société"),
    trader=("trader", "négociant"),
    community=("community", "communauté"),
    unknown=("unknown", "inconnu"),
)
VICTIM_KIND = Vocabulary(
    "victim_kind",
    miner=("miner", "creuseur"),
    transporter=("transporter", "transporteur"),
    trader=("trader", "négociant"),
    company=("company", "société"),
    state_agent=("state agent", "agent de l'État"),
    security_force=("security force", "force de sécurité"),
    community=("community", "communauté"),
    unknown=("unknown", "inconnu"),
)
CHANNEL = Vocabulary(
    "channel",
    field_staff=("field staff", "agents de terrain"),
    committee=("committee", "comité"),
    whistleblower=("whistleblower", "lanceur d'alerte"),
    tagging_data=("tagging data", "données d'étiquetage"),
    audit=("audit", "audit"),
    ngo=("NGO", "ONG"),
    un_report=("UN report", "rapport de l'ONU"),
    media=("media", "médias"),
    state=("state service", "service de l'État"),
)
DATE_PRECISION = Vocabulary(
    "date_precision",
    {
        "1": ("exact day", "jour exact"),
        "2": ("within a week", "à une semaine près"),
        "3": ("within a month", "à un mois près"),
        "4": ("longer", "plus d'un mois"),
    },
)
LOCATION_PRECISION = Vocabulary(
    "location_precision",
    {
        "1": ("exact", "exacte"),
        "2": ("within 1 km", "à 1 km près"),
        "3": ("locality, about 5 km", "localité, environ 5 km"),
        "4": ("territory or district", "territoire ou district"),
        "5": ("province", "province"),
    },
)
STATUS = Vocabulary(
    "status",
    reported=("reported", "signalé"),
    verifying=("being verified", "en vérification"),
    open=("open", "ouvert"),
    mitigating=("being mitigated", "en cours d'atténuation"),
    monitoring=("monitored", "sous suivi"),
    closed=("closed", "clos"),
    rejected=("rejected", "rejeté"),
    reopened=("reopened", "rouvert"),
)
# Of these nothing is due any more.
ENDED = ("closed", "rejected")
OUTCOME = Vocabulary(
    "outcome",
    resolved=("resolved", "résolu"),
    mitigated=("mitigated", "atténué"),
    disengaged=("disengaged", "désengagé"),
    unfounded=("unfounded", "non fondé"),
    merged=("merged with another", "fusionné avec un autre"),
    unresolved=("unresolved", "non résolu"),
)
STEP_KIND = Vocabulary(
    "step_kind",
    step=("step", "étape"),
    due=("due date moved", "échéance déplacée"),
    release=("released to the committee", "communiqué au comité"),
    withdraw=("release withdrawn", "communication retirée"),
)
