"""Fixtures: escalation alone on a database of its own, spoken to by its handlers or over REST."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.escalation_service.service import SERVICE
from services.escalation_service.use_cases import posts
from shared.db import Database
from shared.kernel.clock import ManualClock
from shared.messaging.inprocess import InProcessBroker
from shared.runtime.node import build
from shared.testing.postgres import TestDatabase
from shared.web.app import create_app
from shared.web.dev_issuer import DevIssuer
from tests.escalation.given import Desk, Front


@pytest.fixture
async def desk(database: TestDatabase, clock: ManualClock) -> AsyncIterator[Desk]:
    db = Database(database.url("escalation"), schema="escalation", clock=clock, pool_size=4)
    async with db.transaction() as tx:
        await posts.seed(tx)
    yield Desk(db, clock)
    await db.dispose()


@pytest.fixture
async def front(database: TestDatabase, desk: Desk, tmp_path: Path) -> AsyncIterator[Front]:
    """The REST interface on the desk's database."""
    async with httpx.AsyncClient() as http:
        node = build(SERVICE, database.url("escalation"), InProcessBroker(), http, clock=desk.clock)
        issuer = DevIssuer(tmp_path / "dev_issuer.pem")
        front = Front(create_app(SERVICE, node.context, keys=issuer.jwks()), issuer)
        yield front
        await front.close()
        await node.close()
