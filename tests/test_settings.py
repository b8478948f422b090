"""Settings come from the environment, typed, and wrong ones are all named at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from sqlalchemy.engine import make_url

from geoapp.cli import cli
from geoapp.errors import SettingsError
from geoapp.settings import Settings, TrustedProxies, default_home


def test_it_works_without_any() -> None:
    settings = Settings.from_environment({})
    assert settings.home == default_home()
    assert (settings.host, settings.port, settings.database_url) == ("127.0.0.1", 8000, None)


def test_each_is_read(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {
            "GEOAPP_HOME": str(tmp_path),
            "GEOAPP_DATABASE_URL": "postgresql://reader:secret@db.example/geo",
            "GEOAPP_PORT": "8123",
            "GEOAPP_TIME_ZONE": "Africa/Bujumbura",
            "GEOAPP_LANGUAGE": "fr",
            "GEOAPP_LEVEL_WEIGHTS": "10, 4, 1",
        }
    )
    assert settings.home == tmp_path
    assert settings.level_weights == (10, 4, 1)
    assert settings.database_url == "postgresql+psycopg://reader:secret@db.example/geo"
    assert (settings.port, settings.time_zone, settings.language) == (8123, "Africa/Bujumbura", "fr")


@pytest.mark.parametrize("weights", ["9", "9,3", "9,3,1,1", "9,3,0", "9,3,101", "9,3,-1", "9,3,1.5", "a,b,c", "９,3,1"])
def test_weights_are_three_whole_numbers(weights: str) -> None:
    with pytest.raises(SettingsError, match=r"9,3,1, each from 1 to 100"):
        Settings.from_environment({"GEOAPP_LEVEL_WEIGHTS": weights})


def test_a_secret_is_read_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://a:b@c/d\n")
    settings = Settings.from_environment({"GEOAPP_DATABASE_URL_FILE": str(secret)})
    assert settings.database_url == "postgresql+psycopg://a:b@c/d"


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment(
            {
                "GEOAPP_PORT": "http",
                "GEOAPP_WORKERS": "0",
                "GEOAPP_TIME_ZONE": "Mars/Base",
                "GEOAPP_LANGUAGE": "de",
                "GEOAPP_DATABASE_URL_FILE": str(tmp_path / "missing"),
            }
        )
    said = str(refused.value).splitlines()
    assert [line.split(":")[0] for line in said] == [
        "GEOAPP_DATABASE_URL_FILE",
        "GEOAPP_PORT",
        "GEOAPP_WORKERS",
        "GEOAPP_TIME_ZONE",
        "GEOAPP_LANGUAGE",
    ]


@pytest.mark.parametrize("address", ["mysql://x/y", "not an address", "sqlite:///file.db"])
def test_another_database_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="GEOAPP_DATABASE_URL"):
        Settings.from_environment({"GEOAPP_DATABASE_URL": address})


@pytest.mark.parametrize("between", [" ", "\n", ","])
def test_standbys_are_named_one_after_the_other(between: str) -> None:
    addresses = ["postgresql://geoapp@/geoapp?host=/a/run,/b/run", "postgresql://geoapp@two:5433/geoapp"]
    settings = Settings.from_environment({"GEOAPP_READ_URLS": between.join(addresses)})
    assert [str(make_url(each).host or make_url(each).query["host"]) for each in settings.read_urls] == [
        "/a/run,/b/run",
        "two",
    ]


@pytest.mark.parametrize("second", ["mysql://x/y", "two", "http://two"])
def test_a_standby_that_is_none_is_refused(second: str) -> None:
    with pytest.raises(SettingsError, match=r"GEOAPP_READ_URLS: .*(PostgreSQL|postgresql://)"):
        Settings.from_environment({"GEOAPP_READ_URLS": f"postgresql://geoapp@one/geoapp {second}"})


def test_the_password_may_stand_apart_from_the_address(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("p@ss/word:1\n")
    settings = Settings.from_environment(
        {
            "GEOAPP_DATABASE_URL": "postgresql://geoapp@database:5432/geoapp",
            "GEOAPP_DATABASE_PASSWORD_FILE": str(secret),
        }
    )
    assert settings.database_url is not None
    assert make_url(settings.database_url).password == "p@ss/word:1"
    assert settings.database_url.endswith("@database:5432/geoapp")


@pytest.mark.parametrize("address", ["", "postgresql://geoapp:other@database/geoapp"])
def test_a_password_that_belongs_nowhere_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match=r"GEOAPP_DATABASE_PASSWORD: .*GEOAPP_DATABASE_URL") as refused:
        Settings.from_environment({"GEOAPP_DATABASE_URL": address, "GEOAPP_DATABASE_PASSWORD": "hidden"})
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "trusted"),
    [
        ("0", TrustedProxies()),
        ("2", TrustedProxies(hops=2)),
        ("10.0.0.0/8, 2001:db8::/32", TrustedProxies(networks=(ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")))),
        ("192.0.2.7", TrustedProxies(networks=(ip_network("192.0.2.7/32"),))),
    ],
)
def test_proxies_are_a_number_or_networks(text: str, trusted: TrustedProxies) -> None:
    assert Settings.from_environment({"GEOAPP_TRUSTED_PROXIES": text}).trusted_proxies == trusted
    assert not Settings.from_environment({}).trusted_proxies


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("GEOAPP_TRUSTED_PROXIES", "9", "from 0 to 8"),
        ("GEOAPP_TRUSTED_PROXIES", "nginx", "neither a number"),
        ("GEOAPP_TRUSTED_PROXIES", "10.0.0.1/8", "neither a number"),
        ("GEOAPP_TRUSTED_PROXIES", "0.0.0.0/0", "believe everybody"),
        ("GEOAPP_TRUSTED_PROXIES", "::/0", "believe everybody"),
        ("GEOAPP_TRUSTED_HOSTS", "https://maps.example", "without https://"),
        ("GEOAPP_TRUSTED_HOSTS", "maps.example:443", "without https://"),
        ("GEOAPP_TRUSTED_HOSTS", "*", "not a host name"),
        ("GEOAPP_MAX_UPLOAD_MB", "0", "from 1 to 4096"),
        ("GEOAPP_MAX_FORM_KB", "1", "from 64 to 16384"),
        ("GEOAPP_NETWORK_LIMIT", "-1", "not a whole number"),
        ("GEOAPP_QUESTION_LIMIT", "many", "not a whole number"),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: .*{re.escape(said)}"):
        Settings.from_environment({name: text})


def test_host_names_are_read_as_a_list() -> None:
    read = Settings.from_environment({"GEOAPP_TRUSTED_HOSTS": "Maps.Example, .geo.example"})
    assert read.trusted_hosts == ("maps.example", ".geo.example")


def test_an_unknown_variable_is_named_with_the_nearest() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({"GEOAPP_TRUSTED_HOST": "x", "GEOAPP_PORT": "http", "GEOAPP_ZZZZZZ": "1"})
    assert str(refused.value).splitlines() == [
        "GEOAPP_PORT: 'http' is not a whole number from 1 to 65535",
        "GEOAPP_TRUSTED_HOST: there is no such setting; did you mean GEOAPP_TRUSTED_HOSTS?",
        "GEOAPP_ZZZZZZ: there is no such setting; docs/settings.md lists them all; unset it",
    ]


def _commands(group: click.Group = cli, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command, with arguments that let it begin."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*before, name))
        elif command is not None:
            needed = [each for each in command.params if each.required]
            options = [
                word for each in needed if isinstance(each, click.Option) for word in (each.opts[0], _value(each))
            ]
            # Without the name of a benchmark it says which there are, and needs no settings for that.
            named = ("access",) if name == "bench" else ()
            values = [_value(each) for each in needed if isinstance(each, click.Argument)]
            yield (*before, name, *options, *values, *named)


def _value(parameter: click.Parameter) -> str:
    """Something that a parameter takes."""
    if isinstance(parameter.type, click.Choice):
        return str(parameter.type.choices[0])
    if parameter.type is click.UUID:
        return "00000000-0000-4000-8000-000000000000"
    return __file__ if isinstance(parameter.type, click.Path | click.File) else "1"


@pytest.mark.parametrize("arguments", list(_commands()), ids=" ".join)
def test_every_command_names_all_faults_before_it_begins(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GEOAPP_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GEOAPP_PORT", "http")
    monkeypatch.setenv("GEOAPP_HOTS", "x")
    done = CliRunner().invoke(cli, arguments)
    assert isinstance(done.exception, SettingsError), done.output
    assert [line.split(":")[0] for line in str(done.exception).splitlines()] == ["GEOAPP_PORT", "GEOAPP_HOTS"]
    assert not (tmp_path / "home").exists()
