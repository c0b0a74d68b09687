"""Runs every step until nothing moves any more: how a test waits without sleeping."""

import asyncio
from collections import Counter
from collections.abc import Collection

from shared.runtime.node import Node

MOST_ROUNDS = 400
LONGEST_RETRY_SECONDS = 0.3


async def drain(nodes: Collection[Node], *, jobs: bool = True) -> None:
    """Relays, subscriptions and jobs of all nodes, round by round, until a whole round did nothing."""
    moved: Counter[str] = Counter()
    for _ in range(MOST_ROUNDS):
        moved = await _round(nodes, jobs=jobs)
        if +moved or await _lag(nodes) or await _retries(nodes):
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


async def _retries(nodes: Collection[Node]) -> bool:
    """Waits for a delivery that failed once or twice and will be tried again; one that keeps failing is at rest."""
    pauses = [pause for node in nodes if (pause := node.relay.resumes_in()) is not None]
    soon = [pause for pause in pauses if pause < LONGEST_RETRY_SECONDS]
    if soon:
        await asyncio.sleep(max(soon))
    return bool(soon)


async def _lag(nodes: Collection[Node]) -> int:
    return sum([await node.subscription.lag() for node in nodes if node.subscription])
