"""From the due instant to the commit of the breach, at a steady stream of deadlines, with the services as they run."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from shared.db.embedded import EmbeddedPostgres
from shared.kernel.words import HEAD_OFFICE
from shared.testing import postgres
from tests.benchmarks.open_clocks import Deadlines, add_deadlines, add_policy
from tests.benchmarks.place import plain
from tests.benchmarks.posts import percentile
from tests.benchmarks.running import apart, load

RATE = 500
LEAD_SECONDS = 7.0  # more than a timer sleeps, which nothing wakes here: the rows are not brought by events
PATIENCE_SECONDS = 30.0
TARGET_MILLISECONDS = 250
CLOCKS = ("intake", "sla")
LADDERS = ("intake", "sla", "escalation")
HOW = (
    "from `due_at` to the commit time that PostgreSQL notes for the transaction that wrote the breach (or the first "
    "rung, which waits for the news of the breach); the services named run, watermarks travel between them"
)
_BREACHES = """
SELECT case_id, extract(epoch FROM pg_xact_commit_timestamp(xmin) - due_at)::float * 1000 AS late FROM sla.breach
WHERE case_id = ANY($1)
"""
_RUNGS = """
SELECT case_id, extract(epoch FROM pg_xact_commit_timestamp(xmin) - scheduled_at)::float * 1000 AS late
FROM escalation.rung WHERE case_id = ANY($1) AND rung = (SELECT min(rung) FROM escalation.rung_definition)
"""
_STORED = """
SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
WHERE table_schema = 'intake' AND table_name = 'cases' AND is_generated = 'NEVER'
"""
_LIKE = """
INSERT INTO intake.cases ({columns})
SELECT {columns} FROM (
    SELECT (jsonb_populate_record(one, jsonb_build_object('id', new, 'number', new, 'tracking_code', new))).*
    FROM intake.cases AS one, unnest($1::uuid[]) AS new WHERE one.id = (SELECT id FROM intake.cases LIMIT 1)) AS copies
"""


@dataclass(frozen=True)
class Lateness:
    """Milliseconds from each deadline to its breach and its first rung; what is missing took more than the patience."""

    transport: str
    cases: list[UUID]
    breaches: list[float]
    rungs: list[float] | None = None

    @staticmethod
    def p(late: Sequence[float], share: float) -> float:
        return percentile(late, share) if late else float("nan")


async def lateness(
    server: EmbeddedPostgres, seconds: float, *, rate: float = RATE, services: Sequence[str] = CLOCKS, kafka: str = ""
) -> Lateness:
    """`rate` deadlines a second for so long. All in one process, or with Kafka a process for each service."""
    database = await postgres.create(server)
    try:
        async with apart(database, services, kafka=kafka) as running:
            await load([running], [HEAD_OFFICE], connections=1, seconds=0.01)
            connection = await asyncpg.connect(plain(database.admin_url))
            try:
                found = await _measure(connection, rate, seconds, "Kafka" if kafka else "embedded")
                return await _with_rungs(connection, found) if "escalation" in services else found
            finally:
                await connection.close()
    finally:
        await postgres.drop(database)


async def _measure(connection: asyncpg.Connection, rate: float, seconds: float, transport: str) -> Lateness:
    await add_policy(connection)
    count = round(rate * seconds)
    first_at = datetime.now(UTC) + timedelta(seconds=LEAD_SECONDS + count / 20_000)
    cases = await add_deadlines(connection, Deadlines(count, first_at, timedelta(seconds=1 / rate)))
    await _know(connection, cases)
    await asyncio.sleep((first_at - datetime.now(UTC)).total_seconds() + seconds)
    return Lateness(transport, cases, await _until_all(connection, _BREACHES, cases))


async def _with_rungs(connection: asyncpg.Connection, found: Lateness) -> Lateness:
    return replace(found, rungs=await _until_all(connection, _RUNGS, found.cases))


async def _know(connection: asyncpg.Connection, cases: Sequence[UUID]) -> None:
    """Intake has these cases too, or it would set the news of their breaches aside."""
    columns = await connection.fetchval(_STORED)
    await connection.execute(_LIKE.replace("{columns}", columns), cases)


async def _until_all(connection: asyncpg.Connection, sql: str, cases: Sequence[UUID]) -> list[float]:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        rows = await connection.fetch(sql, cases)
        if len(rows) >= len(cases) or time.monotonic() > until:
            return [row["late"] for row in rows]
        await asyncio.sleep(0.5)
