"""The front door of a running server: proxies, names, transport, sizes, and what never reaches the application."""

from __future__ import annotations

import contextlib
import http.client
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from ipaddress import ip_network

import pytest
from browser import GEOAPP, await_answer, free_port
from cast import PUBLIC_FORM, signed_in
from conftest import environment_for
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from geoapp.settings import Settings, TrustedProxies
from geoapp.web import worker
from geoapp.web.app import create_app
from geoapp.web.database import KEY as ENGINE
from geoapp.web.session import COOKIE

# === Proxies ==========================================================================================================

ANYWHERE = "0.0.0.0"  # noqa: S104

Seen = Callable[..., dict[str, object]]


@pytest.fixture(scope="module")
def seen() -> Seen:
    """What the application sees of a request from an address with some headers."""

    def ask(trusted: TrustedProxies, address: str, headers: dict[str, str]) -> dict[str, object]:
        settings = replace(Settings.from_environment({}), trusted_proxies=trusted, trusted_hosts=("maps.example",))
        app = create_app(settings)
        app.add_url_rule(
            "/api/v1/seen",
            "seen",
            lambda: {"from": request.remote_addr, "secure": request.is_secure, "host": request.host},
        )
        answer = app.test_client().get("/api/v1/seen", headers=headers, environ_base={"REMOTE_ADDR": address})
        return {
            "status": answer.status_code,
            "hsts": "Strict-Transport-Security" in answer.headers,
            **answer.get_json(),
        }

    return ask


TOLD = {
    "X-Forwarded-For": "198.51.100.1, 203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "maps.example",
}
INNER = TrustedProxies(networks=(ip_network("10.0.0.0/8"), ip_network("203.0.113.9/32")))


@pytest.mark.parametrize(
    ("trusted", "address", "expected"),
    [
        (TrustedProxies(), "10.0.0.1", "10.0.0.1"),
        (TrustedProxies(hops=1), "10.0.0.1", "203.0.113.9"),
        (TrustedProxies(hops=2), "10.0.0.1", "198.51.100.1"),
        (INNER, "10.0.0.1", "198.51.100.1"),
        (TrustedProxies(networks=(ip_network("10.0.0.0/8"),)), "10.0.0.1", "203.0.113.9"),
        (INNER, "192.0.2.1", "192.0.2.1"),
    ],
)
def test_who_asks_is_told_by_trusted_proxies_alone(
    trusted: TrustedProxies, address: str, expected: str, seen: Seen
) -> None:
    found = seen(trusted, address, TOLD)
    believed = expected != address
    assert found["from"] == expected
    assert found["secure"] is found["hsts"] is believed
    assert found["host"] == ("maps.example" if believed else "localhost")


@pytest.mark.parametrize("nonsense", ["", "unknown", "1.2.3.4:55", "a, b", ",,,", "\u00e9", "x" * 3000])
def test_nonsense_of_a_proxy_is_no_error(nonsense: str, seen: Seen) -> None:
    for trusted in (TrustedProxies(hops=1), INNER):
        assert seen(trusted, "10.0.0.1", {"X-Forwarded-For": nonsense})["status"] == 200


def test_a_proxy_cannot_bring_a_foreign_name(settings: Settings) -> None:
    app = create_app(replace(settings, trusted_proxies=TrustedProxies(hops=1)))
    answer = app.test_client().get("/healthz", headers={"X-Forwarded-Host": "evil.example"})
    assert answer.status_code == 400
    assert "GEOAPP_TRUSTED_HOSTS" in answer.get_json()["detail"]


