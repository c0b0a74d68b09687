"""What happens to database sessions from outside: one of no more use is thrown away, and nobody waits for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.testing.postgres import TestDatabase
from shared.web.server import server_config
from tests.shared.web_world import World, web_database, world  # noqa: F401 - fixtures

PATIENCE = 15.0  # less than a statement may last
ROW = {"id": 1, "name": "ท่อแตก"}


async def test_sessions_that_became_read_only_in_a_failover_are_thrown_away(world: World) -> None:
    await world.run("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    async with world.client() as client:
        answers = [(await client.post("/intake/v1/things", json=ROW)).status_code for _ in range(2)]
    assert answers == [503, 201]


@pytest.mark.parametrize("column", ["name TYPE varchar(80)", "size TYPE bigint"])
async def test_a_column_type_that_changes_under_running_code_is_not_noticed_by_callers(
    world: World, web_database: TestDatabase, column: str
) -> None:
    async with world.client() as client:
        await client.post("/intake/v1/things", json=ROW)
        before = [(await client.get("/intake/v1/things/1")).status_code for _ in range(3)]
        await _as_owner(web_database, f"ALTER TABLE intake.thing ALTER COLUMN {column}")
        after = [(await client.get("/intake/v1/things/1")).status_code for _ in range(3)]
        changed = await client.put("/intake/v1/things/1", json=ROW, headers={"If-Match": '"1"'})
    assert (before, after, changed.status_code) == ([200] * 3, [200] * 3, 200)


async def test_slow_reads_keep_neither_writes_nor_probes_waiting(world: World) -> None:
    async with world.client() as client:
        reads = [asyncio.create_task(client.get("/intake/v1/slow")) for _ in range(12)]
        await _until_sleeping(world, 1)
        written = await client.post("/intake/v1/things", json=ROW)
        probed = await client.get("/readyz")
        assert not any(read.done() for read in reads)
        for read in reads:
            read.cancel()
        await asyncio.gather(*reads, return_exceptions=True)
    assert (written.status_code, probed.status_code) == (201, 200)


async def test_a_read_ends_with_its_statement_when_its_client_hangs_up(world: World) -> None:
    async with _served(world) as port:
        writers = []
        for _ in range(3):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            head = f"GET /intake/v1/slow HTTP/1.1\r\nHost: pwa.test\r\nAuthorization: Bearer {world.token()}\r\n\r\n"
            writer.write(head.encode())
            writers.append(writer)
        await _until_sleeping(world, 1)
        for writer in writers:
            writer.close()
        await _until_sleeping(world, 0)
    idle = await world.run("SELECT 1 FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")
    assert idle == []


@asynccontextmanager
async def _served(world: World) -> AsyncIterator[int]:
    """The application on a socket of its own; its port."""
    running = uvicorn.Server(server_config(world.app, "127.0.0.1", 0))
    task = asyncio.create_task(running.serve())
    async with asyncio.timeout(PATIENCE):
        while not running.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
    try:
        yield running.servers[0].sockets[0].getsockname()[1]
    finally:
        running.should_exit = True
        await task


async def _until_sleeping(world: World, least: int) -> None:
    """Until so many slow reads sleep in the database, or none does."""
    asked = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
    async with asyncio.timeout(PATIENCE):
        while bool(await world.run(asked)) != bool(least):  # noqa: ASYNC110 - nothing tells when
            await asyncio.sleep(0.02)


async def _as_owner(database: TestDatabase, statement: str) -> None:
    engine = create_async_engine(database.owner_url)
    async with engine.begin() as connection:
        await connection.execute(text(statement))
    await engine.dispose()
