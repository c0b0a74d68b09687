"""Whatever stands on a topic, a consumer goes on: it is taken in, set aside with a reason, or ignored."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.structs import ConsumerRecord
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contracts.base import INTAKE
from shared.contracts.envelope import Envelope
from shared.messaging.consumer import watermark
from shared.messaging.kafka import wire
from shared.messaging.kafka.broker import KafkaBroker
from shared.messaging.port import WATERMARK, Message
from tests.contracts.conftest import World, accepted

HARD = [b"", b"\x00", b"a\x00b", b"\xff\xfe", b"\xed\xa0\x80", b"k" * 5000, b"\\u0000", "ก".encode()]
raw = st.sampled_from(HARD) | st.binary(max_size=40)
names = st.sampled_from(
    ["ce_id", "ce_type", "ce_subject", "ce_sequence", "ce_time", "until", "partitions", "traceparent"]
)


def written(world: World, **changed: Any) -> dict[str, Any]:
    """A good event as JSON, with some attributes changed."""
    event, at = accepted(uuid4(), world.clock), world.clock.now()
    envelope = Envelope(
        event_id=uuid4(), type=event.TYPE, topic=INTAKE, key=event.key, seq=1, recorded_at=at,
        stream_began_at=at, source="/pwa/intake", traceparent=None, data=event.model_dump(mode="json"),
    )  # fmt: skip
    return {**json.loads(envelope.body() or b""), **changed}


def message(attributes: Mapping[str, Any], **headers: str) -> Message:
    return Message(INTAKE, str(attributes["subject"]), json.dumps(attributes).encode(), headers)


def record(key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]) -> "ConsumerRecord[bytes, bytes]":
    return ConsumerRecord(INTAKE, 0, 7, 0, 0, key, value, None, len(key or b""), len(value or b""), headers)


async def take(world: World, *messages: Message) -> list[tuple[str, str]]:
    """Why each was set aside and what its key is, after a good event behind them was taken in."""
    good = written(world)
    await world.nodes["sla"].context.consumer.receive([*messages, message(good)])
    assert good["subject"] in {key for key, _, _ in await world.seen("sla")}
    return [(row["reason"], row["key"]) for row in await world.admin("SELECT reason, key FROM sla.parked ORDER BY id")]


@pytest.fixture(autouse=True)
def later(world: World) -> None:
    world.clock.advance(timedelta(seconds=1))  # streams begin after the service subscribed


@given(
    key=raw | st.none(), value=raw | st.none(), headers=st.lists(st.tuples(names, raw), max_size=4),
    kind=st.sampled_from([WATERMARK.encode(), b"pwa.intake.case-accepted.v1", b"\x00", b""]),
)  # fmt: skip
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_record_stops_a_consumer(
    world: World, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]], kind: bytes
) -> None:
    await take(world, wire.message_of(record(key, value, [("ce_type", kind), *headers]), ""))


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "a\x00b"}, {"type": "\ud800"}, {"type": "t" * 5000}, {"type": {"a": 1}}, {"source": "\x00"},
        {"source": "\udfff"}, {"traceparent": "\x00"}, {"traceparent": "\ud800"}, {"traceparent": 7}, {"id": "\x00"},
        {"id": 5}, {"id": None}, {"subject": "\x00"}, {"subject": ""}, {"subject": "s" * 5000}, {"sequence": "0"},
        {"sequence": float("inf")}, {"sequence": True}, {"sequence": 1.5}, {"time": "0001-01-01T00:00:00+14:00"},
        {"time": "9999-12-31T23:59:59-14:00"}, {"time": "2026-02-03T09:00:00"}, {"time": 0}, {"streambegan": None},
        {"data": {"reason": "a\x00"}}, {"data": {"reason": "\ud800"}}, {"data": {"n": float("nan")}},
        {"data": {"n": float("-inf")}}, {"data": {"\x00": 1}}, {"data": []},
    ],
    ids=repr,
)  # fmt: skip
async def test_an_event_with_a_wrong_attribute_is_set_aside_alone(world: World, changed: dict[str, Any]) -> None:
    [(reason, key)] = await take(world, message(written(world, **changed)))
    assert reason == "unreadable"
    assert key == changed.get("subject", key).replace("\x00", "\ufffd")[:200]


async def test_a_number_beyond_all_measure_is_set_aside(world: World) -> None:
    body = json.dumps(written(world, data={"n": 0.5})).replace("0.5", "1e999")
    key = json.loads(body)["subject"]
    assert await take(world, Message(INTAKE, key, body.encode())) == [("unreadable", key)]


@pytest.mark.parametrize("kind", ["pwa.intake.case-accepted.v1", "pwa.intake.unknown.v9"])
async def test_no_depth_of_an_event_stops_a_consumer(world: World, kind: str) -> None:
    """Also where reading it just fits the interpreter's stack and writing it down does not."""
    consumer, depths = world.nodes["sla"].context.consumer, range(900, 1000)
    for depth in depths:
        event = written(world, type=kind, data={"nested": "here"})
        body = json.dumps(event).replace('"here"', "[" * depth + "]" * depth)
        await consumer.receive([Message(INTAKE, event["subject"], body.encode())])
    rows = await world.admin("SELECT DISTINCT reason FROM sla.parked")
    assert [row["reason"] for row in rows] == ["unreadable"]


