"""Which column of a file goes to which column of a table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from geoapp.errors import ImportRefusedError
from geoapp.ingest.report import Proposed
from geoapp.ingest.synonyms import SHARED, SYNONYMS
from geoapp.ingest.targets import FileColumn, Target
from geoapp.naming import nearest, squeeze
from layers.text import Text

# A shapefile cuts the names of its columns to this many characters.
CUT = 10

Matching = dict[str, list[str]]


def match_columns(
    target: Target, sources: Sequence[str], given: Mapping[str, Sequence[str]], alone: Sequence[str] | None = None
) -> Matching:
    """The source columns of each column of the table that has any; only arrays have more than one.

    `given` are the person's own choices (`--map`), which come first; the others are found among `alone`, where that is
    given. Raises ImportRefusedError for a choice that does not exist.
    """
    chosen = _checked(target, sources, given)
    taken = {source: column for column, names in chosen.items() for source in names}
    for test in (_same_name, _synonym, _cut_name):
        for column in target.columns.values():
            if column.name in chosen:
                continue
            free = [source for source in (sources if alone is None else alone) if _free(source, column.name, taken)]
            if found := test(column, free, target):
                chosen[column.name] = found
                taken |= dict.fromkeys(found, column.name)
    return chosen


def require_columns(
    target: Target, sources: Sequence[str], chosen: Matching, proposed: Sequence[Proposed] = ()
) -> None:
    """Raise ImportRefusedError for a column that every row needs and that nothing matches, with what may match it."""
    missing = [
        column
        for column in target.columns.values()
        if column.required and column.name not in chosen and not (column.name == "country" and "unit_code" in chosen)
    ]
    if not missing:
        return
    looked = [(column.name, ", ".join((column.name, *SYNONYMS.get(column.name, ())[:6]))) for column in missing]
    columns = ", ".join(sources)
    likely = [each for each in proposed if each.column in {column.name for column in missing}]
    options = " ".join(f"--map {each.column}={each.source}" for each in likely)
    next_step = Text(
        f"Say which one it is with --map {missing[0].name}=COLUMN.",
        f"Dites laquelle avec --map {missing[0].name}=COLONNE.",
    )
    if likely:
        next_step = Text(
            f"If it is, add {options} (or --accept-proposals), else say which one with --map {missing[0].name}=COLUMN.",
            f"Si c'est bien le cas, ajoutez {options} (ou --accept-proposals), sinon dites laquelle avec"
            f" --map {missing[0].name}=COLONNE.",
        )
    raise ImportRefusedError(
        f"The file has no column for {'; '.join(f'{name} (looked for {names})' for name, names in looked)}."
        f" Its columns are: {columns or 'none'}. {next_step.en}",
        f"Le fichier n'a pas de colonne pour {' ; '.join(f'{name} (cherché : {names})' for name, names in looked)}."
        f" Ses colonnes sont : {columns or 'aucune'}. {next_step.fr}",
        column=missing[0].name,
    )


def ignored(sources: Iterable[str], used: Iterable[str]) -> list[str]:
    """The source columns that nothing uses, in the order of the file."""
    used = set(used)
    return [source for source in sources if source not in used]


def find_source(name: str, sources: Iterable[str]) -> str | None:
    """The source column that a person means by `name`: the very same, else the only one that reads alike."""
    sources = list(sources)
    if name in sources:
        return name
    alike = [source for source in sources if squeeze(source) == squeeze(name)]
    return alike[0] if len(alike) == 1 else None


def first_named(names: Iterable[str], sources: Iterable[str]) -> str | None:
    """The source column that bears one of `names`, the first of them that any bears."""
    by_name = {squeeze(source): source for source in reversed(list(sources))}
    return next((by_name[squeeze(name)] for name in names if squeeze(name) in by_name), None)


def _checked(target: Target, sources: Sequence[str], given: Mapping[str, Sequence[str]]) -> Matching:
    chosen: Matching = {}
    for name, wanted in given.items():
        if name not in target.columns:
            like = _proposals(name, target.columns)
            raise ImportRefusedError(
                f"--map {name}=...: {target.name} has no column {name} that a file may bring. {like.en}",
                f"--map {name}=... : {target.name} n'a pas de colonne {name} qu'un fichier puisse apporter. {like.fr}",
                column=name,
            )
        if len(wanted) > 1 and target.columns[name].kind.name != "texts":
            raise ImportRefusedError(
                f"--map {name}=... was given twice: say which one column holds it.",
                f"--map {name}=... est donné deux fois : dites quelle colonne le contient.",
                column=name,
            )
        chosen[name] = [required_source(name, source, sources) for source in wanted]
    return chosen


def required_source(name: str, wanted: str, sources: Sequence[str]) -> str:
    """The source column that `--map name=wanted` means.

    Raises ImportRefusedError, with the nearest names, where the file has no such column.
    """
    source = find_source(wanted, sources)
    if source is None:
        like = _proposals(wanted, sources)
        raise ImportRefusedError(
            f"--map {name}={wanted}: the file has no column {wanted}. {like.en}",
            f"--map {name}={wanted} : le fichier n'a pas de colonne {wanted}. {like.fr}",
            column=name,
        )
    return source


def _proposals(name: str, choices: Iterable[str]) -> Text:
    choices = list(choices)
    if like := nearest(name, choices):
        return Text(f"Did you mean {' or '.join(like)}?", f"Vouliez-vous dire {' ou '.join(like)} ?")
    return Text(f"There are: {', '.join(choices)}.", f"Il y a : {', '.join(choices)}.")


def _free(source: str, column: str, taken: Mapping[str, str]) -> bool:
    return source not in taken or any({column, taken[source]} <= group for group in SHARED)


def _same_name(column: FileColumn, sources: Sequence[str], target: Target) -> list[str]:
    found = first_named([column.name], sources)
    return [found] if found else []


def _synonym(column: FileColumn, sources: Sequence[str], target: Target) -> list[str]:
    names = SYNONYMS.get(column.name, ())
    if found := first_named(names, sources):
        return [found]
    if column.kind.name != "texts":
        return []
    # Such as mineral1, mineral2, mineral3.
    numbered = re.compile(f"({'|'.join(squeeze(name) for name in (column.name, *names))})[1-9]")
    return sorted((source for source in sources if numbered.fullmatch(squeeze(source))), key=squeeze)


def _cut_name(column: FileColumn, sources: Sequence[str], target: Target) -> list[str]:
    """Names cut by a shapefile; of several that are cut alike, writers number the later ones `icglr_st_1`."""
    for name in (column.name, *SYNONYMS.get(column.name, ())):
        if len(name) <= CUT:
            continue
        cut = name[:CUT]
        if found := first_named([cut], [source for source in sources if len(source) >= CUT - 1]):
            return [found]
        alike = [other for other in target.columns if other[:CUT] == cut and len(other) > CUT]
        numbered = [f"{name[: CUT - 2]}_{number}" for number in range(1, len(alike))]
        if name == column.name and (found := first_named(numbered, sources)):
            return [found]
    return []
