"""People at work on a server that faults are done to: what they asked, what was answered, what was promised."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlencode

from cast import cookie, form_token
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

ROWS = 300
RECOVERY_SECONDS = 30.0
# What is more than the queue being worked on again depends on the machine.
IMPORT_SECONDS = 120.0
PAUSE_SECONDS = 0.2
# The longest that a request may take: as long as a statement may, and one that waits behind it.
LONGEST_SECONDS = 50.0
# Another text with every job that a worker takes up, and every second that it works on one.
BEATS = text("SELECT string_agg(concat(attempt, beat_at), ' ' ORDER BY job_id) FROM import_job")
READS = (
    "/healthz",
    "/?lang=en",
    "/tiles/incidents/7/74/64.mvt",
    "/tiles/mine_sites/8/148/129.mvt",
    "/ogc/collections/mine_sites/items?f=json&limit=50",
    "/api/v1/counts",
    "/trainings?lang=fr",
)
FORM = "multipart/form-data; boundary=b"
TORN = "torn off"


@dataclass(frozen=True)
class Answer:
    """What came of a request: its status, or None where the connection was torn; when, and how long it took."""

    path: str
    status: int | None
    retry_after: str | None
    at: float
    seconds: float
    body: str = ""
    location: str = ""


@dataclass
class Load:
    """People at work on the server at `port`: two who read, one who writes rows by hand, one who imports files."""

    port: int
    # The operator's, which looks at the queue of imports.
    engine: Engine
    answers: list[Answer] = field(default_factory=list)
    # Keys of rows, and of files with all their rows, whose writing was acknowledged; and those that were asked for.
    written: set[str] = field(default_factory=set)
    imported: set[str] = field(default_factory=set)
    brought: set[str] = field(default_factory=set)
    ended: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self) -> Iterator[Load]:
        """Have them work for the time of the block."""
        people: list[Callable[[], None]] = [self._read, self._read, self._report, self._import]
        threads = [threading.Thread(target=self._again, args=(each,)) for each in people]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self.ended.set()
            for thread in threads:
                thread.join(3 * LONGEST_SECONDS)
            assert not any(thread.is_alive() for thread in threads), "a request was never answered"

    def ask(self, path: str, name: str = "analyst", form: dict[str, str] | bytes | None = None) -> Answer:
        """One request of one of the cast, as a browser sends it."""
        headers = {"Cookie": "=".join(cookie(name)), "X-CSRF-Token": form_token(name), "Host": "localhost"}
        body: bytes | None = None
        if form is not None:
            body = form if isinstance(form, bytes) else urlencode(form).encode()
            headers["Content-Type"] = FORM if isinstance(form, bytes) else "application/x-www-form-urlencoded"
        started = time.monotonic()
        status, retry, told, location = None, None, TORN, ""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2 * LONGEST_SECONDS)
        try:
            connection.request("POST" if form is not None else "GET", path, body, headers)
            answer = connection.getresponse()
            told = answer.read().decode(errors="replace")
            status, retry = answer.status, answer.headers["Retry-After"]
            location = answer.headers["Location"] or ""
        except (OSError, http.client.HTTPException) as error:
            told = f"{TORN}: {error!r}"
        finally:
            connection.close()
        now = time.monotonic()
        found = Answer(path, status, retry, now, now - started, told, location)
        self.answers.append(found)
        return found

    def await_recovery(self, since: float) -> float:
        """Wait until pages and a write that were asked for after `since` came to a good end, and a worker works.

        The seconds. How long an import takes depends on its file and the machine: it is waited for one that goes on.
        """
        beats: set[object] = set()
        while (took := time.monotonic() - since) < RECOVERY_SECONDS:
            late = [each for each in self.answers if each.at - each.seconds > since]
            read = {each.path for each in late if each.status == 200} >= set(READS)
            wrote = any(each.status == 303 and each.path.startswith("/import/rows/") for each in late)
            with suppress(DBAPIError), self.engine.connect() as connection:
                beats.add(connection.scalar(BEATS))
            if read and wrote and len(beats) > 1:
                return took
            time.sleep(0.05)
        raise AssertionError(f"not recovered after {RECOVERY_SECONDS:g} s: {len(beats)} beats, {self.told()}")

    def await_import(self) -> None:
        """Wait until one more import has come to its end."""
        before, started = len(self.imported), time.monotonic()
        while len(self.imported) == before:
            assert time.monotonic() - started < IMPORT_SECONDS, self.told()
            time.sleep(0.05)

    def told(self) -> dict[str, int]:
        """How often each answer was given."""
        found: dict[str, int] = {}
        for each in self.answers:
            key = f"{each.path.split('?')[0][:24]} {each.status}"
            found[key] = found.get(key, 0) + 1
        return dict(sorted(found.items()))

    # === What each does again and again ==============================================================================

    def _again(self, work: Callable[[], None]) -> None:
        while not self.ended.is_set():
            work()
            time.sleep(PAUSE_SECONDS)

    def _read(self) -> None:
        for path in READS:
            if self.ended.is_set():
                return
            self.ask(path)
            time.sleep(PAUSE_SECONDS)

    def _report(self) -> None:
        key = f"R{len(self.answers)}-{time.monotonic_ns()}"
        fields = {
            "c-site_id": key,
            "c-name": key,
            "longitude": "28.84",
            "latitude": f"{-2.5 - len(self.written) / 1e4:.5f}",
            "step": "save",
        }
        if self.ask("/import/rows/mine_sites/new?lang=en", "gis-cd", fields).status == 303:
            self.written.add(key)

    def _import(self) -> None:
        """Bring a file, accept its preview, and wait for its end, as the page lets one."""
        key = f"F{time.monotonic_ns()}"
        lines = [f"{key}-{row},{key},{28.6 + row / 1e4:.4f},-2.6" for row in range(ROWS)]
        content = "\r\n".join(["site_id,name,lon,lat", *lines])
        form = (
            f'--b\r\nContent-Disposition: form-data; name="files"; filename="{key}.csv"\r\n'
            f"Content-Type: text/csv\r\n\r\n{content}\r\n--b--\r\n"
        )
        sent = self.ask("/import?lang=en", "gis-cd", form.encode())
        if sent.status != 303:
            return
        self.brought.add(key)
        page = sent.location
        while not self.ended.is_set():
            seen = self.ask(page, "gis-cd")
            if "All of it is in the database." in seen.body:
                self.imported.add(key)
                return
            job = re.search(r"/import/jobs/([0-9a-f-]{36})", seen.body)
            mark = re.search(r'name="mark" value="([^"]+)"', seen.body)
            if job and mark and 'value="accept"' in seen.body:
                fields = {"step": "accept", "mark": mark[1]}
                self.ask(f"/import/jobs/{job[1]}?lang=en", "gis-cd", fields)
            elif job and 'value="again"' in seen.body:
                self.ask(f"/import/jobs/{job[1]}?lang=en", "gis-cd", {"step": "again"})
            time.sleep(PAUSE_SECONDS)


HALF = text("""
    SELECT name, count(*) FROM mine_site WHERE site_id LIKE 'F%' GROUP BY name HAVING count(*) <> :rows""")
HELD = text("SELECT DISTINCT name FROM mine_site")
TWICE = text("SELECT site_id FROM mine_site GROUP BY site_id HAVING count(*) > 1")


@contextmanager
def looking_for_halves(engine: Engine) -> Iterator[list[object]]:
    """Look all the time, with the operator's eyes, for files of which only a part is in the database."""
    found: list[object] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.1):
            try:
                with engine.connect() as connection:
                    found.extend(connection.execute(HALF, {"rows": ROWS}))
            except DBAPIError:
                continue

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join(60)


def check_promises(load: Load, engine: Engine, halves: list[object], *, torn: int = 0) -> None:
    """Nothing acknowledged is lost, nothing half done was or is there, every request got an answer or a clear 503.

    `torn` requests at most may have ended without an answer: those that a killed process had in its hands, where no
    proxy stands before it.
    """
    with engine.connect() as connection:
        held = set(connection.scalars(HELD))
        assert connection.execute(HALF, {"rows": ROWS}).all() == []
        assert connection.execute(TWICE).all() == []
    assert halves == []
    assert load.written - held == set()
    assert load.imported - held == set()
    assert load.written, load.told()
    assert load.imported, load.told()
    unclear = [
        (each.path, each.status, each.body[:200])
        for each in load.answers
        if each.status is not None and (each.status >= 500 and not (each.status in {503, 507} and each.retry_after))
    ]
    assert unclear == []
    broken = [(each.path, each.body, each.seconds) for each in load.answers if each.status is None]
    assert len(broken) <= torn, broken
    assert {each.status for each in load.answers} <= {200, 204, 303, 409, 503, 507, None}, load.told()
    assert max(each.seconds for each in load.answers) < LONGEST_SECONDS
