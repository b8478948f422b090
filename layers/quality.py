"""The checks of data quality: what may be wanting in a row of each table, once for counts, tiles and the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Subquery,
    Table,
    and_,
    case,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy import Text as TextType
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array

from layers.tables import (
    AdminUnit,
    Base,
    Checkpoint,
    Deployment,
    EscortMovement,
    Facility,
    Incident,
    MineSite,
    Route,
    SiteVisit,
    Training,
)
from layers.text import Text
from layers.vocabulary import ENDED
from layers.vocabulary.quality import BITS, NO_SOURCE

# A subquery is asked once a statement, where a function would be once a row.
TODAY = select(func.today()).scalar_subquery()
ALL = true()
YEAR, TWO_YEARS, CLOCK = 365, 730, 183


@dataclass(frozen=True)
class Check:
    """Something that may be wanting in a row; `kind` is of the vocabulary `quality_kind`, `means` defines it."""

    code: str
    kind: str
    condition: ColumnElement[bool]
    means: Text


@dataclass(frozen=True)
class Checked:
    """A table with its checks, under the name that imports and layers have; `rows` are those that are counted."""

    name: str
    title: Text
    table: Table
    checks: Sequence[Check]
    rows: ColumnElement[bool] = ALL


def _is_empty(column: Any) -> ColumnElement[bool]:
    if isinstance(column.type, ARRAY):
        return cast("ColumnElement[bool]", column == sql_cast([], column.type))
    return cast("ColumnElement[bool]", column.is_(None))


def _lacks(code: str, *columns: Any, every: bool = True) -> Check:
    """That columns are empty: all of them, or not `every` one."""
    empty = [_is_empty(column) for column in columns]
    names = [f"`{column.key}`" for column in columns]
    if len(names) == 1:
        means = Text(f"{names[0]} is empty", f"{names[0]} est vide")
    elif every:
        means = Text(" and ".join(names) + " are empty", " et ".join(names) + " sont vides")
    else:
        means = Text(" or ".join(names) + " is empty", " ou ".join(names) + " est vide")
    return Check(code, "lacks", and_(*empty) if every else or_(*empty), means)


def _before(day: Any, days: int) -> ColumnElement[bool]:
    return cast("ColumnElement[bool]", day < TODAY - days)


def _squeezed(text: Any) -> ColumnElement[str]:
    """A name in small letters and digits alone, without accents, as `geoapp.naming.squeeze` has it."""
    plain = func.normalize(func.replace(func.replace(text, "œ", "oe"), "Œ", "oe"), literal_column("NFKD"))
    return func.regexp_replace(func.lower(plain), "[^[:alnum:]]+", "", "g")


def _names_of_units() -> Subquery:
    """The code of each unit under every name that it has, squeezed."""
    names = array([AdminUnit.unit_code, AdminUnit.name_en, AdminUnit.name_fr, AdminUnit.pcode])
    name = func.unnest(names).table_valued("said", name="name").render_derived()
    found = select(_squeezed(name.c.said).label("said"), AdminUnit.unit_code).where(name.c.said.is_not(None))
    return found.select_from(AdminUnit).join(name, true()).subquery()


def _is_known(stated: Any) -> ColumnElement[bool]:
    """Whether there is a unit of that name, code or p-code; all names are looked up once a statement."""
    return _squeezed(stated).in_(select(_names_of_units().c.said))


def _is_one_of(stated: Any, units: Any) -> ColumnElement[bool]:
    """Whether the name, code or p-code is of one of some units."""
    names = _names_of_units()
    unit = func.unnest(units).table_valued("code", name="unit").render_derived()
    known = tuple_(_squeezed(stated), unit.c.code).in_(select(names.c.said, names.c.unit_code))
    return exists(select(literal(1)).select_from(unit).where(known).correlate_except(unit))


def _of_every_row(model: Any, *, placed: bool = True) -> list[Check]:
    """The checks that every table has, and those of tables whose rows state a unit."""
    checks = [_lacks("no_source", model.source_id)]
    if placed:
        nowhere = Check(
            "no_unit",
            "unit",
            model.units == sql_cast([], ARRAY(TextType())),
            Text("it lies in no unit of the four countries", "elle n'est dans aucune unité des quatre pays"),
        )
        checks += [nowhere, *unit_checks(model)]
    return checks


def unit_checks(columns: Any) -> list[Check]:
    """The checks of `stated_unit` against `units`, of a table's columns or of those of groups of its rows."""
    stated, units = columns.stated_unit, columns.units
    return [
        Check(
            "unknown_unit",
            "unit",
            and_(stated.is_not(None), ~_is_known(stated)),
            Text(
                "`stated_unit` is no name, code or p-code of a unit",
                "`stated_unit` n'est ni un nom, ni un code, ni un p-code d'une unité",
            ),
        ),
        Check(
            "outside_unit",
            "unit",
            and_(stated.is_not(None), _is_known(stated), ~_is_one_of(stated, units)),
            Text(
                "`stated_unit` means a unit, and none that the row lies in on its day",
                "`stated_unit` désigne une unité, mais aucune où la ligne se trouve à sa date",
            ),
        ),
    ]


