"""The Kafka adapter when the broker dies, freezes, comes back empty, or a newer leader takes over."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from shared.contracts.base import CONTACTS, INTAKE
from shared.messaging.kafka import KafkaBroker
from shared.messaging.kafka.context import BROKEN
from shared.messaging.local_kafka import LocalKafka
from shared.messaging.port import Fenced
from tests.kafka_fixtures import make_kafka_broker, mortal_kafka, own_kafka
from tests.shared.kafka_tools import Reader, card, deliver_all, drain, fact, step_until

__all__ = ["mortal_kafka", "own_kafka"]
pytestmark = [pytest.mark.kafka, pytest.mark.timeout(180)]
NOON = datetime(2026, 2, 3, 5, tzinfo=UTC)


@pytest.fixture
async def doomed(own_kafka: LocalKafka) -> AsyncIterator[KafkaBroker]:
    """A client of the broker that this test may kill."""
    broker = make_kafka_broker(own_kafka, ack_within=2.0, commit_within=5.0)
    await broker.start()
    yield broker
    await broker.stop()


def first_times(numbers: list[int]) -> list[int]:
    """What an inbox would let through."""
    return list(dict.fromkeys(numbers))


async def test_a_broker_killed_while_producing_loses_nothing_and_keeps_the_order_per_key(
    own_kafka: LocalKafka, doomed: KafkaBroker
) -> None:
    [target] = doomed.targets("intake")
    reader = Reader()
    subscription = await doomed.subscribe("sla", frozenset({INTAKE}), reader)
    rounds, acknowledged, was_killed = 0, 0, asyncio.Event()

    async def produce() -> None:
        """Forty cases at a time without a pause: until the broker is dead, and ten times more."""
        nonlocal rounds, acknowledged
        last = None
        while last is None or rounds < last:
            rounds += 1
            await deliver_all(target, [fact(f"case-{key}", rounds) for key in range(40)])
            acknowledged += 40
            if last is None and was_killed.is_set():
                last = rounds + 10

    producing = asyncio.create_task(produce())
    await step_until(lambda: acknowledged >= 1000, subscription)
    await asyncio.to_thread(own_kafka.kill)
    was_killed.set()
    assert acknowledged < rounds * 40, "the kill must hit work in flight"
    own_kafka.launch()
    await asyncio.to_thread(own_kafka.wait)
    await step_until(producing.done, subscription, within=90)
    await producing
    await drain(subscription)

    assert {key: first_times(numbers) for key, numbers in reader.by_key().items()} == {
        f"case-{key}": list(range(1, rounds + 1)) for key in range(40)
    }


async def test_a_delivery_to_a_dead_broker_fails_within_its_time(own_kafka: LocalKafka, doomed: KafkaBroker) -> None:
    [target] = doomed.targets("intake")
    assert all(await target.deliver([fact("a", 1)]))
    own_kafka.kill()

    for number in (2, 3):
        async with asyncio.timeout(60):
            with contextlib.suppress(*BROKEN):
                assert not any(await target.deliver([fact("a", number), card("a", b"{}")]))
    with pytest.raises(BROKEN):
        await asyncio.wait_for(target.mark(INTAKE, NOON), 10)
    await asyncio.wait_for(doomed.stop(), 10)

    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert left == []


async def test_a_frozen_broker_is_a_problem_until_it_wakes_and_nothing_is_lost(
    own_kafka: LocalKafka, doomed: KafkaBroker
) -> None:
    [target] = doomed.targets("intake")
    reader = Reader()
    subscription = await doomed.subscribe("sla", frozenset({INTAKE}), reader)
    await target.deliver([fact("a", 1)])
    await drain(subscription)
    own_kafka.freeze()

    async with asyncio.timeout(60):
        with contextlib.suppress(*BROKEN):
            assert not any(await target.deliver([fact("a", 2)]))
        await step_until(lambda: doomed.problems() != [], subscription)
    assert "kafka has been away for" in doomed.problems()[0]
    own_kafka.thaw()
    await deliver_all(target, [fact("a", 2), fact("a", 3)])
    await step_until(lambda: 3 in reader.by_key()["a"], subscription)
    await drain(subscription)

    assert first_times(reader.by_key()["a"]) == [1, 2, 3]
    assert doomed.problems() == []


async def test_stopping_while_the_broker_is_frozen_ends_in_time_and_leaves_nothing_running(
    own_kafka: LocalKafka, doomed: KafkaBroker
) -> None:
    [target] = doomed.targets("intake")
    subscription = await doomed.subscribe("sla", frozenset({INTAKE}), Reader())
    await deliver_all(target, [fact("a", 1), card("a", b"{}")])
    await drain(subscription)
    own_kafka.freeze()
    waiting = asyncio.create_task(target.deliver([fact("a", 2), card("a", None)]))

    await asyncio.wait_for(asyncio.gather(waiting, return_exceptions=True), 15)
    await asyncio.wait_for(doomed.stop(), 15)
    own_kafka.thaw()

    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert left == []


async def test_a_broker_that_comes_back_empty_is_reported_by_the_topics_it_lacks(
    own_kafka: LocalKafka, doomed: KafkaBroker
) -> None:
    [target] = doomed.targets("intake")
    subscription = await doomed.subscribe("sla", frozenset({INTAKE}), Reader())
    await target.deliver([fact("a", 1)])
    await drain(subscription)
    own_kafka.stop()
    shutil.rmtree(own_kafka.log)
    own_kafka.start()

    with contextlib.suppress(*BROKEN):
        assert not any(await target.deliver([fact("a", 2)]))
    await step_until(lambda: any("is missing" in reason for reason in doomed.problems()), subscription)

    assert f"topic {INTAKE} is missing on the broker" in doomed.problems()


async def test_the_services_start_while_the_broker_is_away_and_work_once_it_is_there(own_kafka: LocalKafka) -> None:
    own_kafka.stop()
    broker = make_kafka_broker(own_kafka)
    await asyncio.wait_for(broker.start(), 10)
    reader = Reader()
    subscription = await broker.subscribe("sla", frozenset({INTAKE}), reader)
    assert await subscription.step() == 0
    assert await subscription.lag() > 0

    own_kafka.start()
    await deliver_all(broker.targets("intake")[0], [fact("a", 1)])
    await drain(subscription)
    await broker.stop()

    assert reader.by_key() == {"a": [1]}


async def test_a_frozen_old_leader_cannot_send_an_old_card_after_the_tombstone(kafka_server: LocalKafka) -> None:
    old = make_kafka_broker(kafka_server)
    await old.start()
    new = make_kafka_broker(kafka_server, old.settings.topic_prefix)
    [of_old], [of_new] = old.targets("intake"), new.targets("intake")
    await deliver_all(of_old, [card("case-1", b"phone")])
    await deliver_all(of_new, [card("case-1", None)])

    with pytest.raises(Fenced):
        await of_old.deliver([card("case-1", b"phone")])
    assert old.problems() == []
    reader = Reader()
    subscription = await new.subscribe("survey", frozenset({CONTACTS}), reader)
    await drain(subscription)
    await new.stop()
    await old.stop()

    assert [message.value for message in reader.messages] == [b"phone", None]


async def test_a_card_read_before_its_producer_was_opened_is_not_sent(kafka_server: LocalKafka) -> None:
    """Opening fences the others: a leader that was frozen before its first card must not win by waking up."""
    old = make_kafka_broker(kafka_server)
    await old.start()
    new = make_kafka_broker(kafka_server, old.settings.topic_prefix)
    [of_old], [of_new] = old.targets("intake"), new.targets("intake")
    await deliver_all(of_new, [card("case-1", None)])

    assert list(await of_old.deliver([card("case-1", b"phone"), fact("a", 1)])) == [False, True]
    with pytest.raises(Fenced):
        await of_new.deliver([card("case-2", b"{}")])
    reader = Reader()
    subscription = await new.subscribe("survey", frozenset({CONTACTS}), reader)
    await drain(subscription)
    await new.stop()
    await old.stop()

    assert [message.value for message in reader.messages] == [None]


async def test_a_producer_opened_by_a_watermark_takes_the_first_card(kafka_server: LocalKafka) -> None:
    broker = make_kafka_broker(kafka_server)
    await broker.start()
    [target] = broker.targets("intake")

    await target.mark(INTAKE, NOON)
    flags = await target.deliver([card("case-1", b"1")])
    await broker.stop()

    assert list(flags) == [True]


async def test_cards_of_an_unfinished_transaction_are_never_seen(own_kafka: LocalKafka, doomed: KafkaBroker) -> None:
    [target] = doomed.targets("intake")
    reader = Reader()
    subscription = await doomed.subscribe("survey", frozenset({CONTACTS}), reader)
    await deliver_all(target, [card("case-1", b"1")])
    await drain(subscription)
    producer = target._cards  # type: ignore[attr-defined]
    await producer.begin_transaction()
    await producer.send_and_wait(doomed.settings.topic_prefix + CONTACTS, b"never", b"case-1")

    again = make_kafka_broker(own_kafka, doomed.settings.topic_prefix)
    await deliver_all(again.targets("intake")[0], [card("case-1", b"2")])
    await drain(subscription)
    await again.stop()

    assert [message.value for message in reader.messages] == [b"1", b"2"]
