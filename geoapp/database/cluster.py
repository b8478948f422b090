"""The embedded cluster: a private PostgreSQL server under GEOAPP_HOME, on a Unix socket only."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from geoapp.database import binaries
from geoapp.errors import ClusterError

OWNER = "geoapp"
WEB_ROLE = "geoapp_web"
DATABASE = "geoapp"
# Linux allows 107 bytes for the path of a socket; PostgreSQL adds "/.s.PGSQL.5432".
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")
# Below this, a start could fail half way through recovery with nowhere to write.
LEAST_FREE_BYTES = 64 * 1024 * 1024
START_SECONDS = 60
# What pg_controldata says of a cluster that was stopped in order.
STOPPED = {"shut down", "shut down in recovery"}

# Terse: the details of an error quote the row that it is about, which is nothing for a log.
CONFIGURATION = """\
listen_addresses = ''
unix_socket_permissions = 0700
timezone = 'UTC'
log_timezone = 'UTC'
shared_buffers = '256MB'
work_mem = '32MB'
maintenance_work_mem = '256MB'
max_wal_size = '2GB'
random_page_cost = 1.1
jit = off
log_error_verbosity = terse
"""
# The primary keeps what a standby reads, so that it need not be broken off.
OF_A_STANDBY = "hot_standby_feedback = on\n"
# "all" does not stand for replication, by which standbys of the same machine follow.
ADMITTED = "local all all peer map=geoapp\n"
ADMITTED_WITH_STANDBYS = f"{ADMITTED}local replication all peer map=geoapp\n"


@dataclass(frozen=True)
class ClusterStatus:
    """Whether the cluster exists and runs, and where."""

    exists: bool
    running: bool
    version: int | None
    data: Path
    socket_folder: Path


class Cluster:
    """The cluster of one GEOAPP_HOME.

    It is owned by an unprivileged account: the one that runs geoapp, or `postgres` when geoapp runs as root.
    `extra_configuration` is appended to the server's configuration when the cluster is made.
    """

    def __init__(self, home: Path, extra_configuration: str = ""):
        self.home = home
        self.data = home / "postgres"
        self.log = home / "postgres.log"
        self.socket_folder = _socket_folder(home)
        self._extra = extra_configuration
        self._account = _server_account()

    @property
    def url(self) -> str:
        """The address of the database in the cluster."""
        return f"postgresql+psycopg://{OWNER}@/{DATABASE}?host={self.socket_folder}"

    def status(self) -> ClusterStatus:
        """What is there now; changes nothing."""
        version = self._version()
        running = version is not None and self._server_process() is not None
        return ClusterStatus(version is not None, running, version, self.data, self.socket_folder)

    def up(self) -> bool:
        """Make the cluster if there is none, and start it; whether this call started it.

        Safe to call at once from several processes. Raises ClusterError.
        """
        with self._locked():
            if self._version() is None:
                self._make()
            started = self._start()
            self._make_database()
            return started

    def down(self) -> bool:
        """Stop the cluster, letting running transactions be rolled back; whether it was running."""
        if self._version() is None:
            return False
        with self._locked():
            if self._server_process() is None:
                return False
            self._stop()
            return True

    def follow(self, primary: str, *, overwrite: bool = False) -> None:
        """Make the cluster a standby of the server at a libpq address, and start it.

        Raises ClusterError, and then leaves what is there as it is; so it does without `overwrite` where there is a
        cluster already.
        """
        with self._locked():
            if self._version() is not None and not overwrite:
                raise ClusterError(
                    f"There is a database in {self.data} already, and nothing was changed. To replace it by a copy of"
                    " the primary, give --overwrite; what only it holds is then lost."
                )
            if self._server_process() is not None and not self._is_standby():
                raise ClusterError(
                    f"The database in {self.data} runs and takes writes. If another was promoted in its place, stop"
                    " this one first: geoapp db down."
                )
            self._copy(primary)
            self._start()

    def _copy(self, primary: str) -> None:
        fresh = self.home / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        with _disk_errors(self.home):
            fresh.mkdir(mode=0o700)
            self._give_away(fresh)
        try:
            self._run(
                binaries.find().program("pg_basebackup"),
                f"--pgdata={fresh}",
                f"--dbname={primary}",
                "--write-recovery-conf",
                "--checkpoint=fast",
                failure="The primary could not be copied",
            )
            with _disk_errors(self.home):
                self._configure(fresh)
            if self._server_process() is not None:
                self._stop()
            with _disk_errors(self.home):
                shutil.rmtree(self.data, ignore_errors=True)
                fresh.rename(self.data)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _configure(self, copy: Path) -> None:
        """Have a copy run as a cluster of geoapp's, whatever it was copied from."""
        settings = copy / "geoapp.conf"
        if not settings.exists():
            (copy / "postgresql.conf").write_text("include 'geoapp.conf'\n")
            (copy / "pg_hba.conf").write_text(ADMITTED_WITH_STANDBYS)
            settings.write_text(CONFIGURATION)
        if OF_A_STANDBY not in settings.read_text():
            with settings.open("a") as file:
                file.write(OF_A_STANDBY)
        for each in (settings, copy / "postgresql.conf", copy / "pg_hba.conf"):
            self._give_away(each)

    def _is_standby(self) -> bool:
        return (self.data / "standby.signal").exists()

    def broke_down(self) -> bool:
        """Whether the server is gone though nobody has stopped it: killed, cut off from power, or out of disk."""
        version = self._version()
        if version is None or self._server_process() is not None:
            return False
        told = subprocess.run(
            [binaries.find(version).program("pg_controldata"), str(self.data)],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        state = re.search(r"^Database cluster state: +(.*)$", told.stdout, re.MULTILINE)
        # Asked last: `down` and another `up` go on meanwhile.
        return state is not None and state[1] not in STOPPED and self._server_process() is None

    def _stop(self) -> None:
        process = self._server_process()
        if process is not None:
            # SIGINT is PostgreSQL's fast shutdown; sent directly, it needs no installed pg_ctl of the same version.
            os.kill(process, signal.SIGINT)
        if not _wait(lambda: self._server_process() is None, START_SECONDS):
            raise ClusterError(f"The database did not stop within {START_SECONDS} s; see {self.log}")

    def _version(self) -> int | None:
        try:
            return int((self.data / "PG_VERSION").read_text().split(".")[0])
        except FileNotFoundError:
            return None
        except PermissionError:
            raise ClusterError(
                f"{self.data} belongs to another account. Run geoapp as the account that made it, or set GEOAPP_HOME."
            ) from None

    def _server_process(self) -> int | None:
        """The id of the server that runs on this data; a pid file left by a crash, or reused, is no server."""
        try:
            process = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            in_use = Path(f"/proc/{process}/cwd").readlink()
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return None
        except PermissionError:
            # Somebody else's process took the number over: a server on this data would be ours to look at.
            return None
        return process if in_use == self.data.resolve() else None

    def _clear_after_crash(self) -> None:
        """Remove the lock files that a killed server left: their number may by now be that of another process.

        They guard the data against a second server, so the last process of the first must be gone before.
        """
        if not _wait(lambda: not _works_in(self.data), START_SECONDS):
            raise ClusterError(
                f"Processes of a database server that was killed still work in {self.data}. Wait for them to end,"
                " or end them, and try again."
            )
        for lock in (self.data / "postmaster.pid", self.socket_folder / ".s.PGSQL.5432.lock"):
            lock.unlink(missing_ok=True)

    def _make(self) -> None:
        programs = binaries.find()
        fresh = self.home / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        with _disk_errors(self.home):
            fresh.mkdir(mode=0o700)
            self._give_away(fresh)
        self._run(
            programs.program("initdb"),
            f"--pgdata={fresh}",
            f"--username={OWNER}",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--auth=reject",
            "--data-checksums",
            failure="The database could not be made",
        )
        with _disk_errors(self.home):
            with (fresh / "postgresql.conf").open("a") as configuration:
                configuration.write("include 'geoapp.conf'\n")
            (fresh / "pg_hba.conf").write_text(ADMITTED_WITH_STANDBYS)
            (fresh / "geoapp.conf").write_text(CONFIGURATION + self._extra)
            self._give_away(fresh / "geoapp.conf")
            # Only a finished cluster bears the final name, so a kill on the way leaves nothing half made.
            fresh.rename(self.data)

    def _start(self) -> bool:
        if self._server_process() is not None:
            return False
        programs = binaries.find(self._version())
        _require_free_space(self.home)
        with _disk_errors(self.home):
            self._make_socket_folder()
            accounts = sorted({pwd.getpwuid(os.geteuid()).pw_name, self._account.pw_name})
            (self.data / "pg_ident.conf").write_text(
                "".join(f"geoapp {account} {role}\n" for account in accounts for role in (OWNER, WEB_ROLE))
            )
            admitted = self.data / "pg_hba.conf"
            # Those of clusters that were made before there were standbys; what somebody wrote stays.
            if admitted.read_text() == ADMITTED:
                admitted.write_text(ADMITTED_WITH_STANDBYS)
            self.log.touch(mode=0o600)
            self._give_away(self.log)
            self._clear_after_crash()
        self._run(
            programs.program("pg_ctl"),
            "start",
            "--silent",
            "--wait",
            f"--timeout={START_SECONDS}",
            f"--pgdata={self.data}",
            f"--log={self.log}",
            # Given at each start, so that a GEOAPP_HOME that was moved takes its socket along.
            f"--options=-c unix_socket_directories='{self.socket_folder}'",
            failure="The database did not start",
        )
        return True

    def _make_database(self) -> None:
        server = f"host={self.socket_folder} user={OWNER} dbname=postgres"
        try:
            with psycopg.connect(server, autocommit=True) as connection:
                exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
                if not exists:
                    connection.execute(
                        sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(DATABASE))
                    )
        except psycopg.Error as error:
            raise ClusterError(f"The database runs but refuses connections: {_first_line(error)}") from error

    def _make_socket_folder(self) -> None:
        """Make the socket's folder, refusing one that another account put there first: it could listen in."""
        try:
            self.socket_folder.mkdir(mode=0o700, parents=True)
            self._give_away(self.socket_folder)
        except FileExistsError:
            owner = self.socket_folder.lstat()
            if owner.st_uid != self._account.pw_uid or stat.S_IMODE(owner.st_mode) != 0o700:
                raise ClusterError(
                    f"{self.socket_folder} belongs to another account. Remove it, or set GEOAPP_HOME to a shorter path."
                ) from None

    def _give_away(self, path: Path) -> None:
        if os.geteuid() == 0:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def _run(self, *command: str, failure: str) -> None:
        as_root = os.geteuid() == 0
        # A session of its own keeps Ctrl-C at the terminal from reaching the server before its clients are done.
        answer = subprocess.run(
            command,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            user=self._account.pw_uid if as_root else None,
            group=self._account.pw_gid if as_root else None,
            extra_groups=[] if as_root else None,
        )
        if answer.returncode:
            raise ClusterError(f"{failure}. {self._reason(answer.stderr)}")

    def _reason(self, complaint: str) -> str:
        log = self.log.read_text(errors="replace") if self.log.is_file() else ""
        text = complaint + log[-4000:]
        if "No space left on device" in text:
            return f"The disk that holds {self.home} is full. Free some space and try again; no data was lost."
        if "Read-only file system" in text:
            return f"{self.home} is on a disk that cannot be written. Remount it, or set GEOAPP_HOME."
        if "Permission denied" in complaint:
            return (
                f"The account {self._account.pw_name} may not enter {self.home}. Set GEOAPP_HOME to a folder that"
                " it can reach, such as one under /var/lib."
            )
        last = [line for line in text.splitlines() if "FATAL" in line or "error" in line.lower()]
        return f"{last[-1] if last else complaint.strip()} (log: {self.log})"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with _disk_errors(self.home):
            self.home.mkdir(mode=0o755, parents=True, exist_ok=True)
            lock = (self.home / "cluster.lock").open("w")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _server_account() -> pwd.struct_passwd:
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise ClusterError(f"There is no account postgres to run the database. {binaries.INSTALL_HINT}") from None


