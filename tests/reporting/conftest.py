"""Fixtures: reporting alone on a database of its own, and its REST interface."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from services.reporting_service.service import SERVICE
from services.reporting_service.settings import ReportingSettings
from shared.db import Database
from shared.kernel.clock import ManualClock
from shared.testing.gateways import Gateways
from shared.testing.postgres import TestDatabase
from shared.web.app import create_app
from shared.web.dev_issuer import DevIssuer
from tests.reporting.given import Desk

Api = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def desk(database: TestDatabase, clock: ManualClock, gateway: Gateways) -> AsyncIterator[Desk]:
    db = Database(database.url("reporting"), schema="reporting", clock=clock, pool_size=6)
    settings = ReportingSettings(smtp_host=gateway.email.host, smtp_port=gateway.email.port, starting_mailbox="")
    async with httpx.AsyncClient(timeout=5, trust_env=False, verify=False) as http:
        made = Desk(db, clock, settings, http)
        await made.open()
        yield made
    await db.dispose()


@pytest.fixture
async def api(desk: Desk, tmp_path: Path) -> AsyncIterator[Api]:
    """Clients of the service's own application: api("ois"), api("region_staff", region=1), …"""
    issuer = DevIssuer(tmp_path / "dev_issuer.pem")
    app = create_app(SERVICE, desk.context, keys=issuer.jwks())
    clients: list[httpx.AsyncClient] = []

    def sign_in(*roles: str, office: str | None = None, region: int | None = None) -> httpx.AsyncClient:
        offices, regions = [office] if office else [], [region] if region else []
        token = issuer.mint(list(roles), offices=offices, regions=regions, subject=f"{roles[0]}.1")
        headers = {"Authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(app=app)
        clients.append(httpx.AsyncClient(transport=transport, base_url="http://pwa.test", headers=headers))
        return clients[-1]

    yield sign_in
    for client in clients:
        await client.aclose()
