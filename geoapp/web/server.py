"""The production server: gunicorn with threads, in this process."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from geoapp.settings import Settings
from geoapp.web.app import create_app

THREADS = 4
TIMEOUT_SECONDS = 60


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, configured from the settings alone, so that no file or variable of its own is needed."""

    def __init__(self, settings: Settings):
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Hand gunicorn the settings."""
        host = f"[{self.settings.host}]" if ":" in self.settings.host else self.settings.host
        chosen: dict[str, Any] = {
            "bind": f"{host}:{self.settings.port}",
            "workers": self.settings.workers,
            "worker_class": "gthread",
            "threads": THREADS,
            "timeout": TIMEOUT_SECONDS,
            "graceful_timeout": 10,
            # Heartbeats on a slow disk would make the arbiter kill healthy workers.
            "worker_tmp_dir": "/dev/shm",  # noqa: S108
            "control_socket_disable": True,
            "loglevel": "warning",
            "proc_name": "geoapp",
        }
        for name, value in chosen.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application of one worker."""
        return create_app(self.settings)
