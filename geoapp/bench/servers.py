"""Servers for benchmarks, each a process of its own on loopback, ended with the benchmark."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL

from geoapp.errors import GeoappError

START_SECONDS = 60
WORKERS = 2
# What one client of a benchmark asks for is more than one of people may.
UNLIMITED = {"GEOAPP_NETWORK_LIMIT": "0", "GEOAPP_PERSON_LIMIT": "0"}

NGINX = """
daemon off; master_process on; worker_processes {workers}; pid {folder}/pid; error_log {folder}/error;
events {{ worker_connections 64; }}
http {{
    access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder}; keepalive_requests 10000000;
    server {{ listen 127.0.0.1:{port}; root {folder}/files; }}
}}
"""


@contextmanager
def geoapp_server(changes: Mapping[str, str]) -> Iterator[int]:
    """geoapp on the data that is loaded, with some settings changed; its port."""
    port = _free_port()
    command = [sys.executable, "-c", "from geoapp.cli import main; main()", "run", "--port", str(port)]
    settings = {**changes, **UNLIMITED, "GEOAPP_HOST": "127.0.0.1"}
    with _running("geoapp", [*command, "--workers", str(WORKERS)], port, settings):
        yield port


@contextmanager
def tipg_server(database: URL) -> Iterator[int | None]:
    """tipg on the same database, without policies; None where `uvicorn` with tipg is not on the PATH."""
    uvicorn = shutil.which("uvicorn")
    if not uvicorn:
        yield None
        return
    port = _free_port()
    command = [uvicorn, "tipg.main:app", "--port", str(port), "--workers", str(WORKERS), "--log-level", "error"]
    # It takes no address without a host: a socket's folder stands in the host's place.
    folder = str(database.query.get("host", ""))
    host = quote(folder, safe="") if folder else f"{database.host}:{database.port or 5432}"
    secret = f":{quote(str(database.password))}" if database.password else ""
    settings = {
        "DATABASE_URL": f"postgresql://{database.username}{secret}@{host}/{database.database}",
        "TIPG_DB_SCHEMAS": '["public"]',
    }
    with _running("tipg", command, port, settings):
        yield port


@contextmanager
def pygeoapi_server(database: URL, properties: Sequence[str]) -> Iterator[int | None]:
    """pygeoapi on `properties` of the incidents of the same database, without policies; None where it is missing."""
    pygeoapi = shutil.which("pygeoapi")
    if not pygeoapi:
        yield None
        return
    port = _free_port()
    with tempfile.TemporaryDirectory() as name:
        configuration, description = Path(name) / "pygeoapi.yml", Path(name) / "openapi.json"
        configuration.write_text(json.dumps(_pygeoapi_configuration(database, port, properties)))
        settings = {"PYGEOAPI_CONFIG": str(configuration), "PYGEOAPI_OPENAPI": str(description)}
        generate = [pygeoapi, "openapi", "generate", str(configuration), "--format", "json"]
        done = subprocess.run(
            [*generate, "--output-file", str(description)],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise GeoappError(f"pygeoapi did not start: {done.stderr.strip()[-300:]}")
        gunicorn = str(Path(pygeoapi).with_name("gunicorn"))
        command = [gunicorn, "pygeoapi.flask_app:APP", "--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS)]
        with _running("pygeoapi", [*command, "--threads", "2", "--timeout", "120"], port, settings):
            yield port


def _pygeoapi_configuration(database: URL, port: int, properties: Sequence[str]) -> dict[str, Any]:
    """Its whole configuration, of which it leaves nothing out by itself; JSON is YAML."""
    address = f"http://127.0.0.1:{port}"
    host = str(database.query.get("host") or database.host or "localhost")
    data = {
        "host": host,
        "port": database.port or 5432,
        "dbname": database.database,
        "user": database.username,
        "password": str(database.password or ""),
        "search_path": ["public"],
    }
    words = {"title": "incidents", "description": "incidents", "keywords": ["incidents"]}
    link = {"type": "text/html", "rel": "canonical", "title": "none", "href": address}
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": address,
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "gzip": False,
            "languages": ["en-US"],
            "limits": {"default_items": 1000, "max_items": 10000},
            "map": {"url": "none", "attribution": "none"},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {**words, "keywords_type": "theme", "terms_of_service": "none", "url": address},
            "license": {"name": "none", "url": address},
            "provider": {"name": "none", "url": address},
            "contact": {"name": "none"},
        },
        "resources": {
            "incidents": {
                "type": "collection",
                **words,
                "links": [link],
                "extents": {
                    "spatial": {"bbox": [-180, -90, 180, 90], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"},
                    "temporal": {"begin": None, "end": None},
                },
                "providers": [
                    {
                        "type": "feature",
                        "name": "PostgreSQL",
                        "data": data,
                        "id_field": "incident_id",
                        "table": "incident",
                        "geom_field": "geom",
                        "properties": list(properties),
                        "time_field": "occurred_from",
                    }
                ],
            }
        },
    }


@contextmanager
def nginx_server(files: Mapping[str, bytes], folder: Path) -> Iterator[int | None]:
    """nginx with files to send; None where it is not installed."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not nginx:
        yield None
        return
    port = _free_port()
    # Started by root, it reads them as somebody else.
    folder.chmod(0o755)
    (folder / "files").mkdir()
    for name, content in files.items():
        (folder / "files" / name).write_bytes(content)
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(workers=WORKERS, folder=folder, port=port))
    with _running("nginx", [nginx, "-p", str(folder), "-c", str(configuration)], port, {}):
        yield port


@contextmanager
def _running(name: str, command: Sequence[str], port: int, settings: Mapping[str, str]) -> Iterator[None]:
    process = subprocess.Popen(
        command, env={**os.environ, **settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(name, process, port)
        yield
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(name: str, process: subprocess.Popen[bytes], port: int) -> None:
    until = monotonic() + START_SECONDS
    while monotonic() < until:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            sleep(0.1)
        else:
            return
    raise GeoappError(f"{name} did not start. Try it by itself to see why.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
