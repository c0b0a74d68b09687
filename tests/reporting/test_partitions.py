"""Partitions of the fact log are made beside consumers that write to it."""

import asyncio
from datetime import UTC, date, datetime
from uuid import uuid4

from sqlalchemy import text

from services.reporting_service.store import facts
from tests.reporting.given import Desk

MONTH = date(2030, 1, 1)
FACT = text(
    """INSERT INTO fact (event_id, topic, key, seq, type, recorded_at, payload)
    VALUES (:id, 'pwa.intake.v1', 'k', 1, 'pwa.intake.case-accepted.v1', :at, '{}')"""
)


async def test_a_month_whose_facts_are_being_written_keeps_them_where_they_are(desk: Desk) -> None:
    async with desk.db.transaction() as writing:
        await writing.execute(FACT, {"id": uuid4(), "at": datetime(2030, 1, 15, tzinfo=UTC)})
        making = asyncio.create_task(_make(desk))
        await _until_it_waits(desk)
    assert await making == 0
    assert await _make(desk) == 0


async def _make(desk: Desk) -> int:
    async with desk.db.transaction() as tx:
        return await facts.make_partitions(tx, MONTH, 1)


async def _until_it_waits(desk: Desk) -> None:
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    async with asyncio.timeout(20):
        while True:
            async with desk.db.transaction() as tx:
                if await tx.scalar(waiting):
                    return
            await asyncio.sleep(0.02)
