"""Database sessions are ended at random under load: no process ends, nothing is lost, callers see 503 at most."""

import asyncio
import os
import random

import asyncpg
import httpx
import pytest
from sqlalchemy.engine import make_url

from shared.kernel.ports import free_port
from shared.testing.postgres import TestDatabase
from tests.chaos.posting import ROUND, Victim, all_acknowledged, nothing_lost_or_doubled
from tests.chaos.process import PATIENCE

SECONDS = float(os.environ.get("PWA_CHAOS_SECONDS", "15"))
END_SOME = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename LIKE 'pwa\\_%' AND random() < $1"""
pytestmark = pytest.mark.timeout(600)


class Gate:
    """Stands before the database server; closed, nobody answers there."""

    def __init__(self, database: TestDatabase) -> None:
        self.database = database
        self.port = free_port()
        self._open: asyncio.Server | None = None
        self._busy: set[asyncio.Task[None]] = set()

    def url(self, service: str) -> str:
        url = make_url(self.database.url(service)).set(host="127.0.0.1", port=self.port)
        return url.render_as_string(hide_password=False)

    async def open(self) -> None:
        self._open = await asyncio.start_server(self._pass_on, "127.0.0.1", self.port)

    async def close(self) -> None:
        for task in self._busy:
            task.cancel()
        if self._open is not None:
            self._open.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = make_url(self.database.admin_url)
        beyond, towards = await asyncio.open_connection(there.host, there.port)
        for source, sink in ((reader, towards), (beyond, writer)):
            task = asyncio.create_task(_copy(source, sink))
            self._busy.add(task)
            task.add_done_callback(self._busy.discard)


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while content := await source.read(65_536):
            sink.write(content)
            await sink.drain()
    except OSError:
        pass
    finally:
        sink.close()


async def test_a_service_that_starts_before_its_database_is_alive_and_waits(
    victim: Victim, database: TestDatabase
) -> None:
    gate = Gate(database)
    victim.told["urls"] = {name: gate.url(name) for name in victim.told["urls"]}
    base = f"http://127.0.0.1:{victim.told['port']}"
    starting = asyncio.create_task(victim.start())
    async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
        async with asyncio.timeout(PATIENCE):
            while await _status(client, "/livez") != 200:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        refused = await client.get("/intake/v1/subjects")
        assert (await _status(client, "/readyz"), refused.status_code, refused.json()["code"]) == (503, 503, "starting")
        assert not starting.done()
        await gate.open()
        await starting
        assert await _status(client, "/readyz") == 200
        await victim.post(client, 1)
    assert len(victim.acknowledged) == 1
    await victim.stop()
    await gate.close()


async def _status(client: httpx.AsyncClient, path: str) -> int:
    try:
        return (await client.get(path)).status_code
    except httpx.TransportError:
        return 0


async def _end_sessions(database: TestDatabase, stop: asyncio.Event) -> int:
    """Again and again some or all of the services' sessions; how many were ended."""
    chance = random.Random(4)
    dsn = make_url(database.admin_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection, ended = await asyncpg.connect(dsn), 0
    try:
        while not stop.is_set():
            ended += len(await connection.fetch(END_SOME, chance.choice([0.1, 0.3, 1.0])))
            await asyncio.sleep(chance.uniform(0.02, 0.4))
    finally:
        await connection.close()
    return ended


@pytest.mark.transports
async def test_sessions_that_are_ended_again_and_again_end_no_process_and_lose_nothing(
    victim: Victim, database: TestDatabase
) -> None:
    await victim.start()
    stop = asyncio.Event()
    ending = asyncio.create_task(_end_sessions(database, stop))
    until = asyncio.get_running_loop().time() + SECONDS
    while asyncio.get_running_loop().time() < until and not victim.is_gone:
        victim.posts += ROUND
        await victim.post_all()
    stop.set()
    assert await ending > SECONDS
    assert not victim.is_gone, victim.log.read_text()[-3000:]
    await all_acknowledged(victim)
    await nothing_lost_or_doubled(victim, database)
    assert not victim.is_gone
