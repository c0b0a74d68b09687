"""CloudEvents 1.0, structured JSON; the attributes also in headers, so that a broken body can be set aside."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.base import COMPACTED


class Unreadable(Exception):
    """The message is not one of our envelopes."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event as it travels. `seq` counts without gaps within (topic, key); `data` None is a tombstone."""

    event_id: UUID
    type: str
    topic: str
    key: str
    seq: int
    recorded_at: datetime
    stream_began_at: datetime
    source: str
    traceparent: str | None
    data: dict[str, Any] | None

    def headers(self) -> dict[str, str]:
        headers = {
            "ce_specversion": "1.0",
            "ce_id": str(self.event_id),
            "ce_type": self.type,
            "ce_source": self.source,
            "ce_subject": self.key,
            "ce_sequence": str(self.seq),
            "ce_time": self.recorded_at.isoformat(),
            "ce_streambegan": self.stream_began_at.isoformat(),
            "content-type": "application/cloudevents+json; charset=UTF-8",
        }
        if self.traceparent:
            headers["traceparent"] = self.traceparent
        return headers

    def body(self) -> bytes | None:
        """The structured JSON; None for a tombstone."""
        if self.data is None:
            return None
        return self.around(json.dumps(self.data, ensure_ascii=False, separators=(",", ":")))

    def around(self, data: str) -> bytes:
        """The structured JSON with data that is JSON already."""
        attributes = {
            "specversion": "1.0",
            "id": str(self.event_id),
            "source": self.source,
            "type": self.type,
            "subject": self.key,
            "time": self.recorded_at.isoformat().replace("+00:00", "Z"),
            "sequence": str(self.seq),
            "streambegan": self.stream_began_at.isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
        }
        if self.traceparent:
            attributes["traceparent"] = self.traceparent
        head = json.dumps(attributes, ensure_ascii=False, separators=(",", ":"))
        return f'{head[:-1]},"data":{data}}}'.encode()


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("naive time")
    return moment


def read(topic: str, key: str, value: bytes | None, headers: Mapping[str, str]) -> Envelope:
    """The envelope of a message; raises Unreadable, saying what is wrong without repeating the content."""
    if value is None:
        if topic not in COMPACTED:
            raise Unreadable("a tombstone on a topic that keeps every event")
        return read_headers(topic, key, headers)
    try:
        attributes = json.loads(value)
        if not isinstance(attributes["data"], dict):
            raise TypeError("data")
        if b"\\u" in value:
            _storable(attributes["data"])
        return _envelope(topic, key, attributes, attributes["data"])
    except _WRONG as problem:
        raise Unreadable(f"not an event envelope: {type(problem).__name__}") from problem


def _storable(data: dict[str, Any]) -> None:
    """What a database cannot hold (NUL, half a surrogate pair) cannot be an event of ours, nor be set aside whole."""
    text = json.dumps(data, ensure_ascii=False)
    text.encode()
    if "\\u0000" in text:
        raise ValueError("NUL")


def read_headers(topic: str, key: str, headers: Mapping[str, str]) -> Envelope:
    """The attributes alone (a tombstone, or a message whose body is broken); raises Unreadable."""
    try:
        return _envelope(topic, key, _of_headers(headers), None)
    except _WRONG as problem:
        raise Unreadable(f"no event attributes in the headers: {type(problem).__name__}") from problem


_WRONG = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def _envelope(topic: str, key: str, attributes: Mapping[str, Any], data: dict[str, Any] | None) -> Envelope:
    if attributes["subject"] != key:
        raise ValueError("key and subject differ")
    return Envelope(
        event_id=UUID(attributes["id"]),
        type=str(attributes["type"]),
        topic=topic,
        key=key,
        seq=_positive(attributes["sequence"]),
        recorded_at=_instant(attributes["time"]),
        stream_began_at=_instant(attributes["streambegan"]),
        source=str(attributes["source"]),
        traceparent=attributes.get("traceparent"),
        data=data,
    )


def _positive(text: str) -> int:
    number = int(text)
    if not 0 < number < 2**31:
        raise ValueError("sequence out of range")
    return number


def _of_headers(headers: Mapping[str, str]) -> dict[str, str]:
    attributes = {name.removeprefix("ce_"): value for name, value in headers.items() if name.startswith("ce_")}
    if "traceparent" in headers:
        attributes["traceparent"] = headers["traceparent"]
    return attributes
