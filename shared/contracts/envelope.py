"""CloudEvents 1.0, structured JSON; the attributes also in headers, so that a broken body can be set aside."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
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


LONGEST_TEXT = 200  # characters of an attribute: keys and types stand in indexes
DEEPEST = 100  # levels of an event: what is deeper is read, but perhaps not written again
YEARS = range(1970, 3000)  # of an instant that a clock can have said


def read(topic: str, key: str, value: bytes | None, headers: Mapping[str, str]) -> Envelope:
    """The envelope of a message; raises Unreadable, saying what is wrong without repeating the content.

    What a database cannot hold (NUL, half a surrogate pair, NaN, Infinity) cannot be an event of ours.
    """
    if value is None:
        if topic not in COMPACTED:
            raise Unreadable("a tombstone on a topic that keeps every event")
        return read_headers(topic, key, headers)
    try:
        attributes = _DECODER.decode(value.decode())
        if not isinstance(attributes["data"], dict):
            raise TypeError("data")
        if value.count(b"[") + value.count(b"{") > DEEPEST:
            _shallow(attributes["data"])
        if b"\\u" in value:
            _storable(attributes["data"])
        return _envelope(topic, key, attributes, attributes["data"])
    except _WRONG as problem:
        raise Unreadable(f"not an event envelope: {type(problem).__name__}") from problem


def read_headers(topic: str, key: str, headers: Mapping[str, str]) -> Envelope:
    """The attributes alone (a tombstone, or a message whose body is broken); raises Unreadable."""
    try:
        return _envelope(topic, key, _of_headers(headers), None)
    except _WRONG as problem:
        raise Unreadable(f"no event attributes in the headers: {type(problem).__name__}") from problem


def instant_of(text: object) -> datetime:
    """An instant that a clock can have said, in UTC: PostgreSQL knows fewer offsets; raises ValueError."""
    moment = datetime.fromisoformat(_text(text))
    if moment.tzinfo is None or moment.year not in YEARS:
        raise ValueError("not an instant")
    return moment.astimezone(UTC)


def storable_text(text: str) -> str:
    """The text as a table can hold and index it: what is shown of a key that is no key of ours."""
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")[:LONGEST_TEXT]


_WRONG = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def _envelope(topic: str, key: str, attributes: Mapping[str, Any], data: dict[str, Any] | None) -> Envelope:
    if _text(attributes["subject"]) != key or not key:
        raise ValueError("key and subject differ")
    traceparent = attributes.get("traceparent")
    return Envelope(
        event_id=UUID(attributes["id"]),
        type=_text(attributes["type"]),
        topic=topic,
        key=key,
        seq=_positive(attributes["sequence"]),
        recorded_at=instant_of(attributes["time"]),
        stream_began_at=instant_of(attributes["streambegan"]),
        source=_text(attributes["source"]),
        traceparent=None if traceparent is None else _text(traceparent),
        data=data,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    if value != storable_text(value):
        raise ValueError("not a text that can be kept")
    return value


def _positive(text: object) -> int:
    if isinstance(text, bool) or not isinstance(text, int | str):
        raise TypeError("not a whole number")
    number = int(text)
    if not 0 < number < 2**31:
        raise ValueError("sequence out of range")
    return number


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_finite)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def _shallow(data: dict[str, Any]) -> None:
    level: list[Any] = [data]
    for _ in range(DEEPEST):
        inner = [each.values() if isinstance(each, dict) else each for each in level]
        level = [each for values in inner for each in values if isinstance(each, dict | list)]
        if not level:
            return
    raise ValueError("nested too deeply")


def _storable(data: dict[str, Any]) -> None:
    text = json.dumps(data, ensure_ascii=False)
    text.encode()
    if _NUL.search(text):
        raise ValueError("NUL")


def _of_headers(headers: Mapping[str, str]) -> dict[str, str]:
    attributes = {name.removeprefix("ce_"): value for name, value in headers.items() if name.startswith("ce_")}
    if "traceparent" in headers:
        attributes["traceparent"] = headers["traceparent"]
    return attributes
