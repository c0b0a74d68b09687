"""One running service: its database, consumer, relay, subscription and jobs, as steps that a loop or a test calls."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy.engine import make_url

from shared.contracts.base import PUBLISHERS, ContactLike
from shared.db.tx import Database
from shared.kernel.clock import Clock
from shared.messaging.consumer import Consumer
from shared.messaging.port import Broker, Subscription
from shared.messaging.relay import Outgoing, Relay
from shared.runtime.loops import Loop
from shared.runtime.service import Context, Job, Service

ROLES = frozenset({"http", "relay", "consumer", "jobs"})


@dataclass
class Node:
    """A service and everything it runs on."""

    service: Service
    context: Context
    broker: Broker
    relay: Relay
    subscription: Subscription | None = None

    async def begin(self) -> None:
        """Subscribe, then seed what the service needs; harmless when repeated."""
        await self.context.consumer.begin()
        await self.service.on_start(self.context)

    async def subscribe(self) -> None:
        consumer = self.context.consumer
        if consumer.topics:
            self.subscription = await self.broker.subscribe(self.service.name, consumer.topics, consumer.receive)

    async def step_subscription(self) -> int:
        return await self.subscription.step() if self.subscription else 0

    async def step_job(self, job: Job) -> int:
        return await job.step(self.context)

    def loops(self, roles: frozenset[str]) -> list[Loop]:
        """The loops of these roles; committing an event wakes the relay at once, and news wake the timers."""
        loops: list[Loop] = []
        name = self.service.name
        if "relay" in roles:
            loops.append(Loop(f"{name}.relay", self.relay.step, 0.02, 0.25))
            self.context.db.on_publish = self.relay.on_wish = loops[-1].wake.set
        if "consumer" in roles and self.subscription and self.broker.name != "embedded":
            loops.append(Loop(f"{name}.consumer", self.step_subscription, 0.0, 0.02))
        if "jobs" in roles:
            jobs = [self._job_loop(job) for job in self.service.jobs]
            self.context.consumer.on_received = partial(_wake, [loop for loop in jobs if loop.until is not None])
            loops += jobs
        return loops

    def _job_loop(self, job: Job) -> Loop:
        until = partial(job.rest, self.context) if job.rest is not None else None
        return Loop(
            f"{self.service.name}.{job.name}", partial(self.step_job, job), 0.0, job.every.total_seconds(), until
        )

    def watch(self, loops: Sequence[Loop]) -> None:
        """Let /readyz know of these loops, the relay and the broker."""

        def health() -> list[str]:
            found = [*self.relay.problems(), *self.broker.problems()]
            for loop in loops:
                found += loop.problems()
            return found

        self.context.health = health

    async def close(self) -> None:
        if self.subscription:
            await self.subscription.close()
        await self.relay.close()
        await self.context.db.dispose()


def _wake(loops: Sequence[Loop]) -> None:
    for loop in loops:
        loop.wake.set()


def _cards(
    service: Service, db: Database
) -> Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, ContactLike | None]]] | None:
    reader = service.cards
    if reader is None:
        return None

    async def read(case_ids: Sequence[UUID]) -> Mapping[UUID, ContactLike | None]:
        async with db.transaction(edge="cards") as tx:
            return await reader(tx, case_ids)

    return read


def build(  # noqa: PLR0913 - the one place where everything is wired
    service: Service,
    url: str,
    broker: Broker,
    http: httpx.AsyncClient,
    *,
    clock: Clock | None = None,
    settings: Any = None,
    pool_size: int = 8,
) -> Node:
    """Wire a service to its database (`url` is its own role's) and broker; nothing is connected yet."""
    db = Database(url, schema=service.name, clock=clock, pool_size=pool_size)
    consumer = Consumer(db, service.folds, service.watermarks)
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    relay = Relay(
        Outgoing(dsn, service.name),
        PUBLISHERS.get(service.name, ()),
        lambda: broker.targets(service.name),
        _cards(service, db),
        clock,
    )
    context = Context(service, db, settings if settings is not None else service.settings(), http, consumer, clock)
    return Node(service, context, broker, relay)
