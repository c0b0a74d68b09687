"""The outbox and its relay: nothing lost, nothing out of order, nobody held up by a neighbour that is down."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text

from shared.contracts.base import INTAKE
from shared.messaging.consumer import watermark
from shared.messaging.inprocess import InProcessBroker
from shared.messaging.port import Message
from shared.messaging.relay import Lane, Outgoing, Relay
from tests.contracts.conftest import World, accepted, toy_database, world  # noqa: F401 - fixtures

SENT = "SELECT key, seq, id FROM intake.outbox_sent ORDER BY id"


async def test_ids_rise_with_the_numbers_of_each_case_under_many_writers(world: World) -> None:
    cases = [uuid4() for _ in range(5)]

    async def write(start: int) -> None:
        for turn in range(15):
            order = cases if (start + turn) % 2 else cases[::-1]
            await world.tell(*[accepted(case, world.clock) for case in order])

    await asyncio.gather(*[write(number) for number in range(3)])
    rows = await world.admin("SELECT key, seq, id FROM intake.outbox ORDER BY id")
    assert len(rows) == 3 * 15 * 5
    for case in cases:
        assert [row["seq"] for row in rows if row["key"] == str(case)] == list(range(1, 46))


async def test_one_subscriber_that_is_down_does_not_stop_the_others(world: World) -> None:
    """failures.md 38."""
    down = _Down(world, "sla")
    with down:
        await world.tell(*[accepted(uuid4(), world.clock) for _ in range(700)])
        await _relay_until(world, 700)
        assert await world.seen("sla") == []
        [[archived]] = await world.admin("SELECT count(*) FROM intake.outbox_sent")
        assert archived == 0, "a row stays pending until every subscriber has it"
        await world.tell(*[accepted(uuid4(), world.clock) for _ in range(10)])
        await _relay_until(world, 710)
    down.resume()
    await world.settle()
    assert len(await world.seen("sla")) == 710
    assert len(await world.seen("survey")) == 710
    [[pending, archived, acks]] = await world.admin(
        """SELECT (SELECT count(*) FROM intake.outbox), (SELECT count(*) FROM intake.outbox_sent),
        (SELECT count(*) FROM intake.outbox_ack)"""
    )
    assert (pending, archived, acks) == (0, 710, 0)


async def _relay_until(world: World, number: int) -> None:
    """Steps of the relay until survey has seen so many events; a step does not wait for a slow subscriber."""
    for _ in range(200):
        await world.nodes["intake"].relay.step()
        if len(await world.seen("survey")) >= number:
            break
    assert len(await world.seen("survey")) == number


class _Down:
    """Makes one subscriber's connection fail, as a database that is away does."""

    def __init__(self, world: World, name: str) -> None:
        assert isinstance(world.broker, InProcessBroker)
        self._target: Any = world.broker._subscribers[name]
        self._lanes = world.nodes["intake"].relay._lanes
        self._name = name
        self._receive = self._target.receive

    async def _away(self, _messages: Sequence[Message]) -> None:
        raise ConnectionError

    def __enter__(self) -> None:
        self._target.receive = self._away

    def __exit__(self, *_error: object) -> None:
        self._target.receive = self._receive

    def resume(self) -> None:
        lane: Lane = self._lanes[self._name]
        assert lane.failures > 0
        lane.succeeded()


class _Slow:
    """A subscription whose rounds outlast the pause after a first failure."""

    async def step(self) -> int:
        await asyncio.sleep(0.15)
        return 0

    async def lag(self) -> int:
        return 0

    async def close(self) -> None:
        return None


async def test_news_are_not_at_rest_when_their_delivery_failed_early_in_a_slow_round(world: World) -> None:
    assert isinstance(world.broker, InProcessBroker)
    del world.broker._subscribers["survey"]
    target: Any = world.broker._subscribers["sla"]
    receive = target.receive

    async def fail_once(_messages: Sequence[Message]) -> None:
        target.receive = receive
        raise ConnectionError

    target.receive = fail_once
    world.nodes["survey"].subscription = _Slow()
    await world.tell(accepted(uuid4(), world.clock))
    await world.settle()
    assert len(await world.seen("sla")) == 1


async def test_the_watermark_of_a_subscriber_that_is_down_stands_still(world: World) -> None:
    await world.settle()
    before = world.clock.now()
    down = _Down(world, "sla")
    with down:
        await world.tell(accepted(uuid4(), world.clock))
        world.clock.advance(timedelta(hours=1))
        await world.nodes["intake"].relay.step()
    async with world.nodes["sla"].context.db.transaction() as tx:
        assert await watermark(tx, INTAKE) == before
    down.resume()
    await world.settle()
    async with world.nodes["sla"].context.db.transaction() as tx:
        assert await watermark(tx, INTAKE) == world.clock.now()


async def test_only_one_relay_of_a_schema_leads_and_the_other_takes_over_when_it_is_gone(world: World) -> None:
    first = world.nodes["intake"].relay
    second = Relay(Outgoing(first.outgoing.dsn, "intake"), first.topics, first.targets, first.cards, world.clock)
    await world.tell(accepted(uuid4(), world.clock))
    assert await first.step() > 0
    await world.tell(accepted(uuid4(), world.clock))
    assert await second.step() == 0
    await first.close()
    assert await second.step() > 0
    await second.close()
    assert len(await world.admin(SENT)) == 2


async def test_a_leader_whose_session_was_ended_leads_again(world: World) -> None:
    relay = world.nodes["intake"].relay
    await world.tell(accepted(uuid4(), world.clock))
    await relay.step()
    await world.admin(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pwa-relay-intake'"
    )
    await world.tell(accepted(uuid4(), world.clock))
    with contextlib.suppress(ConnectionError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await relay.step()
    await world.settle()
    assert len(await world.seen("sla")) == 2


async def test_the_watermark_does_not_pass_a_transaction_that_is_still_running(world: World) -> None:
    relay = world.nodes["intake"].relay
    await world.settle()
    relay.clock = None
    async with world.nodes["intake"].context.db.transaction() as slow:
        await slow.scalar(text("SELECT 1"))
        [[began]] = await world.admin(
            """SELECT min(xact_start) FROM pg_stat_activity
            WHERE usename = 'pwa_intake' AND datname = current_database()"""
        )
        await slow.publish(accepted(uuid4(), world.clock))
        assert await relay.outgoing.lead()
        assert (await relay._sent_until(["sla"]))["sla"] <= began


async def test_an_event_too_large_for_a_broker_is_refused_when_it_is_told(world: World) -> None:
    from shared.contracts.intake import CaseCancelled
    from shared.kernel.errors import Invalid

    async with world.nodes["intake"].context.db.transaction() as tx:
        huge = CaseCancelled(
            case_id=uuid4(), office="1102", region=1, kind="complaint", restricted=False,
            reason="ก" * 400_000, cancelled_at=tx.now,
        )  # fmt: skip
        with pytest.raises(Invalid):
            await tx.publish(huge)
