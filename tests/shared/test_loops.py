"""Loops outlast their infrastructure: however long it is away, they wait and go on."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from shared.messaging.port import Message
from shared.messaging.relay import Lane
from shared.runtime.loops import Loop

OF_A_WEEK = 100_000  # failures in a row


class Away:
    """A target that takes nothing."""

    name = "away"
    topics: frozenset[str] | None = None

    async def deliver(self, messages: Sequence[Message]) -> Sequence[bool]:
        raise ConnectionError

    async def mark(self, topic: str, until: datetime) -> None:
        raise ConnectionError


async def test_an_outage_that_lasts_for_hours_ends_no_loop() -> None:
    stop, failures = asyncio.Event(), 0

    async def step() -> int:
        nonlocal failures
        failures += 1
        loop.wake.set()  # its rest ends at once
        if failures < 2_000:
            raise ConnectionError
        stop.set()
        return 0

    loop = Loop("away", step, 0.0, 3600.0)
    await loop.run(stop)
    assert failures == 2_000
    assert loop.problems() == []


def test_a_target_that_is_away_for_a_week_is_tried_again_within_seconds() -> None:
    lane = Lane(Away())
    for _ in range(OF_A_WEEK):
        lane.failed()
    assert lane.most == 1
    assert lane.is_paused
