"""The embedded server: starts anywhere, never outlives its process, and comes back with every committed row."""

import asyncio
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.catalogue import SERVICES
from shared.db.embedded import EmbeddedPostgres, EmbeddedPostgresError, binaries, place

CHECKOUT = Path(__file__).resolve().parents[2]
AS_ROOT = os.geteuid() == 0
NEEDS_ROOT = pytest.mark.skipif(not AS_ROOT, reason="only root changes users")
SUPERVISOR = """
import sys, threading
from pathlib import Path
from shared.db.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
server.start()
print(server.admin_url("pwa"), flush=True)
threading.Event().wait()
"""


@pytest.fixture
def empty() -> Iterator[Path]:
    base = Path(tempfile.mkdtemp(prefix="pwa-test-"))
    base.chmod(0o711)
    yield base / "postgres"
    shutil.rmtree(base)


@pytest.fixture(scope="module")
def started_once() -> Iterator[Path]:
    base = Path(tempfile.mkdtemp(prefix="pwa-test-"))
    base.chmod(0o711)
    with EmbeddedPostgres(base / "postgres", durable=False):
        pass
    yield base / "postgres"
    shutil.rmtree(base)


@pytest.fixture
def data(empty: Path, started_once: Path) -> Path:
    """A data directory with a past, on a port of its own."""
    subprocess.run(["cp", "-a", str(started_once), str(empty)], check=True)
    (empty / "port").unlink()
    return empty


