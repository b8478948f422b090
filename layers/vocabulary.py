"""The controlled vocabularies: every code that a column may hold, with its labels in English and French."""

from __future__ import annotations

from collections.abc import Iterator

from layers.text import Text


class Vocabulary:
    """A closed list of codes, in the order in which people are shown them.

    Built from keyword arguments `code=("English label", "libellé français")`; codes that are no Python names are
    given in `other`.
    """

    def __init__(self, name: str, other: dict[str, tuple[str, str]] | None = None, /, **labels: tuple[str, str]):
        self.name = name
        self.labels = {code: Text(*pair) for code, pair in {**(other or {}), **labels}.items()}
        REGISTRY[name] = self

    def __iter__(self) -> Iterator[str]:
        return iter(self.labels)

    def __contains__(self, code: object) -> bool:
        return code in self.labels

    def __getitem__(self, code: str) -> Text:
        return self.labels[code]

    def label(self, code: str | int | None, language: str) -> str:
        """The label of `code` in `language`; the code itself where it is not of this vocabulary, "" for none."""
        if code is None:
            return ""
        text = self.labels.get(str(code))
        return text.in_language(language) if text else str(code)


REGISTRY: dict[str, Vocabulary] = {}

COUNTRY = Vocabulary(
    "country",
    BI=("Burundi", "Burundi"),
    CD=("DR Congo", "RD Congo"),
    RW=("Rwanda", "Rwanda"),
    UG=("Uganda", "Ouganda"),
)
ADMIN_TYPE = Vocabulary(
    "admin_type",
    country=("country", "pays"),
    province=("province", "province"),
    territoire=("territory", "territoire"),
    ville=("city", "ville"),
    commune=("commune", "commune"),
    district=("district", "district"),
    region=("region", "région"),
)

MINERAL = Vocabulary(
    "mineral",
    cassiterite=("cassiterite (tin)", "cassitérite (étain)"),
    coltan=("coltan (tantalum)", "coltan (tantale)"),
    wolframite=("wolframite (tungsten)", "wolframite (tungstène)"),
    gold=("gold", "or"),
    diamond=("diamond", "diamant"),
    copper=("copper", "cuivre"),
    cobalt=("cobalt", "cobalt"),
    tourmaline=("tourmaline", "tourmaline"),
    other=("other mineral", "autre minerai"),
)
MINE_TYPE = Vocabulary(
    "mine_type",
    artisanal=("artisanal", "artisanal"),
    semi_mechanised=("semi-mechanised", "semi-mécanisé"),
    industrial=("industrial", "industriel"),
)
OPERATOR_KIND = Vocabulary(
    "operator_kind",
    cooperative=("cooperative", "coopérative"),
    company=("company", "société"),
    individual=("individual", "particulier"),
)
ICGLR_STATUS = Vocabulary(
    "icglr_status",
    green=("green", "vert"),
    yellow=("yellow", "jaune"),
    red=("red", "rouge"),
    blue=("blue (not yet verified)", "bleu (pas encore vérifié)"),
    not_inspected=("not inspected", "non inspecté"),
    unknown=("unknown", "inconnu"),
)
TRACEABILITY = Vocabulary(
    "traceability",
    itsci=("iTSCi", "iTSCi"),
    other=("other programme", "autre programme"),
    none=("none", "aucune"),
    suspended=("suspended", "suspendue"),
)
ACTIVITY = Vocabulary(
    "activity",
    active=("active", "actif"),
    seasonal=("seasonal", "saisonnier"),
    suspended=("suspended", "suspendu"),
    abandoned=("abandoned", "abandonné"),
)
POSITION_METHOD = Vocabulary(
    "position_method",
    gps=("GPS", "GPS"),
    map=("from a map", "d'après une carte"),
    reported=("as reported", "selon déclaration"),
)
PRESENCE_FREQUENCY = Vocabulary(
    "presence_frequency",
    permanent=("permanent", "permanente"),
    daily=("daily", "quotidienne"),
    weekly=("weekly", "hebdomadaire"),
    monthly=("monthly", "mensuelle"),
    rare=("rare", "rare"),
    none=("none", "aucune"),
)
INTERFERENCE = Vocabulary(
    "interference",
    digging=("digging", "creusage"),
    taxation=("taxation", "taxation"),
    forced_labour=("forced labour", "travail forcé"),
    pillage=("pillage", "pillage"),
    control=("control", "contrôle"),
)
FACILITY_KIND = Vocabulary(
    "facility_kind",
    depot=("depot", "dépôt"),
    buying_house=("buying house", "maison d'achat"),
    processor=("processor", "entité de traitement"),
    exporter=("exporter", "exportateur"),
    explosives_magazine=("explosives magazine", "dépôt d'explosifs"),
    police_post=("police post", "poste de police"),
    border_post=("border post", "poste-frontière"),
)
ROUTE_USE = Vocabulary(
    "route_use",
    minerals=("minerals", "minerais"),
    explosives=("explosives", "explosifs"),
    both=("minerals and explosives", "minerais et explosifs"),
)
ROUTE_MODE = Vocabulary(
    "route_mode",
    foot=("on foot", "à pied"),
    motorbike=("motorbike", "moto"),
    light_vehicle=("light vehicle", "véhicule léger"),
    truck=("truck", "camion"),
    boat=("boat", "bateau"),
    air=("air", "avion"),
)
PASSABILITY = Vocabulary(
    "passability",
    all_year=("all year", "toute l'année"),
    dry_season=("dry season", "saison sèche"),
    difficult=("difficult", "difficile"),
)
LAWFUL = Vocabulary(
    "lawful",
    yes=("lawful", "légal"),
    no=("unlawful", "illégal"),
    unclear=("unclear", "incertain"),
)
LEVY = Vocabulary(
    "levy",
    none=("none", "aucun"),
    cash=("cash", "argent"),
    minerals=("minerals", "minerais"),
    both=("cash and minerals", "argent et minerais"),
)

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
OUTCOME = Vocabulary(
    "outcome",
    resolved=("resolved", "résolu"),
    mitigated=("mitigated", "atténué"),
    disengaged=("disengaged", "désengagé"),
    unfounded=("unfounded", "non fondé"),
    merged=("merged with another", "fusionné avec un autre"),
    unresolved=("unresolved", "non résolu"),
)

