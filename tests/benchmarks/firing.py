"""What firing costs beside few and beside many open clocks: fires a second, and a look when little is due."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import asyncpg
from sqlalchemy import text

from services.sla_service.store.cases import due_before
from services.sla_service.use_cases.firing import fire_due_clocks
from services.sla_service.use_cases.seeding import seed
from shared.contracts.base import INTAKE
from shared.db import Database
from shared.db.embedded import EmbeddedPostgres
from shared.messaging.inbox import MOST_AHEAD, raise_watermark
from shared.testing import postgres
from tests.benchmarks import processor
from tests.benchmarks.open_clocks import Deadlines, add_deadlines, add_far_away, add_policy
from tests.benchmarks.place import plain

BATCH = 500
DUE_IN_A_TICK = 20
TICKS = 60
INDEX = "case_file_next_due_at_idx"


@dataclass
class Engine:
    """SLA's database with so many open clocks, under the service's own role."""

    open_clocks: int
    db: Database
    admin: asyncpg.Connection
    postmaster: int
    fires: int = 0
    seconds: float = 0.0
    own: float = 0.0  # processor seconds of this process while firing
    server: float = 0.0  # ... and of PostgreSQL
    ticks: list[float] = field(default_factory=list)  # seconds, little due
    idle: list[float] = field(default_factory=list)  # seconds, nothing due
    buffers: int = 0
    index: bool = False

    @staticmethod
    def milliseconds(seconds: Sequence[float]) -> float:
        return median(seconds) * 1000

    async def due(self, count: int) -> None:
        """So many more deadlines passed just now."""
        first = datetime.now(UTC) - timedelta(seconds=count / 1000 + 1)
        await add_deadlines(self.admin, Deadlines(count, first, timedelta(milliseconds=1)))

    async def tick(self) -> tuple[int, float]:
        """One look of the timer: how many it fired, and in how many seconds."""
        began = time.perf_counter()
        async with self.db.transaction(edge="timer") as tx:
            fired = await fire_due_clocks(tx, most=BATCH)
        return fired, time.perf_counter() - began

    async def fire_all(self) -> None:
        """Until nothing is due; what it took is added up."""
        own, server = time.process_time(), processor.seconds_with_children(self.postmaster)
        while True:
            fired, seconds = await self.tick()
            if not fired:
                break
            self.fires += fired
            self.seconds += seconds
        self.own += time.process_time() - own
        self.server += processor.seconds_with_children(self.postmaster) - server

    async def explain(self) -> None:
        """How the claim is carried out: through the index, and how many pages it touches."""
        now = datetime.now(UTC)
        claim = due_before(now, now, BATCH)
        words = claim.compile(self.db.engine.sync_engine, compile_kwargs={"literal_binds": True})
        async with self.db.transaction() as tx:
            [[plan]] = await tx.all(text(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {words}".replace(":", r"\:")))
        top = plan[0]["Plan"]
        self.buffers = top["Shared Hit Blocks"] + top["Shared Read Blocks"]
        self.index = INDEX in str(plan) and "Seq Scan" not in str(plan)


@asynccontextmanager
async def engine(server: EmbeddedPostgres, open_clocks: int) -> AsyncIterator[Engine]:
    """A database of its own with so many open clocks, all heard of up to far ahead."""
    database = await postgres.create(server)
    admin = await asyncpg.connect(plain(database.admin_url))
    db = Database(database.url("sla"), schema="sla", pool_size=2)
    assert server._process is not None
    try:
        async with db.transaction() as tx:
            await seed(tx)
            await raise_watermark(tx, INTAKE, 0, 1, tx.now + MOST_AHEAD)
        await add_policy(admin)
        await add_far_away(admin, open_clocks)
        yield Engine(open_clocks, db, admin, server._process.pid)
    finally:
        await db.dispose()
        await admin.close()
        await postgres.drop(database)


async def compare(server: EmbeddedPostgres, few: int, many: int, fires: int) -> tuple[Engine, Engine]:
    """The same work beside few and beside many open clocks, in turns, in one run."""
    async with engine(server, few) as small, engine(server, many) as large:
        both = (small, large)
        for each in both:
            await each.due(BATCH)
            await each.fire_all()
            each.fires, each.seconds, each.own, each.server = 0, 0.0, 0.0, 0.0
        await _tick(both, min(TICKS, max(3, fires // 20)))
        for _ in range(4):
            for each in both:
                await each.due(fires // 4)
                await each.fire_all()
        for each in both:
            await each.explain()
        return both


async def _tick(both: Sequence[Engine], turns: int) -> None:
    for _ in range(turns):
        for each in both:
            each.idle.append((await each.tick())[1])
            await each.due(DUE_IN_A_TICK)
        for each in both:
            each.ticks.append((await each.tick())[1])


def ratio(small: Engine, large: Engine, of: str) -> float:
    """The median beside many open clocks over that beside few."""
    few: list[Any] = getattr(small, of)
    many: list[Any] = getattr(large, of)
    return float(median(many) / median(few))
