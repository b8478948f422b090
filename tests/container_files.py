"""The Dockerfile and the compose file, taken apart for the tests."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent


@dataclass
class Stage:
    """One stage of the Dockerfile: its base image, its name and its instructions, each a word and a text."""

    image: str
    name: str | None
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def texts(self, word: str) -> list[str]:
        """The texts of all instructions of one kind."""
        return [text for each, text in self.instructions if each == word]

    def command(self, word: str) -> list[str]:
        """The last CMD, ENTRYPOINT or HEALTHCHECK, as the arguments that it runs."""
        text = self.texts(word)[-1]
        arguments: list[str] = json.loads(text[text.index("[") :])
        return arguments

    def copies(self) -> list[tuple[str | None, list[str], str]]:
        """What is copied: from which stage (None: the checkout), which paths, and to where."""
        found = []
        for text in self.texts("COPY"):
            words = shlex.split(text)
            origin = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else None
            found.append((origin, words[:-1], words[-1]))
        return found

    def environment(self) -> dict[str, str]:
        """The variables that it sets."""
        return dict(word.split("=", 1) for text in self.texts("ENV") for word in shlex.split(text))


def dockerfile() -> list[Stage]:
    """The stages of the Dockerfile."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    stages: list[Stage] = []
    for statement in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if not statement.strip():
            continue
        word, _, text = statement.partition(" ")
        if word == "FROM":
            image, _, name = text.partition(" AS ")
            stages.append(Stage(image, name or None))
        else:
            stages[-1].instructions.append((word, text.strip()))
    return stages


def compose() -> dict[str, Any]:
    """The compose file, with the defaults of what it takes from the environment filled in."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (ROOT / "docker-compose.yml").read_text())
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def interpolated() -> set[str]:
    """The variables that the compose file takes from the environment that it is called in."""
    return set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
