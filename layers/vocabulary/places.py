"""What is at a place, and where that is: units, mine sites, facilities, routes, checkpoints, the base map."""

from __future__ import annotations

from layers.vocabulary.base import Vocabulary

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
BASE_KIND = Vocabulary(
    "base_kind",
    context=("neighbouring country", "pays voisin"),
    lake=("lake", "lac"),
    river=("river", "rivière"),
    town=("town", "ville"),
    road=("road (schematic)", "route (schématique)"),
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
