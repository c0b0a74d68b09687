"""What a broker must do, whichever it is; both adapters pass tests/contracts/test_broker_contract.py."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

WATERMARK = "pwa.watermark.v1"


@dataclass(frozen=True, slots=True)
class Message:
    """One record on a topic. `value` None is a tombstone; the event's attributes stand in `headers` (ce_…)."""

    topic: str
    key: str
    value: bytes | None
    headers: Mapping[str, str] = field(default_factory=dict)
    partition: int = 0
    offset: int = -1


Receive = Callable[[Sequence[Message]], Awaitable[None]]


class Fenced(Exception):
    """A newer leader has taken over this publisher; the process that sees this must resign."""


class Target(Protocol):
    """Where a relay delivers to: Kafka is one target, in process every subscriber is one."""

    @property
    def name(self) -> str: ...

    @property
    def topics(self) -> frozenset[str] | None:
        """The topics it wants; None for all."""

    async def deliver(self, messages: Sequence[Message]) -> Sequence[bool]:
        """Take the messages over, in order. True: durable there. Raises when it cannot be reached."""

    async def mark(self, topic: str, until: datetime) -> None:
        """Tell every partition: everything recorded before `until` has been sent."""


class Subscription(Protocol):
    """One consumer group's reading of its topics."""

    async def step(self) -> int:
        """One round: fetch, hand each partition's batch on, commit offsets. How many messages were handled."""

    async def lag(self) -> int:
        """How many messages have not been handled yet."""

    async def close(self) -> None: ...


class Broker(Protocol):
    """A carrier of messages with at-least-once delivery, in order per key."""

    @property
    def name(self) -> str: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def targets(self, publisher: str) -> Sequence[Target]: ...

    async def subscribe(self, group: str, topics: frozenset[str], receive: Receive) -> Subscription: ...

    def problems(self) -> list[str]:
        """Reasons to be degraded, for people."""
