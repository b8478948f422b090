"""The follow-up: committees with seats and meetings, their actions on incidents, trainings, and the risk register."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np

from geoapp.demo.belts import BELTS
from geoapp.demo.draw import Days, Objects, choose, dates, identifiers, missing, objects, unknown
from geoapp.demo.ground import points
from geoapp.demo.incidents import Followed
from geoapp.demo.rows import Writer
from geoapp.demo.scene import Scene
from layers.tables import Action, Committee, CommitteeSeat, Meeting, RiskItem, Training

MEETING_DAYS = 730
CLOSING = dt.time(15)
MISSED_SHARE = 0.12
TRAININGS, TRAINING_DAYS = 40, 3 * 365
PERIODS = {"CPS": 90, "CPP": 90, "CTS": 60, "CLS": 30, "DMTF": 30, "NSC": 90, "other": 90}
PROVINCIAL_KINDS = {"CD-NK": "CPS", "CD-SK": "CPS", "CD-IT": "CPS"}
CHAIRS = {
    "CPS": "Ministre provincial des Mines",
    "CPP": "Ministre provincial des Mines",
    "CTS": "Administrateur du territoire",
    "CLS": "Chef de poste minier",
    "DMTF": "Vice-mayor, economic development",
    "NSC": "Directeur général des mines",
    "other": "District commissioner",
}
# Group, organisation, function.
SEATS = (
    ("provincial_government", "Division des mines", "rapporteur"),
    ("provincial_government", "Service d'encadrement des artisanaux", "member"),
    ("public_security", "Police des mines", "member"),
    ("public_security", "Armée, état-major local", "member"),
    ("private_security", "Gardiennage (fictif)", "observer"),
    ("mineral_companies", "Collège des négociants", "treasurer"),
    ("mineral_companies", "Coopératives minières", "member"),
    ("civil_society", "Organisations locales", "member"),
    ("civil_society", "Organisations de femmes", "member"),
)
GROUPS = tuple(dict.fromkeys(group for group, _, _ in SEATS))
ACTIONS = {
    "Vérification sur place et rapport au comité": 5,
    "Mise de côté des minerais en attendant l'enquête": 3,
    "Suspension de l'activité sur le site": 2,
    "Retrait des étiquettes": 2,
    "Signature d'un acte d'engagement": 3,
    "Rappel des agents à leur base": 2,
    "Renforcement de l'escorte sur l'itinéraire": 2,
    "Formation aux Principes volontaires": 2,
    "Saisine du parquet": 1,
}
RESPONSIBLE = {
    "Division des mines": 5,
    "Police des mines": 4,
    "Service d'encadrement des artisanaux": 3,
    "Collège des négociants": 2,
    "Organisations locales": 1,
    "Armée, état-major local": 1,
}
RESULTS = {"fait": 6, "fait avec retard": 2, "en partie": 2}
RISKS = 80
RISKS_KNOWN = (
    (
        "security_risks",
        "Barrières illégales sur l'accès, après la paie des creuseurs",
        "Patrouille conjointe les jours de paie, relevé des barrières à chaque visite",
    ),
    (
        "violence",
        "Heurts entre creuseurs et gardes à la fermeture d'un puits",
        "Médiation par le comité avant chaque fermeture",
    ),
    (
        "human_rights_records",
        "Unité dont des agents sont mis en cause pour des arrestations arbitraires",
        "Demande de remplacement et vérification des antécédents avant tout déploiement",
    ),
    ("rule_of_law", "Parquet éloigné, plaintes sans suite", "Suivi mensuel des dossiers avec l'auditorat"),
    ("conflict", "Différend foncier entre la coopérative et la chefferie", "Concertation sous l'égide du comité local"),
    ("equipment_transfers", "Véhicule prêté à la police sans convention", "Convention d'usage et carnet de bord"),
)
TRAINED = (
    "provincial_government",
    "mineral_companies",
    "public_security_police",
    "public_security_mining_police",
    "public_security_army",
    "private_security",
    "civil_society",
    "other",
)


@dataclass
class Committees:
    """The committees, column by column, with their meetings; for each belt the one that serves it and the one above."""

    committee_id: list[str] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    unit: list[str] = field(default_factory=list)
    local: list[int] = field(default_factory=list)
    above: list[int] = field(default_factory=list)
    held: list[Days] = field(default_factory=list)

    def place(self, kind: str, name: str, unit: str) -> int:
        """The committee of this kind and name in a unit, made where there is none."""
        key = f"{kind}-{unit}-{name}".upper().replace(" ", "-")
        if key not in self.committee_id:
            self.committee_id.append(key)
            self.kind.append(kind)
            self.name.append(f"{'Stakeholder meeting' if kind == 'other' else kind} {name}")
            self.unit.append(unit)
        return self.committee_id.index(key)


def write_followup(writer: Writer, scene: Scene, followed: Followed) -> None:
    """Write committees, seats, meetings, actions, trainings and risks."""
    rng = scene.plan.generator("follow-up")
    until = np.datetime64(scene.plan.until, "D")
    committees = make_committees(scene)
    writer.write(
        Committee,
        {
            "committee_id": committees.committee_id,
            "kind": committees.kind,
            "name": committees.name,
            "unit_code": committees.unit,
            "chair_role": [CHAIRS[kind] for kind in committees.kind],
            "meeting_period_days": [PERIODS[kind] for kind in committees.kind],
        },
    )
    _write_seats(writer, committees, until, rng)
    _write_meetings(writer, committees, until, rng)
    _write_actions(writer, committees, followed, until, rng)
    _write_trainings(writer, scene, committees, until, rng)
    _write_risks(writer, scene, until, scene.plan.generator("risks"))


def make_committees(scene: Scene) -> Committees:
    """Provincial, territorial and local committees in DR Congo, district ones in Rwanda, and the others' own."""
    made = Committees()
    ground = scene.ground
    for place, belt in enumerate(BELTS):
        members = np.flatnonzero(scene.sites.belt == place)
        province = scene.sites.province[members[0]]
        code, country = ground.codes[province], ground.countries[province]
        if country == "CD":
            above = made.place(PROVINCIAL_KINDS.get(code, "CPP"), ground.names[province], code)
            local = made.place("CTS", belt.territory, code)
            names, counts = np.unique(scene.sites.locality[members].astype(str), return_counts=True)
            made.place("CLS", str(names[counts.argmax()]), code)
        elif country == "RW":
            local = above = made.place("DMTF", belt.territory, code)
        elif country == "BI":
            local = above = made.place("NSC", "Burundi", country)
        else:
            local = above = made.place("other", belt.territory, code)
        made.local.append(local)
        made.above.append(above)
    return made


