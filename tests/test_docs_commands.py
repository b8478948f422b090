"""What the manual and the README tell people to type: every command exists, and those of the tutorials are run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from ogc_rows import insert_incidents
from packages import ROOT
from sqlalchemy import Engine

from geoapp.cli import cli

PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
]
BLOCK = re.compile(r"^ *```(?:sh|bash)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)


def lines(page: Path) -> list[str]:
    """The lines of a page that are to be typed."""
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    text = "\n".join(blocks).replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def geoapp_calls(page: Path) -> Iterator[list[str]]:
    """The words of each call of geoapp on a page."""
    for line in lines(page):
        words = shlex.split(line, comments=True)
        while words:
            end = next((index for index, word in enumerate(words) if word in {"|", "&&", ";", ">"}), len(words))
            call, words = words[:end], words[end + 1 :]
            named = [index for index, word in enumerate(call) if word == "geoapp" or word.endswith("/geoapp")]
            if named and not call[0].startswith(("docker", "sudo", "systemctl")):
                yield call[named[0] + 1 :]


def unknown(words: list[str]) -> list[str]:
    """What of a call geoapp does not know."""
    command: click.Command = cli
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(click.Context(command), rest[0])
        if found is None:
            return [rest[0]]
        command = found
        rest.pop(0)
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | {
        "--help",
        "--version",
    }
    return [word for word in rest if word.startswith("--") and word.partition("=")[0] not in known]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_a_page_exists(page: Path) -> None:
    wrong = {" ".join(call): unknown(call) for call in geoapp_calls(page) if unknown(call)}
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_script_of_a_page_exists(page: Path) -> None:
    named = {name for line in lines(page) for name in re.findall(r"(?:^|\s)(script/[\w-]+)", line)}
    assert not [name for name in named if not os.access(ROOT / name, os.X_OK)]


def test_the_test_would_find_a_wrong_command() -> None:
    assert unknown(["risk", "sites", "--limt", "5"]) == ["--limt"]
    assert unknown(["imprt", "x.csv"]) == ["imprt"]


def test_the_tutorials_commands_run(
    engine: Engine, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one folder and on one database, the officer's first: the analyst looks at what it brought."""
    insert_incidents(engine, 60)
    monkeypatch.chdir(tmp_path)
    typed = [line for who in ("officer", "analyst") for line in lines(ROOT / f"docs/tutorial-{who}.md")]
    assert sum(line.startswith("geoapp ") for line in typed) >= 8
    for line in typed:
        if line.startswith("geoapp "):
            done = CliRunner().invoke(cli, shlex.split(line)[1:], env=environment)
            assert done.exit_code == 0, f"{line}: {done.exception}"
        else:
            subprocess.run(["/bin/sh", "-c", line], check=True)
    assert {"template.csv", "report.json", "mine_sites.gpkg", "incidents.gpkg"} <= {p.name for p in tmp_path.iterdir()}