@pytest.fixture
def closed(tmp_path: Path, empty: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that only its owner enters, like a HOME; what must be reachable goes beside `empty`."""
    monkeypatch.setattr(place, "REACHABLE", (empty.parent,))
    tmp_path.chmod(0o700)
    return tmp_path


def sql(url: str, statement: str) -> list[Any]:
    async def ask() -> list[Any]:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(ask())


def supervisor(data: Path, **options: Any) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [options.pop("python", sys.executable), "-c", SUPERVISOR, str(data)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
        **options,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def server_pid(data: Path) -> int:
    return int((data / "server" / "postmaster.pid").read_text().splitlines()[0])


def wait_for_end_of(pid: int, seconds: float = 20) -> None:
    handle = os.pidfd_open(pid)
    try:
        assert select.select([handle], [], [], seconds)[0], f"process {pid} lives on"
    finally:
        os.close(handle)


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_first_start_makes_the_database_its_roles_and_extensions(empty: Path) -> None:
    with EmbeddedPostgres(empty, durable=False) as server:
        roles = sql(server.admin_url(), r"SELECT rolname FROM pg_roles WHERE rolname LIKE 'pwa\_%' AND rolcanlogin")
        extensions = sql(server.admin_url("pwa"), "SELECT extname FROM pg_extension")
        locale = sql(
            server.admin_url(),
            "SELECT datlocprovider::text, datlocale, datcollate, datctype FROM pg_database WHERE datname = 'pwa'",
        )
        thai = sql(server.admin_url("pwa"), "SELECT array_length(public.show_trgm('ท่อแตก'), 1) > 2")
        checksums = sql(server.admin_url(), "SHOW data_checksums")
    assert {name for (name,) in roles} == {"pwa_owner", *(f"pwa_{service.name}" for service in SERVICES)}
    assert {("pg_trgm",), ("btree_gist",)} <= set(extensions)
    assert locale == [("b", "C.UTF-8", "C", "C.UTF-8")]
    assert thai == [(True,)]
    assert checksums == [("on",)]


def test_a_service_role_makes_no_schema_and_enters_no_other_database(data: Path) -> None:
    with EmbeddedPostgres(data, durable=False) as server:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            sql(server.url("pwa_intake"), "CREATE SCHEMA intake")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            sql(server.url("pwa_intake"), "CREATE TABLE public.notes (text text)")
        sql(server.url("pwa_owner"), "CREATE SCHEMA intake")
        with pytest.raises(asyncpg.InvalidPasswordError):
            sql(server.url("pwa_owner").replace("pwa_owner", "pwa_intake"), "SELECT 1")


def test_data_port_and_passwords_survive_a_restart(data: Path) -> None:
    server = EmbeddedPostgres(data)
    with server:
        first = server.admin_url("pwa")
        sql(first, "CREATE TABLE kept AS SELECT 1662 AS number")
    assert not server.running
    with server:
        assert server.admin_url("pwa") == first
        assert sql(first, "SELECT number FROM kept") == [(1662,)]


def test_a_killed_process_leaves_no_server_and_the_next_start_recovers(data: Path) -> None:
    process, url = supervisor(data)
    sql(url, "CREATE TABLE kept AS SELECT 1662 AS number")
    pid = server_pid(data)
    kill(process)
    wait_for_end_of(pid)
    with EmbeddedPostgres(data, durable=False) as server:
        assert sql(server.admin_url("pwa"), "SELECT number FROM kept") == [(1662,)]


def test_a_start_right_after_a_kill_waits_for_the_dying_server(data: Path) -> None:
    process, _ = supervisor(data)
    pid = server_pid(data)
    os.kill(pid, signal.SIGSTOP)
    kill(process)
    os.kill(pid, signal.SIGCONT)
    with EmbeddedPostgres(data, durable=False) as server:
        assert server_pid(data) != pid
        assert server.running


def test_a_frozen_orphan_is_ended_by_the_next_start(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.db.embedded.cluster.ORPHAN_PATIENCE_SECONDS", 0.2)
    process, _ = supervisor(data)
    os.kill(server_pid(data), signal.SIGSTOP)
    kill(process)
    with EmbeddedPostgres(data, durable=False) as server:
        assert sql(server.admin_url("pwa"), "SELECT 1") == [(1,)]


def test_a_second_supervisor_is_refused_and_told_who_is_there(data: Path) -> None:
    with (
        EmbeddedPostgres(data, durable=False) as server,
        pytest.raises(EmbeddedPostgresError, match=rf"in use by process {os.getpid()}\b"),
    ):
        EmbeddedPostgres(data, durable=False).start()
    assert not server.running


def test_another_process_finds_the_running_server(data: Path) -> None:
    process, url = supervisor(data)
    other = EmbeddedPostgres(data)
    assert other.admin_url("pwa") == url
    assert not other.running
    pid = server_pid(data)
    kill(process)
    wait_for_end_of(pid)
    with pytest.raises(EmbeddedPostgresError, match="no server has been started"):
        EmbeddedPostgres(data.parent / "elsewhere").admin_url()


@pytest.mark.parametrize("holder", ["nobody", "a stranger", "a zombie"])
def test_a_stale_pid_file_does_not_stop_a_start(data: Path, holder: str) -> None:
    with EmbeddedPostgres(data, durable=False):
        left = (data / "server" / "postmaster.pid").read_text()
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # over, but not reaped: a zombie
    if holder == "nobody":
        child.wait()
    pid = os.getpid() if holder == "a stranger" else child.pid
    stale = data / "server" / "postmaster.pid"
    stale.write_text(left.replace(left.splitlines()[0], str(pid), 1))
    if AS_ROOT:
        os.chown(stale, (data / "server").stat().st_uid, (data / "server").stat().st_gid)
    with EmbeddedPostgres(data, durable=False) as server:
        assert sql(server.admin_url(), "SELECT 1") == [(1,)]
    child.wait()


def test_a_first_start_that_died_halfway_is_begun_anew(empty: Path) -> None:
    (empty / "server.new" / "base").mkdir(parents=True)
    (empty / "secret.new").write_text("left over")
    with EmbeddedPostgres(empty, durable=False) as server:
        assert sql(server.admin_url(), "SELECT 1") == [(1,)]
    assert not (empty / "server.new").exists()
    assert not (empty / "secret.new").exists()


def test_a_taken_port_is_replaced_by_another(data: Path) -> None:
    with EmbeddedPostgres(data, durable=False) as server:
        taken = server.port
    with EmbeddedPostgres(data.parent / "other", durable=False, port=taken), EmbeddedPostgres(data) as server:
        assert server.port != taken
        assert sql(server.admin_url(), "SELECT 1") == [(1,)]


def test_a_server_that_dies_is_noticed(data: Path) -> None:
    with EmbeddedPostgres(data, durable=False) as server:
        pid = server_pid(data)
        os.kill(pid, signal.SIGKILL)
        assert server.wait(20)
        assert not server.running


def test_the_server_log_holds_no_values_of_failed_statements(data: Path) -> None:
    with EmbeddedPostgres(data, durable=False) as server:
        url = server.admin_url("pwa")
        sql(url, "CREATE TABLE contact (phone text PRIMARY KEY)")
        sql(url, "INSERT INTO contact VALUES ('0812345678')")
        with pytest.raises(asyncpg.UniqueViolationError):
            sql(url, "INSERT INTO contact VALUES ('0812345678')")
    log = (data / "server.log").read_text()
    assert "contact_pkey" in log
    assert "0812345678" not in log


def test_secrets_are_readable_by_their_owner_only(data: Path) -> None:
    with EmbeddedPostgres(data, durable=False):
        assert (data / "secret").stat().st_mode & 0o777 == 0o600
        assert (data / "server").stat().st_mode & 0o777 == 0o700
        assert data.stat().st_mode & 0o066 == 0


@NEEDS_ROOT
def test_root_serves_from_another_place_when_the_checkout_is_closed(closed: Path) -> None:
    data = closed / "checkout" / ".data" / "postgres"
    with EmbeddedPostgres(data, durable=False) as server:
        sql(server.admin_url("pwa"), "CREATE TABLE kept AS SELECT 1662 AS number")
        home = Path((data / "location").read_text().strip())
        assert (home / "server").stat().st_uid != 0
    assert closed.stat().st_mode & 0o777 == 0o700
    with EmbeddedPostgres(data, durable=False) as server:
        assert sql(server.admin_url("pwa"), "SELECT number FROM kept") == [(1662,)]
    server.destroy()
    assert not home.exists()
    assert not data.exists()


@NEEDS_ROOT
def test_root_begins_anew_where_a_checkout_was_removed_and_cloned_again(closed: Path) -> None:
    data = closed / "postgres"
    with EmbeddedPostgres(data, durable=False) as server:
        sql(server.admin_url("pwa"), "CREATE TABLE kept AS SELECT 1662 AS number")
    shutil.rmtree(data)
    with EmbeddedPostgres(data, durable=False) as server, pytest.raises(asyncpg.UndefinedTableError):
        sql(server.admin_url("pwa"), "SELECT number FROM kept")


@NEEDS_ROOT
def test_root_refuses_to_begin_with_no_data_when_the_noted_place_is_gone(closed: Path) -> None:
    data = closed / "postgres"
    data.mkdir()
    (data / "location").write_text(f"{closed / 'gone'}\n")
    with pytest.raises(EmbeddedPostgresError, match="is gone"):
        EmbeddedPostgres(data).start()


@NEEDS_ROOT
def test_root_copies_binaries_that_the_servers_user_cannot_reach(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = binaries().parent.parent
    for tree in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(tree, closed / tree.name, ignore=shutil.ignore_patterns("include"))
    monkeypatch.setattr(place, "binaries", lambda: closed / package.name / "pginstall" / "bin")
    user = place.server_user(closed)
    reachable = place.reachable_binaries(user)
    assert not reachable.is_relative_to(closed)
    for program in ("postgres", "initdb", "psql"):
        subprocess.run([reachable / program, "--version"], check=True, user=user.uid, group=user.gid, extra_groups=[])
    assert place.reachable_binaries(user) == reachable


@NEEDS_ROOT
def test_an_ordinary_user_runs_the_server_as_themselves(empty: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    identity: dict[str, Any] = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    python = python_for(identity)
    empty.mkdir()
    os.chown(empty, nobody.pw_uid, nobody.pw_gid)
    path = os.pathsep.join(entry for entry in sys.path if entry.endswith("site-packages"))
    process, url = supervisor(empty, python=python, env={"PYTHONPATH": path, "PATH": os.defpath}, **identity)
    try:
        assert sql(url, "SELECT 1") == [(1,)]
        assert (empty / "server").stat().st_uid == nobody.pw_uid
        pid = server_pid(empty)
    finally:
        kill(process)
    wait_for_end_of(pid)


def python_for(identity: dict[str, Any]) -> str:
    """A Python of this version that another user can run; under a closed HOME this one is not."""
    name = f"python3.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/local/bin/{name}", f"/usr/bin/{name}"):
        tried = subprocess.run(["test", "-x", python], check=False, **identity)
        if tried.returncode == 0 and subprocess.run(["test", "-r", __file__], check=False, **identity).returncode == 0:
            return python
    pytest.skip(f"no {name} or no checkout that user nobody can reach")
