"""Timers sleep until they are needed, and the news they need come when they ask for them."""

import asyncio
from datetime import datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest

from shared.contracts.base import INTAKE
from shared.messaging import relay as relaying
from shared.messaging.consumer import watermark
from shared.messaging.relay import Relay
from shared.messaging.waiting import GATHER, LATEST, SOONEST, ask_for_mark, rest_until
from shared.runtime.loops import Loop
from tests.contracts.conftest import World, accepted, toy_database, world  # noqa: F401 - fixtures

PATIENCE = 10


async def test_a_loop_that_knows_when_it_is_needed_rests_until_then_and_a_wake_ends_the_rest() -> None:
    stop, stepped = asyncio.Event(), asyncio.Event()
    asked: list[int] = []

    async def step() -> int:
        stepped.set()
        return 0

    async def until() -> float:
        asked.append(len(asked))
        return 0.01 if len(asked) < 3 else float("inf")

    loop = Loop("timer", step, 0.0, 3600.0, until)
    running = asyncio.create_task(loop.run(stop))
    async with asyncio.timeout(PATIENCE):
        while loop.steps < 3:  # noqa: ASYNC110 - the loop has no event for it
            await asyncio.sleep(0)
        stepped.clear()
        loop.wake.set()
        await stepped.wait()
        stop.set()
        loop.wake.set()
        await running
    assert len(asked) == loop.steps == 4


async def test_what_happens_while_a_timer_looks_is_not_slept_through() -> None:
    stop, looks = asyncio.Event(), 0

    async def step() -> int:
        nonlocal looks
        looks += 1
        return 0

    async def until() -> float:
        if looks == 1:
            loop.wake.set()  # news are committed just after the question was answered
        else:
            stop.set()
        return float("inf")

    loop = Loop("timer", step, 0.0, 3600.0, until)
    async with asyncio.timeout(PATIENCE):
        await loop.run(stop)
    assert looks == 2


async def test_the_first_mark_comes_at_once_on_a_machine_that_has_just_started(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relaying, "MARK_EVERY_SECONDS", 3600.0)
    monkeypatch.setattr(relaying, "time", SimpleNamespace(monotonic=lambda: 20.0))
    relay = _by_the_database_clock(world)
    await relay.step()
    assert await _known_until(world) is not None


async def test_a_mark_comes_at_once_when_somebody_waits_for_it_and_else_at_its_turn(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relaying, "MARK_EVERY_SECONDS", 3600.0)
    relay, heard = _by_the_database_clock(world), asyncio.Event()
    relay.on_wish = heard.set
    await relay.step()
    first = await _known_until(world)
    await relay.step()
    assert await _known_until(world) == first
    async with world.nodes["sla"].context.db.transaction() as tx:
        await ask_for_mark(tx, INTAKE)
    asked_at = await _database_clock(world)
    async with asyncio.timeout(PATIENCE):
        await heard.wait()
    await relay.step()
    second = await _known_until(world)
    assert second > asked_at
    await relay.step()
    assert await _known_until(world) == second


async def test_a_mark_that_is_wanted_in_the_midst_of_sending_does_not_pass_what_was_not_taken(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relaying, "MARK_EVERY_SECONDS", 3600.0)
    monkeypatch.setattr(relaying, "BATCH", 4)
    relay = _by_the_database_clock(world)
    await relay.step()
    await world.tell(*[accepted(_case(number), world.clock) for number in range(10)])
    [[newest]] = await world.admin("SELECT max(recorded_at) FROM intake.outbox")
    relay._wish(INTAKE)
    marks = []
    while await world.admin("SELECT 1 FROM intake.outbox LIMIT 1"):
        await relay.step()
        [[pending, known]] = await world.admin(
            """SELECT (SELECT min(recorded_at) FROM intake.outbox o WHERE NOT EXISTS (
                SELECT 1 FROM sla.inbox i WHERE i.event_id = o.event_id)), (SELECT min(until) FROM sla.watermark)"""
        )
        marks.append(known)
        assert pending is None or known <= pending
        relay._wish(INTAKE)
    await relay.step()
    assert await _known_until(world) > newest
    assert marks == sorted(marks)


async def test_a_timer_rests_until_its_next_instant_and_asks_for_news_when_it_is_past(
    world: World,
) -> None:
    relay = world.nodes["intake"].relay
    wishes: list[str] = []
    relay.clock = None
    await relay.step()
    heard = asyncio.Event()

    def note(topic: str) -> None:
        wishes.append(topic)
        heard.set()

    relay.outgoing.on_wish = note
    async with world.nodes["sla"].context.db.transaction() as tx:
        assert await rest_until(tx, None, {}) == float("inf")
        ahead = await rest_until(tx, tx.now + timedelta(seconds=7), {INTAKE: None})
        assert ahead == (timedelta(seconds=7) + GATHER).total_seconds()
        covered = await rest_until(tx, tx.now - timedelta(seconds=1), {INTAKE: tx.now})
        assert SOONEST <= covered <= LATEST
    assert wishes == []
    async with world.nodes["sla"].context.db.transaction() as tx:
        blind = await rest_until(tx, tx.now - timedelta(hours=1), {INTAKE: tx.now - timedelta(hours=2)})
        assert blind == LATEST
    async with asyncio.timeout(PATIENCE):
        await heard.wait()
    assert wishes == [INTAKE]


def _by_the_database_clock(world: World) -> Relay:
    """The publisher's relay, when all tell the time as they do in production."""
    for node in world.nodes.values():
        node.context.db.clock = None
    relay = world.nodes["intake"].relay
    relay.clock = None
    return relay


def _case(number: int) -> UUID:
    return UUID(int=number + 1)


async def _known_until(world: World) -> datetime:
    async with world.nodes["sla"].context.db.transaction() as tx:
        known = await watermark(tx, INTAKE)
    assert known is not None
    return known


async def _database_clock(world: World) -> datetime:
    [[now]] = await world.admin("SELECT clock_timestamp()")
    found: datetime = now
    return found
