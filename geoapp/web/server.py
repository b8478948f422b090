"""The production server: gunicorn with threads, in this process."""

from __future__ import annotations

import gc
import ssl
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from geoapp.settings import Settings
from geoapp.web.app import create_app
from geoapp.web.buckets import Buckets
from geoapp.web.meters import Meters
from geoapp.web.worker import Log, Worker

THREADS = 4
TIMEOUT_SECONDS = 60
# The whole state of the map is in its address, lists of units and categories included.
REQUEST_LINE_BYTES = 8190


def _tls(_: object, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """TLS 1.2 or newer, with the ciphers that Python takes for good."""
    context = default()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, configured from the settings alone, so that no file or variable of its own is needed."""

    def __init__(self, settings: Settings):
        self.settings = settings
        # Made before the workers are forked, so that they are the same for all.
        self.buckets, self.meters = Buckets(), Meters()
        super().__init__()

    def load_config(self) -> None:
        """Hand gunicorn the settings."""
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        chosen: dict[str, Any] = {
            "bind": f"{host}:{self.settings.port}",
            "workers": self.settings.workers,
            "worker_class": Worker,
            "logger_class": Log,
            "threads": THREADS,
            "timeout": TIMEOUT_SECONDS,
            "graceful_timeout": 10,
            # Heartbeats on a slow disk would make the arbiter kill healthy workers.
            "worker_tmp_dir": "/dev/shm",  # noqa: S108
            "control_socket_disable": True,
            # Who asked for what is for a proxy to log, without queries.
            "accesslog": None,
            "loglevel": "warning",
            # Which proxies are trusted is a setting; by itself gunicorn trusts whatever comes from loopback.
            "forwarded_allow_ips": "",
            "secure_scheme_headers": {},
            "forwarder_headers": "",
            "limit_request_line": REQUEST_LINE_BYTES,
            "limit_request_fields": 60,
            "limit_request_field_size": 8190,
            "keepalive": 5,
            "proc_name": "geoapp",
        }
        if self.settings.tls_certificate:
            chosen |= {"certfile": str(self.settings.tls_certificate), "keyfile": str(self.settings.tls_key)}
            chosen["ssl_context"] = _tls
        for name, value in chosen.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application of one worker."""
        app = create_app(self.settings, self.buckets, self.meters)
        # The program itself is never garbage: looking through it again and again would stop a worker for some 60 ms.
        gc.collect()
        gc.freeze()
        return app
