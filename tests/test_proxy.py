"""The reverse proxy's configuration: read by a parser of its syntax, by nginx itself, and tried before a server."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from container_files import ROOT, compose, dockerfile

from geoapp.web.server import TIMEOUT_SECONDS

CONFIGURATION = ROOT / "docker/nginx.conf"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:{ROOT}/.cache/nginx/usr/sbin")
WRITABLE = "/tmp/"  # noqa: S108
MVT = "application/vnd.mapbox-vector-tile"
needs_nginx = pytest.mark.skipif(
    NGINX is None, reason="nginx is not installed: its configuration was read by the tests' own parser alone"
)

# A directive is its words and, where it is a block, the directives within.
Directive = tuple[list[str], "list[Directive] | None"]


@pytest.fixture(scope="module")
def directives() -> list[Directive]:
    """The configuration, parsed; fails where a brace or a semicolon is missing."""
    tokens: list[tuple[int, int, str]] = []
    for number, line in enumerate(CONFIGURATION.read_text().splitlines(), 1):
        indent = len(line) - len(line.lstrip())
        words = re.findall(r"""#.*|"(?:\\.|[^"\\])*"|'[^']*'|[{};]|[^\s{};"'#]+""", line)
        tokens += [(number, indent, word) for word in words if not word.startswith("#")]
    return _block(iter(tokens), closed_by=None)


def test_its_syntax_is_sound(directives: list[Directive]) -> None:
    assert [words[0] for words, block in directives if block is not None] == ["events", "http"]


def test_it_stays_in_the_foreground_and_writes_nowhere_but_tmp(directives: list[Directive]) -> None:
    assert _words(directives, "daemon") == [["off"]]
    paths = [words[-1] for words, _ in _flat(directives) if words[0] == "pid" or words[0].endswith("_temp_path")]
    assert len(paths) == 6
    assert all(path.startswith(WRITABLE) for path in paths)


def test_it_listens_where_compose_looks_for_it(directives: list[Directive]) -> None:
    proxy = compose()["services"]["proxy"]
    (published,) = proxy["ports"]
    port = published.split(":")[-1]
    assert {words[0] for words in _words(directives, "listen")} == {port}
    assert f"http://127.0.0.1:{port}/healthz" in proxy["healthcheck"]["test"]


def test_it_forwards_to_the_application(directives: list[Directive]) -> None:
    (variable, address) = _words(directives, "set")[0]
    assert _words(directives, "proxy_pass") == [[f"http://{variable}"]]
    name, port = address.split(":")
    assert name in compose()["services"]
    assert dockerfile()[-1].texts("EXPOSE") == [port]
    # Without this a name in a variable cannot be looked up; it is the address of Docker's own name server.
    assert _words(directives, "resolver")[0][0] == "127.0.0.11"


def test_it_waits_longer_than_the_application_works(directives: list[Directive]) -> None:
    assert int(_words(directives, "proxy_read_timeout")[0][0].removesuffix("s")) > TIMEOUT_SECONDS


def test_it_leaves_the_security_headers_alone(directives: list[Directive]) -> None:
    used = {words[0] for words, _ in _flat(directives)}
    assert not used & {"proxy_hide_header", "proxy_ignore_headers", "more_set_headers"}
    # Each is empty, and so not sent, where the application says it.
    added = {words[1] for words in _words(directives, "add_header")}
    maps = {
        words[2]: dict(each for each, _ in block or [])
        for words, block in _flat(directives)
        if words[0] == "map" and words[2].startswith("$own_")
    }
    # What came out of its cache says so.
    assert added - {"$upstream_cache_status"} == set(maps)
    assert {said["default"] for said in maps.values()} == {'""'}


