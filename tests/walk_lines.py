"""What the walk over all addresses asks for as each person, and what has to be found there by whom."""

from __future__ import annotations

from planting import PLACES
from releasing import FORM
from walk_asks import (
    HAPPENED,
    MENDED,
    ON,
    Ask,
    Line,
    area_asks,
    detail_asks,
    export_asks,
    feature_asks,
    found_asks,
    funder_asks,
    funder_file_asks,
    history_asks,
    incident_asks,
    item_asks,
    map_asks,
    of_actions,
    of_committees,
    of_incidents,
    of_meetings,
    of_question,
    only,
    pair_asks,
    pair_send_asks,
    question_file_asks,
    question_page_asks,
    release_asks,
    risk_asks,
    risk_form_asks,
    risk_geometry_asks,
    row_asks,
    row_form_asks,
    row_send_asks,
    search_asks,
    table_asks,
    tile_asks,
)
from walk_shown import (
    DETAILS,
    EVERYBODY,
    FEATURES,
    HANDLERS,
    IN_A_MEETING_FORM,
    IN_FORMS,
    INCIDENT,
    LISTED,
    OF_A_MEETING,
    OF_A_RELEASE,
    OF_A_ROOM,
    PACKED,
    RISKS,
    SIGNED_IN,
    TRAINING,
)

from geoapp.province.figures import FIGURES
from geoapp.risk.questions import QUESTIONS
from layers.catalogue import LAYERS

