"""A process dies at each named point of api, relay and consumer with work in flight: nothing is lost or doubled."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy.engine import make_url

from services.catalogue import SERVICES
from shared.kernel.ports import free_port
from shared.testing.postgres import TestDatabase
from shared.web.dev_issuer import DevIssuer
from tests.chaos.checker import check, is_quiet
from tests.chaos.process import PATIENCE, Process
from tests.kafka_fixtures import unique_prefix

KEY = "pwa_chaos_000000000000000000000000000000000000"
ROUND, MOST = 24, 720  # posts at a time, and how many at most until the process must have died
# The n-th visit is far enough into the work that requests and events are in flight.
EVERYWHERE = (
    "api.before_tx:5",
    "api.before_commit:3",
    "api.after_commit:3",
    "relay.selected:6",
    "relay.acked:4",
    "relay.archived:3",
    "consumer.inboxed:6",
    "consumer.before_commit:6",
    "consumer.after_commit:6",
)
ON_KAFKA = ("relay.sending:4", "consumer.fetched:6", "consumer.offset_committed:6")
pytestmark = pytest.mark.timeout(600)


@dataclass
class Victim(Process):
    """A product process that is sent complaints."""

    posts: int = 0
    acknowledged: dict[str, str] = field(default_factory=dict)

    async def post(self, client: httpx.AsyncClient, number: int) -> bool:
        """One complaint; False when no answer came. The same key is used for every try."""
        key = f"complaint-{number}"
        body = {
            "channel": "line",
            "received_at": datetime.now(UTC).isoformat(),
            "text": f"น้ำไม่ไหล รายที่ {number}",
            "contact": {"phone": f"08000{number:05d}", "consent": "privacy-notice-1"},
            "branch": "1102",
            "subject": "Q01",
        }
        try:
            answer = await client.post(
                "/intake/v1/cases", json=self.told.setdefault("bodies", {}).setdefault(key, body),
                headers={"X-API-Key": KEY, "Idempotency-Key": key},
            )  # fmt: skip
        except httpx.TransportError:
            return False
        if answer.status_code in {409, 503}:  # its key is still held, or the machine is slow: try again
            return False
        assert answer.status_code == 201, answer.text
        assert self.acknowledged.setdefault(key, answer.json()["id"]) == answer.json()["id"]
        return True

    async def post_until_dead(self) -> None:
        """More and more complaints until the process is gone: work is in flight when it dies."""
        while not self.is_gone and self.posts < MOST:
            self.posts += ROUND
            await self.post_all()

    async def post_all(self) -> None:
        """Everything not yet acknowledged, eight at a time, each tried once."""
        gate = asyncio.Semaphore(8)
        limits = httpx.Limits(max_connections=8)
        base = f"http://127.0.0.1:{self.told['port']}"
        async with httpx.AsyncClient(base_url=base, timeout=20, trust_env=False, limits=limits) as client:

            async def one(number: int) -> None:
                async with gate:
                    await self.post(client, number)

            await asyncio.gather(
                *[one(number) for number in range(self.posts) if f"complaint-{number}" not in self.acknowledged]
            )


@pytest.fixture
async def victim(
    database: TestDatabase, transport: str, gateway: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Victim]:
    kafka = request.getfixturevalue("kafka_server").bootstrap if transport == "kafka" else ""
    made = Victim(
        {
            "urls": {service.name: database.url(service.name) for service in SERVICES},
            "kafka": kafka,
            "prefix": unique_prefix(),
            "gateways": gateway.settings(),
            "key": KEY,
            "port": free_port(),
            "keys": DevIssuer(tmp_path / "dev_issuer.pem").jwks(),
        },
        tmp_path / "victim.log",
    )
    yield made
    await made.stop()


async def _until_quiet(database: TestDatabase) -> asyncpg.Connection:
    dsn = make_url(database.admin_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn)
    async with asyncio.timeout(PATIENCE):
        calm = 0
        while calm < 3:
            calm = calm + 1 if await is_quiet(connection) else 0
            await asyncio.sleep(0.3)
    return connection


async def _die_and_recover(victim: Victim, database: TestDatabase, fault: str) -> None:
    await victim.start(fault)
    await victim.post_until_dead()
    assert await victim.died_at_its_point(), f"{fault} was never reached"
    await victim.start()
    # A request of the dead process may hold its key for a moment; every try is with the same key.
    for _ in range(20):
        await victim.post_all()
        if len(victim.acknowledged) == victim.posts:
            break
        await asyncio.sleep(0.5)
    assert len(victim.acknowledged) == victim.posts
    connection = await _until_quiet(database)
    wrong = ["not checked"]
    try:
        async with asyncio.timeout(PATIENCE):
            while wrong := (await check(connection, victim.acknowledged)).wrong:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.5)
    except TimeoutError:
        pytest.fail("; ".join(wrong))
    finally:
        await connection.close()


@pytest.mark.parametrize("fault", EVERYWHERE)
async def test_nothing_is_lost_or_doubled_when_the_process_dies_at(
    victim: Victim, database: TestDatabase, fault: str
) -> None:
    await _die_and_recover(victim, database, fault)


@pytest.mark.transports("kafka")
@pytest.mark.parametrize("fault", ["relay.acked:4", "consumer.after_commit:6", *ON_KAFKA])
async def test_nothing_is_lost_or_doubled_on_kafka_when_the_process_dies_at(
    victim: Victim, database: TestDatabase, fault: str
) -> None:
    await _die_and_recover(victim, database, fault)
