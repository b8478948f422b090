"""Security forces: who they are, what they do, and how they are prepared."""

from __future__ import annotations

from layers.vocabulary.base import Vocabulary

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
