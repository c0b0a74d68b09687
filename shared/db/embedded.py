"""Runs a PostgreSQL of our own for one machine: started with the process, gone with it, its data kept."""

import asyncio
import fcntl
import hashlib
import hmac
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from shared.db import admin
from shared.db.place import EmbeddedPostgresError, binaries, reachable_binaries, reachable_home, server_user

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "binaries"]

SUPERUSER = "postgres"
LAUNCHER = Path(__file__).with_name("launch.py")
ORPHAN_PATIENCE = 10.0  # an orphan has its death signal already; it needs moments, not minutes
START_PATIENCE = 300.0  # recovery after a crash reads up to a gigabyte of log
STOP_SIGNALS = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
LOG_LIMIT = 16 * 1024 * 1024
INITDB = (
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--lc-collate=C",
    "--lc-ctype=C.UTF-8",
    "--data-checksums",
    "--auth=scram-sha-256",
    f"--username={SUPERUSER}",
)
# terse and panic keep values (people's names, phones) out of the log: no DETAIL, no statement texts
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "shared_buffers": "64MB",
}


class EmbeddedPostgres:
    """One server on one data directory. `durable=False` (tests) gives up the data on a crash of the machine."""

    def __init__(self, data: Path, *, durable: bool = True, port: int | None = None) -> None:
        self._data = data.absolute()
        self._durable = durable
        self._wanted_port = port
        self._port = 0
        self._secret = ""
        self._lock: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._exited = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.stop()

    @property
    def port(self) -> int:
        return self._port

    @property
    def running(self) -> bool:
        return self._process is not None and not self._exited.is_set()

    def url(self, role: str, database: str = "pwa") -> str:
        return f"postgresql+asyncpg://{role}:{self._password(role)}@127.0.0.1:{self._port}/{database}"

    def admin_url(self, database: str = "postgres") -> str:
        return self.url(SUPERUSER, database)

    def start(self) -> None:
        self._data.mkdir(parents=True, exist_ok=True)
        self._data.chmod(0o711 if os.geteuid() == 0 else 0o700)
        self._user = server_user(self._data / "server")
        self._home = reachable_home(self._data, self._user)
        self._user = server_user(self._home / "server")
        self._server = self._home / "server"
        self._bin = reachable_binaries(self._user)
        self._acquire()
        try:
            self._end_orphans()
            self._secret = self._kept("secret", lambda: secrets.token_hex(32))
            self._initialise()
            self._launch()
            _run(self._prepare())
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the server (fast shutdown, harder when it does not listen) and frees the data directory."""
        process = self._process
        if process is not None:
            for number, patience in STOP_SIGNALS:
                if self._exited.is_set():
                    break
                process.send_signal(number)
                self._exited.wait(patience)
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _password(self, role: str) -> str:
        return hmac.new(self._secret.encode(), role.encode(), hashlib.sha256).hexdigest()

    def _acquire(self) -> None:
        lock = os.open(self._own(self._home / "lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise EmbeddedPostgresError(f"{self._data} is in use by process {holder}: stop that one first") from error
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        self._lock = lock

    def _own(self, path: Path) -> Path:
        """Leaves a file that root writes to the owner of the data directory, who may start the server next time."""
        path.touch(mode=0o600)
        if os.geteuid() == 0:
            owner = self._data.stat()
            os.chown(path, owner.st_uid, owner.st_gid)
        return path

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        path = self._own(self._data / name)
        value = path.read_text(encoding="utf-8").strip()
        if not value:
            value = make()
            path.write_text(f"{value}\n", encoding="utf-8")
        return value

    def _end_orphans(self) -> None:
        """Nobody but the holder of the lock may run here: what still does is dying; then its pid file means nothing."""
        deadline = time.monotonic() + ORPHAN_PATIENCE
        while orphans := _servers_in(self._server):
            if time.monotonic() > deadline:
                for pid in orphans:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        (self._server / "postmaster.pid").unlink(missing_ok=True)

    def _initialise(self) -> None:
        """Makes the cluster beside its place and moves it there whole: a start that dies halfway leaves nothing behind."""
        if self._server.exists():
            return self._check_version()
        fresh, secret = self._home / "server.new", self._home / "secret.new"
        shutil.rmtree(fresh, ignore_errors=True)
        secret.unlink(missing_ok=True)
        secret.touch(mode=0o600)
        secret.write_text(self._password(SUPERUSER), encoding="utf-8")
        fresh.mkdir(mode=0o700)
        for path in (secret, fresh):
            os.chown(path, self._user.uid, self._user.gid)
        arguments = [*INITDB, f"--pwfile={secret}", f"--pgdata={fresh}", *([] if self._durable else ["--no-sync"])]
        done = subprocess.run(
            self._command("initdb", *arguments),
            env=_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            check=False,
        )
        secret.unlink()
        if done.returncode != 0:
            raise EmbeddedPostgresError(f"initdb failed:\n{done.stdout.decode(errors='replace')}")
        fresh.rename(self._server)
        return None

    def _check_version(self) -> None:
        found = (self._server / "PG_VERSION").read_text(encoding="ascii").strip()
        shipped = subprocess.run([self._bin / "postgres", "--version"], capture_output=True, text=True, check=True)
        if shipped.stdout.split()[-1].split(".")[0] != found:
            raise EmbeddedPostgresError(f"{self._server} was made by PostgreSQL {found}, not by this {shipped.stdout}")

    def _launch(self) -> None:
        kept = self._own(self._data / "port")
        wanted = [self._wanted_port] if self._wanted_port else [int(kept.read_text(encoding="utf-8") or 0), 0, 0]
        for candidate in wanted:
            self._port = candidate
            port = _free_port(candidate)
            if port is not None and self._launch_on(port):
                self._port = port
                kept.write_text(f"{port}\n", encoding="utf-8")
                return
        raise EmbeddedPostgresError(f"PostgreSQL did not start (port {self._port or 'any'}):\n{self._log_tail()}")

    def _launch_on(self, port: int) -> bool:
        started = threading.Event()
        self._exited = threading.Event()
        # The death signal follows the thread that forks: this one lives exactly as long as the server.
        threading.Thread(target=self._supervise, args=(port, started), name="postgres", daemon=True).start()
        started.wait()
        deadline = time.monotonic() + START_PATIENCE
        while not self._exited.wait(0.01):
            if self._is_ready():
                return True
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"PostgreSQL is not ready after {START_PATIENCE:.0f} s: {self._log_tail()}")
        self._process = None
        return False

    def _supervise(self, port: int, started: threading.Event) -> None:
        settings = SETTINGS | ({} if self._durable else NOT_DURABLE) | {"port": str(port)}
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
        try:
            with self._own(self._log()).open("ab") as log:
                self._process = subprocess.Popen(
                    self._command("postgres", "-D", str(self._server), *flags),
                    env=_environment(),
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            started.set()
            self._process.wait()
        finally:
            self._exited.set()
            started.set()

    def _command(self, program: str, *arguments: str) -> list[str]:
        identity = [str(os.getpid()), str(self._user.uid), str(self._user.gid)]
        return [sys.executable, "-I", "-S", str(LAUNCHER), *identity, str(self._bin / program), *arguments]

    def _is_ready(self) -> bool:
        """The server's own word, as pg_ctl reads it: the first line is its pid, the eighth its state."""
        try:
            lines = (self._server / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        mine = self._process is not None and lines[:1] == [str(self._process.pid)]
        return mine and len(lines) >= 8 and lines[7].strip() == "ready"

    async def _prepare(self) -> None:
        await admin.ensure_roles(self.admin_url(), self._password)
        await admin.ensure_database(self.admin_url(), "pwa")

    def _log(self) -> Path:
        path = self._data / "server.log"
        if path.exists() and path.stat().st_size > LOG_LIMIT:
            path.replace(path.with_suffix(".log.1"))
        return path

    def _log_tail(self) -> str:
        return "\n".join(self._log().read_text(encoding="utf-8", errors="replace").splitlines()[-10:])


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _free_port(wanted: int = 0) -> int | None:
    """The wanted port if nobody listens on it (0: any free one), else None."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return None
        return int(probe.getsockname()[1])


def _servers_in(directory: Path) -> list[int]:
    """Living processes named postgres that work in this directory, as every PostgreSQL process does (no zombies)."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").readlink() == directory:
                _, name, state = (entry / "stat").read_text().replace(")", "(").split("(")
                if name == "postgres" and state.split()[0] not in "ZX":
                    found.append(int(entry.name))
        except OSError:
            continue
    return found


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine to its end wherever this is called from, a running loop included."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
