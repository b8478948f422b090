"""The container files agree with each other, with the checkout and with the program that they run."""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path

import click
import pytest
from container_files import ROOT, compose, dockerfile, interpolated
from recording import RecordingEnvironment
from sqlalchemy.engine import make_url

from geoapp.cli import cli
from geoapp.settings import Settings

SERVICES = compose()["services"]
NAMES = ["database", "app", "proxy"]
SCRIPTS = ["docker/geoapp-entrypoint", "script/certificate", "script/growth", "script/secrets"]


def test_the_services_are_these() -> None:
    assert list(SERVICES) == NAMES


def test_compose_itself_accepts_the_file() -> None:
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no docker client with compose here: the other tests of this file are what was checked")
    answer = subprocess.run(
        [docker, "compose", "--file", ROOT / "docker-compose.yml", "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("kind", ["volumes", "networks", "secrets"])
def test_what_is_declared_is_used_and_the_other_way_round(kind: str) -> None:
    used = {name.split(":")[0] for service in SERVICES.values() for name in service.get(kind, [])}
    assert {name for name in used if not name.startswith(".")} == set(compose()[kind])


def test_every_path_from_the_checkout_exists() -> None:
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    built = [service["build"] for service in SERVICES.values() if "build" in service]
    paths = [path for path in mounted + built if path.startswith(".")]
    assert paths == ["./docker/nginx.conf", "."]
    assert all((ROOT / path).exists() for path in paths)


def test_every_image_is_pinned() -> None:
    images = [service["image"] for service in SERVICES.values() if "build" not in service]
    images += [stage.image for stage in dockerfile()]
    assert len(images) == 5
    for image in images:
        assert re.search(r":\d+[.-]\d|@sha256:[0-9a-f]{64}$", image), image


def test_the_database_image_is_of_the_version_that_is_developed_with() -> None:
    assert SERVICES["database"]["image"].startswith("postgis/postgis:15-")


def test_nothing_is_published_but_on_loopback() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"proxy": ["127.0.0.1:8080:8080"]}


def test_only_the_proxy_reaches_beyond_the_machine() -> None:
    outside = {name for name, network in compose()["networks"].items() if not network.get("internal")}
    assert [name for name in NAMES if outside & set(SERVICES[name]["networks"])] == ["proxy"]


@pytest.mark.parametrize("name", NAMES)
def test_a_service_has_no_rights_that_it_does_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["init"] is True
    assert service["restart"] == "unless-stopped"
    assert service["tmpfs"][0].split(":")[0] == "/tmp"  # noqa: S108
    user = service.get("user") or dockerfile()[-1].texts("USER")[-1]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)


@pytest.mark.parametrize("name", NAMES)
def test_a_service_has_a_health_check(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} <= set(check)


def test_a_service_waits_until_what_it_needs_is_healthy() -> None:
    waits = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    healthy = {"condition": "service_healthy"}
    assert waits == {"database": {}, "app": {"database": healthy}, "proxy": {"app": healthy}}