def _repairs(model: Any, *, placed: bool = True) -> list[Check]:
    """What the import that wrote the row last put right of it."""
    of_positions = [
        (
            "geometry_repaired",
            "geometry",
            Text("its geometry was not valid and was mended", "sa géométrie n'était pas valide et a été réparée"),
        ),
        (
            "crs_guessed",
            "crs",
            Text(
                "its file did not say its coordinate system, or had longitude and latitude exchanged",
                "son fichier ne disait pas son système de coordonnées, ou inversait longitude et latitude",
            ),
        ),
    ]
    texts = (
        "text_repaired",
        "text",
        Text(
            "a text of it was broken by a wrong encoding (BisiÃ©) or could not be stored, and was mended",
            "un de ses textes, brisé par un mauvais encodage (BisiÃ©) ou impossible à enregistrer, a été réparé",
        ),
    )
    return [
        Check(code, "repaired", model.repairs.op("@>")(sql_cast([repair], ARRAY(TextType()))), means)
        for code, repair, means in [*(of_positions if placed else []), texts]
    ]


def _table(model: type[Base]) -> Table:
    return cast("Table", model.__table__)


def _empty_object(column: Any) -> ColumnElement[bool]:
    return cast("ColumnElement[bool]", column == sql_cast("{}", JSONB))


