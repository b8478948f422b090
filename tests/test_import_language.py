"""The command line speaks GEOAPP_LANGUAGE: summary, findings and refusals of imports, templates and aliases."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest
from importing import write_csv
from test_import_command import GEOAPP

ROOT = Path(__file__).parents[1]
# Files whose refusals must all say their French; the others follow.
BILINGUAL = ("columns", "targets", "report", "rejected", "template", "importing", "rights", "doubles", "understanding")


def run(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run geoapp in French."""
    command = [str(GEOAPP), *map(str, arguments)]
    french = {**environment, "GEOAPP_LANGUAGE": "fr"}
    return subprocess.run(command, env=french, capture_output=True, text=True, timeout=120, check=False)


ENGLISH = re.compile(
    r"\b(from the file|not stated|were they|shifted|accuracy|nearest|layer|rows|all bytes|the)\b", re.I
)


def test_how_a_file_was_read_is_told_in_french(environment: dict[str, str], tmp_path: Path) -> None:
    heading = "site_id;nom;statut;stated_unit;x;y"
    # UTM 35S without saying so, in a code page of Windows.
    lines = ["S1;Bisié;roug;Sud-Kivu;700000;9720000", "S2;Numbi;blanch;Sud-Kivu;701000;9721000"]
    path = tmp_path / "s.csv"
    path.write_bytes("\r\n".join([heading, *lines, ""]).encode("cp1252"))
    told = run(environment, "import", path, "--as", "mine_sites", "--dry-run").stdout
    assert "s.csv comme mine_sites" in told
    assert "EPSG:32735 (non indiqué\u00a0; des systèmes usuels, seul UTM 35S place les données" in told
    assert "cp1252 (pas de l’UTF-8\u00a0; en cp1252 ses lettres font des mots français)" in told
    assert "S'il s'agissait de Arc 1960 / UTM 35S" in told
    # The words of the language, which are understood as well as the codes.
    assert "le plus proche\u00a0: rouge" in told
    assert "utilisez l'un de\u00a0: vert\u00a0; jaune" in told
    assert not ENGLISH.search(told), told
    path = write_csv(tmp_path / "t.csv", "site_id,name,icglr_status,lon,lat", "S1,A,rouge,28.5,-2.6")
    told = run(environment, "import", path, "--as", "mine_sites", "--dry-run").stdout
    assert "(colonnes de longitude et de latitude, prises en WGS 84)" in told
    assert "utf-8 (tous les octets sont de l’UTF-8)" in told
    assert not ENGLISH.search(told), told


def test_an_import_and_its_aliases_speak_french(environment: dict[str, str], tmp_path: Path) -> None:
    heading = "site_id,nom,statut,creuseurs,lon,lat"
    path = write_csv(
        tmp_path / "s.csv",
        heading,
        "S1,Bisié,mauve,5,28.5,-2.6",
        "S2,Bisie,vert,6,28.5,-2.6001",
        "S3,Bisié,vert,6,28.5,-2.6",
    )
    done = run(
        environment,
        "import",
        path,
        "--as",
        "mine_sites",
        "--rejected",
        tmp_path / "bad.csv",
        "--source-date",
        "2024-05-01",
    )
    assert done.returncode == 1, done.stderr
    assert "3 lignes lues, 2 ajoutées, 0 modifiées, 0 inchangées, 1 refusées" in done.stdout
    assert "erreur\u00a0: ligne 1, icglr_status\u00a0: «\u00a0mauve\u00a0» n'est pas un de ses mots" in done.stdout
    assert "est peut-être le site" in done.stdout
    assert "Corrigez les lignes refusées" in done.stdout
    assert "n'est pas un de ses mots" in (tmp_path / "bad.csv").read_text("utf-8-sig")

    done = run(environment, "aliases", "list")
    assert "noms semblables à 100\u00a0%" in done.stdout
    [pair] = json.loads(run(environment, "aliases", "list", "--json").stdout)
    assert {pair["site_id"], pair["other_site_id"]} == {"S2", "S3"}
    done = run(environment, "aliases", "confirm", "S2", "S9")
    assert (done.returncode, done.stdout) == (1, "")
    assert "Il n'y a pas de site S9" in done.stderr
    assert "est maintenant un alias de S2" in run(environment, "aliases", "confirm", "S2", "S3").stdout
    assert "S2  geoapp  S3  Bisié" in run(environment, "aliases", "list", "--known").stdout

    done = run(environment, "import", path, "--as", "mine_sites", "--map", "name=rien")
    assert "le fichier n'a pas de colonne rien" in done.stderr
    done = run(environment, "import", tmp_path / "t.shp", "--template", "routes")
    assert "un modèle est un GeoPackage ou un fichier CSV" in done.stderr
    done = run(environment, "import", tmp_path / "t.csv", "--template", "routes")
    assert (done.returncode, (tmp_path / "t-codebook.csv").exists()) == (0, True)


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--as", "mine_sites", "--rejected", "s.csv"),
        ("--as", "mine_sites", "--rejected", "x.csv", "--report", "x.csv"),
        ("--as", "mine_sites", "--source-date", "yesterday"),
        ("--as", "mine_sites", "--licence", " "),
        ("--template", "castles"),
    ],
)
def test_wrong_usage_is_2(environment: dict[str, str], tmp_path: Path, options: tuple[str, ...]) -> None:
    path = write_csv(tmp_path / "s.csv", "site_id,nom,lon,lat", "S1,A,28.5,-2.6")
    named = [str(tmp_path / each) if each.endswith(".csv") else each for each in options]
    done = run(environment, "import", path, *named)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", BILINGUAL)
def test_every_refusal_says_its_french(name: str) -> None:
    tree = ast.parse((ROOT / f"geoapp/ingest/{name}.py").read_text("utf-8"))
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "ImportRefusedError"
    ]
    assert all(len(call.args) == 2 for call in calls), name
