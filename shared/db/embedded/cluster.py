"""The files of one PostgreSQL cluster: made once and whole, and freed of what a dead server left in them."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from shared.db.embedded.place import EmbeddedPostgresError, User

SUPERUSER = "postgres"
# An orphan has its death signal already: it needs moments, not minutes.
ORPHAN_PATIENCE_SECONDS = 10.0
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


@dataclass(frozen=True, slots=True)
class Cluster:
    home: Path
    user: User

    @property
    def files(self) -> Path:
        return self.home / "server"

    def exists(self) -> bool:
        return self.files.exists()

    def initialise(self, initdb: Sequence[str], password: str) -> None:
        """Made beside its place and moved there when complete: a start that dies halfway leaves nothing that counts."""
        fresh, secret = self.home / "server.new", self.home / "secret.new"
        shutil.rmtree(fresh, ignore_errors=True)
        secret.unlink(missing_ok=True)
        secret.touch(mode=0o600)
        secret.write_text(password, encoding="utf-8")
        fresh.mkdir(mode=0o700)
        for path in (secret, fresh):
            os.chown(path, self.user.uid, self.user.gid)
        command = [*initdb, *INITDB, f"--pwfile={secret}", f"--pgdata={fresh}"]
        done = subprocess.run(
            command,
            env=environment(),
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
        fresh.rename(self.files)

    def check_version(self, postgres: Path) -> None:
        found = (self.files / "PG_VERSION").read_text(encoding="ascii").strip()
        shipped = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        if shipped.split()[-1].split(".")[0] != found:
            raise EmbeddedPostgresError(f"{self.files} was made by PostgreSQL {found}, this is {shipped}")

    def end_orphans(self) -> None:
        """Only the holder of the lock may run here: what still does is dying, and after it the pid file is stale."""
        deadline = time.monotonic() + ORPHAN_PATIENCE_SECONDS
        while orphans := self._servers():
            if time.monotonic() > deadline:
                for pid in orphans:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        (self.files / "postmaster.pid").unlink(missing_ok=True)

    def is_ready(self, pid: int) -> bool:
        """The server's own word, as pg_ctl reads it: line one of the pid file is its pid, line eight its state."""
        try:
            lines = (self.files / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return False
        return lines[:1] == [str(pid)] and len(lines) >= 8 and lines[7].strip() == "ready"

    def _servers(self) -> list[int]:
        """Processes named postgres that work in this directory, as all of PostgreSQL's do; a zombie works nowhere."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (entry / "cwd").readlink() == self.files and (entry / "comm").read_text().strip() == "postgres":
                    found.append(int(entry.name))
        return found


def environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