CHECKED: Mapping[str, Checked] = {
    each.name: each
    for each in (
        Checked(
            "incidents",
            Text("Incidents", "Incidents"),
            _table(Incident),
            (
                *_of_every_row(Incident),
                Check(
                    "no_place",
                    "lacks",
                    Incident.geom.is_(None),
                    Text("`geom` is empty: it is on no map", "`geom` est vide : il n'est sur aucune carte"),
                ),
                _lacks("no_precision", Incident.location_precision),
                _lacks("no_level", Incident.level),
                _lacks("no_category", Incident.category),
                _lacks("no_report_day", Incident.reported_on),
                _lacks("no_channel", Incident.channel),
                Check(
                    "no_actor",
                    "lacks",
                    or_(Incident.actor_kind.is_(None), Incident.actor_kind == "unknown"),
                    Text("`actor_kind` is empty or unknown", "`actor_kind` est vide ou inconnu"),
                ),
                _lacks("no_victims", Incident.killed, Incident.injured, every=False),
                _lacks("no_summary", Incident.summary_fr, Incident.summary_en),
                Check(
                    "overdue",
                    "old",
                    and_(Incident.status.not_in(ENDED), Incident.due_on < TODAY),
                    Text(
                        "it is neither closed nor rejected, and `due_on` is before today",
                        "il n'est ni clos ni rejeté, et `due_on` est avant aujourd'hui",
                    ),
                ),
                Check(
                    "open_long",
                    "old",
                    and_(Incident.status.not_in(ENDED), _before(Incident.occurred_from, CLOCK)),
                    Text(
                        f"it is neither closed nor rejected, and `occurred_from` is over {CLOCK} days ago",
                        f"il n'est ni clos ni rejeté, et `occurred_from` remonte à plus de {CLOCK} jours",
                    ),
                ),
                *_repairs(Incident),
            ),
        ),
        Checked(
            "mine_sites",
            Text("Mine sites", "Sites miniers"),
            _table(MineSite),
            (
                *_of_every_row(MineSite),
                _lacks("no_minerals", MineSite.minerals),
                _lacks("no_mine_type", MineSite.mine_type),
                _lacks("no_operator", MineSite.operator_name),
                _lacks("no_workers", MineSite.workers_est),
                Check(
                    "no_status",
                    "lacks",
                    MineSite.icglr_status == "unknown",
                    Text("`icglr_status` is unknown", "`icglr_status` est inconnu"),
                ),
                _lacks("no_status_day", MineSite.icglr_status_on),
                _lacks("no_activity", MineSite.activity),
                _lacks("no_traceability", MineSite.traceability),
                _lacks("no_position_method", MineSite.position_method),
                Check(
                    "status_old",
                    "old",
                    _before(MineSite.icglr_status_on, YEAR),
                    Text(
                        f"`icglr_status_on` is over {YEAR} days ago: inspections are yearly",
                        f"`icglr_status_on` remonte à plus de {YEAR} jours : les inspections sont annuelles",
                    ),
                ),
                Check(
                    "workers_old",
                    "old",
                    and_(MineSite.workers_est.is_not(None), _before(MineSite.workers_on, TWO_YEARS)),
                    Text(
                        f"`workers_on` is over {TWO_YEARS} days ago",
                        f"`workers_on` remonte à plus de {TWO_YEARS} jours",
                    ),
                ),
                *_repairs(MineSite),
            ),
        ),
        Checked(
            "deployments",
            Text("Security deployments of today", "Déploiements de sécurité d'aujourd'hui"),
            _table(Deployment),
            (
                *_of_every_row(Deployment),
                _lacks("no_provider", Deployment.provider_name),
                _lacks("no_mandate", Deployment.mandate_ref, Deployment.mou_on),
                _lacks("no_strength", Deployment.strength),
                _lacks("no_arms", Deployment.armed),
                Check(
                    "no_vetting",
                    "lacks",
                    or_(Deployment.vetted.is_(None), Deployment.vetted == "unknown"),
                    Text("`vetted` is empty or unknown", "`vetted` est vide ou inconnu"),
                ),
                _lacks("no_training", Deployment.vps_trained, Deployment.vps_trained_on, every=False),
                _lacks("no_equipment", Deployment.equipment_transferred),
                Check(
                    "deployment_old",
                    "old",
                    and_(Deployment.valid_to.is_(None), _before(Deployment.valid_from, TWO_YEARS)),
                    Text(
                        f"it has no end, and `valid_from` is over {TWO_YEARS} days ago",
                        f"il n'a pas de fin, et `valid_from` remonte à plus de {TWO_YEARS} jours",
                    ),
                ),
                *_repairs(Deployment),
            ),
            and_(Deployment.valid_from <= TODAY, or_(Deployment.valid_to.is_(None), Deployment.valid_to > TODAY)),
        ),
        Checked(
            "routes",
            Text("Transport routes", "Itinéraires de transport"),
            _table(Route),
            (
                *_of_every_row(Route),
                _lacks("no_use", Route.use),
                _lacks("no_mode", Route.mode),
                _lacks("no_surface", Route.surface),
                _lacks("no_passability", Route.passability),
                _lacks("no_ends", Route.from_ref, Route.to_ref, every=False),
                *_repairs(Route),
            ),
        ),
        Checked(
            "facilities",
            Text("Facilities", "Installations"),
            _table(Facility),
            (*_of_every_row(Facility), _lacks("no_operator", Facility.operator), *_repairs(Facility)),
        ),
        Checked(
            "checkpoints",
            Text("Checkpoints", "Barrières"),
            _table(Checkpoint),
            (
                *_of_every_row(Checkpoint),
                _lacks("no_actor", Checkpoint.operator_kind),
                _lacks("no_lawfulness", Checkpoint.lawful),
                _lacks("no_levy", Checkpoint.levy),
                _lacks("no_days_seen", Checkpoint.first_seen, Checkpoint.last_seen),
                Check(
                    "checkpoint_old",
                    "old",
                    _before(func.coalesce(Checkpoint.last_seen, Checkpoint.first_seen), YEAR),
                    Text(
                        f"`last_seen`, else `first_seen`, is over {YEAR} days ago",
                        f"`last_seen`, sinon `first_seen`, remonte à plus de {YEAR} jours",
                    ),
                ),
                *_repairs(Checkpoint),
            ),
        ),
        Checked(
            "visits",
            Text("Visits of sites", "Visites de sites"),
            _table(SiteVisit),
            (
                *_of_every_row(SiteVisit, placed=False),
                _lacks("no_visitor", SiteVisit.visitor_org),
                _lacks("no_workers", SiteVisit.workers_est),
                _lacks("no_presence", SiteVisit.armed_actor_present),
                *_repairs(SiteVisit, placed=False),
            ),
        ),
        Checked(
            "movements",
            Text("Escorted movements", "Mouvements escortés"),
            _table(EscortMovement),
            (
                *_of_every_row(EscortMovement, placed=False),
                _lacks("no_weights", EscortMovement.dispatched_kg, EscortMovement.received_kg, every=False),
                _lacks("no_departure", EscortMovement.departed_at),
                _lacks("no_permit", EscortMovement.permit_no),
                _lacks("no_escort", EscortMovement.escort_strength),
                *_repairs(EscortMovement, placed=False),
            ),
        ),
        Checked(
            "trainings",
            Text("Trainings", "Formations"),
            _table(Training),
            (
                *_of_every_row(Training),
                _lacks("no_trainer", Training.trainer_org),
                Check(
                    "no_participants",
                    "lacks",
                    _empty_object(Training.participants_by_group),
                    Text("`participants_by_group` is empty", "`participants_by_group` est vide"),
                ),
                *_repairs(Training),
            ),
        ),
    )
}


def source_of(model: Any) -> ColumnElement[str]:
    """The id of a row's source as the filter has it: NO_SOURCE for none."""
    return func.coalesce(model.source_id, NO_SOURCE)


def labelled(name: str) -> ColumnElement[Any]:
    """The conditions of a table's checks, each labelled with its code: the column that the filter's `quality` needs."""
    return array([check.condition.label(check.code) for check in CHECKED[name].checks])


def mask(checks: Sequence[Check]) -> ColumnElement[int]:
    """A number whose BITS say which of some checks a row fails."""
    none = literal(0, BigInteger())
    parts = [case((check.condition, literal(BITS[check.code], BigInteger())), else_=none) for check in checks]
    return sum(parts, none)