@needs_nginx
def test_nginx_accepts_it(tmp_path: Path) -> None:
    assert NGINX
    answer = subprocess.run(
        [NGINX, "-t", "-c", _adapted(tmp_path, 18080, 18000)], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert "warn" not in answer.stderr


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The port of a running nginx with the configuration, before a server that echoes, and its access log."""
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    behind = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    with running(folder, behind.server_port) as port:
        yield port, folder / "log"
    behind.shutdown()


@needs_nginx
def test_the_application_sees_who_asks(proxied: tuple[int, Path]) -> None:
    spoofed = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Prefix": "/x", "Forwarded": "for=203.0.113.9"}
    status, headers, body = _ask(proxied[0], "/a%20b?q=secret&q=%2F", spoofed)
    assert status == 200
    seen = dict(line.split(": ", 1) for line in body.decode().splitlines())
    assert seen["path"] == "/a%20b?q=secret&q=%2F"
    assert seen["Host"] == seen["X-Forwarded-Host"] == f"127.0.0.1:{proxied[0]}"
    assert (seen["X-Forwarded-For"], seen["X-Forwarded-Proto"]) == ("127.0.0.1", "http")
    assert not {"X-Forwarded-Prefix", "Forwarded"} & set(seen)
    assert headers.get_all("Content-Security-Policy") == ["default-src 'none'"]
    assert headers["Server"] == "nginx"
    # nginx writes its log once the answer is out.
    deadline = time.monotonic() + 10
    while "/a b" not in proxied[1].read_text():
        assert time.monotonic() < deadline, "the request is not in the log"
        time.sleep(0.05)
    assert "secret" not in proxied[1].read_text()


@needs_nginx
@pytest.mark.parametrize("kind", [MVT, "application/json", "text/javascript", "text/css", "image/svg+xml", "text/html"])
def test_it_compresses(kind: str, proxied: tuple[int, Path]) -> None:
    status, headers, body = _ask(proxied[0], f"/long?{kind}", {"Accept-Encoding": "gzip"})
    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert "Accept-Encoding" in headers["Vary"]
    assert gzip.decompress(body) == b"x" * 5000


@needs_nginx
@pytest.mark.parametrize(
    ("headers", "status", "said"),
    [
        ({"Content-Length": str(65 * 1024 * 1024)}, 413, "geoapp import"),
        ({"Host": "rebound.example"}, 421, "server_name"),
    ],
)
def test_it_refuses(headers: dict[str, str], status: int, said: str, proxied: tuple[int, Path]) -> None:
    found, told, body = _ask(proxied[0], "/", headers)
    assert found == status
    assert said in body.decode()
    assert_own_headers(told)


@needs_nginx
@pytest.mark.parametrize(("path", "status"), [("/" + "x" * 9000, 414), ("/a b", 400)])
def test_what_is_no_request_bears_the_headers(path: str, status: int, proxied: tuple[int, Path]) -> None:
    with socket.create_connection(("127.0.0.1", proxied[0]), timeout=10) as opened:
        opened.sendall(f"GET {path}?q=secret HTTP/1.1\r\nHost: localhost\r\nbad\0header\r\n\r\n".encode())
        said = b"".join(iter(lambda: opened.recv(65536), b"")).decode()
    assert f" {status} " in said.splitlines()[0]
    assert "Content-Security-Policy: default-src 'none'" in said
    assert "nginx/" not in said
    assert "secret" not in proxied[1].read_text()


def assert_own_headers(headers: http.client.HTTPMessage) -> None:
    """That an answer of nginx itself is as strict as those of the application, and each header is there once."""
    assert headers.get_all("Content-Security-Policy") == ["default-src 'none'; base-uri 'none'; frame-ancestors 'none'"]
    assert headers.get_all("X-Content-Type-Options") == ["nosniff"]
    assert headers.get_all("Referrer-Policy") == ["no-referrer"]
    assert headers.get_all("Cache-Control") == ["no-store"]


@needs_nginx
@pytest.mark.parametrize("status", [404, 500, 503])
def test_the_applications_own_errors_pass(status: int, proxied: tuple[int, Path]) -> None:
    found, headers, body = _ask(proxied[0], f"/status/{status}")
    assert (found, body) == (status, b"its own words")
    assert headers["Content-Security-Policy"] == "default-src 'none'"


@needs_nginx
def test_it_says_when_the_application_is_away(tmp_path: Path) -> None:
    with running(tmp_path, _free_port()) as port:
        status, headers, body = _ask(port, "/?q=secret")
    assert (status, headers["Retry-After"]) == (503, "10")
    assert b"Try again in a minute" in body
    assert_own_headers(headers)
    assert "secret" not in (tmp_path / "log").read_text()


class _Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent, or as the path says."""

    def do_GET(self) -> None:
        status, kind, body = 200, "text/plain", f"path: {self.path}\n{self.headers}".strip().encode()
        if self.path.startswith("/long?"):
            kind, body = self.path.removeprefix("/long?"), b"x" * 5000
        elif self.path.startswith("/status/"):
            status, body = int(self.path.removeprefix("/status/")), b"its own words"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def running(folder: Path, *applications: int) -> Iterator[int]:
    """The port of an nginx before some ports, up for the time of the block; it logs to `folder`/log."""
    port = _free_port()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [str(NGINX), "-c", _adapted(folder, port, *applications)], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + 10
        while not _listens(port):
            assert process.poll() is None, "nginx ended at its start"
            assert time.monotonic() < deadline, "nginx does not answer"
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _adapted(folder: Path, listen: int, *applications: int) -> str:
    """The path of the configuration with this machine's ports and a folder of the test's own."""
    text = CONFIGURATION.read_text()
    servers = " ".join(f"server 127.0.0.1:{port};" for port in applications)
    for old, new in {
        WRITABLE: f"{folder}/",
        "listen 8080": f"listen 127.0.0.1:{listen}",
        "app:8000": "applications",
        "\n    server {": f"\n    upstream applications {{ {servers} }}\n    server {{",
    }.items():
        assert old in text
        text = text.replace(old, new, -1 if old == WRITABLE or "listen" in old else 1)
    # Started by root its workers would be somebody who may not enter this test's folder.
    account = "user root;\n" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(account + text)
    return str(path)


def _ask(port: int, path: str, headers: dict[str, str] | None = None) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def _block(tokens: Iterator[tuple[int, int, str]], closed_by: str | None) -> list[Directive]:
    """The directives up to the brace that closes the block; words on later lines stand further in than the first."""
    found: list[Directive] = []
    words: list[str] = []
    first_line = first_indent = 0
    for line, indent, token in tokens:
        if token in {";", "{"}:
            assert words, f"{token} without a directive"
            found.append((words, _block(tokens, closed_by="}") if token == "{" else None))
            words = []
        elif token == "}":
            assert not words, f"no semicolon after {words}"
            assert token == closed_by, "a brace too many"
            return found
        else:
            if not words:
                first_line, first_indent = line, indent
            assert line == first_line or indent > first_indent, f"no semicolon before line {line}"
            words.append(token)
    assert closed_by is None, "a brace is missing"
    assert not words, f"no semicolon after {words}"
    return found


def _flat(directives: list[Directive]) -> Iterator[Directive]:
    for words, block in directives:
        yield words, block
        yield from _flat(block or [])


def _words(directives: list[Directive], name: str) -> list[list[str]]:
    return [words[1:] for words, _ in _flat(directives) if words[0] == name]
