"""A cache that all viewers share, as a proxy is one: it keeps what Cache-Control and Vary (RFC 9111) allow, no less."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers
from werkzeug.http import parse_cache_control_header

ROOT = Path(__file__).parents[1]
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:{ROOT}/.cache/nginx/usr/sbin")


@dataclass(frozen=True)
class Answer:
    """What came back; `kept` where it came out of the cache."""

    status: int
    headers: Headers
    body: bytes
    kept: bool = False


# Asks for a path with headers.
Ask = Callable[[str, Mapping[str, str]], Answer]


@dataclass
class SharedCache:
    """A cache before an origin."""

    origin: Ask
    _kept: dict[str, list[tuple[Mapping[str, str], Answer, float]]] = field(default_factory=dict)

    def ask(self, path: str, headers: Mapping[str, str]) -> Answer:
        """The kept answer where it may be used, else the origin's, which is kept where it may be."""
        for index, (asked, answer, until) in enumerate(self._kept.get(path, [])):
            if not _same(asked, headers, answer):
                continue
            if time.monotonic() < until:
                return Answer(answer.status, answer.headers, answer.body, kept=True)
            etag = answer.headers.get("ETag")
            again = self.origin(path, {**headers, **({"If-None-Match": etag} if etag else {})})
            if again.status == 304:
                return Answer(answer.status, answer.headers, answer.body, kept=True)
            del self._kept[path][index]
            return self._keep(path, headers, again)
        return self._keep(path, headers, self.origin(path, headers))

    def _keep(self, path: str, headers: Mapping[str, str], answer: Answer) -> Answer:
        said = parse_cache_control_header(answer.headers.get("Cache-Control", ""))
        secret = "Authorization" in headers and not said.get("public")
        allowed = not ({"no-store", "private"} & set(said)) and answer.headers.get("Vary") != "*" and not secret
        if answer.status == 200 and allowed and "If-None-Match" not in headers:
            # Without a word on how long, caches may guess; this one guesses a minute.
            seconds = 0 if "no-cache" in said else float(said.get("s-maxage") or said.get("max-age") or 60)
            self._kept.setdefault(path, []).append((dict(headers), answer, time.monotonic() + seconds))
        return answer


def _same(asked: Mapping[str, str], headers: Mapping[str, str], answer: Answer) -> bool:
    names = [name.strip() for name in answer.headers.get("Vary", "").split(",") if name.strip()]
    return all(asked.get(name) == headers.get(name) for name in names)


CONFIGURATION = """
{account}
daemon off;
worker_processes 1;
error_log stderr warn;
pid {folder}/pid;
events {{ worker_connections 64; }}
http {{
    client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
    access_log off;
    proxy_cache_path {folder}/kept keys_zone=shared:1m;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass {origin};
            proxy_set_header Host $http_host;
            proxy_cache shared;
            proxy_cache_key $request_uri;
            # What says nothing of how long is kept all the same.
            proxy_cache_valid any 1m;
            add_header X-Kept $upstream_cache_status always;
        }}
    }}
}}
"""


@contextlib.contextmanager
def nginx_before(origin: str, folder: Path) -> Iterator[Ask]:
    """A real nginx with a cache before the server at the address `origin`."""
    assert NGINX
    # Started by root its workers would be somebody who may not enter this test's folder.
    account = "user root;" if os.geteuid() == 0 else ""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(account=account, folder=folder, port=port, origin=origin))
    process = subprocess.Popen([NGINX, "-c", str(configuration)])
    try:
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            assert process.poll() is None, "nginx ended at its start"
            assert time.monotonic() < deadline, "nginx does not answer"
            time.sleep(0.05)
        yield lambda path, headers: ask_server(f"http://127.0.0.1:{port}", path, headers)
    finally:
        process.terminate()
        process.wait(timeout=10)


def ask_server(address: str, path: str, headers: Mapping[str, str]) -> Answer:
    """What a server answers."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        found = Headers(answer.getheaders())
        return Answer(answer.status, found, answer.read(), kept=found.get("X-Kept") in {"HIT", "REVALIDATED"})