@pytest.mark.parametrize("header", ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP"])
def test_looking_as_is_closed_behind_a_proxy(header: str, app: Flask) -> None:
    answer = signed_in(app.test_client(), "public").post(
        "/demo/look-as", data={"name": "public"}, headers={header: "127.0.0.1"}
    )
    assert answer.status_code == 403


def test_looking_as_is_closed_where_proxies_are_expected(settings: Settings) -> None:
    app = create_app(replace(settings, trusted_proxies=TrustedProxies(hops=1)))
    forwarded = {"X-Forwarded-For": "127.0.0.1"}
    for headers in ({}, forwarded):
        assert (
            signed_in(app.test_client(), "public")
            .post("/demo/look-as", data={"name": "public"}, headers=headers)
            .status_code
            == 403
        )
    app.extensions[ENGINE].dispose()


# === Names ============================================================================================================


@pytest.mark.parametrize(
    ("host", "names", "asked", "status"),
    [
        ("127.0.0.1", (), "127.0.0.1:8000", 200),
        ("127.0.0.1", (), "[::1]:8000", 200),
        ("127.0.0.1", (), "LOCALHOST", 200),
        ("127.0.0.1", (), "evil.example", 400),
        ("127.0.0.1", (), "127.0.0.1.evil.example", 400),
        ("127.0.0.1", (), "", 400),
        ("127.0.0.1", (), "a b", 400),
        ("127.0.0.1", ("maps.example",), "maps.example", 200),
        (ANYWHERE, (), "anything.example", 200),
        (ANYWHERE, ("maps.example",), "127.0.0.1:8000", 200),
        (ANYWHERE, ("maps.example",), "evil.example", 400),
        (ANYWHERE, (".example",), "maps.example:443", 200),
        (ANYWHERE, (".example",), "badexample", 400),
    ],
)
def test_only_names_of_ours_are_answered(host: str, names: tuple[str, ...], asked: str, status: int) -> None:
    client = create_app(replace(Settings.from_environment({}), host=host, trusted_hosts=names)).test_client()
    assert client.get("/healthz", headers={"Host": asked}).status_code == status
    page = client.get("/nowhere", headers={"Host": asked})
    assert page.status_code == (404 if status == 200 else 400)
    assert page.mimetype == "text/html"
    assert "Content-Security-Policy" in page.headers


def test_a_redirect_stays_on_the_server(app: Flask) -> None:
    for path in ("/%2f%2fevil.example//incidents/", "/x//evil.example", "/..//evil.example/%2e%2e//"):
        location = app.test_client().get(path).headers.get("Location", "http://localhost/")
        assert location.startswith(("http://localhost/", "/")) and not location.startswith("//")
    for where in ("//evil.example", "https://evil.example/"):
        answer = signed_in(app.test_client(), "public").post(
            f"/demo/look-as?next={where}&lang=fr", data={"name": "public", "next": where}
        )
        assert answer.headers["Location"] == "/?lang=fr"


# === Transport ========================================================================================================


def test_the_cookie_is_for_tls_where_there_is_tls(app: Flask, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO app_user (user_name, synthetic) VALUES ('demo-1', true)"))
        connection.execute(text("INSERT INTO user_scope (user_name, role) VALUES ('demo-1', 'admin')"))
    for scheme, prefix in (("http", ""), ("https", "__Host-")):
        client = signed_in(app.test_client(), "public")
        client.set_cookie(f"{prefix}{PUBLIC_FORM[0]}", PUBLIC_FORM[1])
        answer = client.post("/demo/look-as", data={"name": "demo-1"}, base_url=f"{scheme}://localhost")
        assert answer.status_code == 303
        said = answer.headers["Set-Cookie"]
        assert said.startswith(f"{prefix}{COOKIE}=")
        assert {"HttpOnly", "SameSite=Lax"} <= set(said.split("; "))
        assert ("Secure" in said.split("; ")) is (scheme == "https")
        assert ("Strict-Transport-Security" in answer.headers) is (scheme == "https")


def test_signing_out_clears_what_the_browser_kept(client_of: Callable[[str], FlaskClient]) -> None:
    answer = client_of("analyst").post("/demo/look-as", data={"name": "public"})
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'


# === Sizes ============================================================================================================

FORM, KIB = 64, 1024


@pytest.fixture
def small(settings: Settings) -> Iterator[Callable[[str], FlaskClient]]:
    """Clients of an application that takes forms of 64 kB and files of 1 MB."""
    app = create_app(replace(settings, max_form_kb=FORM, max_upload_mb=1, max_form_parts=10))

    def client(name: str) -> FlaskClient:
        return signed_in(app.test_client(), name)

    app.add_url_rule("/api/v1/send", "send", lambda: {"got": len(request.files), **request.form}, methods=["POST"])
    yield client
    if ENGINE in app.extensions:
        app.extensions[ENGINE].dispose()


def a_file(size: int) -> dict[str, object]:
    """A form with a file."""
    import io  # noqa: PLC0415

    return {"file": (io.BytesIO(b"x" * size), "sites.csv")}


def test_a_file_of_who_is_signed_in_may_be_larger_than_a_form(small: Callable[[str], FlaskClient]) -> None:
    assert small("analyst").post("/api/v1/send", data=a_file(500 * KIB)).get_json() == {"got": 1}
    for name, size, most in (("public", 500, "64\u00a0kB"), ("analyst", 1100, "1\u00a0MB")):
        refused = small(name).post("/api/v1/send", data=a_file(size * KIB), headers={"Accept-Language": "en"})
        assert (refused.status_code, refused.mimetype) == (413, "application/problem+json")
        assert f"larger than {most}" in refused.get_json()["detail"]


@pytest.mark.parametrize(
    "form",
    [{"name": "x" * 65 * KIB}, {str(number): "x" for number in range(20)} | {"file": (None, "a.csv")}],
    ids=["a long field", "many fields"],
)
def test_a_form_has_its_limits(form: dict[str, str], small: Callable[[str], FlaskClient]) -> None:
    multipart = "file" in form
    if multipart:
        form = {**form, **a_file(1)}  # type: ignore[dict-item]
    answer = small("analyst").post("/api/v1/send", data=form)
    assert answer.status_code == 413


def test_a_page_says_it_in_french(small: Callable[[str], FlaskClient]) -> None:
    answer = small("public").post("/demo/look-as?lang=fr", data={"name": "x" * 65 * KIB})
    assert answer.status_code == 413
    assert "dépasse 64\u00a0kB" in answer.text


def test_what_is_too_large_is_refused_where_no_body_is_read(small: Callable[[str], FlaskClient]) -> None:
    assert small("analyst").get("/healthz", data="x" * 65 * KIB).status_code == 413


# === A real server ====================================================================================================


@dataclass
class Running:
    """A server, and all that it wrote once it has ended."""

    port: int
    said: list[str] = field(default_factory=list)

    def ask(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, http.client.HTTPMessage, bytes]:
        """One request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def send(self, sent: bytes) -> tuple[bytes, dict[str, str]]:
        """Bytes as they are; the status line and the headers of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as opened:
            opened.sendall(sent)
            said = b""
            while part := opened.recv(65536):
                said += part
        head, _, body = said.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        return first.encode() + b"\n" + body, dict(line.split(": ", 1) for line in lines)


@pytest.fixture(scope="module")
def running(shared: Settings) -> Iterator[Running]:
    """`geoapp run` for the tests of this file; its log is looked at by the last of them."""
    port = free_port()
    server = subprocess.Popen(
        [str(GEOAPP), "run", "--port", str(port), "--workers", "1"],
        env=environment_for(shared),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    made = Running(port)
    try:
        await_answer(f"http://127.0.0.1:{port}/readyz", server)
        yield made
    finally:
        server.send_signal(signal.SIGINT)
        made.said.append(server.communicate(timeout=20)[0])
        assert "zqsecretqz" not in made.said[0]
        assert "Traceback" not in made.said[0]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /?q=zqsecretqz%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"x" * 9000), 414),
        (b"GET /?zqsecretqz HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n" % (b"x" * 9000), 431),
        (b"GET /?zqsecretqz HTTP/1.1\r\nHost: localhost\r\n%s\r\n" % (b"X: y\r\n" * 100), 431),
        (b"zqsecretqz\r\n\r\n", 400),
        (b"GET /?zqsecretqz HTTP/9.9\r\n\r\n", 400),
        (b"GET /?zqsecretqz HTTP/1.1\r\nbad header: x\r\n\r\n", 400),
        (b"GET /?zqsecretqz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: nonsense\r\n\r\n", 501),
        (b"POST /?zqsecretqz HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
    ids=lambda value: value if isinstance(value, int) else "",
)
def test_what_is_no_request_is_answered_with_the_headers(sent: bytes, status: int, running: Running) -> None:
    said, headers = running.send(sent)
    assert said.startswith(b"HTTP/1.1 %d " % status)
    assert b"zqsecretqz" not in said
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_no_version_is_told(running: Running) -> None:
    for path in ("/", "/nowhere", "/healthz", "/api/v1/layers/incidents/1"):
        _, headers, body = running.ask(path)
        told = f"{headers}{body.decode()}".casefold()
        assert headers["Server"] == "gunicorn"
        for name in ("werkzeug", "python/", "flask", "postgresql 1", "gunicorn/"):
            assert name not in told


def test_gunicorn_believes_no_proxy_by_itself(running: Running) -> None:
    forwarded = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Ssl": "on",
        "X-Forwarded-For": "192.0.2.1",
        "SCRIPT_NAME": "/x",
    }
    status, headers, _ = running.ask("/healthz", forwarded)
    assert status == 200
    assert "Strict-Transport-Security" not in headers


def test_queries_are_not_in_the_log(running: Running) -> None:
    paths = ["/?q={}", "/nowhere?{}", "/tiles/incidents/5/18/16.mvt?level={}", "/provinces?quarter={}"]
    for path in (each.format("zqsecretqz") for each in paths):
        assert running.ask(path, {"Referer": "http://zqsecretqz/"})[0] in {200, 400, 404}


def test_slow_clients_do_not_stop_the_others(running: Running) -> None:
    """More connections that say nothing than there are threads."""
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(socket.create_connection(("127.0.0.1", running.port)))
        assert running.ask("/healthz")[0] == 200
    assert running.ask("/healthz")[0] == 200


def test_a_client_that_stops_in_the_middle_is_let_go() -> None:
    made, other = socket.socketpair()
    with made, other:

        class Connection:
            sock = made

        class Quick(worker.Worker):  # type: ignore[misc]
            def __init__(self) -> None:
                """Nothing of a worker but what is asked here."""

        with contextlib.suppress(AttributeError):
            Quick().handle(Connection())
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            assert made.getsockopt(socket.SOL_SOCKET, option, 16) != bytes(16)
