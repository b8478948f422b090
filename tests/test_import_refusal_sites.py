"""Every place that refuses an import says why in French and in English, and what to do."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from geoapp.ingest.rules import RULES

PACKAGE = Path(__file__).parents[1] / "geoapp"
# What it says was made elsewhere: in the reading process, or once for several places.
PASSED_ON = {
    "confined.py: ImportRefusedError(english, french, row=answer.get('row'), column=answer.get('column'))",
    "reading.py: ImportRefusedError(*no_room(path.name))",
    "mending.py: ImportRefusedError(NO_CORNER.en, NO_CORNER.fr)",
    "mending.py: ImportRefusedError(NO_OTHER.en, NO_OTHER.fr)",
}


def sites() -> Iterator[tuple[str, ast.Call]]:
    """Every call that makes a refusal, with the file and line where it stands."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("ImportRefusedError"):
                continue
            if f"{path.name}: {ast.unparse(node)}" not in PASSED_ON:
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node


def words(node: ast.expr) -> str:
    """The text of a message, with what it is filled with as [x]."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.BinOp):
        return words(node.left) + words(node.right)
    if isinstance(node, ast.IfExp):
        return words(node.body)
    assert isinstance(node, ast.JoinedStr), ast.unparse(node)
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "[x]" for part in node.values)


SITES = dict(sites())


def test_all_of_them_are_looked_at() -> None:
    assert len(SITES) > 50


@pytest.mark.parametrize("site", SITES)
def test_a_refusal_is_told_in_both_languages_with_what_to_do(site: str) -> None:
    call = SITES[site]
    assert len(call.args) == 2, "one message in English, one in French"
    assert {each.arg for each in call.keywords} <= {"row", "column"}
    english, french = map(words, call.args)
    assert english != french
    for told in (english, french):
        # Why, and what to do: two sentences, or one in two parts.
        assert re.search(r"([.:;,]|\[x\]) \S+.*[.?\]]$", told), told
    filled = [len(re.findall(r"\[x\]", told)) for told in (english, french)]
    assert abs(filled[0] - filled[1]) <= 1, (english, french)


@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if rule.severity == "error"])
def test_a_rule_that_refuses_a_row_says_what_to_do(name: str) -> None:
    text = RULES[name].text
    assert text.en != text.fr or text.en == "{value}"
    # What was found, then what to do about it; these are told by their own values.
    assert name in {"refused", "aborted"} or re.search(r"[;:,] ", text.en), text.en
    assert name in {"refused", "aborted"} or re.search(r"[;:,] ", text.fr), text.fr
