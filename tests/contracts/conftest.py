"""A world of toy services on the broker under test."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from shared.contracts.base import Event
from shared.contracts.intake import CaseAccepted, CaseCancelled
from shared.db.embedded import EmbeddedPostgres
from shared.kernel.clock import ManualClock
from shared.messaging.port import Broker
from shared.runtime.node import Node, build
from shared.runtime.service import Service
from shared.testing import postgres
from shared.testing.drain import drain
from shared.testing.postgres import TestDatabase
from tests.toys.services import TOYS, ToySettings


@pytest.fixture
async def toy_database(toy_server: EmbeddedPostgres) -> AsyncIterator[TestDatabase]:
    fresh = await postgres.create(toy_server)
    yield fresh
    await postgres.drop(fresh)


def accepted(case_id: UUID, at: ManualClock) -> CaseAccepted:
    return CaseAccepted(
        case_id=case_id, office="1102", region=1, kind="complaint", restricted=False, accepted_at=at.now()
    )


def cancelled(case_id: UUID, at: ManualClock, reason: str = "") -> CaseCancelled:
    return CaseCancelled(
        case_id=case_id,
        office="1102",
        region=1,
        kind="complaint",
        restricted=False,
        reason=reason,
        cancelled_at=at.now(),
    )


@dataclass
class World:
    """The toys at work: tell something, let it flow, look at what was seen."""

    database: TestDatabase
    broker: Broker
    clock: ManualClock
    http: httpx.AsyncClient
    nodes: dict[str, Node] = field(default_factory=dict)

    async def start(self, *services: Service) -> None:
        for service in services:
            url = self.database.url(service.name)
            node = build(service, url, self.broker, self.http, clock=self.clock, settings=ToySettings(), pool_size=3)
            await node.begin()
            await node.subscribe()
            self.nodes[service.name] = node

    async def tell(self, *events: Event) -> None:
        async with self.nodes["intake"].context.db.transaction() as tx:
            for event in events:
                await tx.publish(event)

    async def settle(self) -> None:
        await drain(self.nodes.values())

    async def run(self, service: str, sql: str, **params: Any) -> Any:
        """One statement as the service's own role."""
        async with self.nodes[service].context.db.transaction() as tx:
            result = await tx.connection.execute(text(sql), params)
            return result.all() if result.returns_rows else None

    async def seen(self, service: str) -> list[tuple[str, int, str]]:
        rows = await self.run(service, "SELECT key, seq, type FROM seen ORDER BY nr")
        return [(row.key, row.seq, row.type) for row in rows]

    async def admin(self, sql: str) -> list[asyncpg.Record]:
        dsn = make_url(self.database.admin_url).set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(dsn)
        try:
            return list(await connection.fetch(sql))
        finally:
            await connection.close()

    async def close(self) -> None:
        for node in self.nodes.values():
            await node.close()
        await self.http.aclose()


@pytest.fixture
async def world(toy_database: TestDatabase, broker: Broker, clock: ManualClock) -> AsyncIterator[World]:
    made = World(toy_database, broker, clock, httpx.AsyncClient(trust_env=False, verify=False))
    await broker.start()
    await made.start(*TOYS)
    yield made
    await made.close()