def test_the_address_of_the_database_is_that_of_the_service() -> None:
    database, app = SERVICES["database"], SERVICES["app"]
    url = make_url(app["environment"]["GEOAPP_DATABASE_URL"])
    assert (url.host, url.port, url.password) == ("database", 5432, None)
    assert (url.username, url.database) == (
        database["environment"]["POSTGRES_USER"],
        database["environment"]["POSTGRES_DB"],
    )
    assert set(database["networks"]) & set(app["networks"])
    secret = app["environment"]["GEOAPP_DATABASE_PASSWORD_FILE"]
    assert secret == database["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/secrets/database_password"


def test_every_variable_is_one_that_is_read() -> None:
    environment = RecordingEnvironment()
    Settings.from_environment(environment)
    final = dockerfile()[-1].environment()
    used = {*SERVICES["app"]["environment"], *interpolated(), *(name for name in final if "GEOAPP" in name)}
    assert used <= environment.names


def test_the_settings_of_the_container_are_accepted(tmp_path: Path) -> None:
    secret = tmp_path / "database_password"
    secret.write_text("word")
    environment = {**dockerfile()[-1].environment(), **SERVICES["app"]["environment"]}
    environment["GEOAPP_DATABASE_PASSWORD_FILE"] = str(secret)
    settings = Settings.from_environment({name: str(value) for name, value in environment.items()})
    assert settings.database_url == "postgresql+psycopg://geoapp:word@database:5432/geoapp"
    volumes = {volume.split(":")[1] for volume in SERVICES["app"]["volumes"]}
    assert str(settings.home) in volumes


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    maker = tmp_path / "script" / "secrets"
    maker.parent.mkdir()
    shutil.copy(ROOT / "script/secrets", maker)

    def made() -> dict[str, str]:
        subprocess.run([maker], check=True, capture_output=True)
        return {
            path.relative_to(tmp_path).as_posix(): path.read_text() for path in (tmp_path / "docker/secrets").iterdir()
        }

    first = made()
    assert set(first) == {secret["file"].removeprefix("./") for secret in compose()["secrets"].values()}
    assert all(len(content) >= 40 and content.strip() == content for content in first.values())
    assert made() == first
    assert stat.S_IMODE((tmp_path / "docker/secrets").stat().st_mode) == 0o700
    # Read by accounts of the containers, who are not the one that made them.
    assert {stat.S_IMODE((tmp_path / path).stat().st_mode) for path in first} == {0o444}


def test_a_secret_that_is_empty_is_not_taken_for_one(tmp_path: Path) -> None:
    for folder in ("script", "docker/secrets"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "script/secrets", tmp_path / "script")
    (tmp_path / "docker/secrets/database_password").touch()
    answer = subprocess.run([tmp_path / "script/secrets"], capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "holds no secret. Remove it" in answer.stderr


def test_secrets_stay_out_of_history_and_image() -> None:
    assert "docker/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    for path in ("docker/secrets/database_password", ".git/config", ".venv/bin/python", "assets/node_modules/x"):
        assert _ignored_by_the_builder(path), path


def test_what_is_copied_into_the_image_is_there() -> None:
    stages = dockerfile()
    for stage in stages:
        for origin, paths, _ in stage.copies():
            if origin:
                assert origin in {each.name for each in stages}
                continue
            for path in paths:
                assert (ROOT / path).exists(), path
                assert not _ignored_by_the_builder(path), path


def test_the_wheel_is_built_from_all_that_belongs_in_it() -> None:
    copied = {path.removesuffix("/") for stage in dockerfile() for _, paths, _ in stage.copies() for path in paths}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["only-include"], "pyproject.toml", project["project"]["readme"]}
    assert needed | set(project["project"]["license-files"]) <= copied


def test_the_image_has_no_compiler_and_no_package_but_the_pinned_ones() -> None:
    *_, packages, final = dockerfile()
    assert not [text for text in final.texts("RUN") if re.search(r"\b(pip|gcc|npm)\b", text)]
    (installing,) = [text for text in final.texts("RUN") if "apt-get" in text]
    # What sets papers, and no more than script/setup installs where it is missing.
    wanted = re.findall(r"\b(?:lib|fonts-)[\w.-]+", installing.partition("install ")[2].partition("&&")[0])
    setup = (ROOT / "script/setup").read_text()
    assert len(wanted) == 5 and all(re.search(rf"[: (]{re.escape(each)}[\s;)]", setup) for each in wanted)
    installs = [line for text in packages.texts("RUN") for line in text.split("&&") if "pip install" in line]
    assert len(installs) == 2
    assert all("--require-hashes" in line or "--no-index" in line for line in installs)
    assert packages.image == final.image


def test_the_programs_that_the_image_runs_are_in_it() -> None:
    final = dockerfile()[-1]
    inside = {Path(path).name for _, paths, to in final.copies() if to == "/usr/local/bin/" for path in paths}
    programs = {final.command("ENTRYPOINT")[0], final.command("HEALTHCHECK")[0]}
    assert programs == inside == {"geoapp-entrypoint", SERVICES["app"]["healthcheck"]["test"][1]}
    for name in inside:
        assert os.access(ROOT / "docker" / name, os.X_OK)


def test_every_geoapp_command_exists_with_its_options() -> None:
    commands = [shlex.join(dockerfile()[-1].command("CMD"))]
    for path in ("docker/geoapp-entrypoint", "docs/deployment.md"):
        commands += re.findall(r"^(?:docker compose .* app )?(geoapp [a-z].*)$", _code(ROOT / path), re.MULTILINE)
    assert len(commands) >= 4
    for command in commands:
        _require_command(shlex.split(command)[1:])


@pytest.mark.parametrize("path", SCRIPTS)
def test_a_script_is_well_formed(path: str) -> None:
    script = ROOT / path
    shell = script.read_text().splitlines()[0].split("/")[-1].split()[-1]
    subprocess.run([shell, "-n", script], check=True)
    assert os.access(script, os.X_OK)
    assert re.search(r"^set -eu", script.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", SCRIPTS)
def test_a_script_passes_shellcheck(path: str) -> None:
    checker = shutil.which("shellcheck")
    if not checker:
        pytest.skip("shellcheck is not installed: the shell's own syntax check is what was done")
    answer = subprocess.run([checker, ROOT / path], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


def _ignored_by_the_builder(path: str) -> bool:
    """Whether .dockerignore keeps `path` out; the last line that matches it or a folder above it decides."""
    places = [path, *(parent.as_posix() for parent in Path(path).parents if parent.name)]
    ignored = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        if line and not line.startswith("#") and any(fnmatch.fnmatch(place, pattern) for place in places):
            ignored = not line.startswith("!")
    return ignored


def _code(path: Path) -> str:
    """The commands of a file: of a page of the manual, only what stands in its code blocks."""
    text = path.read_text()
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)) if path.suffix == ".md" else text


def _require_command(arguments: list[str]) -> None:
    command: click.Command | None = cli
    context = click.Context(cli)
    rest = list(arguments)
    while isinstance(command, click.Group):
        name = rest.pop(0)
        command = command.get_command(context, name)
        assert command is not None, f"geoapp has no command {name}"
    assert command is not None
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}
    asked = {word.split("=")[0] for word in rest if word.startswith("-")}
    assert asked <= known, f"geoapp {' '.join(arguments)}"
