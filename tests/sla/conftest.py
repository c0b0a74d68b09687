"""Fixtures of the SLA tests."""

from collections.abc import AsyncIterator

import pytest

from shared.kernel.clock import ManualClock
from shared.testing.postgres import TestDatabase
from tests.sla.bench import Bench


@pytest.fixture
async def bench(database: TestDatabase, clock: ManualClock) -> AsyncIterator[Bench]:
    """The SLA service with its starting calendars and policies, at 09:00 on Tuesday 3 February 2026."""
    started = await Bench.start(database.url("sla"), clock)
    yield started
    await started.db.dispose()
