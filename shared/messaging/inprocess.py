"""The in-process broker: hands outbox rows straight to the inbox transaction of each subscribed service."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.messaging.port import WATERMARK, Message, Receive, Subscription, Target


def watermark_message(topic: str, until: datetime, partition: int, partitions: int) -> Message:
    """The record by which a publisher says how far it has sent."""
    headers = {"ce_type": WATERMARK, "until": until.isoformat(), "partitions": str(partitions)}
    return Message(topic, "", json.dumps({"until": until.isoformat()}).encode(), headers, partition)


@dataclass
class InProcessTarget:
    """One subscriber. One batch at a time, on that service's own connection and role."""

    name: str
    topics: frozenset[str]
    receive: Receive
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def deliver(self, messages: Sequence[Message]) -> Sequence[bool]:
        async with self.turn:
            await self.receive(messages)
        return [True] * len(messages)

    async def mark(self, topic: str, until: datetime) -> None:
        async with self.turn:
            await self.receive([watermark_message(topic, until, 0, 1)])


class _Pushed:
    """A subscription that never has to fetch: the publishers' relays push."""

    async def step(self) -> int:
        return 0

    async def lag(self) -> int:
        return 0

    async def close(self) -> None:
        return None


class InProcessBroker:
    """Keeps no log of its own: a row stays in its publisher's outbox until every subscriber has committed it."""

    name = "embedded"

    def __init__(self) -> None:
        self._subscribers: dict[str, InProcessTarget] = {}

    async def start(self) -> None:
        return None

    async def stop(self) -> None:
        return None

    def targets(self, publisher: str) -> Sequence[Target]:
        return list(self._subscribers.values())

    async def subscribe(self, group: str, topics: frozenset[str], receive: Receive) -> Subscription:
        self._subscribers[group] = InProcessTarget(group, topics, receive)
        return _Pushed()

    def problems(self) -> list[str]:
        return []
