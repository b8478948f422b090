"""The tables, as SQLAlchemy models; this package is the one place that defines their columns and checks."""

from layers.tables.accounts import (
    ApiToken,
    AppUser,
    KnownBrowser,
    SavedView,
    SignInCount,
    SignInLink,
    UserPassword,
    UserScope,
    WebSession,
)
from layers.tables.base import Base
from layers.tables.boundaries import AdminUnit, AdminUnitOrigin, AdminUnitOutline, AdminUnitPart, BaseFeature
from layers.tables.briefings import Briefing, BriefingItem, Watch
from layers.tables.changes import Change
from layers.tables.desk import ImportJob, ImportPart, ImportUpload, RowChange
from layers.tables.followup import (
    Action,
    Committee,
    CommitteeSeat,
    Meeting,
    MeetingAttendance,
    MeetingItem,
    MinutesAddition,
    RiskIncident,
    RiskItem,
    Training,
)
from layers.tables.incidents import (
    Incident,
    IncidentCountry,
    IncidentRelease,
    IncidentReport,
    IncidentStep,
    RepeatRefusal,
)
from layers.tables.network import NetworkEdge
from layers.tables.places import AliasRefusal, Checkpoint, Facility, MineSite, Route, SiteAlias, SiteVisit
from layers.tables.publication import PublishedCell, PublishedEdition
from layers.tables.records import (
    AuditEvent,
    AuditSeal,
    ImportBatch,
    ImportIssue,
    ImportMapping,
    Setting,
    Source,
    Vocab,
)
from layers.tables.security import Deployment, EscortMovement

__all__ = [
    "Action",
    "AdminUnit",
    "AdminUnitOrigin",
    "AdminUnitOutline",
    "AdminUnitPart",
    "AliasRefusal",
    "ApiToken",
    "AppUser",
    "AuditEvent",
    "AuditSeal",
    "Base",
    "BaseFeature",
    "Briefing",
    "BriefingItem",
    "Change",
    "Checkpoint",
    "Committee",
    "CommitteeSeat",
    "Deployment",
    "EscortMovement",
    "Facility",
    "ImportBatch",
    "ImportIssue",
    "ImportJob",
    "ImportMapping",
    "ImportPart",
    "ImportUpload",
    "Incident",
    "IncidentCountry",
    "IncidentRelease",
    "IncidentReport",
    "IncidentStep",
    "KnownBrowser",
    "Meeting",
    "MeetingAttendance",
    "MeetingItem",
    "MineSite",
    "MinutesAddition",
    "NetworkEdge",
    "PublishedCell",
    "PublishedEdition",
    "RepeatRefusal",
    "RiskIncident",
    "RiskItem",
    "Route",
    "RowChange",
    "SavedView",
    "Setting",
    "SignInCount",
    "SignInLink",
    "SiteAlias",
    "SiteVisit",
    "Source",
    "Training",
    "UserPassword",
    "UserScope",
    "Vocab",
    "Watch",
    "WebSession",
]
