"""`/codebook`: the columns of every table with their units, codes and names, as a page and as a file."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, render_template

from geoapp.errors import NotFoundError
from geoapp.ingest.codebook import HEADING, as_csv, as_xlsx, codebook, made_by_geoapp, whole_codebook
from geoapp.ingest.targets import TARGETS
from geoapp.web.desk_words import TABLES
from layers.text import typeset

pages = Blueprint("codebook", __name__)

FORMS = {
    "csv": (as_csv, "text/csv"),
    "xlsx": (as_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
NO_SUCH_FORM = "The codebook comes as CSV and XLSX."


@pages.get("/codebook")
def page() -> Response:
    """Every table with its columns, and every column with its codes."""
    tables = []
    for target in TARGETS.values():
        columns: dict[str, dict[str, object]] = {}
        for cells in (*codebook(target), *made_by_geoapp(target)):
            line = dict(zip(HEADING, cells, strict=True))
            if line["code"]:
                codes = columns[line["column"]]["codes"]
                assert isinstance(codes, list)  # noqa: S101 - made two lines below.
                codes.append((line["code"], line[f"label_{g.language}"]))
                continue
            columns[line["column"]] = {
                **line,
                "title": typeset(line[f"title_{g.language}"], g.language),
                "type": typeset(line[f"type_{g.language}"], g.language),
                "codes": [],
            }
        tables.append((target.name, TABLES[target.name].in_language(g.language), list(columns.values())))
    return make_response(render_template("codebook.html", tables=tables, forms=list(FORMS)))


@pages.get("/codebook.<form>")
def download(form: str) -> Response:
    """The same as a file, in both languages."""
    if form not in FORMS:
        raise NotFoundError(NO_SUCH_FORM)
    write, mimetype = FORMS[form]
    answer = Response(write([["table", *HEADING], *whole_codebook()]), mimetype=mimetype)
    answer.headers["Content-Disposition"] = f"attachment; filename=geoapp-codebook.{form}"
    return answer
