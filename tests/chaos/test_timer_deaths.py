"""Two engines race on the timers of sla and escalation, one dies at a named point: everything fires exactly once."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.kernel.faults import EXIT_CODE
from shared.testing.postgres import TestDatabase
from tests.benchmarks.open_clocks import Deadlines, add_deadlines, add_policy
from tests.benchmarks.place import plain
from tests.chaos.checker import check_timers

SERVICES = ("sla", "escalation")
PATIENCE = 90.0
COUNT, STEP = 300, timedelta(milliseconds=25)
LEAD = timedelta(seconds=3)
SMALL_BATCHES = {"PWA_SLA_BATCH": "5", "PWA_ESCALATION_BATCH": "5"}
# Far enough into the work that deadlines are being fired, by the other engine too.
POINTS = ("timer.fired:3", "timer.after_fire:3", "timer.before_commit:14", "timer.after_commit:14")
_HEARD = """
INSERT INTO {schema}.watermark (topic, partition, partitions, until)
SELECT topic, 0, 1, now() + interval '1 day' FROM unnest($1::text[]) AS topic
"""


class Engine:
    """A process with the timers, relays and consumers of both services, that may be started again."""

    def __init__(self, told: dict[str, Any], log: Path) -> None:
        self.told, self.log = told, log
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, fault: str = "") -> None:
        environment = {**os.environ, **SMALL_BATCHES, "VICTIM": json.dumps(self.told), "PWA_FAULT": fault}
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.chaos.victim", stdout=asyncio.subprocess.PIPE, stderr=log, env=environment
            )
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE)
        assert line == b"serving\n", self.log.read_text()[-2000:]

    async def died_at_its_point(self) -> bool:
        assert self.process is not None
        return await asyncio.wait_for(self.process.wait(), PATIENCE) == EXIT_CODE

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@pytest.fixture
async def engines(database: TestDatabase, gateway: Any, tmp_path: Path) -> AsyncIterator[tuple[Engine, Engine]]:
    told = {
        "urls": {name: database.url(name) for name in SERVICES},
        "roles": ["relay", "consumer", "jobs"],
        "kafka": "", "gateways": gateway.settings(), "key": "", "port": 0, "keys": {"keys": []},
    }  # fmt: skip
    pair = Engine(told, tmp_path / "first.log"), Engine(told, tmp_path / "second.log")
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


async def _until_all_fired(admin: asyncpg.Connection) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            open_ends = await admin.fetchval(
                """SELECT $1 - (SELECT count(*) FROM escalation.rung WHERE state = 'fired')
                + (SELECT count(*) FROM sla.outbox) + (SELECT count(*) FROM escalation.outbox)""",
                COUNT,
            )
            if open_ends <= 0:
                return
            await asyncio.sleep(0.3)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", POINTS)
async def test_two_engines_racing_on_the_same_timers_fire_each_once_when_one_dies_at(
    engines: tuple[Engine, Engine], admin: asyncpg.Connection, fault: str
) -> None:
    """failures.md 5."""
    first, second = engines
    await asyncio.gather(first.start(fault), second.start())
    cases = await _deadlines(admin)
    assert await first.died_at_its_point(), f"{fault} was never reached"
    declared = await admin.fetchval("SELECT count(*) FROM sla.breach")
    fired = await admin.fetchval("SELECT count(*) FROM escalation.rung")
    assert min(declared, fired) < COUNT, "nothing was in flight"
    await first.start()
    await _until_all_fired(admin)
    assert (await check_timers(admin, map(str, cases))).wrong == []
