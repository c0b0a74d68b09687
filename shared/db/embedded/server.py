"""Runs the embedded server: started with this process, gone with it, its data kept."""

import asyncio
import fcntl
import hashlib
import hmac
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from shared.db import admin
from shared.db.embedded.cluster import SUPERUSER, Cluster, environment
from shared.db.embedded.place import EmbeddedPostgresError, reachable_binaries, reachable_home, server_user
from shared.kernel.ports import free_port, is_free

LAUNCHER = Path(__file__).with_name("launch.py")
START_PATIENCE_SECONDS = 300.0  # recovery after a crash reads up to a gigabyte of log
STOP_SIGNALS = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
LOG_LIMIT_BYTES = 16 * 1024 * 1024
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
# Without fsync a commit is in the machine's memory: a killed server keeps it, a machine without power does not.
NOT_DURABLE = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "shared_buffers": "64MB",
}


class EmbeddedPostgres:
    """One server on one data directory. `durable=False` (tests) gives up the data when the machine crashes."""

    def __init__(self, data: Path, *, durable: bool = True, port: int | None = None) -> None:
        self._data = data.resolve()
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

    def wait(self, seconds: float | None = None) -> bool:
        """True once the server is gone, of its own accord or by `stop`."""
        return self._exited.wait(seconds)

    def url(self, role: str, database: str = "pwa") -> str:
        """Also while another process runs the server: port and secret are those it keeps."""
        if not self._secret:
            self._recall()
        return f"postgresql+asyncpg://{role}:{self._password(role)}@127.0.0.1:{self._port}/{database}"

    def admin_url(self, database: str = "postgres") -> str:
        return self.url(SUPERUSER, database)

    def start(self) -> None:
        self._open_place()
        self._acquire()
        try:
            self._cluster.end_orphans()
            self._secret = self._kept("secret") or self._keep("secret", secrets.token_hex(32))
            if self._cluster.exists():
                self._cluster.check_version(self._bin / "postgres")
            else:
                sync = [] if self._durable else ["--no-sync"]
                self._cluster.initialise(self._command("initdb", *sync), self._password(SUPERUSER))
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

    def destroy(self) -> None:
        """Stops the server and removes all that it kept, wherever that is."""
        self.stop()
        for place in {self._cluster.home, self._data}:
            shutil.rmtree(place, ignore_errors=True)

    def _password(self, role: str) -> str:
        return hmac.new(self._secret.encode(), role.encode(), hashlib.sha256).hexdigest()

    def _recall(self) -> None:
        try:
            self._secret = (self._data / "secret").read_text(encoding="utf-8").strip()
            self._port = int((self._data / "port").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError) as error:
            raise EmbeddedPostgresError(f"no server has been started on {self._data} yet") from error

    def _open_place(self) -> None:
        self._data.mkdir(parents=True, exist_ok=True)
        user = server_user(self._data)
        self._data.chmod(0o711 if os.geteuid() == 0 else 0o700)
        home = reachable_home(self._data, user)
        self._cluster = Cluster(home, server_user(home))
        self._bin = reachable_binaries(self._cluster.user)

    def _acquire(self) -> None:
        lock = os.open(self._own(self._cluster.home / "lock"), os.O_RDWR)
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
        """Leaves what root writes to the owner of the data directory, who may start the server next time."""
        path.touch(mode=0o600)
        if os.geteuid() == 0:
            owner = self._data.stat()
            os.chown(path, owner.st_uid, owner.st_gid)
        return path

    def _kept(self, name: str) -> str:
        return self._own(self._data / name).read_text(encoding="utf-8").strip()

    def _keep(self, name: str, value: str) -> str:
        self._own(self._data / name).write_text(f"{value}\n", encoding="utf-8")
        return value

    def _launch(self) -> None:
        kept = int(self._kept("port") or free_port())
        ports = [self._wanted_port] if self._wanted_port else [kept, free_port(), free_port()]
        for port in ports:
            if is_free(port) and self._launch_on(port):
                self._port = int(self._keep("port", str(port)))
                return
        raise EmbeddedPostgresError(
            f"PostgreSQL did not start (port {self._wanted_port or 'any'}):\n{self._log_tail()}"
        )

    def _launch_on(self, port: int) -> bool:
        started = threading.Event()
        self._exited = threading.Event()
        # The death signal follows the thread that forks: this one lives exactly as long as the server.
        threading.Thread(target=self._supervise, args=(port, started), name="postgres", daemon=True).start()
        started.wait()
        deadline = time.monotonic() + START_PATIENCE_SECONDS
        while self._process is not None and not self._exited.wait(0.01):
            if self._cluster.is_ready(self._process.pid):
                return True
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"PostgreSQL is still not ready:\n{self._log_tail()}")
        self._process = None
        return False

    def _supervise(self, port: int, started: threading.Event) -> None:
        settings = SETTINGS | ({} if self._durable else NOT_DURABLE) | {"port": str(port)}
        flags = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
        try:
            with self._own(self._log()).open("ab") as log:
                self._process = subprocess.Popen(
                    self._command("postgres", "-D", str(self._cluster.files), *flags),
                    env=environment(),
                    cwd="/",
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # ctrl-C is for this process, which then stops the server in order
                )
            started.set()
            self._process.wait()
        finally:
            self._exited.set()
            started.set()

    def _command(self, program: str, *arguments: str) -> list[str]:
        user = self._cluster.user
        identity = [str(os.getpid()), str(user.uid), str(user.gid)]
        return [sys.executable, "-I", "-S", str(LAUNCHER), *identity, str(self._bin / program), *arguments]

    async def _prepare(self) -> None:
        await admin.ensure_roles(self.admin_url(), self._password)
        await admin.ensure_database(self.admin_url(), "pwa")

    def _log(self) -> Path:
        path = self._data / "server.log"
        if path.exists() and path.stat().st_size > LOG_LIMIT_BYTES:
            path.replace(path.with_name("server.log.1"))
        return path

    def _log_tail(self) -> str:
        return "\n".join(self._log().read_text(encoding="utf-8", errors="replace").splitlines()[-10:])


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine to its end wherever this is called from, a running loop included."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
