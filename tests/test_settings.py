"""Settings come from the environment, typed, and wrong ones are all named at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from geoapp.errors import SettingsError
from geoapp.settings import Settings, default_home


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
        }
    )
    assert settings.home == tmp_path
    assert settings.database_url == "postgresql+psycopg://reader:secret@db.example/geo"
    assert (settings.port, settings.time_zone, settings.language) == (8123, "Africa/Bujumbura", "fr")


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
