"""W3C trace context: read a `traceparent`, or begin a trace where none came in."""

import random
import re

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_ids = random.Random()  # noqa: S311 - ids must differ, nobody gains by guessing them


def new_traceparent() -> str:
    """A new trace, sampled."""
    return f"00-{_ids.getrandbits(128) | 1:032x}-{_ids.getrandbits(64) | 1:016x}-01"


def accept(value: str | None) -> str:
    """The caller's traceparent when it is well formed and not all zero, else a new one."""
    match = _TRACEPARENT.fullmatch(value) if value else None
    if match is None or not int(match[1], 16) or not int(match[2], 16):
        return new_traceparent()
    return match[0]


def trace_id(traceparent: str) -> str:
    """The 32 hexadecimal digits that all parts of one trace share."""
    return traceparent[3:35]
