"""Which columns of which rows the walk has to find, by who asks."""

from __future__ import annotations

from rights import PEOPLE

HANDLERS = "coordinator-sk analyst-rw gis-cd"
SIGNED_IN = f"committee-sk {HANDLERS}"
EVERYBODY = " ".join(PEOPLE)
# What the form of a row shows of it.
IN_FORMS = {
    "gis-cd": {
        "mine_site": "operator_name territory",
        "route": "name from_ref to_ref surface",
        "facility": "name operator",
        "checkpoint": "name",
        "deployment:current": "provider_name force_unit mandate_ref equipment_transferred",
    },
    "gis-cd coordinator-sk": {
        "training": "place_text language trainer_org funder participants_by_group",
        "escort_movement:arrived": "permit_no incident_no",
    },
}
TRAINING = "training_id place_text language trainer_org funder participants_by_group"
# What the members of a committee, and those who work with it, see of its meetings.
OF_A_MEETING = {
    SIGNED_IN: {
        "committee": "name",
        "committee_seat": "organisation",
        "meeting": "minutes place_text",
        "meeting_item": "note",
        "action:on a site": "action",
        "incident_release": "summary_en summary_fr",
    },
}
# What a page, a room view and a pack tell every member of what was decided and released.
OF_A_ROOM = {
    SIGNED_IN: {"committee": "name", "action:on a site": "action", "incident_release": "summary_en summary_fr"}
}
IN_A_MEETING_FORM = {"coordinator-sk": {"meeting": "minutes place_text"}}
# What some questions show of rows.
RISKS = {
    "pressure": {HANDLERS: {"incident:restricted": "incident_no"}},
    "corridor": {HANDLERS: {"route": "name"}},
    "path": {HANDLERS: {"network_edge": "geom"}},
}
# The facts of a row as its popup and its page give them.
INCIDENT = "incident_no summary_en summary_fr place_text"
DETAILS = {
    HANDLERS: {
        "incident": INCIDENT,
        "deployment:current": "provider_name force_unit mandate_ref equipment_transferred",
        "checkpoint": "checkpoint_id name",
        "mine_site": "operator_name territory",
        "source": "source_id",
    },
    SIGNED_IN: {
        "facility": "facility_id name operator",
        "route": "route_id name from_ref to_ref surface",
        "training": "place_text trainer_org funder",
    },
    "committee-sk": {"incident_release": "summary_en summary_fr"},
    EVERYBODY: {"mine_site": "site_id name"},
}
OF_A_RELEASE = {
    "coordinator-sk": {"incident": INCIDENT, "source:of reports": "name"},
}
# All that a feature bears.
FEATURES = {
    HANDLERS: {
        "incident": f"{INCIDENT} incident_id",
        "deployment:current": "deployment_id provider_name force_unit mandate_ref equipment_transferred",
        "checkpoint": "checkpoint_id name",
        "mine_site": "operator_name territory groupement locality licence_no",
        "source": "source_id",
    },
    SIGNED_IN: {
        "facility": "facility_id name operator",
        "route": "route_id name from_ref to_ref surface",
        "training": "id place_text language trainer_org funder participants_by_group",
    },
    "committee-sk": {"incident": "incident_id", "incident_release": "summary_en summary_fr"},
    EVERYBODY: {"mine_site": "site_id name"},
}
# A pack is about one's own units, though sites are public everywhere.
PACKED = {people: tables for people, tables in FEATURES.items() if people != EVERYBODY}
# What the table beside the map shows, and the choice of a route.
LISTED = {
    HANDLERS: {
        "incident": "incident_id incident_no",
        "deployment:current": "deployment_id id",
        "checkpoint": "checkpoint_id id name",
    },
    SIGNED_IN: {"route": "route_id name", "facility": "facility_id id name operator"},
    EVERYBODY: {"mine_site": "site_id name"},
}