def _write_seats(writer: Writer, committees: Committees, until: np.datetime64, rng: np.random.Generator) -> None:
    rows = [(each, *seat) for each in committees.committee_id for seat in SEATS if rng.random() > 0.1]
    number = len(rows)
    since = until - rng.integers(200, 1_800, number)
    trained = np.minimum(since + rng.integers(0, 500, number), until)
    writer.write(
        CommitteeSeat,
        {
            "id": identifiers(rng, number),
            "committee_id": [row[0] for row in rows],
            "group": [row[1] for row in rows],
            "organisation": [row[2] for row in rows],
            "function": [row[3] for row in rows],
            "from": dates(since),
            "trained_on": missing(dates(trained), rng.random(number) < 0.45),
        },
    )


def _write_meetings(writer: Writer, committees: Committees, until: np.datetime64, rng: np.random.Generator) -> None:
    """Meetings about as often as the rules of each committee say, some of them missed."""
    for kind in committees.kind:
        period = PERIODS[kind]
        due = np.arange(int(rng.integers(1, period)), MEETING_DAYS, period)
        due = due[rng.random(len(due)) > MISSED_SHARE]
        committees.held.append(np.sort(until - due - rng.integers(0, period // 5, len(due))))
    of = [each for each, held in zip(committees.committee_id, committees.held, strict=True) for _ in held]
    attending = rng.poisson((3, 2.5, 0.8, 3, 2.5), (len(of), len(GROUPS)))
    days = dates(np.concatenate(committees.held))
    latest = [place == len(held) - 1 for held in committees.held for place in range(len(held))]
    writer.write(
        Meeting,
        {
            "meeting_id": [f"{each}-{day}" for each, day in zip(of, days, strict=True)],
            "committee_id": of,
            "held_on": days,
            "attendees_by_group": [dict(zip(GROUPS, row, strict=True)) for row in attending.tolist()],
            "minutes_ref": unknown(rng, [f"PV-{day}" for day in days], 0.2),
            # Those of the last meeting are still to be closed.
            "closed_at": [
                None if last else dt.datetime.combine(day, CLOSING, dt.UTC)
                for day, last in zip(days, latest, strict=True)
            ],
            "closed_by": [None if last else "demo-coordinator" for last in latest],
        },
    )


def _write_actions(
    writer: Writer, committees: Committees, followed: Followed, until: np.datetime64, rng: np.random.Generator
) -> None:
    """One action for each followed incident, decided at the first meeting after it was known.

    Level 1 goes to the committee above the local one.
    """
    responsible = np.where(
        followed.level == 1, np.array(committees.above)[followed.belt], np.array(committees.local)[followed.belt]
    )
    decided = np.full(len(responsible), np.datetime64("NaT"), dtype="datetime64[D]")
    for place, days in enumerate(committees.held):
        members = np.flatnonzero(responsible == place)
        calendar = np.append(days, np.datetime64("NaT"))
        decided[members] = calendar[np.searchsorted(calendar[:-1], followed.known[members])]
    # What was closed before the next meeting needed no action.
    kept = ~np.isnat(decided) & ~(followed.closed < decided)
    decided, closed = decided[kept], followed.closed[kept]
    number = len(decided)
    due = decided + np.where(followed.level[kept] == 1, 14, rng.integers(21, 91, number))
    done = np.where(np.isnat(closed), decided + rng.integers(5, 240, number), closed)
    open_ = (done > until) | (np.isnat(closed) & (rng.random(number) < 0.4))
    ids = objects(committees.committee_id)[responsible[kept]]
    writer.write(
        Action,
        {
            "id": identifiers(rng, number),
            "committee_id": ids,
            "meeting_id": [f"{each}-{day}" for each, day in zip(ids, dates(decided), strict=True)],
            "decided_on": dates(decided),
            "action": choose(rng, ACTIONS, number),
            "responsible_org": choose(rng, RESPONSIBLE, number),
            "due_on": dates(due),
            "done_on": missing(dates(done), open_),
            "result": missing(choose(rng, RESULTS, number), open_),
            "incident_id": followed.incident_id[kept],
        },
    )


def _write_trainings(
    writer: Writer, scene: Scene, committees: Committees, until: np.datetime64, rng: np.random.Generator
) -> None:
    """Trainings in the towns next to the belts, for a committee or for all who come."""
    ground = scene.ground
    belt = rng.integers(0, len(BELTS), TRAININGS)
    town = ground.towns.nearest(*(np.array([[BELTS[b].x, BELTS[b].y] for b in belt]).T))
    province = ground.towns.province[town]
    english = np.isin(ground.countries[province], ("RW", "UG"))
    committee = objects(committees.committee_id)[np.array(committees.local)[belt]]
    writer.write(
        Training,
        {
            "id": identifiers(rng, TRAININGS),
            "training_id": [f"TR-{serial:03d}" for serial in range(1, TRAININGS + 1)],
            "topic": choose(
                rng, {"voluntary_principles": 6, "due_diligence": 3, "human_rights": 2, "other": 1}, TRAININGS
            ),
            "held_on": dates(until - rng.integers(3, TRAINING_DAYS, TRAININGS)),
            "days": rng.integers(1, 5, TRAININGS),
            "place_text": ground.towns.name[town],
            "unit_code": ground.codes[province],
            "language": np.where(english, "en", "fr"),
            "trainer_org": choose(rng, {"Équipe du programme (fictive)": 3, "ONG partenaire (fictive)": 1}, TRAININGS),
            "funder": unknown(rng, choose(rng, {"Bailleur A (fictif)": 1, "Bailleur B (fictif)": 1}, TRAININGS), 0.2),
            "participants_by_group": _participants(rng),
            "committee_id": unknown(rng, committee, 0.5),
            "geom": points(ground.towns.x[town], ground.towns.y[town]),
        },
    )


def _write_risks(writer: Writer, scene: Scene, until: np.datetime64, rng: np.random.Generator) -> None:
    """Risks of sites, facilities and routes, some of them due for review."""
    kind = rng.choice(("site_id", "facility_ref", "route_ref"), RISKS, p=(0.6, 0.2, 0.2))
    keys: dict[str, Objects] = {
        "site_id": scene.sites.site_id,
        "facility_ref": scene.facilities.id,
        "route_ref": scene.routes.id,
    }
    chosen = {name: rng.integers(0, len(known), RISKS) for name, known in keys.items()}
    place = rng.integers(0, len(RISKS_KNOWN), RISKS)
    writer.write(
        RiskItem,
        {
            "id": identifiers(rng, RISKS),
            **{
                name: [known[at] if which == name else None for which, at in zip(kind, chosen[name], strict=True)]
                for name, known in keys.items()
            },
            "item": [RISKS_KNOWN[each][0] for each in place],
            "risk": [RISKS_KNOWN[each][1] for each in place],
            "measure": [RISKS_KNOWN[each][2] for each in place],
            "likelihood": missing(rng.integers(1, 6, RISKS).astype(object), rng.random(RISKS) < 0.1),
            "consequence": missing(rng.integers(1, 6, RISKS).astype(object), rng.random(RISKS) < 0.1),
            "owner": choose(rng, RESPONSIBLE, RISKS),
            "review_on": dates(until + rng.integers(-60, 300, RISKS)),
        },
    )


def _participants(rng: np.random.Generator) -> list[dict[str, dict[str, int]]]:
    """For each training the people of each group that came, and how many of them were women."""
    total = rng.poisson((4, 5, 4, 5, 2, 3, 4, 1), (TRAININGS, len(TRAINED)))
    women = rng.binomial(total, rng.uniform(0.05, 0.45, total.shape))
    return [
        {
            group: {"total": all_, "women": of_them}
            for group, all_, of_them in zip(TRAINED, row, those, strict=True)
            if all_
        }
        for row, those in zip(total.tolist(), women.tolist(), strict=True)
    ]
