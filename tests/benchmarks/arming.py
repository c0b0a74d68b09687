"""From the 201 to the committed SLA clock, at a steady stream of arrivals."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.db.embedded import EmbeddedPostgres
from shared.reference import branches
from shared.testing import postgres
from shared.testing.postgres import TestDatabase
from tests.benchmarks.place import plain
from tests.benchmarks.posts import percentile
from tests.benchmarks.running import apart, load

RATE = 100.0
CONNECTIONS = 64
WARM_UP_SECONDS = 2.0
PATIENCE_SECONDS = 90.0
HOW = (
    "from the moment the sender has read the 201 (its own clock) to the commit time that PostgreSQL notes for the "
    "transaction that wrote the case's clock row (track_commit_timestamp); same machine, same clock; arrivals at random"
)
_ARMED = """
SELECT case_id::text AS case_id, max(pg_xact_commit_timestamp(xmin)) AS at FROM sla.clock
WHERE metric = 'resolve' AND case_id = ANY($1::uuid[]) GROUP BY case_id
"""


@dataclass(frozen=True)
class Armed:
    """How long it took each case, in milliseconds."""

    transport: str
    rate: float  # accepted per second, really
    waits: list[float]
    posts: list[float]
    late: int  # not armed within the patience: not in `waits`

    def p(self, share: float) -> float:
        return percentile(self.waits, share)

    def post(self, share: float) -> float:
        return percentile(self.posts, share)


async def arm(server: EmbeddedPostgres, seconds: float, *, kafka: str = "") -> Armed:
    """All services in one process, or with the Kafka that is named between them a process for each."""
    database = await postgres.create(server)
    offices = sorted(branches())
    try:
        async with apart(database, kafka=kafka) as running:
            warm_up = min(WARM_UP_SECONDS, seconds)
            warm = await load([running], offices, connections=CONNECTIONS, seconds=warm_up, rate=RATE)
            await _armed(database, dict(warm["accepted"]))
            seen = await load([running], offices, connections=CONNECTIONS, seconds=seconds, rate=RATE)
            accepted: dict[str, float] = dict(seen["accepted"])
            armed = await _armed(database, accepted)
    finally:
        await postgres.drop(database)
    waits = [(at.timestamp() - accepted[case]) * 1000 for case, at in armed.items()]
    posts = [each / 1000 for each in seen["took"]]
    late = len(accepted) - len(armed)
    return Armed("Kafka" if kafka else "embedded", len(accepted) / seen["seconds"], waits, posts, late)


async def _armed(database: TestDatabase, accepted: dict[str, float]) -> dict[str, datetime]:
    """When each clock was armed; those that were not within the patience are left out."""
    connection = await asyncpg.connect(plain(database.admin_url))
    until = time.monotonic() + PATIENCE_SECONDS
    try:
        while True:
            rows = await connection.fetch(_ARMED, list(accepted))
            if len(rows) == len(accepted) or time.monotonic() > until:
                return {row["case_id"]: row["at"] for row in rows}
            await asyncio.sleep(0.5)
    finally:
        await connection.close()