async def test_brackets_within_a_text_are_no_depth(world: World) -> None:
    event = written(world)
    event["data"]["office"] = "[{" * 500
    assert await take(world, message(event)) == []


async def test_text_that_only_looks_like_an_escape_is_taken_in(world: World) -> None:
    event = written(world)
    event["data"]["office"] = "\\u0000 \\ud800"
    assert await take(world, message(event)) == []


async def test_unreadable_messages_with_one_key_are_all_kept(world: World) -> None:
    assert len(await take(world, Message(INTAKE, "k", b"{1"), Message(INTAKE, "k", b"{2"))) == 2


def mark(until: str, partitions: str = "1") -> Message:
    return Message(INTAKE, "", b"", {"ce_type": WATERMARK, "until": until, "partitions": partitions})


@pytest.mark.parametrize(
    ("until", "partitions"),
    [
        ("", "1"), ("soon", "1"), ("nan", "1"), ("\x00", "1"), ("2026-02-03T09:00:00", "1"),
        ("9999-12-31T23:59:59+00:00", "1"), ("0001-01-01T00:00:00+14:00", "1"), ("2026-02-03T02:00:00+00:00", "x"),
        ("2026-02-03T02:00:00+00:00", "0"), ("2026-02-03T02:00:00+00:00", "99999999999"),
    ],
)  # fmt: skip
async def test_a_mark_without_a_sensible_time_is_ignored(world: World, until: str, partitions: str) -> None:
    consumer = world.nodes["sla"].context.consumer
    await world.run("sla", "DELETE FROM watermark")
    bare = Message(INTAKE, "", b"", {"ce_type": WATERMARK})
    await consumer.receive([mark(until, partitions), bare])
    assert await world.admin("SELECT * FROM sla.watermark") == []


@pytest.mark.parametrize("zone", ["+23:59", "-23:59", "+16:00", "-16:00", "+07:00:30"])
async def test_a_mark_in_a_time_zone_that_postgresql_does_not_know_is_taken_as_its_instant(
    world: World, zone: str
) -> None:
    until = datetime.fromisoformat("2026-02-01T02:00:00" + zone)
    await world.nodes["sla"].context.consumer.receive([mark(until.isoformat())])
    [row] = await world.admin("SELECT until FROM sla.watermark")
    assert row["until"] == until


async def test_a_mark_of_the_far_future_that_was_believed_once_is_not_believed_for_ever(world: World) -> None:
    consumer, now = world.nodes["sla"].context.consumer, world.clock.now()
    await consumer.receive([mark(now.isoformat())])
    await world.run("sla", "UPDATE watermark SET until = '9999-12-31'")
    async with consumer.db.transaction() as tx:
        assert await watermark(tx, INTAKE) is None
    await consumer.receive([mark(now.isoformat())])
    async with consumer.db.transaction() as tx:
        assert await watermark(tx, INTAKE) == now
    await consumer.receive([mark((now - timedelta(hours=1)).isoformat())])
    [row] = await world.admin("SELECT until FROM sla.watermark")
    assert row["until"] == now.astimezone(UTC)


@pytest.mark.transports("kafka")
async def test_a_record_with_a_zero_byte_in_its_key_does_not_keep_kafka_from_going_on(world: World) -> None:
    assert isinstance(world.broker, KafkaBroker)
    kafka = world.broker.settings
    async with AIOKafkaProducer(**kafka.connection()) as producer:
        for key in (b"\x00", b"\xff", None, b"k" * 5000):
            await producer.send_and_wait(kafka.topic_prefix + INTAKE, b"{}", key=key, headers=[("ce_id", b"\x00")])
    case = uuid4()
    await world.tell(accepted(case, world.clock))
    await world.settle()
    assert [(key, seq) for key, seq, _ in await world.seen("sla")] == [(str(case), 1)]
    rows = await world.admin("SELECT reason, key FROM sla.parked")
    assert {(row["reason"], row["key"]) for row in rows} == {
        ("unreadable", "\ufffd"), ("unreadable", "\ufffd"), ("unreadable", ""), ("unreadable", "k" * 200),
    }  # fmt: skip
    assert len(rows) == 4
