"""Two engines race on the timers of sla and escalation and die at a named point: everything fires exactly once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.testing.postgres import TestDatabase
from tests.benchmarks.open_clocks import Deadlines, add_deadlines, add_policy
from tests.benchmarks.place import plain
from tests.chaos.checker import check_timers
from tests.chaos.process import PATIENCE, Process
from tests.kafka_fixtures import unique_prefix

SERVICES = ("sla", "escalation")
COUNT, STEP = 300, timedelta(milliseconds=25)
LEAD = timedelta(seconds=3)
BATCH = 5
SMALL_BATCHES = {"PWA_SLA_BATCH": str(BATCH), "PWA_ESCALATION_BATCH": str(BATCH)}
# Which engine gets how much work is chance. Both are armed, and the visits of both together are certain to be more than
# these: one dies, and then most of the work is still to be done.
FIRST_DIES, SECOND_DIES = 3, 20
assert FIRST_DIES + SECOND_DIES < COUNT / BATCH / 2
EVERYWHERE = ("timer.fired", "timer.after_fire", "timer.telling", "timer.told")
ON_KAFKA = ("timer.after_fire", "timer.told")
_HEARD = """
INSERT INTO {schema}.watermark (topic, partition, partitions, until)
SELECT topic, 0, 1, now() + interval '14 minutes' FROM unnest($1::text[]) AS topic
"""


@pytest.fixture
async def engines(
    database: TestDatabase, transport: str, gateway: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[tuple[Process, Process]]:
    """Each has the timers, relays and consumers of both services."""
    told = {
        "urls": {name: database.url(name) for name in SERVICES},
        "roles": ["relay", "consumer", "jobs"],
        "kafka": request.getfixturevalue("kafka_server").bootstrap if transport == "kafka" else "",
        "prefix": unique_prefix(), "gateways": gateway.settings(), "key": "", "port": 0, "keys": {"keys": []},
    }  # fmt: skip
    pair = Process(told, tmp_path / "first.log", SMALL_BATCHES), Process(told, tmp_path / "second.log", SMALL_BATCHES)
    yield pair
    for engine in pair:
        await engine.stop()


@pytest.fixture
async def admin(database: TestDatabase) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(plain(database.admin_url))
    yield connection
    await connection.close()


async def _deadlines(admin: asyncpg.Connection) -> list[UUID]:
    """Open cases that fall due one after the other; of the topics whose publishers do not run, all is known."""
    await admin.execute(_HEARD.replace("{schema}", "sla"), ["pwa.intake.v1"])
    await admin.execute(_HEARD.replace("{schema}", "escalation"), ["pwa.intake.v1"])
    await add_policy(admin)
    return await add_deadlines(admin, Deadlines(COUNT, datetime.now(UTC) + LEAD, STEP))


async def _all_fired(admin: asyncpg.Connection) -> bool:
    """More than was due would be wrong too, and is found afterwards: waiting for it must not hide it."""
    [(fired, unsent)] = await admin.fetch(
        """SELECT (SELECT count(*) FROM escalation.rung WHERE state = 'fired'),
        (SELECT count(*) FROM sla.outbox) + (SELECT count(*) FROM escalation.outbox)"""
    )
    return bool(fired >= COUNT and unsent == 0)


async def _until_all_fired(admin: asyncpg.Connection, engines: tuple[Process, Process]) -> None:
    """Whichever dies, at any time, is started again and lives."""
    async with asyncio.timeout(PATIENCE):
        while not await _all_fired(admin):
            await _start_dead(engines)
            await asyncio.sleep(0.3)


async def _start_dead(engines: tuple[Process, Process]) -> None:
    dead = [engine for engine in engines if engine.is_gone]
    assert all([await engine.died_at_its_point() for engine in dead])
    await asyncio.gather(*(engine.start() for engine in dead))


async def _race_with_deaths(engines: tuple[Process, Process], admin: asyncpg.Connection, point: str) -> None:
    first, second = engines
    await asyncio.gather(first.start(f"{point}:{FIRST_DIES}"), second.start(f"{point}:{SECOND_DIES}"))
    cases = await _deadlines(admin)
    ends = [asyncio.create_task(engine.died_at_its_point()) for engine in engines]
    ended, running = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for end in running:
        end.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    assert all([await end for end in ended]), f"{point} was never reached"
    fired = await admin.fetchval("SELECT count(*) FROM escalation.rung")
    assert fired < COUNT / 2, "nothing was in flight"
    await _until_all_fired(admin, engines)
    assert (await check_timers(admin, map(str, cases))).wrong == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("point", EVERYWHERE)
async def test_two_engines_racing_on_the_same_timers_fire_each_once_when_they_die_at(
    engines: tuple[Process, Process], admin: asyncpg.Connection, point: str
) -> None:
    """failures.md 5."""
    await _race_with_deaths(engines, admin, point)


@pytest.mark.timeout(600)
@pytest.mark.transports("kafka")
@pytest.mark.parametrize("point", ON_KAFKA)
async def test_two_engines_racing_on_kafka_fire_each_once_when_they_die_at(
    engines: tuple[Process, Process], admin: asyncpg.Connection, point: str
) -> None:
    await _race_with_deaths(engines, admin, point)
