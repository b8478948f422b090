"""CONTRIBUTING's worked example, done in a copy of the code: one new file and one line, and the layer is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from packages import ROOT

NAME = "checkpoints_by_levy"
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
# What the copy has in common with the checkout: the example touches none of it.
SAME = ("geoapp", "templates", "data", "tests", "pyproject.toml")


def block(language: str) -> str:
    """The page's only block of a language, without the indent of the list that it stands in."""
    (found,) = re.findall(rf"^ *```{language}\n(.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)
    return textwrap.dedent(found)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code in which the example's two steps were done."""
    folder = tmp_path_factory.mktemp("example")
    for name in SAME:
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "layers", folder / "layers", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / f"layers/{NAME}.py").write_text(block("python"), encoding="utf-8")
    catalogue = folder / "layers/catalogue.py"
    lines = block("diff").splitlines()
    before = "\n".join(line[1:] for line in lines if not line.startswith("+"))
    after = "\n".join(line[1:] for line in lines)
    source = catalogue.read_text(encoding="utf-8")
    assert source.count(before) == 1
    catalogue.write_text(source.replace(before, after), encoding="utf-8")
    return folder


def run(copy: Path, *command: str) -> str:
    """What a command of Python's says in the copy."""
    # Bytecode beside the checkout's files would be of the copy's paths.
    environment = {**os.environ, "PYTHONPATH": f"{copy}:{copy}/tests", "PYTHONDONTWRITEBYTECODE": "1"}
    environment = {key: value for key, value in environment.items() if not key.startswith("PYTEST_")}
    answer = subprocess.run(
        [sys.executable, *command], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_it_adds_one_file_and_one_line() -> None:
    added = [line for line in block("diff").splitlines() if line.startswith(("+", "-"))]
    assert added == [f'+    "{NAME}",']
    assert f"layers/{NAME}.py" in PAGE


def test_the_layer_has_tile_legend_and_collection(copy: Path) -> None:
    said = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_layers.py", "-k", NAME)
    assert "5 passed" in said


def test_it_passes_for_style_and_types(copy: Path) -> None:
    run(copy, "-m", "ruff", "check", f"layers/{NAME}.py")
    run(copy, "-m", "ruff", "format", "--check", f"layers/{NAME}.py")


def test_its_tiles_are_kept_by_nobody_as_those_of_its_table(copy: Path) -> None:
    program = "import layers; from geoapp.web.tiles import UNSTORED; print(layers.__file__, *UNSTORED)"
    place, *unstored = run(copy, "-c", program).split()
    assert Path(place).is_relative_to(copy)
    assert NAME in unstored
