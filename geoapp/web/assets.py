"""The browser's scripts and styles: which built file a name stands for, and how long browsers may keep it."""

from __future__ import annotations

import gzip
import json
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, request, send_from_directory

from geoapp.errors import AssetsMissingError
from geoapp.web.caching import FOREVER
from geoapp.web.compression import taken

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static/"
# What is worth to be compressed.
TEXTS = {".js", ".css", ".svg", ".json", ".txt"}


def init_app(app: Flask) -> None:
    """Serve the built files, and give templates `asset_url`."""
    app.add_url_rule(f"{PREFIX}<name>", "static", _built_file)
    app.jinja_env.globals.update(asset_url=asset_url, assets_built=assets_built)


def asset_url(name: str) -> str:
    """The address of the built file that `name` ("map.js") stands for.

    Raises `AssetsMissingError` where the assets are not built or hold no such file.
    """
    files = _manifest()
    if name not in files:
        raise AssetsMissingError(f"There is no web asset {name}: build the assets again with script/assets.")
    # Not by Flask's way, which fails where the address of the request is itself what is wrong.
    return f"{PREFIX}{files[name]}"


def assets_built() -> bool:
    """Whether there is anything to link to; a page that says that there is not must do without."""
    try:
        return bool(_manifest())
    except AssetsMissingError:
        return False


def _manifest() -> dict[str, str]:
    path = FOLDER / "manifest.json"
    try:
        return _read(path, path.stat().st_mtime_ns)
    except (OSError, ValueError):
        raise AssetsMissingError("The web assets are not built: run script/assets.") from None


@lru_cache(maxsize=1)
def _read(path: Path, changed: int) -> dict[str, str]:
    """The manifest at `path`; `changed` makes a new build known to a running server."""
    files: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return files


@lru_cache(maxsize=16)
def _compressed(path: Path, changed: int) -> bytes:
    """A file as gzip, made once; `changed` makes a new one known."""
    return gzip.compress(path.read_bytes(), 9, mtime=0)


def _built_file(name: str) -> Response:
    """A built script, style or picture, which browsers keep by its name."""
    response = send_from_directory(FOLDER, name, conditional=False)
    path = FOLDER / name
    if path.suffix in TEXTS:
        response.vary.add("Accept-Encoding")
        if taken():
            response.direct_passthrough = False
            response.set_data(_compressed(path, path.stat().st_mtime_ns))
            response.content_encoding = "gzip"
            response.set_etag(f"{response.get_etag()[0]}-gzip")
    response.make_conditional(request)
    # A built file's name changes with its content; the others are asked for again each time.
    response.headers["Cache-Control"] = FOREVER if name in _manifest().values() else "no-cache"
    return response
