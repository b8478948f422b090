"""No SQL is built from strings: whoever could send SQL of their own as the web role could name another viewer.

A text that goes to the database is a constant of the code, or is put together of constants alone and stands in BUILT
with the reason. Values are bound, and identifiers that are not constants go through the driver's own quoting.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What takes a statement, or a part of one, as it is: the argument that does.
TAKES_SQL = {
    "text",
    "exec_driver_sql",
    "literal_column",
    "execute",
    "executemany",
    "copy",
    "SQL",
    "DDL",
    "mogrify",
    "op",
    "bool_op",
}
# Which functions put a statement together, and of what.
BUILT = {
    ("geoapp/bench/access.py", "_fresh"): "a constant of another file",
    ("geoapp/database/versions.py", "said_by"): "the name of a table of the models",
    ("geoapp/desk/editing.py", "_drop"): "the name of a table that the stage has made up",
    ("geoapp/desk/merging.py", ""): "a condition of another file, without values",
    ("geoapp/desk/preview.py", "mark_of"): "the name of a table of the models",
    ("geoapp/desk/rows.py", "read_states"): "the name of a table of the models",
    ("geoapp/ingest/matching.py", "_refuse_broken"): "the table's own checks, as the models have them",
    ("geoapp/ingest/repeats.py", "pairs"): "constants of the file",
    ("geoapp/ingest/stage.py", "brought_value"): "the table's own default, as the models have it",
    ("geoapp/ingest/stage.py", "fill"): "names of columns of the models, quoted by the dialect",
    ("geoapp/publish/exports/versions.py", "add_versions"): "names that the file has made up",
    ("geoapp/publish/tiles.py", "reach"): "the edges of the world, as numbers",
}


def sources() -> Iterator[Path]:
    """The files of the program."""
    for package in ("geoapp", "layers"):
        yield from sorted((ROOT / package).rglob("*.py"))


def built_in(source: str) -> list[tuple[str, int]]:
    """The functions of a file that give something put together to what takes SQL, each with its line."""
    found: list[tuple[str, int]] = []
    tree = ast.parse(source)
    constants: set[str] = set()
    # Psycopg's own SQL, under whatever name, quotes what is put into it.
    quoting = {
        each.targets[0].id
        for each in ast.walk(tree)
        if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name) and _is_call_of(each.value, "SQL")
    }
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {each.id for each in targets if isinstance(each, ast.Name)}
            if _is_constant(node.value, constants):
                constants |= names
    _look(tree, "", constants, quoting, found)
    return found


def _look(node: ast.AST, where: str, constants: set[str], quoting: set[str], found: list[tuple[str, int]]) -> None:
    for child in ast.iter_child_nodes(node):
        inside = child.name if isinstance(child, ast.FunctionDef | ast.ClassDef) else where
        if isinstance(child, ast.Call) and _name(child.func) in TAKES_SQL:
            found += [(inside, child.lineno) for each in child.args[:1] if _is_put_together(each, constants, quoting)]
        _look(child, inside, constants, quoting, found)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_call_of(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) == name


def _is_put_together(node: ast.expr, constants: set[str], quoting: set[str]) -> bool:
    if isinstance(node, ast.JoinedStr | ast.BinOp):
        return not _is_constant(node, constants)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        template = node.func.value
        if node.func.attr in {"format", "join", "replace"}:
            own = isinstance(template, ast.Name) and template.id in quoting
            return isinstance(template, ast.Constant | ast.JoinedStr | ast.Name) and not own
    return isinstance(node, ast.Call) and _name(node.func) == "str"


def _is_constant(node: ast.expr, constants: set[str]) -> bool:
    """Whether an expression is made of texts of the file alone."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str | int | float)
    if isinstance(node, ast.Name):
        return node.id in constants
    if isinstance(node, ast.BinOp):
        return _is_constant(node.left, constants) and _is_constant(node.right, constants)
    if isinstance(node, ast.JoinedStr):
        parts = [each.value if isinstance(each, ast.FormattedValue) else each for each in node.values]
        return all(_is_constant(each, constants) for each in parts)
    return False


def test_no_statement_is_put_together() -> None:
    found = {
        (str(path.relative_to(ROOT)), where): line for path in sources() for where, line in built_in(path.read_text())
    }
    strangers = {place: line for place, line in found.items() if place not in BUILT}
    assert not strangers, f"bind values, quote identifiers by psycopg.sql, or say in BUILT why not: {strangers}"
    assert set(BUILT) == set(found), "these put nothing together any more: take them out of BUILT"


@pytest.mark.parametrize(
    "line",
    [
        'connection.execute(text(f"SELECT {name}"))',
        'connection.execute(text("SELECT " + name))',
        'connection.execute(text("SELECT %s" % name))',
        'connection.execute(text("SELECT {}".format(name)))',
        "connection.exec_driver_sql(f\"SET LOCAL x = '{name}'\")",
        'select(literal_column(f"{name}.x"))',
        "cursor.execute(sql.SQL(str(name)))",
        'cursor.execute("; ".join(names))',
    ],
)
def test_the_test_would_find_it(line: str) -> None:
    assert built_in(f"def ask(name):\n    {line}\n") == [("ask", 2)]


@pytest.mark.parametrize(
    "line",
    [
        'connection.execute(text("SELECT :name"), {"name": name})',
        'cursor.execute(sql.SQL("SELECT {}").format(sql.Identifier(name)))',
        'connection.execute(text(f"SELECT {COLUMN}"))',
        'connection.execute(text("SELECT 1" " FROM x"))',
    ],
)
def test_what_is_bound_or_constant_passes(line: str) -> None:
    assert built_in(f'COLUMN = "x"\ndef ask(name):\n    {line}\n') == []
