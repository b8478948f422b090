"""What leaves the machine is encrypted: without a certificate or a proxy no other address than loopback is served."""

from __future__ import annotations

import os
import ssl
import subprocess
import time
from http.client import HTTPResponse
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from browser import GEOAPP, free_port
from conftest import environment_for

from geoapp.settings import Settings

ROOT = Path(__file__).parents[1]
ANYWHERE = "0.0.0.0"  # noqa: S104


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """`geoapp run`, which is to refuse."""
    command = [str(GEOAPP), "run", "--port", str(free_port()), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)


def test_without_tls_the_network_is_not_served(shared: Settings) -> None:
    answer = run(environment_for(shared), "--host", ANYWHERE)
    assert answer.returncode == 1
    for way in ("GEOAPP_TLS_CERTIFICATE", "script/certificate", "GEOAPP_TRUSTED_PROXIES", "127.0.0.1"):
        assert way in answer.stderr


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"GEOAPP_TLS_CERTIFICATE": "/nowhere.crt", "GEOAPP_TLS_KEY": "/nowhere.key"}, "cannot be read"),
        ({"GEOAPP_TLS_KEY": __file__}, "set both, or none"),
    ],
)
def test_a_certificate_that_is_not_there_is_told(shared: Settings, changes: dict[str, str], said: str) -> None:
    answer = run(environment_for(shared) | changes)
    assert answer.returncode == 1
    assert said in answer.stderr


def test_with_a_certificate_of_the_office_it_is_served(shared: Settings, tmp_path: Path) -> None:
    made = subprocess.run(
        [ROOT / "script/certificate", "localhost", "127.0.0.1"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GEOAPP_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    given = dict(line.split("=", 1) for line in made.stdout.replace(" ", "").splitlines() if line.startswith("GEOAPP"))
    for key in ("authority.key", "server.key"):
        assert (tmp_path / "tls" / key).stat().st_mode & 0o077 == 0
    port = free_port()
    command = [str(GEOAPP), "run", "--port", str(port), "--workers", "1"]
    with subprocess.Popen(
        command, env=environment_for(shared) | given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            assert server.stdout
            assert any(f"https://127.0.0.1:{port}/" in line for line in server.stdout)
            trusting = ssl.create_default_context(cafile=str(tmp_path / "tls/authority.crt"))
            answer = _asked(f"https://localhost:{port}/sign-in", trusting)
            assert answer.status == 200
            assert "__Host-" in answer.headers["Set-Cookie"]
            assert "Secure" in answer.headers["Set-Cookie"]
            assert answer.headers["Strict-Transport-Security"]
            with pytest.raises(URLError, match="CERTIFICATE_VERIFY_FAILED"):
                _asked(f"https://localhost:{port}/healthz", ssl.create_default_context(), tries=1)
        finally:
            server.terminate()
            server.wait(30)


def _asked(address: str, context: ssl.SSLContext, tries: int = 50) -> HTTPResponse:
    for turn in range(tries):
        try:
            answer: HTTPResponse = urlopen(address, timeout=10, context=context)  # noqa: S310
        except URLError as error:
            if turn == tries - 1 or "refused" not in str(error):
                raise
            time.sleep(0.2)
        else:
            return answer
    raise AssertionError
