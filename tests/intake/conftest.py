"""Intake alone on its own database, with people who use it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.intake_service.service import SERVICE
from shared.kernel.clock import ManualClock
from shared.messaging.inprocess import InProcessBroker
from shared.testing.postgres import TestDatabase
from shared.testing.system import System, start_system
from tests.intake.given import Desk


@pytest.fixture
async def intake(database: TestDatabase, clock: ManualClock, tmp_path: Path) -> AsyncIterator[System]:
    """Intake and nothing else, at 09:00 on Tuesday 3 February 2026."""
    running = await start_system([SERVICE], database, InProcessBroker(), tmp_path, clock=clock)
    yield running
    await running.close()


@pytest.fixture
def desk(intake: System) -> Desk:
    return Desk(intake)