URLS: dict[str, Line] = {
    "static": Line(only("/static/manifest.json", "/static/none")),
    "health.alive": Line(only("/healthz")),
    "health.ready": Line(only("/readyz")),
    "metrics.show": Line(only("/metrics")),
    "openapi.description": Line(only("/api/v1/openapi.json?lang=en", "/api/v1/openapi.json?lang=fr")),
    "openapi.page": Line(only("/docs?lang=en", "/docs?lang=fr")),
    "map.page": Line(map_asks, {SIGNED_IN: {"route": "name"}}),
    "map.table": Line(table_asks, LISTED),
    "map_data.choices": Line(
        only("/map/choices?parts=route,unit&lang=en", "/map/choices?parts=unit,mineral&lang=fr", "/map/choices"),
        {SIGNED_IN: {"route": "route_id name"}},
    ),
    "map_data.rows": Line(row_asks, {**LISTED, "committee-sk": {"incident": "incident_id"}}),
    "places.site": Line(
        lambda planting: [
            Ask(f"/sites/{row.key}?lang={each}") for row in planting.of("mine_site") for each in ("en", "fr")
        ],
        {
            HANDLERS: {"mine_site": "operator_name territory", "incident:restricted": "incident_no"},
            EVERYBODY: {"mine_site": "site_id name"},
        },
    ),
    "places.route": Line(
        lambda planting: [Ask(f"/routes/{row.key}") for row in planting.of("route")],
        {SIGNED_IN: {"route": "route_id name from_ref to_ref surface"}},
    ),
    "places.deployment": Line(
        lambda planting: [Ask(f"/deployments/{row.key}?lang=fr") for row in planting.of("deployment")],
        {HANDLERS: {"deployment:current": "provider_name force_unit mandate_ref equipment_transferred"}},
    ),
    "map_data.search": Line(
        search_asks,
        {
            HANDLERS: {"incident": "incident_id", "deployment:current": "id"},
            SIGNED_IN: {"facility": "id"},
            EVERYBODY: {"mine_site": "geom"},
        },
    ),
    "map_data.counts": Line(
        lambda planting: [
            Ask("/api/v1/counts"),
            Ask("/api/v1/counts?level=1&unit=CD-SK,RW&since=2024-01-01&mineral=gold&force=army&lang=fr"),
            *(Ask(f"/api/v1/counts?route={planting.marker(row, 'route_id')}") for row in planting.of("route")),
        ],
        {SIGNED_IN: {"route": "name"}},
    ),
    "places.facility": Line(
        lambda planting: [Ask(f"/facilities/{row.key}?lang=en") for row in planting.of("facility")],
        {SIGNED_IN: {"facility": "name operator"}, HANDLERS: {"risk_item:on a magazine": "risk measure owner"}},
    ),
    "trainings.page": Line(
        only("/trainings?lang=en", "/trainings?lang=fr&year=2024&topic=voluntary_principles&page=2"),
        {SIGNED_IN: {"training": "id place_text trainer_org funder participants_by_group"}},
    ),
    "trainings.one": Line(
        lambda planting: [Ask(f"/trainings/{row.key}?lang=fr") for row in planting.of("training")],
        {SIGNED_IN: {"training": TRAINING}},
    ),
    "movements.page": Line(
        only("/movements?lang=en", "/movements?short=1&unit=CD-SK&lang=fr"),
        {HANDLERS: {"escort_movement:arrived": "id movement_id incident_no", "route": "name"}},
    ),
    "movements.one": Line(
        lambda planting: [Ask(f"/movements/{row.key}") for row in planting.of("escort_movement")],
        {HANDLERS: {"escort_movement:arrived": "movement_id permit_no incident_no"}},
    ),
    # The planted ones have no weights, so that none is short.
    "movements.incident": Line(
        lambda planting: [Ask(f"/movements/{row.key}/incident") for row in planting.of("escort_movement")]
    ),
    "movements.report": Line(
        lambda planting: [
            Ask(f"/movements/{row.key}/incident", {"level": "1"}) for row in planting.of("escort_movement")
        ]
    ),
    "register.page": Line(
        only("/register?lang=en", "/register?due=1&unit=CD-SK&lang=fr", "/register?likelihood=1&consequence=5"),
        {
            HANDLERS: {
                "risk_item:on a mine_site": "id risk measure owner",
                "risk_item:on a route": "risk",
                "incident:released": "incident_no",
            }
        },
    ),
    "register.new": Line(
        risk_form_asks, {"coordinator-sk": {"route": "name", "facility": "name", "incident:released": "incident_no"}}
    ),
    "register.add": Line(
        lambda _: [Ask("/register/new", {"risk": "x"}), Ask("/register/new?lang=fr", {"site": "none"})]
    ),
    "register.one": Line(
        lambda planting: [Ask(f"/register/{row.key}?lang=fr") for row in planting.of("risk_item")],
        {HANDLERS: {"risk_item:on a mine_site": "risk measure owner", "incident:released": "incident_no incident_id"}},
    ),
    # Stale, as it remembers nothing of the row.
    "register.change": Line(
        lambda planting: [
            Ask(f"/register/{row.key}", {"step": "save", "was": "{}"}) for row in planting.of("risk_item")
        ],
        {"coordinator-sk": {"risk_item:on a mine_site": "risk measure owner"}},
    ),
    "funder.page": Line(funder_asks, {HANDLERS: {"training": "id place_text funder participants_by_group"}}),
    "funder.file": Line(
        funder_file_asks, {HANDLERS: {"training": "training_id place_text funder participants_by_group"}}
    ),
    "province.page": Line(
        only(*(f"/provinces/{unit}?lang={each}" for unit in PLACES for each in ("en", "fr"))),
        {
            HANDLERS: {"risk_item:on a mine_site": "risk measure owner", "incident:restricted": "incident_no"},
            SIGNED_IN: {"training": "participants_by_group", **OF_A_ROOM[SIGNED_IN]},
        },
    ),
    "provinces.page": Line(
        only(
            *(f"/provinces?lang={each}" for each in ("en", "fr")),
            "/provinces?quarter=2024-Q1",
            *(f"/provinces?figure={each}&since=2020-01-01" for each in ("published", *FIGURES)),
        )
    ),
    "packs.room": Line(
        only(*(f"/provinces/{unit}/room?lang={each}" for unit in PLACES for each in ("en", "fr"))), OF_A_ROOM
    ),
    "packs.room_edition": Line(only("/provinces/CD-SK/pack.pdf?lang=fr&since=2020-01-01")),
    "packs.restricted_edition": Line(
        lambda _: [Ask("/provinces/CD-SK/pack.pdf?lang=fr", {"recipient": "Somebody", "since": "2020-01-01"})],
        {"coordinator-sk": {"incident:restricted": "incident_no"}},
    ),
    "tiles.tile": Line(
        tile_asks,
        {
            HANDLERS: {
                "incident": "incident_id incident_no geom",
                "deployment:current": "id deployment_id geom",
                "checkpoint": "id checkpoint_id geom",
            },
            SIGNED_IN: {"facility": "id facility_id name geom", "route": "id route_id name"},
            "committee-sk": {"incident": "incident_id", "incident_release": "geom"},
            EVERYBODY: {"mine_site": "site_id name geom"},
        },
    ),
    "tiles.tilejson": Line(only(*(f"/tiles/{layer}.json" for layer in [*LAYERS, "base"]))),
    "details.detail": Line(detail_asks, DETAILS),
    "incidents.page": Line(
        incident_asks,
        {
            HANDLERS: {"incident": INCIDENT, "incident_step": "reason"},
            "coordinator-sk": {"row_change:restricted": "before"},
            "committee-sk": {
                "incident_release": "summary_en summary_fr",
                "action:on released": "action",
                "action:on synthetic": "action",
            },
        },
    ),
    "incident_list.page": Line(
        only(
            "/incidents?lang=en",
            "/incidents?lang=fr&status=all",
            "/incidents?due=late&mine=1",
            "/incidents?list=released&status=all&lang=en",
            "/incidents?list=released&status=all&lang=fr",
        ),
        {
            HANDLERS: {"incident": "incident_no"},
            SIGNED_IN: {"incident_release": "summary_en summary_fr"},
        },
    ),
    "reporting.form": Line(only("/incidents/report?lang=en", "/incidents/report?lang=fr")),
    "reporting.send": Line(lambda _: [Ask("/incidents/report", {"words": "short"})]),
    "reporting.ask": Line(only("/incidents/report/follow")),
    "reporting.follow": Line(lambda _: [Ask("/incidents/report/follow", {"number": "R-2222-3333-4444"})]),
    "steps.form": Line(of_incidents("step")),
    "steps.send": Line(of_incidents("step", {"seen": "none"})),
    "steps.assess_form": Line(of_incidents("assess"), {"coordinator-sk": {"incident": INCIDENT}}),
    "steps.assess": Line(
        of_incidents("assess", {"killed": "x"}),
        {"coordinator-sk": {"incident": "incident_no"}},
    ),
    "committees.page": Line(only("/committees?lang=en", "/committees?lang=fr"), {SIGNED_IN: {"committee": "name"}}),
    "committees.found": Line(lambda _: [Ask("/committees", {"kind": "none"})]),
    "committees.one": Line(
        of_committees(),
        {
            SIGNED_IN: {
                "committee": "name chair_role",
                "committee_seat": "organisation function",
                "action:on a site": "action",
            }
        },
    ),
    "committees.seats": Line(of_committees("/seats", {"group": "none"}), {"coordinator-sk": {"committee": "name"}}),
    "committees.plan": Line(of_committees("/meetings", {"held_on": "x"}), {"coordinator-sk": {"committee": "name"}}),
    "meetings.page": Line(of_meetings(), OF_A_MEETING),
    "meetings.save": Line(of_meetings("", {"place": "x", "was-place": "y"}), IN_A_MEETING_FORM),
    "meetings.agenda": Line(of_meetings("/agenda", {"off": "none"})),
    "meetings.decide": Line(of_meetings("/decisions", {"action": ""}), IN_A_MEETING_FORM),
    "meetings.close": Line(of_meetings("/close", {"any": "x"})),
    "meetings.correct": Line(of_meetings("/corrections", {"words": ""})),
    "meetings.done_form": Line(of_actions(), {"coordinator-sk": {"action:on a site": "action"}}),
    "meetings.done": Line(of_actions({"done_on": "x"}), {"coordinator-sk": {"action:on a site": "action"}}),
    "releases.form": Line(release_asks, OF_A_RELEASE),
    "releases.send": Line(lambda planting: release_asks(planting, form=FORM)),
    # Of a release that was changed meanwhile, so that nothing is withdrawn.
    "releases.withdraw": Line(
        lambda planting: release_asks(planting, "/withdraw", {"mark": "of another one"}),
        {"coordinator-sk": {"incident:released": "summary_en", "incident_release": "summary_en"}},
    ),
    "quality.page": Line(only("/quality?lang=en", "/quality?lang=fr")),
    "quality.rows": Line(
        only(
            "/quality/visits?quality=no_workers,no_presence",
            "/quality/movements?quality=no_weights&lang=fr",
            "/quality/trainings?quality=no_trainer,no_participants",
        ),
    ),
    "codebook.page": Line(only("/codebook?lang=en", "/codebook?lang=fr")),
    "codebook.download": Line(only("/codebook.csv", "/codebook.xlsx")),
    "desk.page": Line(only("/import?lang=en", "/import?lang=fr")),
    "desk.bring": Line(lambda _: [Ask("/import", {"files": "none"})]),
    "desk.upload": Line(lambda planting: [Ask(f"/import/uploads/{row.key}") for row in planting.of("import_upload")]),
    "desk.decide": Line(
        lambda planting: [
            Ask(f"/import/jobs/{row.key}", {"step": step})
            for row in planting.of("import_job")
            for step in ("change", "accept", "leave", "cancel", "again")
        ]
    ),
    "desk.batch": Line(lambda planting: [Ask(f"/import/batches/{row.key}") for row in planting.of("import_batch")]),
    "desk.undo": Line(
        lambda planting: [Ask(f"/import/batches/{row.key}/undo", {"any": "x"}) for row in planting.of("import_batch")]
    ),
    "desk.history": Line(
        history_asks,
        {"gis-cd": {"row_change": "before"}},
    ),
    "mending.page": Line(found_asks),
    "mending.network": Line(
        only(*(f"/import/rows/network?bbox={x - 0.2},{y - 0.2},{x + 0.2},{y + 0.2}" for x, y in PLACES.values()))
    ),
    "mending.new": Line(only(*(f"/import/rows/{name}/new?lang={each}" for name in MENDED for each in ("en", "fr")))),
    "mending.add": Line(lambda _: [Ask(f"/import/rows/{name}/new", {"c-name": "x"}) for name in MENDED]),
    "mending.row": Line(row_form_asks, IN_FORMS),
    "mending.mend": Line(row_send_asks),
    "merging.page": Line(only("/import/doubles?lang=en", "/import/doubles?since=1900-01-01&lang=fr")),
    "merging.pair": Line(pair_asks),
    "merging.decide": Line(pair_send_asks),
    **{f"risk.{name}": Line(of_question(name, risk_asks), RISKS.get(name, {})) for name in QUESTIONS if name != "area"},
    "risk.area": Line(area_asks),
    "questions.page": Line(only("/risk", "/risk?part=panel&lang=fr"), {HANDLERS: {"route": "name"}}),
    "questions.question": Line(question_page_asks, {HANDLERS: {"incident:restricted": "incident_no", "route": "name"}}),
    "questions.file": Line(question_file_asks, {HANDLERS: {"incident:restricted": "incident_no"}}),
    **{
        f"rankings.{name}": Line(only(f"/risk/{path}?{ON}", f"/risk/{path}?{ON}&lang=fr&sort=-name"))
        for name, path in (
            ("sites", "sites"),
            ("provinces", "provinces"),
            ("sites_file", "sites.csv"),
            ("provinces_file", "provinces.csv"),
        )
    },
    **{f"risk.{name}_of_a_geometry": Line(of_question(name, risk_geometry_asks)) for name in ("corridor", "area")},
    "people.look_as": Line(
        lambda planting: [Ask("/demo/look-as", {"name": row.key}) for row in planting.of("app_user")],
    ),
    "ogc.landing": Line(only("/ogc/", "/ogc/?f=html&lang=fr")),
    "ogc.conformance": Line(only("/ogc/conformance", "/ogc/conformance?f=html")),
    "ogc.api": Line(only("/ogc/api")),
    "ogc.collections": Line(only("/ogc/collections", "/ogc/collections?f=html")),
    "ogc.collection": Line(
        only(*(f"/ogc/collections/{name}?f={form}" for name in LAYERS for form in ("json", "html")))
    ),
    "ogc.queryable": Line(only(*(f"/ogc/collections/{name}/queryables" for name in LAYERS))),
    "ogc.items": Line(item_asks, FEATURES),
    "ogc.item": Line(feature_asks, FEATURES),
    "exporting.page": Line(only("/export?lang=en", "/export?lang=fr&level=1&level=2&unit=CD-SK")),
    "exporting.download": Line(export_asks, FEATURES),
    "exporting.project": Line(only("/export/geoapp.qgs")),
    "exporting.pack": Line(only("/export/geoapp.zip"), PACKED),
    "sign_in.page": Line(only("/sign-in", "/sign-in?lang=fr&next=/incidents")),
    "sign_in.send": Line(
        lambda planting: [
            Ask("/sign-in", {"name": row.key, "password": "no-such-password"}) for row in planting.of("app_user")
        ],
    ),
    # A link that is none: a form for signing out, or a real link, would end the walk's own session.
    "sign_in.link": Line(only("/sign-in/link/none?lang=en")),
    "sign_in.follow": Line(lambda _: [Ask("/sign-in/link/none", {"password": "x", "again": "x"})]),
    "sign_in.sign_out": Line(lambda _: [Ask("/sign-out", {"csrf_token": "another's"})]),
    "saved_views.page": Line(
        only("/views?lang=en", "/views?lang=fr&level=1"), {"analyst-rw": {"saved_view": "view_id name query"}}
    ),
    "saved_views.save": Line(lambda _: [Ask("/views?part=list", {"name": ""})]),
    "saved_views.change": Line(
        lambda planting: [
            Ask(f"/views/{row.key}?part=list", {"deed": "rename", "name": ""}) for row in planting.of("saved_view")
        ],
    ),
    "briefings.page": Line(only("/briefings?lang=en", "/briefings?lang=fr"), {"analyst-rw": {"briefing": "title"}}),
    "briefings.begin": Line(lambda _: [Ask("/briefings", {"title": " "})]),
    "briefings.choose": Line(
        only(f"/briefings/add?answer=sites%3F{ON}&lang=en", "/briefings/add?view=level%3D1", "/briefings/add"),
        {"analyst-rw": {"briefing": "briefing_id title"}},
    ),
    "briefings.add": Line(lambda _: [Ask("/briefings/add?lang=en", {"view": "level=1"})]),
    "briefings.one": Line(
        lambda planting: [Ask(f"/briefings/{row.key}?all=1&lang=en") for row in planting.of("briefing")],
        {"analyst-rw": {"briefing": "title", "briefing_item": "item_id title note"}},
    ),
    "briefings.change": Line(
        lambda planting: [
            Ask(f"/briefings/{row.key}?lang=fr", {"deed": "rename", "title": ""}) for row in planting.of("briefing")
        ],
    ),
    "briefings.change_part": Line(
        lambda planting: [
            Ask(f"/briefings/{row.key}/{item.key}", {"deed": "save", "note": "x"})
            for row, item in zip(planting.of("briefing"), planting.of("briefing_item"), strict=True)
        ],
    ),
    "briefings.printed": Line(
        lambda planting: [Ask(f"/briefings/{row.key}/paper.pdf?paper=fr") for row in planting.of("briefing")[:1]]
    ),
    "comparing.page": Line(
        lambda planting: [
            Ask(f"/compare?{HAPPENED}&until=2024-12-31&lang=en"),
            Ask(f"/compare?{HAPPENED}&level=1,9&unit=CD-SK,RW&since2=2023-01-01&lang=fr"),
            Ask(f"/compare?route={','.join(planting.marker(row, 'route_id') for row in planting.of('route'))}"),
        ],
        {SIGNED_IN: {"route": "name"}},
    ),
    "watches.page": Line(
        lambda planting: [
            Ask("/watches?lang=en"),
            *(Ask(f"/watches?site={row.key}") for row in planting.of("mine_site")),
            *(Ask(f"/watches?route={row.key}&lang=fr") for row in planting.of("route")),
        ],
        {
            "analyst-rw": {"watch": "watch_id name"},
            SIGNED_IN: {"route": "name"},
            SIGNED_IN + " admin": {"mine_site": "name"},
        },
    ),
    "watches.add": Line(lambda _: [Ask("/watches?lang=en", {"site": "none"})]),
    "watches.change": Line(
        lambda planting: [Ask(f"/watches/{row.key}", {"deed": "seen", "at": "x"}) for row in planting.of("watch")]
    ),
    "watches.change_feed": Line(lambda _: [Ask("/watches/feed", {"revoke": "00000000-0000-4000-8000-000000000000"})]),
    "watches.feed": Line(only("/watches/feed.atom?token=none")),
    "account.page": Line(only("/account?lang=en", "/account?lang=fr")),
    "account.change_password": Line(lambda _: [Ask("/account/password", {"old": "no-such-password"})]),
    "account.end": Line(lambda _: [Ask("/account/sessions", {"session": "00000000-0000-4000-8000-000000000000"})]),
    "account.make": Line(
        lambda planting: [
            Ask("/account/tokens", {"once": "00000000-0000-4000-8000-000000000000", "days": "0", "units": row.key})
            for row in planting.of("app_user")
        ],
    ),
    "account.revoke": Line(
        lambda _: [Ask("/account/tokens/revoke", {"token": "00000000-0000-4000-8000-000000000000"})]
    ),
    "admin.page": Line(only("/admin", "/admin?lang=fr"), {"admin": {"app_user": "user_name"}}),
    "audit.page": Line(
        lambda planting: [
            Ask("/admin/audit?object=incident&day=2026-01-01"),
            *(
                Ask(f"/admin/audit?lang=fr&person={planting.marker(row, 'user_name')}")
                for row in planting.of("audit_event")
            ),
        ],
        {"admin": {"audit_event": "user_name what object request_id"}},
    ),
    "admin.change": Line(
        lambda planting: [
            Ask("/admin", {"change": "rights", "name": row.key, "role": "committee", "unit": "XX"})
            for row in planting.of("app_user")
        ],
        {"admin": {"app_user": "user_name"}},
    ),
}
