"""What the command line says of a fault that nobody foresaw: a sentence, and where to look."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from geoapp import cli

NAME = "the name of a witness"


def test_an_unforeseen_fault_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError(NAME)

    monkeypatch.setattr(cli.cli, "main", broken)
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 1
    said = capsys.readouterr()
    assert not said.out
    assert "KeyError" in said.err
    assert "Traceback" not in said.err
    found = re.search(r"is in (\S+):", said.err)
    assert found
    written = Path(found[1])
    told = written.read_text()
    written.unlink()
    assert "in broken" in told
    assert "witness" not in told + said.err
