"""The Kafka adapter on a real broker: delivery, order, redelivery, watermarks, lag."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest

from shared.contracts.base import CONTACTS, INTAKE, SLA
from shared.messaging.kafka import KafkaBroker
from shared.messaging.local_kafka import LocalKafka
from shared.messaging.port import Message
from tests.kafka_fixtures import make_kafka_broker
from tests.shared.kafka_tools import Reader, card, deliver_all, drain, fact, step_until

pytestmark = pytest.mark.kafka
NOON = datetime(2026, 2, 3, 5, tzinfo=UTC)


@pytest.fixture
async def kafka(kafka_server: LocalKafka) -> AsyncIterator[KafkaBroker]:
    broker = make_kafka_broker(kafka_server)
    await broker.start()
    yield broker
    await broker.stop()


async def test_every_message_arrives_once_with_its_headers_and_plain_topic_name(kafka: KafkaBroker) -> None:
    [target] = kafka.targets("intake")
    reader = Reader()
    subscription = await kafka.subscribe("sla", frozenset({INTAKE}), reader)

    flags = await target.deliver([fact("a", 1), fact("b", 1)])
    await drain(subscription)

    assert list(flags) == [True, True]
    assert sorted((m.topic, m.key, m.value, m.headers["ce_id"]) for m in reader.messages) == [
        (INTAKE, "a", b'{"n": 1}', "a-1"),
        (INTAKE, "b", b'{"n": 1}', "b-1"),
    ]


async def test_messages_of_a_key_keep_their_order(kafka: KafkaBroker) -> None:
    [target] = kafka.targets("intake")
    reader = Reader()
    subscription = await kafka.subscribe("sla", frozenset({INTAKE}), reader)
    sent = [fact(f"case-{key}", number) for number in range(1, 41) for key in range(25)]

    for start in range(0, len(sent), 200):
        assert all(await target.deliver(sent[start : start + 200]))
    await drain(subscription)

    assert reader.by_key() == {f"case-{key}": list(range(1, 41)) for key in range(25)}
    assert len({message.partition for message in reader.messages}) == 6


async def test_a_batch_that_failed_comes_again_and_the_other_partitions_go_on(kafka: KafkaBroker) -> None:
    [target] = kafka.targets("intake")
    reader = Reader()
    subscription = await kafka.subscribe("sla", frozenset({INTAKE}), reader)
    await target.deliver([fact(f"case-{key}", number) for number in (1, 2) for key in range(20)])
    await step_until(lambda: len(reader.messages) > 0, subscription)
    await drain(subscription)
    assert all(await target.deliver([fact(f"case-{key}", 3) for key in range(20)]))

    reader.fail = 1
    with pytest.raises(RuntimeError):
        await step_until(lambda: False, subscription)
    await drain(subscription)

    assert len(reader.failed) == 1
    assert reader.by_key() == {f"case-{key}": [1, 2, 3] for key in range(20)}


async def test_after_a_crash_before_the_commit_the_next_process_receives_it_again(kafka_server: LocalKafka) -> None:
    async def crash(_: object) -> None:
        raise asyncio.CancelledError

    first = make_kafka_broker(kafka_server)
    await first.start()
    await deliver_all(first.targets("intake")[0], [fact("a", 1)])
    dying = await first.subscribe("sla", frozenset({INTAKE}), crash)
    with pytest.raises(asyncio.CancelledError):
        await step_until(lambda: False, dying)
    await dying.close()

    second = make_kafka_broker(kafka_server, first.settings.topic_prefix)
    reader = Reader()
    subscription = await second.subscribe("sla", frozenset({INTAKE}), reader)
    await drain(subscription)
    await second.stop()
    await first.stop()

    assert [message.headers["ce_id"] for message in reader.messages] == ["a-1"]


async def test_a_round_that_is_cancelled_while_it_handles_a_batch_loses_nothing(kafka: KafkaBroker) -> None:
    [target] = kafka.targets("intake")
    reader, holds = Reader(), asyncio.Event()

    async def hang_once(messages: Sequence[Message]) -> None:
        if not holds.is_set():
            holds.set()
            await asyncio.Event().wait()
        await reader(messages)

    subscription = await kafka.subscribe("sla", frozenset({INTAKE}), hang_once)
    await target.deliver([fact("a", 1), fact("a", 2)])
    working = asyncio.create_task(step_until(lambda: False, subscription))
    await asyncio.wait_for(holds.wait(), 20)
    working.cancel()
    await asyncio.wait([working])
    await target.deliver([fact("a", 3)])
    await drain(subscription)

    assert reader.by_key() == {"a": [1, 2, 3]}


async def test_a_restarted_subscription_goes_on_where_it_stopped(kafka_server: LocalKafka) -> None:
    first = make_kafka_broker(kafka_server)
    await first.start()
    [target] = first.targets("intake")
    before, after = Reader(), Reader()
    one = await first.subscribe("sla", frozenset({INTAKE}), before)
    await target.deliver([fact("a", 1), fact("a", 2)])
    await drain(one)
    await one.close()
    await target.deliver([fact("a", 3)])

    two = await first.subscribe("sla", frozenset({INTAKE}), after)
    await drain(two)
    await first.stop()

    assert before.by_key() == {"a": [1, 2]}
    assert after.by_key() == {"a": [3]}


async def test_every_group_receives_everything(kafka: KafkaBroker) -> None:
    [target] = kafka.targets("intake")
    readers = [Reader(), Reader()]
    subscriptions = [
        await kafka.subscribe(name, frozenset({INTAKE}), reader)
        for name, reader in zip(("sla", "survey"), readers, strict=True)
    ]

    await target.deliver([fact("a", 1)])
    await drain(*subscriptions)

    assert [reader.by_key() for reader in readers] == [{"a": [1]}, {"a": [1]}]


async def test_two_members_of_a_group_share_the_partitions(kafka: KafkaBroker) -> None:
    [target] = kafka.targets("intake")
    readers = [Reader(), Reader()]
    members = [await kafka.subscribe("sla", frozenset({INTAKE}), reader) for reader in readers]

    def both_have_three() -> bool:
        return [len(member.partitions) for member in members] == [3, 3]  # type: ignore[attr-defined]

    await step_until(both_have_three, *members)
    sent = [fact(f"case-{key}", 1) for key in range(60)]
    await target.deliver(sent)
    await drain(*members)

    assert all(reader.messages for reader in readers)
    keys = [set(reader.by_key()) for reader in readers]
    assert keys[0] | keys[1] == {message.key for message in sent}
    assert not keys[0] & keys[1]


async def test_a_member_that_leaves_hands_its_partitions_over_and_a_late_commit_is_harmless(kafka: KafkaBroker) -> None:
    [target] = kafka.targets("intake")
    release, holds = asyncio.Event(), asyncio.Event()

    async def slow(_: object) -> None:
        holds.set()
        await release.wait()

    other = Reader()
    await target.deliver([fact(f"case-{key}", 1) for key in range(30)])
    first = await kafka.subscribe("sla", frozenset({INTAKE}), slow)
    round_of_first = asyncio.create_task(step_until(holds.is_set, first))
    await asyncio.wait_for(holds.wait(), 20)
    second = await kafka.subscribe("sla", frozenset({INTAKE}), other)
    await step_until(lambda: len(other.by_key()) > 0, second)
    release.set()
    await round_of_first
    await drain(first, second)

    assert kafka.problems() == []


async def test_a_watermark_reaches_every_partition_behind_what_was_sent(kafka: KafkaBroker) -> None:
    [target] = kafka.targets("intake")
    reader = Reader()
    subscription = await kafka.subscribe("sla", frozenset({INTAKE, CONTACTS}), reader)
    await target.deliver([fact(f"case-{key}", 1) for key in range(30)])
    await target.mark(INTAKE, NOON)
    await target.mark(CONTACTS, NOON)
    await drain(subscription)

    assert sorted((m.topic, m.partition) for m in reader.watermarks) == sorted(
        (topic, partition) for topic in (INTAKE, CONTACTS) for partition in range(6)
    )
    assert {(m.headers["until"], m.headers["partitions"], m.key) for m in reader.watermarks} == {
        (NOON.isoformat(), "6", "")
    }
    last_fact = {message.partition: message.offset for message in reader.messages}
    marks = {message.partition: message.offset for message in reader.watermarks if message.topic == INTAKE}
    assert all(marks[partition] > offset for partition, offset in last_fact.items())


async def test_a_tombstone_arrives_as_no_value_with_its_headers(kafka: KafkaBroker) -> None:
    [target] = kafka.targets("intake")
    reader = Reader()
    subscription = await kafka.subscribe("survey", frozenset({CONTACTS}), reader)

    await deliver_all(target, [card("case-1", b"{}")])
    await deliver_all(target, [card("case-1", None)])
    await drain(subscription)

    assert [(m.key, m.value, m.headers["ce_type"]) for m in reader.messages] == [
        ("case-1", b"{}", "pwa.test.card.v1"),
        ("case-1", None, "pwa.test.card.v1"),
    ]


async def test_lag_counts_what_waits_and_reaches_zero_behind_transaction_markers(kafka: KafkaBroker) -> None:
    [target] = kafka.targets("intake")
    reader = Reader()
    subscription = await kafka.subscribe("survey", frozenset({CONTACTS, SLA}), reader)
    assert await subscription.lag() > 0, "unknown is not zero"
    await drain(subscription)

    await deliver_all(target, [card(f"case-{key}", b"{}") for key in range(10)])
    assert await subscription.lag() >= 10
    await drain(subscription)

    assert await subscription.lag() == 0
    assert len(reader.messages) == 10


async def test_an_idle_round_ends_by_itself(kafka: KafkaBroker) -> None:
    subscription = await kafka.subscribe("sla", frozenset({INTAKE}), Reader())
    await drain(subscription)
    async with asyncio.timeout(10):
        assert await subscription.step() == 0


async def test_an_oversized_message_fails_alone_with_what_follows_it_under_its_key(kafka: KafkaBroker) -> None:
    [target] = kafka.targets("intake")
    reader = Reader()
    subscription = await kafka.subscribe("sla", frozenset({INTAKE}), reader)
    giant = fact("a", 2)
    giant = type(giant)(giant.topic, giant.key, b"x" * 2_000_000, giant.headers)

    flags = await target.deliver([fact("a", 1), giant, fact("a", 3), fact("b", 1)])
    await drain(subscription)

    assert list(flags) == [True, False, False, True]
    assert reader.by_key() == {"a": [1], "b": [1]}
