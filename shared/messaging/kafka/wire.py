"""Between our messages and Kafka's records: names with the prefix, headers as bytes, watermarks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiokafka.structs import ConsumerRecord

from shared.messaging.port import WATERMARK, Message

# A record that only makes a quiet compacted partition close its segment, so that compaction reaches what was erased.
ROLL = "pwa.roll.v1"

Header = tuple[str, bytes]


def headers_of(message: Message) -> list[Header]:
    return [(name, value.encode()) for name, value in message.headers.items()]


def message_of(record: "ConsumerRecord[bytes, bytes]", prefix: str) -> Message:
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    return Message(
        topic=record.topic.removeprefix(prefix),
        key=(record.key or b"").decode(errors="replace"),
        value=record.value,
        headers=headers,
        partition=record.partition,
        offset=record.offset,
    )


def is_roll(message: Message) -> bool:
    return message.headers.get("ce_type") == ROLL


def is_mark(record: "ConsumerRecord[bytes, bytes]") -> bool:
    return ("ce_type", WATERMARK.encode()) in record.headers


def watermark(until: datetime, partitions: int) -> Mapping[str, Any]:
    """What a producer's `send` is given for one partition of a topic."""
    said = {"ce_type": WATERMARK, "until": until.isoformat(), "partitions": str(partitions)}
    return {"key": b"", "value": b"", "headers": [(name, value.encode()) for name, value in said.items()]}


def roll() -> Mapping[str, Any]:
    return {"key": b"", "value": b"", "headers": [("ce_type", ROLL.encode())]}
