"""Who may see what: what was promised, written down apart from the policies that keep it."""

from __future__ import annotations

from cast import CAST
from planting import Row

from layers.tables import Base

PEOPLE = ("public", "committee-sk", "coordinator-sk", "analyst-rw", "gis-cd", "admin")
FULL_ROLES = {"coordinator", "analyst", "gis"}
PUBLIC_OF_A_SITE = {"site_id", "name", "geom"}
# Whole rows that a committee sees in its units, and the columns of a release that were chosen for it.
WHOLE_FOR_A_COMMITTEE = {
    *("committee", "committee_seat", "meeting", "meeting_attendance", "meeting_item", "minutes_addition"),
    *("training", "route"),
}
# Who released it is the coordinator whom they meet.
RELEASED = {"id", "summary_fr", "summary_en", "geom", "released_by"}
OF_AN_ADMINISTRATOR = {
    "app_user": {"user_name"},
    # The audit without content.
    "audit_event": {"user_name", "what", "object", "request_id"},
}
# The audit names rows by their keys, but not a source, whose key is its name; a release goes by its incident.
# A step goes by its incident, too; the numbers of reports are nobody's to read.
UNNAMED = {
    *("source", "incident_release", "incident_step", "incident_report"),
    *("import_issue", "import_part", "import_job", "row_change"),
}
# A file is between whoever imports it and the operator; rows bear the random identifier of theirs.
OF_THE_OPERATOR = {"import_batch", "import_issue", "import_part", "import_upload", "import_job"}


def may_see(name: str, row: Row, column: str) -> bool:  # noqa: PLR0911 - a rule a line.
    """Whether a person may be told of one column of a planted row."""
    role, scope = CAST.get(name, ("public", []))
    if name == "operator" or (row.table == "mine_site" and column in PUBLIC_OF_A_SITE):
        return True
    if role == "admin":
        keys = {key.name for key in Base.metadata.tables[row.table].primary_key}
        named = column in keys and row.table not in UNNAMED
        return named or column in OF_AN_ADMINISTRATOR.get(row.table, ())
    if row.table == "incident_report":
        return False
    if row.table in {"saved_view", "briefing", "briefing_item", "watch"}:
        # What somebody looks at, writes down and watches is theirs alone.
        return name == "analyst-rw"
    if row.table == "import_mapping":
        # How columns are named is of no unit: the operator's choices serve every officer.
        return role == "gis" and row.state == "of the operator"
    if row.unit not in scope and row.unit[:2] not in scope:
        return False
    if row.table in OF_AN_ADMINISTRATOR or row.table in OF_THE_OPERATOR:
        return column == "import_batch_id"
    if row.table == "row_change" and role != "gis" and (row.about is None or row.about.table != "incident"):
        # What a row was before is for those who may change it, while they see it; of an incident for its handlers, too.
        role = "committee"
    if row.table == "meeting_item" and row.about is not None:
        # An agenda is the same for whoever handles an incident and for every seat.
        return row.about.state in {"released", "synthetic"}
    return (
        _committee_may_see(row, column) if role == "committee" else role in FULL_ROLES and _handler_may_see(name, row)
    )


def _handler_may_see(name: str, row: Row) -> bool:
    if row.state == "sealed" or (row.state == "handled" and name != "coordinator-sk"):
        return False
    if row.state in {"future", "underway"}:
        return False
    return row.about is None or _handler_may_see(name, row.about)


def _committee_may_see(row: Row, column: str) -> bool:
    if row.table == "incident_release":
        return column in RELEASED
    if row.table == "incident":
        # A release bears the identifier of its incident, so that a map and a page can be of the same one.
        return row.state in {"released", "synthetic"} and column == "incident_id"
    if row.table == "source":
        return row.state == "of places" and column == "source_id"
    if row.table == "facility":
        return row.state != "magazine"
    if row.table == "action":
        assert row.about is not None
        return row.about.state in {"released", "synthetic", "depot"} or row.about.table == "mine_site"
    return row.table in WHOLE_FOR_A_COMMITTEE
