"""Runs every step until nothing moves any more: how a test waits without sleeping."""

import asyncio
import time
from collections import Counter
from collections.abc import Collection

from shared.runtime.node import Node

MOST_ROUNDS = 400
LONGEST_RETRY_SECONDS = 1.0


async def drain(nodes: Collection[Node], *, jobs: bool = True) -> None:
    """Relays, subscriptions and jobs of all nodes, round by round, until a whole round did nothing."""
    moved: Counter[str] = Counter()
    began = before = time.monotonic()
    for _ in range(MOST_ROUNDS):
        before, began = began, time.monotonic()
        moved = await _round(nodes, jobs=jobs)
        if +moved or await _lag(nodes) or await _retries(nodes, before):
            continue
        return
    raise AssertionError(f"does not come to rest: {dict(+moved)}")


async def _round(nodes: Collection[Node], *, jobs: bool) -> Counter[str]:
    moved: Counter[str] = Counter()
    for node in nodes:
        moved[f"{node.service.name}.relay"] += await node.relay.step()
    for node in nodes:
        moved[f"{node.service.name}.consumer"] += await node.step_subscription()
    for node in nodes if jobs else ():
        for job in node.service.jobs:
            moved[f"{node.service.name}.{job.name}"] += await node.step_job(job)
    return moved


async def _retries(nodes: Collection[Node], since: float) -> bool:
    """Waits for deliveries that failed lately and will soon be tried again; one that keeps failing is at rest.

    A failure may be followed by the end of its pause before anybody asks: what counts is that no round has tried it
    since. The round in which a delivery ends can be the one before that in which its relay hears of it.
    """
    now = time.monotonic()
    soon = [at for node in nodes for at in node.relay.retries_at() if since < at < now + LONGEST_RETRY_SECONDS]
    if soon:
        await asyncio.sleep(max(max(soon) - now, 0))
    return bool(soon)


async def _lag(nodes: Collection[Node]) -> int:
    return sum([await node.subscription.lag() for node in nodes if node.subscription])