PROVIDER_CLASS = Vocabulary("provider_class", public=("public", "publique"), private=("private", "privée"))
FORCE = Vocabulary(
    "force",
    police=("police", "police"),
    mining_police=("mining police", "police des mines"),
    army=("army", "armée"),
    other_state=("other state force", "autre force de l'État"),
    private_company=("private security company", "société de gardiennage"),
    in_house=("in-house guards", "gardes internes"),
)
DEPLOYMENT_FUNCTION = Vocabulary(
    "deployment_function",
    site_guard=("site guard", "garde de site"),
    depot_guard=("depot guard", "garde de dépôt"),
    checkpoint=("checkpoint", "barrière"),
    patrol=("patrol", "patrouille"),
    convoy_escort=("convoy escort", "escorte de convoi"),
    explosives_escort=("explosives escort", "escorte d'explosifs"),
)
ARMED = Vocabulary(
    "armed",
    no=("unarmed", "non armé"),
    sidearm=("sidearm", "arme de poing"),
    long_arm=("long arm", "arme longue"),
)
VETTED = Vocabulary(
    "vetted", yes=("vetted", "vérifié"), no=("not vetted", "non vérifié"), unknown=("unknown", "inconnu")
)
CARGO = Vocabulary(
    "cargo",
    explosives=("explosives", "explosifs"),
    detonators=("detonators", "détonateurs"),
    minerals=("minerals", "minerais"),
)

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
TRAINING_TOPIC = Vocabulary(
    "training_topic",
    voluntary_principles=("Voluntary Principles", "Principes volontaires"),
    human_rights=("human rights", "droits humains"),
    due_diligence=("due diligence", "devoir de diligence"),
    other=("other", "autre"),
)
ROLE = Vocabulary(
    "role",
    committee=("committee member", "membre de comité"),
    coordinator=("coordinator", "coordinateur"),
    analyst=("risk analyst", "analyste des risques"),
    gis=("GIS officer", "responsable SIG"),
    admin=("administrator", "administrateur"),
)
BASE_KIND = Vocabulary(
    "base_kind",
    context=("neighbouring country", "pays voisin"),
    lake=("lake", "lac"),
    river=("river", "rivière"),
    town=("town", "ville"),
    road=("road (schematic)", "route (schématique)"),
)
SEVERITY = Vocabulary(
    "severity",
    error=("error", "erreur"),
    warning=("warning", "avertissement"),
    repair=("repair", "réparation"),
)
