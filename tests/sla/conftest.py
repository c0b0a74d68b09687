"""Fixtures of the SLA tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.sla_service.service import SERVICE
from shared.kernel.clock import ManualClock
from shared.messaging.inprocess import InProcessBroker
from shared.testing.postgres import TestDatabase
from shared.testing.system import System, start_system
from tests.sla.bench import Bench


@pytest.fixture
async def bench(database: TestDatabase, clock: ManualClock) -> AsyncIterator[Bench]:
    """The SLA service with its starting calendars and policies, at 09:00 on Tuesday 3 February 2026."""
    started = await Bench.start(database.url("sla"), clock)
    yield started
    await started.db.dispose()


@pytest.fixture
async def alone(database: TestDatabase, clock: ManualClock, tmp_path: Path) -> AsyncIterator[System]:
    """The SLA service with its REST interface, and no other service."""
    started = await start_system([SERVICE], database, InProcessBroker(), tmp_path, clock=clock)
    yield started
    await started.close()