def _socket_folder(home: Path) -> Path:
    folder = home / "run"
    if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER:
        return folder
    mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"geoapp-{os.geteuid()}-{mark}"


def _require_free_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        raise ClusterError(
            f"Only {free // 1024 // 1024} MB are free on the disk that holds {folder}. Free at least"
            f" {LEAST_FREE_BYTES // 1024 // 1024} MB and try again; no data was lost."
        )


@contextlib.contextmanager
def _disk_errors(home: Path) -> Iterator[None]:
    """Turn what the disk refuses into a message."""
    try:
        yield
    except OSError as error:
        advice = {
            errno.ENOSPC: "the disk is full; free some space and try again",
            errno.EROFS: "the disk cannot be written; remount it, or set GEOAPP_HOME to another folder",
            errno.EACCES: "permission denied; set GEOAPP_HOME to a folder of yours",
            errno.EPERM: "permission denied; set GEOAPP_HOME to a folder of yours",
            errno.ENOTDIR: "it is not a folder; set GEOAPP_HOME to one",
            errno.EEXIST: "it is not a folder; set GEOAPP_HOME to one",
        }.get(error.errno or 0, error.strerror or str(error))
        raise ClusterError(f"Cannot write in {home}: {advice}.") from error


def _works_in(folder: Path) -> bool:
    """Whether any process has `folder` as its working directory, as all of PostgreSQL's have their data."""
    resolved = folder.resolve()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == resolved:
                return True
    return False


def _wait(done: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(0.05)
    return done()


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
