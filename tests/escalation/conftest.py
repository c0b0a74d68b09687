"""Fixtures: escalation alone on a database of its own, spoken to by its folds or over REST."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.escalation_service.service import SERVICE
from services.escalation_service.settings import EscalationSettings
from services.escalation_service.use_cases import posts
from shared.db import Database
from shared.kernel.clock import ManualClock
from shared.messaging.inprocess import InProcessBroker
from shared.runtime.node import build
from shared.testing.gateways import Gateways
from shared.testing.postgres import TestDatabase
from shared.web.app import create_app
from shared.web.dev_issuer import DevIssuer
from tests.escalation.given import Desk, Front
from tests.escalation.mailroom import Mailroom


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
    async with httpx.AsyncClient(verify=False) as http:
        node = build(SERVICE, database.url("escalation"), InProcessBroker(), http, clock=desk.clock)
        issuer = DevIssuer(tmp_path / "dev_issuer.pem")
        front = Front(create_app(SERVICE, node.context, keys=issuer.jwks()), issuer)
        yield front
        await front.close()
        await node.close()


@pytest.fixture
async def mailroom(database: TestDatabase, desk: Desk, gateway: Gateways, tmp_path: Path) -> AsyncIterator[Mailroom]:
    """The desk with senders, real small gateways and the REST interface."""
    async with httpx.AsyncClient(trust_env=False) as http:
        told = {**gateway.settings(), "provider_timeout_seconds": 0.5}
        known = {name: value for name, value in told.items() if name in EscalationSettings.model_fields}
        settings = EscalationSettings(**known)  # type: ignore[arg-type]
        broker = InProcessBroker()
        node = build(SERVICE, database.url("escalation"), broker, http, clock=desk.clock, settings=settings)
        issuer = DevIssuer(tmp_path / "dev_issuer.pem")
        front = Front(create_app(SERVICE, node.context, keys=issuer.jwks()), issuer)
        yield Mailroom(desk, front, node.context, gateway, known)
        await front.close()
        await node.close()
