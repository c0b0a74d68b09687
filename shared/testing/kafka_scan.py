"""Is anything left of an erased person in Kafka? Forces compaction, then reads every topic and every file."""

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import TopicPartition

from shared.contracts.base import CONTACTS
from shared.messaging.kafka import wire
from shared.messaging.kafka.topics import open_admin, plan
from shared.messaging.local_kafka import LocalKafka
from shared.messaging.settings import KafkaSettings

# Closes a segment after a moment and compacts it at once; tombstones stay as they would in production.
AT_ONCE: Mapping[str, str] = {
    "segment.ms": "50",
    "max.compaction.lag.ms": "1",
    "min.cleanable.dirty.ratio": "0.0001",
    "file.delete.delay.ms": "1",
}
CHECKPOINT = "cleaner-offset-checkpoint"


async def force_compaction(node: LocalKafka, settings: KafkaSettings, *, within: float = 60) -> None:
    """Return when everything that is now on the contacts topic has been compacted and the old files are gone."""
    topic = settings.topic_prefix + CONTACTS
    usual = dict(plan()[CONTACTS].on(1, settings.topic_prefix).topic_configs)
    await _configure(settings, topic, {**usual, **AT_ONCE})
    until = time.monotonic() + within
    ends = await _ends(settings, topic)
    while not _is_compacted(node.log, ends):
        if time.monotonic() > until:
            raise TimeoutError(f"the cleaner has only come to {_cleaned(node.log)} of {ends}")
        await _close_segments(settings, topic, len(ends))
        await asyncio.sleep(0.1)
    await _configure(settings, topic, usual)


async def places_of(text: str, node: LocalKafka, settings: KafkaSettings) -> list[str]:
    """Where the text still stands: topics that give it to a reader, files that hold its bytes."""
    forms = (text.encode(), json.dumps(text)[1:-1].encode())
    topics = [f"topic {name}" for name in plan() if await _is_read_from(settings, settings.topic_prefix + name, forms)]
    files = [path for path in sorted(node.log.rglob("*")) if path.is_file()]
    return topics + [f"file {path.relative_to(node.log)}" for path in files if _holds(path, forms)]


def _holds(path: Path, forms: tuple[bytes, ...]) -> bool:
    try:
        content = path.read_bytes()
    except FileNotFoundError:  # the cleaner replaced it just now; its successor is looked at as well
        return False
    return any(form in content for form in forms)


async def _is_read_from(settings: KafkaSettings, topic: str, forms: tuple[bytes, ...]) -> bool:
    """Everything from the first offset to the last, committed or not."""
    async with _reader(settings, topic) as reader:
        own = reader.assignment()
        ends = await reader.end_offsets(own)
        while any([await reader.position(one) < ends[one] for one in own]):
            for records in (await reader.getmany(timeout_ms=200)).values():
                for record in records:
                    parts = [record.key or b"", record.value or b"", *(value or b"" for _, value in record.headers)]
                    if any(form in part for form in forms for part in parts):
                        return True
    return False


def _reader(settings: KafkaSettings, topic: str) -> AIOKafkaConsumer:
    """All partitions of a topic from the beginning, outside of all groups."""
    return AIOKafkaConsumer(topic, **settings.connection(), enable_auto_commit=False, auto_offset_reset="earliest")


async def _ends(settings: KafkaSettings, topic: str) -> dict[TopicPartition, int]:
    async with _reader(settings, topic) as reader:
        ends: dict[TopicPartition, int] = await reader.end_offsets(reader.assignment())
        return ends


async def _configure(settings: KafkaSettings, topic: str, config: Mapping[str, str]) -> None:
    async with open_admin(settings) as admin:
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, dict(config))])


async def _close_segments(settings: KafkaSettings, topic: str, partitions: int) -> None:
    """Append something that no consumer is shown: only an append makes Kafka close a segment whose time is over."""
    async with AIOKafkaProducer(**settings.connection()) as producer:
        for partition in range(partitions):
            await producer.send_and_wait(topic, partition=partition, **wire.roll())


def _is_compacted(log: Path, ends: Mapping[TopicPartition, int]) -> bool:
    cleaned = _cleaned(log)
    if any(cleaned.get(partition, 0) < end for partition, end in ends.items()):
        return False
    left = ("deleted", "cleaned", "swap")
    folders = [log / f"{partition.topic}-{partition.partition}" for partition in ends]
    return not any(path.name.endswith(left) for folder in folders for path in folder.iterdir())


def _cleaned(log: Path) -> dict[TopicPartition, int]:
    """Up to which offset the cleaner has been, per partition."""
    try:
        lines = (log / CHECKPOINT).read_text().splitlines()[2:]
    except FileNotFoundError:
        return {}
    rows = [line.rsplit(" ", 2) for line in lines]
    return {TopicPartition(topic, int(partition)): int(offset) for topic, partition, offset in rows}
