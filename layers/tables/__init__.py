"""The tables, as SQLAlchemy models; this package is the one place that defines their columns and checks."""

from layers.tables.base import Base
from layers.tables.boundaries import AdminUnit, AdminUnitOrigin, AdminUnitPart, BaseFeature
from layers.tables.changes import Change
from layers.tables.followup import Action, Committee, CommitteeSeat, Meeting, RiskItem, Training
from layers.tables.incidents import Incident, IncidentRelease
from layers.tables.places import Checkpoint, Facility, MineSite, Route, SiteAlias, SiteVisit
from layers.tables.publication import PublishedCell, PublishedEdition
from layers.tables.records import (
    AppUser,
    AuditEvent,
    ImportBatch,
    ImportIssue,
    Setting,
    Source,
    UserScope,
    Vocab,
    WebSession,
)
from layers.tables.security import Deployment, EscortMovement

__all__ = [
    "Action",
    "AdminUnit",
    "AdminUnitOrigin",
    "AdminUnitPart",
    "AppUser",
    "AuditEvent",
    "Base",
    "BaseFeature",
    "Change",
    "Checkpoint",
    "Committee",
    "CommitteeSeat",
    "Deployment",
    "EscortMovement",
    "Facility",
    "ImportBatch",
    "ImportIssue",
    "Incident",
    "IncidentRelease",
    "Meeting",
    "MineSite",
    "PublishedCell",
    "PublishedEdition",
    "RiskItem",
    "Route",
    "Setting",
    "SiteAlias",
    "SiteVisit",
    "Source",
    "Training",
    "UserScope",
    "Vocab",
    "WebSession",
]
