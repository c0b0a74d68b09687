"""All five services, running without sockets of their own, for tests that follow a case through them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from sqlalchemy.engine import make_url

from shared.db.tx import Database
from shared.kernel.access import rows_of
from shared.kernel.clock import ManualClock
from shared.messaging.port import Broker
from shared.reference import DEPUTY_AREAS
from shared.runtime.node import Node, build
from shared.runtime.service import Service
from shared.testing.drain import drain
from shared.testing.postgres import TestDatabase
from shared.testing.start import START
from shared.web.app import combine, create_app
from shared.web.dev_issuer import DevIssuer


@dataclass
class System:
    """The running product. `drain` lets everything that is due happen; `advance` moves the clock first."""

    database: TestDatabase
    nodes: Mapping[str, Node]
    broker: Broker
    clock: ManualClock
    issuer: DevIssuer
    app: Any
    http: httpx.AsyncClient
    gateway: Any = None
    _clients: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def db(self) -> Mapping[str, Database]:
        return {name: node.context.db for name, node in self.nodes.items()}

    def api(
        self,
        role: str,
        *roles: str,
        office: str | None = None,
        region: int | None = None,
        regions: Sequence[int] = (),
        subject: str | None = None,
    ) -> httpx.AsyncClient:
        """A client for every service's paths, signed in as somebody with this role."""
        _, seen = rows_of(office, DEPUTY_AREAS)
        token = self.issuer.mint(
            [role, *roles],
            offices=[office] if office else [],
            regions=[*regions, *([region] if region else []), *seen],
            subject=subject or f"{role}.{office or region or 'hq'}",
        )
        return self.anonymous(headers={"Authorization": f"Bearer {token}"})

    def anonymous(self, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
        """A client without a token."""
        transport = httpx.ASGITransport(app=self.app)
        client = httpx.AsyncClient(transport=transport, base_url="http://pwa.test", headers=headers)
        self._clients.append(client)
        return client

    async def drain(self) -> None:
        await drain(self.nodes.values())

    async def advance(self, **by: float) -> None:
        """Move the clock by timedelta arguments (hours=25), then drain."""
        self.clock.advance(timedelta(**by))
        await self.drain()

    async def sql(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Ask the database directly as its superuser: for oracles only."""
        dsn = make_url(self.database.admin_url).set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(dsn)
        try:
            rows: list[asyncpg.Record] = await connection.fetch(query, *arguments)
            return rows
        finally:
            await connection.close()

    async def close(self) -> None:
        for client in self._clients:
            await client.aclose()
        for node in self.nodes.values():
            await node.close()
        await self.broker.stop()
        await self.http.aclose()


async def start_system(  # noqa: PLR0913 - the one place where a test's product is wired
    services: Sequence[Service],
    database: TestDatabase,
    broker: Broker,
    data: Path,
    *,
    clock: ManualClock | None = None,
    settings: Mapping[str, Any] | None = None,
    gateway: Any = None,
) -> System:
    """Bring all services up on one database and broker, seeded and subscribed."""
    clock = clock or ManualClock(START)
    http = httpx.AsyncClient(timeout=5, trust_env=False, verify=False)  # noqa: S501 - 127.0.0.1 only
    await broker.start()
    nodes = {
        service.name: build(
            service, database.url(service.name), broker, http,
            clock=clock, settings=(settings or {}).get(service.name), pool_size=5,
        )
        for service in services
    }  # fmt: skip
    for node in nodes.values():
        await node.begin()
        await node.subscribe()
    issuer = DevIssuer(data / "dev_issuer.pem")
    app = combine({name: create_app(node.service, node.context, keys=issuer.jwks()) for name, node in nodes.items()})
    return System(database, nodes, broker, clock, issuer, app, http, gateway)
