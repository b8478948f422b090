"""The standbys of GEOAPP_READ_URLS: whether they follow, and how far they are behind."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from geoapp.database.engine import open_standby
from geoapp.database.replicas import MOST_BEHIND_SECONDS, STATE, Told
from geoapp.doctor.finding import Finding, fault, ok, warning
from geoapp.settings import Settings

MB = 10**6
# Further behind than a moment's writing.
FAR_BEHIND_BYTES = 16 * MB
BEHIND = text("SELECT coalesce(extract(epoch FROM now() - pg_last_xact_replay_timestamp()), 0)")
FEEDBACK = text("SELECT current_setting('hot_standby_feedback') = 'on'")


def check_standbys(settings: Settings, primary: Engine | None) -> Iterator[Finding]:
    """All of them; `primary` is an engine of the owner's where the primary answers."""
    written = _state(primary) if primary else None
    for number, url in enumerate(settings.read_urls, 1):
        engine = open_standby(url, settings)
        yield _one(f"standby {number}", engine, written)
        engine.dispose()


def _one(check: str, engine: Engine, written: Told | None) -> Finding:
    told = _state(engine)
    if told is None:
        return warning(check, "It does not answer; the others are read.", "Start it: `geoapp db up` in its home.")
    if told.standing_by and written is None:
        return warning(check, "It answers, and the primary does not.", "See docs/scaling.md: when the primary is lost.")
    if written is not None and told.standing_by:
        return _following(check, engine, told, written)
    # geoapp writes to the first that it finds.
    if written is None or _same(told, written):
        return ok(check, "It was promoted, and is the primary.")
    return fault(
        check,
        "It takes writes, and so does another: the two have parted.",
        "Stop the older one at once, keep its data, and make it a standby: `geoapp db standby ADDRESS --overwrite`.",
    )


def _following(check: str, engine: Engine, told: Told, written: Told) -> Finding:
    if told.history != written.history:
        return warning(
            check,
            "It does not follow the present primary yet.",
            "Wait for its next checkpoint; if it stays, `geoapp db standby ADDRESS --overwrite` in its home.",
        )
    with engine.connect() as connection:
        seconds, feedback = float(connection.scalar(BEHIND) or 0), connection.scalar(FEEDBACK)
    missing = max(0, written.place - told.place)
    said = f"It is {missing / MB:.1f} MB behind."
    if missing > FAR_BEHIND_BYTES or (missing and seconds > MOST_BEHIND_SECONDS):
        return warning(
            check,
            f"{said} Its last change is {seconds:.0f} s old; it may not be read.",
            "Look at its disk and its line; if it stays, `geoapp db standby ADDRESS --overwrite` in its home.",
        )
    if not feedback:
        return warning(
            check,
            f"{said} The primary does not know what it reads, and may break that off.",
            "Set hot_standby_feedback = on there.",
        )
    return ok(check, said)


def _same(one: Told, other: Told) -> bool:
    return one.history == other.history and abs(one.place - other.place) < FAR_BEHIND_BYTES


def _state(engine: Engine) -> Told | None:
    try:
        with engine.connect() as connection:
            row = connection.execute(STATE).one()
    except SQLAlchemyError:
        return None
    return Told(row.standing_by, int(row.place), row.history, 0.0)
