"""A product process that is sent complaints while it is hurt, and the check of what it made of them."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
import httpx
import pytest
from sqlalchemy.engine import make_url

from shared.testing.postgres import TestDatabase
from tests.chaos.checker import check, is_quiet
from tests.chaos.process import PATIENCE, Process

KEY = "pwa_chaos_000000000000000000000000000000000000"
ROUND, MOST = 24, 720  # posts at a time, and how many at most until the process must have died


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


async def all_acknowledged(victim: Victim) -> None:
    """Post again whatever has no answer: a request of a dead process or session may hold its key for a moment."""
    for _ in range(20):
        await victim.post_all()
        if len(victim.acknowledged) == victim.posts:
            break
        await asyncio.sleep(0.5)
    assert len(victim.acknowledged) == victim.posts


async def nothing_lost_or_doubled(victim: Victim, database: TestDatabase) -> None:
    """Waits until every service has taken in everything; fails with what is wrong."""
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


async def _until_quiet(database: TestDatabase) -> asyncpg.Connection:
    dsn = make_url(database.admin_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn)
    async with asyncio.timeout(PATIENCE):
        calm = 0
        while calm < 3:
            calm = calm + 1 if await is_quiet(connection) else 0
            await asyncio.sleep(0.3)
    return connection
