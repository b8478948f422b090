"""The bundle installs and upgrades geoapp where there is no network, and leaves what is there where it cannot."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from packages import ROOT

from geoapp import __version__

# A namespace of its own has no network but a loopback that is down.
CUT_OFF = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
CAN_CUT = (
    shutil.which("unshare") and not subprocess.run([*CUT_OFF, "true"], capture_output=True, check=False).returncode
)
SUMS = "find . -type f ! -name 'SHA256SUMS*' -print0 | xargs -0 sha256sum >SHA256SUMS.new; mv SHA256SUMS.new SHA256SUMS"

pytestmark = pytest.mark.skipif(not CAN_CUT, reason="this account may not make a network namespace")

Install = Callable[..., "subprocess.CompletedProcess[str]"]


def unpacked(folder: Path, *options: str | Path) -> Path:
    """The folder of a bundle that the command has made."""
    subprocess.run([ROOT / "script/bundle", *options, folder / "out.tar"], check=True, capture_output=True)
    subprocess.run(["tar", "xf", folder / "out.tar", "-C", folder], check=True)
    return folder / "geoapp-bundle"


@pytest.fixture(scope="module")
def bundle(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with a single wheel: what geoapp needs besides is lent by the environment of the tests."""
    folder = tmp_path_factory.mktemp("bundle")
    (pinned,) = re.findall(r"^click==.*?(?=^\w)", (ROOT / "requirements.txt").read_text(), re.DOTALL | re.MULTILINE)
    (folder / "requirements.txt").write_text(pinned)
    return unpacked(folder, "--no-packages", "--docs", site, "--requirements", folder / "requirements.txt")


@pytest.fixture
def install(bundle: Path, environment: dict[str, str], tmp_path: Path) -> Install:
    """Runs the bundle's installer with the network cut off, into a folder of this test's own."""
    lent = {"PYTHONPATH": sysconfig.get_path("purelib")}

    def run(source: Path = bundle, **changed: str) -> subprocess.CompletedProcess[str]:
        command = [*CUT_OFF, str(source / "install"), str(tmp_path / "opt")]
        variables = {**environment, **lent, **changed}
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False, cwd=tmp_path)

    return run


def changed(bundle: Path, folder: Path) -> Path:
    """A bundle of another release: its manual differs."""
    copy = shutil.copytree(bundle, folder)
    (copy / "docs/index.html").write_text(str(folder))
    subprocess.run(["/bin/sh", "-c", SUMS], cwd=copy, check=True)
    return copy


def test_a_namespace_has_no_network() -> None:
    asked = "import socket; socket.create_connection(('192.0.2.1', 80), 2)"
    answer = subprocess.run([*CUT_OFF, "python3", "-c", asked], capture_output=True, text=True, check=False)
    assert "Network is unreachable" in answer.stderr


def test_it_installs_upgrades_and_comes_back(install: Install, bundle: Path, tmp_path: Path) -> None:
    first = install()
    assert first.returncode == 0, first.stderr
    assert f"geoapp {__version__}" in first.stdout
    current = tmp_path / "opt/current"
    release = current.resolve()
    assert (current / "docs/index.html").read_text() == (bundle / "docs/index.html").read_text()
    assert list(release.glob("lib/python*/site-packages/geoapp/web/static/manifest.json"))
    assert "installed already" in install().stdout

    other = changed(bundle, tmp_path / "second")
    failed = install(other, GEOAPP_DATABASE_URL="postgresql://geoapp@/none?host=/nowhere")
    assert failed.returncode == 1
    assert "geoapp is as it was" in failed.stderr
    assert current.resolve() == release

    second = install(other)
    assert second.returncode == 0, second.stderr
    assert "it is tried again" in second.stdout
    upgraded = current.resolve()
    assert upgraded != release
    assert {each.name for each in (tmp_path / "opt/releases").iterdir()} == {release.name, upgraded.name}


def test_a_damaged_bundle_changes_nothing(install: Install, bundle: Path, tmp_path: Path) -> None:
    damaged = shutil.copytree(bundle, tmp_path / "damaged")
    (wheel,) = damaged.glob("*.whl")
    wheel.write_bytes(wheel.read_bytes()[:-1])
    answer = install(damaged)
    assert answer.returncode == 1
    assert "damaged: copy it again" in answer.stderr
    assert not (tmp_path / "opt").exists()


def test_a_bundle_of_another_machine_is_refused(install: Install, bundle: Path, tmp_path: Path) -> None:
    other = shutil.copytree(bundle, tmp_path / "other")
    file = other / "bundle.conf"
    file.write_text(re.sub("(?m)^machine=.*", "machine=abacus", file.read_text()))
    subprocess.run(["/bin/sh", "-c", SUMS], cwd=other, check=True)
    answer = install(other)
    assert answer.returncode == 1
    assert "the bundle is for abacus" in answer.stderr


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that PostgreSQL's account may enter, which it may not where pytest keeps its folders."""
    made = Path(tempfile.mkdtemp(prefix="geoapp-offline-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.mark.offline
def test_the_whole_bundle_serves_with_the_network_cut_off(site: Path, home: Path, tmp_path: Path) -> None:
    """With every wheel, and nothing lent: installed, migrated and asked for a page in a namespace of its own."""
    whole = unpacked(tmp_path, "--no-packages", "--docs", site)
    script = f"""
        set -eu
        {whole}/install {tmp_path}/opt
        python3 - <<'END'
import fcntl, socket, struct
with socket.socket() as opened:
    fcntl.ioctl(opened, 0x8914, struct.pack("16sh", b"lo", 1))
END
        {tmp_path}/opt/current/bin/geoapp run --port 8749 --workers 1 &
        server=$!
        trap 'kill $server; wait $server || true; {tmp_path}/opt/current/bin/geoapp db down' EXIT
        python3 - <<'END'
import time, urllib.request
for attempt in range(200):
    try:
        print("ANSWER", urllib.request.urlopen("http://127.0.0.1:8749/readyz").status)
        break
    except OSError:
        time.sleep(0.3)
page = urllib.request.urlopen("http://127.0.0.1:8749/?lang=fr").read().decode()
print("PAGE", "/static/map" in page)
END
    """
    path = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    answer = subprocess.run(
        [*CUT_OFF, "/bin/bash", "-c", script],
        env={**path, "HOME": str(home), "GEOAPP_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ANSWER 200\nPAGE True" in answer.stdout, answer.stdout + answer.stderr
