"""`geoapp run`: serve the pages."""

from __future__ import annotations

import socket
from dataclasses import replace

import click
from sqlalchemy import Engine

from geoapp.access.links import PATH, make_demonstration_links
from geoapp.access.sealer import sealing
from geoapp.cli.context import current_database
from geoapp.database.watching import watching
from geoapp.desk.worker import working
from geoapp.errors import AssetsMissingError, SettingsError
from geoapp.logs import write_logs
from geoapp.settings import Settings
from geoapp.web.assets import assets_built
from geoapp.web.hosts import LOOPBACK, served_names
from geoapp.web.server import Server


@click.command()
@click.option("--host", help="Address to listen on (GEOAPP_HOST; 127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (GEOAPP_PORT; 8000).")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that answer (GEOAPP_WORKERS; 2).")
def run(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve, starting the embedded database if it must; Ctrl-C stops both."""
    settings = Settings.from_environment()
    settings = replace(
        settings, host=host or settings.host, port=port or settings.port, workers=workers or settings.workers
    )
    if not assets_built():
        raise AssetsMissingError("The web assets are not built: run script/assets.")
    _require_a_guarded_line(settings)
    _require_free_port(settings)
    write_logs(settings)
    with current_database(settings) as engine:
        if settings.host in LOOPBACK:
            _show_demonstration_links(engine, settings)
        # Workers are forked: none may inherit an open connection.
        engine.dispose()
        if not served_names(settings):
            click.echo("Every host name is answered: name yours in GEOAPP_TRUSTED_HOSTS.", err=True)
        click.echo(f"Serving on {_scheme(settings)}://{settings.host}:{settings.port}/ - stop with Ctrl-C.")
        with watching(settings), sealing(settings), working():
            Server(settings).run()


def _require_a_guarded_line(settings: Settings) -> None:
    """Passwords, cookies and what they open must not go over a network as they are."""
    if settings.host in LOOPBACK or settings.tls_certificate or settings.trusted_proxies:
        return
    raise SettingsError(
        f"On {settings.host} passwords and incidents would go over the network as they are, so nothing was started."
        " Give a certificate by GEOAPP_TLS_CERTIFICATE and GEOAPP_TLS_KEY (`script/certificate NAME` makes one for an"
        " office); or put a proxy with TLS before geoapp and name it in GEOAPP_TRUSTED_PROXIES; or stay on 127.0.0.1."
    )


def _scheme(settings: Settings) -> str:
    return "https" if settings.tls_certificate else "http"


def _show_demonstration_links(engine: Engine, settings: Settings) -> None:
    """A way in as each of the demonstration's people; they work once, in a browser on this machine."""
    with engine.begin() as connection:
        made = make_demonstration_links(connection)
    if made:
        click.echo("The demonstration's people sign in once by these links, on this computer:")
        width = max(len(name) for name, _ in made)
        for name, secret in made:
            click.echo(f"  {name:{width}}  {_scheme(settings)}://{settings.host}:{settings.port}{PATH}{secret}")


def _require_free_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SettingsError(
                f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}."
                " Stop what listens there, or choose another with --port or GEOAPP_PORT."
            ) from None
