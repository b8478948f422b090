"""The errors that a user may meet: each message says what is wrong and what to do next."""

from __future__ import annotations

import errno

from layers.text import Text, typeset

# What PostgreSQL calls a full disk.
DISK_FULL = "53100"
# And what it says where the same will be possible later, or elsewhere: it ended an idle transaction, or is a standby.
PASSING = {"25P03", "25006"}


class GeoappError(Exception):
    """Something that the user can mend; shown without a traceback."""


class SettingsError(GeoappError):
    """The environment holds a value that cannot be used."""


class ClusterError(GeoappError):
    """The embedded database cannot be made, started or stopped."""


class DatabaseError(GeoappError):
    """The database cannot be reached, or is not in the state that this program expects."""


class ServiceError(GeoappError):
    """geoapp cannot be made a service of this machine."""


class BackupError(GeoappError):
    """A backup cannot be made, read, or put back."""


class ImportRefusedError(GeoappError):
    """A file cannot be imported; `said` is the reason in every language, what was expected and what to do.

    `row` (from 1, in the order of the file) and `column` say where in the file the reason lies, where it lies in one.
    """

    def __init__(self, en: str, fr: str, *, row: int | None = None, column: str | None = None):
        super().__init__(en)
        self.said = Text(en, fr)
        self.row = row
        self.column = column


class NotFoundError(GeoappError):
    """What was asked for does not exist, or is not for this viewer."""


class UnauthorizedError(GeoappError):
    """What a request is signed in with is not known, or holds no longer."""


class ForbiddenError(GeoappError):
    """What was asked for is another's to do."""


class ConflictError(GeoappError):
    """What was asked for was done, or changed, by somebody else meanwhile; `said` is that in every language."""

    def __init__(self, said: Text):
        super().__init__(said.en)
        self.said = said


class BadRequestError(GeoappError):
    """A parameter cannot be understood or is out of its range."""


class QuestionError(BadRequestError):
    """A risk question that cannot be answered as it is asked; `said` is what is allowed, in every language."""

    def __init__(self, en: str, fr: str):
        super().__init__(en)
        self.said = Text(en, typeset(fr, "fr"))


class TooManyRequestsError(GeoappError):
    """More was asked than one client may; `seconds` is how long to wait before asking again."""

    def __init__(self, message: str, seconds: int):
        super().__init__(message)
        self.seconds = seconds


class AssetsMissingError(GeoappError):
    """The browser's scripts and styles have not been built."""


class DemoError(GeoappError):
    """The demonstration data cannot be made with what was asked for."""


class PublicationError(GeoappError):
    """An edition cannot be made: not due yet, made before, or with nothing to count."""


class AuditError(GeoappError):
    """The audit cannot be sealed or checked."""


def is_full(error: BaseException) -> bool:
    """Whether an error says that a disk, or what one may use of it, is full."""
    sqlstate = getattr(getattr(error, "orig", error), "sqlstate", None)
    told = isinstance(error, OSError) and ("No space left on device" in str(error) or "errno 28" in str(error))
    return sqlstate == DISK_FULL or getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT} or told


def is_passing(error: BaseException) -> bool:
    """Whether an error is of a database that is away or on its way: the same may be possible in a moment."""
    return getattr(getattr(error, "orig", error), "sqlstate", None) in PASSING or bool(
        getattr(error, "connection_invalidated", False)
    )


class PaperError(GeoappError):
    """A document cannot be made a PDF."""


class RedactionError(GeoappError):
    """A text cannot be taken out as it was asked."""
