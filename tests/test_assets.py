"""Which built file a page asks for, how long a browser keeps it, and what is said where nothing is built."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from flask import Flask

from geoapp.errors import AssetsMissingError
from geoapp.web import assets


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(assets, "FOLDER", tmp_path)
    (tmp_path / "manifest.json").write_text(json.dumps({"map.js": "map-ABC.js"}), encoding="utf-8")
    (tmp_path / "map-ABC.js").write_text("1", encoding="utf-8")
    made = Flask("assets", static_folder=None)
    assets.init_app(made)
    return made


def test_it_works(app: Flask) -> None:
    with app.test_request_context():
        address = assets.asset_url("map.js")
    answer = app.test_client().get(address)
    assert answer.text == "1"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_file_without_a_hash_is_asked_for_again(app: Flask) -> None:
    assert app.test_client().get("/static/manifest.json").headers["Cache-Control"] == "no-cache"


def test_a_new_build_is_seen_without_a_restart(app: Flask, tmp_path: Path) -> None:
    with app.test_request_context():
        assets.asset_url("map.js")
        (tmp_path / "manifest.json").write_text(json.dumps({"map.js": "map-NEWER.js"}), encoding="utf-8")
        assert assets.asset_url("map.js") == "/static/map-NEWER.js"


def test_an_unknown_name_is_refused(app: Flask) -> None:
    with app.test_request_context(), pytest.raises(AssetsMissingError, match=r"other\.js.*script/assets"):
        assets.asset_url("other.js")


@pytest.mark.parametrize("content", [None, "not json"])
def test_a_missing_build_says_what_to_run(app: Flask, tmp_path: Path, content: str | None) -> None:
    manifest = tmp_path / "manifest.json"
    if content is None:
        manifest.unlink()
    else:
        manifest.write_text(content, encoding="utf-8")
    with app.test_request_context(), pytest.raises(AssetsMissingError, match="run script/assets"):
        assets.asset_url("map.js")
    assert not assets.assets_built()


def test_nothing_outside_the_folder_is_served(app: Flask) -> None:
    for path in ("/static/../assets.py", "/static/%2e%2e/assets.py", "/static/nothing.js"):
        assert app.test_client().get(path).status_code == 404


def test_the_script_of_the_first_view_is_light() -> None:
    """120 kB on a link of 400 kbit/s are some 2.5 s."""
    manifest = json.loads((assets.FOLDER / "manifest.json").read_text(encoding="utf-8"))
    scripts = [file for name, file in manifest.items() if name.endswith(".js")]
    assert sum(len(gzip.compress((assets.FOLDER / file).read_bytes())) for file in scripts) < 120_000
