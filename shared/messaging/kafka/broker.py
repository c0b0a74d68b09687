"""The Kafka broker: topics made once, one target per publisher, one subscription per group."""

import asyncio
import random
import time
from collections.abc import Sequence

from shared.messaging.kafka.context import BROKEN, Context
from shared.messaging.kafka.gauge import Gauge
from shared.messaging.kafka.health import Health
from shared.messaging.kafka.quiet import quieten
from shared.messaging.kafka.subscription import KafkaSubscription
from shared.messaging.kafka.target import KafkaTarget
from shared.messaging.kafka.topics import create_missing, open_admin, plan
from shared.messaging.port import Receive, Subscription, Target
from shared.messaging.settings import KafkaSettings


class KafkaBroker:
    """Works through every outage: nothing here waits for ever, and what failed is tried again by the next call."""

    name = "kafka"

    def __init__(self, settings: KafkaSettings, *, jitter: random.Random | None = None) -> None:
        self._settings = settings
        self._health = Health(settings.away_after)
        self._gauge = Gauge(settings)
        self._context = Context(
            settings, self._health, self._gauge, self._ready, self._probe, jitter or random.SystemRandom()
        )
        self._targets: dict[str, KafkaTarget] = {}
        self._subscriptions: list[KafkaSubscription] = []
        self._has_topics = not settings.create_topics
        self._creating = asyncio.Lock()
        self._probed_at = float("-inf")

    @property
    def settings(self) -> KafkaSettings:
        return self._settings

    async def start(self) -> None:
        """Create the topics if the broker answers; while it is away the services work without it."""
        quieten()
        try:
            await self._ready()
        except BROKEN as error:
            self._health.failed(error)

    async def stop(self) -> None:
        subscriptions, self._subscriptions = self._subscriptions, []
        targets, self._targets = self._targets, {}
        await asyncio.gather(*(one.close() for one in subscriptions), *(one.close() for one in targets.values()))
        await self._gauge.close()

    def targets(self, publisher: str) -> Sequence[Target]:
        if publisher not in self._targets:
            self._targets[publisher] = KafkaTarget(publisher, self._context)
        return [self._targets[publisher]]

    async def subscribe(self, group: str, topics: frozenset[str], receive: Receive) -> Subscription:
        subscription = KafkaSubscription(group, topics, receive, self._context)
        self._subscriptions.append(subscription)
        return subscription

    def problems(self) -> list[str]:
        return self._health.problems()

    async def drop_topics(self) -> None:
        """Delete this prefix's topics (tests)."""
        async with open_admin(self._settings) as admin:
            await admin.delete_topics([self._settings.topic_prefix + name for name in plan()])

    async def _ready(self) -> None:
        """Create the topics, once per process: one that is lost later is for an operator to restore and replay."""
        async with self._creating:
            if self._has_topics:
                return
            async with open_admin(self._settings) as admin:
                await create_missing(admin, self._settings.topic_prefix)
            self._has_topics = True
            self._health.answered()

    async def _probe(self) -> None:
        """Ask for the list of topics: `getmany` says nothing when the broker or a topic is gone."""
        now = time.monotonic()
        if now - self._probed_at < self._settings.probe_every:
            return
        self._probed_at = now
        try:
            async with open_admin(self._settings) as admin:
                present = await admin.list_topics()
        except BROKEN as error:
            self._health.failed(error)
            return
        self._health.answered()
        self._health.topics_missing(name for name in plan() if self._settings.topic_prefix + name not in present)
