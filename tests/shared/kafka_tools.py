"""What the tests of the Kafka adapter share: messages to send, a reader that remembers, waiting without sleeping."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shared.contracts.base import CONTACTS, INTAKE
from shared.messaging.kafka.context import BROKEN
from shared.messaging.port import WATERMARK, Message, Subscription, Target


def fact(key: str, number: int, topic: str = INTAKE) -> Message:
    headers = {"ce_id": f"{key}-{number}", "ce_type": "pwa.test.v1", "ce_sequence": str(number)}
    return Message(topic, key, f'{{"n": {number}}}'.encode(), headers)


def card(key: str, body: bytes | None) -> Message:
    return Message(CONTACTS, key, body, {"ce_type": "pwa.test.card.v1"})


@dataclass
class Reader:
    """Keeps what it receives; fails as often as it is told to."""

    fail: int = 0
    batches: list[list[Message]] = field(default_factory=list)
    failed: list[list[Message]] = field(default_factory=list)

    async def __call__(self, messages: Sequence[Message]) -> None:
        if self.fail:
            self.fail -= 1
            self.failed.append(list(messages))
            raise RuntimeError("the database is away")
        self.batches.append(list(messages))

    @property
    def messages(self) -> list[Message]:
        """Everything but watermarks."""
        return [one for batch in self.batches for one in batch if one.headers.get("ce_type") != WATERMARK]

    @property
    def watermarks(self) -> list[Message]:
        return [one for batch in self.batches for one in batch if one.headers.get("ce_type") == WATERMARK]

    def by_key(self) -> dict[str, list[int]]:
        """The numbers of the facts in order of arrival."""
        numbers: dict[str, list[int]] = defaultdict(list)
        for message in self.messages:
            numbers[message.key].append(int(message.headers["ce_sequence"]))
        return numbers


async def step_until(done: Callable[[], bool], *subscriptions: Subscription, within: float = 30) -> None:
    async with asyncio.timeout(within):
        while not done():
            await asyncio.gather(*(one.step() for one in subscriptions))


async def drain(*subscriptions: Subscription, within: float = 30) -> None:
    """Step until nobody lags."""
    async with asyncio.timeout(within):
        while sum([await one.lag() for one in subscriptions]) > 0:
            await asyncio.gather(*(one.step() for one in subscriptions))


async def deliver_all(target: Target, messages: Sequence[Message], within: float = 60) -> None:
    """As the relay does: send again what was not taken, until everything is."""
    left = list(messages)
    async with asyncio.timeout(within):
        while left:
            try:
                flags = await target.deliver(left)
            except BROKEN:
                continue
            left = [message for message, taken in zip(left, flags, strict=True) if not taken]
