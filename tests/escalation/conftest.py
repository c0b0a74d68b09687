"""Fixtures: escalation alone on a database of its own, spoken to by its handlers."""

from collections.abc import AsyncIterator

import pytest

from services.escalation_service.use_cases import posts
from shared.db import Database
from shared.kernel.clock import ManualClock
from shared.testing.postgres import TestDatabase
from tests.escalation.given import Desk


@pytest.fixture
async def desk(database: TestDatabase, clock: ManualClock) -> AsyncIterator[Desk]:
    db = Database(database.url("escalation"), schema="escalation", clock=clock, pool_size=4)
    async with db.transaction() as tx:
        await posts.seed(tx)
    yield Desk(db, clock)
    await db.dispose()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    from services.escalation_service.service import SERVICE
    from shared.testing import postgres

    with postgres.running_server(tmp_path_factory.mktemp("postgres"), [SERVICE]) as server:
        yield server
