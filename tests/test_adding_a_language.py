"""A third language is a catalogue and its code in one line: pages, vocabularies, dates; what it lacks is English."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packages import ROOT

CATALOGUE = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

msgid "Provinces"
msgstr "Mikoa"

msgid "child labour"
msgstr "ajira ya watoto"
"""
PROGRAM = """
from geoapp.web.app import create_app
from layers.vocabulary import CATEGORY
client = create_app().test_client()
page = client.get("/provinces?lang=sw").text
print('lang="sw"' in page, ">Mikoa<" in page, ">Map<" in page, "lang=sw" in page)
said = [("child_labour", "sw"), ("child_labour", "fr"), ("bribery", "sw")]
print(*(CATEGORY.label(*each) for each in said), sep="; ")
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the code that has Swahili."""
    (tmp_path / "templates").symlink_to(ROOT / "templates")
    (tmp_path / "data").symlink_to(ROOT / "data")
    for name in ("geoapp", "layers"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "geoapp/web/translations/sw.po").write_text(CATALOGUE, encoding="utf-8")
    words = tmp_path / "layers/text.py"
    source = words.read_text(encoding="utf-8")
    line = 'LANGUAGES = ("en", "fr")'
    assert source.count(line) == 1
    words.write_text(source.replace(line, 'LANGUAGES = ("en", "fr", "sw")'), encoding="utf-8")
    return tmp_path


def test_it_is_spoken_everywhere(copy: Path, environment: dict[str, str]) -> None:
    variables = {**os.environ, **environment, "PYTHONPATH": str(copy), "GEOAPP_LANGUAGE": "sw"}
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=copy, env=variables, capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stderr
    assert said.stdout.splitlines() == ["True True True True", "ajira ya watoto; travail des enfants; bribery"]
