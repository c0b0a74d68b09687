"""Fixtures: survey alone on a database of its own, with real small providers."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.survey_service.service import SERVICE
from services.survey_service.settings import Settings
from shared.kernel.clock import ManualClock
from shared.messaging.inprocess import InProcessBroker
from shared.runtime.node import build
from shared.testing.gateways import Gateways
from shared.testing.postgres import TestDatabase
from shared.web.app import create_app
from shared.web.dev_issuer import DevIssuer
from tests.survey.given import Desk


@pytest.fixture
async def desk(database: TestDatabase, clock: ManualClock, gateway: Gateways, tmp_path: Path) -> AsyncIterator[Desk]:
    async with httpx.AsyncClient(trust_env=False, verify=False) as http:
        settings = Settings(**{**gateway.settings(), "provider_timeout_seconds": 0.5})  # type: ignore[arg-type]
        node = build(SERVICE, database.url("survey"), InProcessBroker(), http, clock=clock, settings=settings)
        issuer = DevIssuer(tmp_path / "dev_issuer.pem")
        app = create_app(SERVICE, node.context, keys=issuer.jwks())
        made = Desk(node.context, clock, gateway, app, issuer)
        yield made
        await made.close()
        await node.close()
