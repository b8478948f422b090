"""HXL tags (hxlstandard.org, 1.1) of the columns of exports."""

from __future__ import annotations

TAGS = {
    "incident_id": "#event+id",
    "incident_no": "#event+code",
    "occurred_from": "#date+occurred+start",
    "occurred_to": "#date+occurred+end",
    "reported_on": "#date+reported",
    "category": "#event+type",
    "level": "#severity",
    "status": "#status",
    "killed": "#affected+killed",
    "injured": "#affected+injured",
    "abducted": "#affected+abducted",
    "summary_en": "#description+i_en",
    "summary_fr": "#description+i_fr",
    "place_text": "#loc+description",
    "site_id": "#loc+site+code",
    "route_id": "#loc+route+code",
    "facility_id": "#loc+facility+code",
    "checkpoint_id": "#loc+checkpoint+code",
    "name": "#loc+name",
    "name_en": "#adm+name+i_en",
    "name_fr": "#adm+name+i_fr",
    "territory": "#adm2+name",
    "unit_code": "#adm+code",
    "pcode": "#adm+code+v_pcode",
    "country": "#country+code+v_iso2",
    "units": "#adm+code+list",
    "force": "#org+security+type",
    "provider_name": "#org+security+name",
    "deployment_id": "#org+security+code",
    "minerals": "#item+type+list",
    "icglr_status": "#status+icglr",
    "valid_from": "#date+start",
    "valid_to": "#date+end",
    "source_id": "#meta+source",
    "synthetic": "#meta+synthetic",
    "created_at": "#date+recorded",
    "longitude": "#geo+lon",
    "latitude": "#geo+lat",
    "wkt": "#geo+wkt",
    "geoapp_about": "#meta+about",
}


def tag_of(name: str) -> str:
    """The tag of a column; empty where the standard has none for it."""
    return TAGS.get(name, "")
