"""Time-ordered identifiers (UUID version 7, RFC 9562 section 5.7)."""

import secrets
import time
from datetime import datetime
from uuid import UUID

_RANDOM_BITS = 74
_last = (0, 0)  # milliseconds and random part of the identifier made last


def uuid7(at: datetime | None = None) -> UUID:
    """A new identifier whose first 48 bits are milliseconds since 1970 (`at`, or the system clock).

    Those that one process makes in the same millisecond rise (RFC 9562 section 6.2, method 2).
    """
    global _last  # noqa: PLW0603 - one sequence per process
    milliseconds = int(at.timestamp() * 1000) if at else time.time_ns() // 1_000_000
    if milliseconds == _last[0]:
        random = (_last[1] + 1 + secrets.randbits(32)) % (1 << _RANDOM_BITS)
    else:
        random = secrets.randbits(_RANDOM_BITS - 1)
    _last = (milliseconds, random)
    high, low = random >> 62, random & (1 << 62) - 1
    return UUID(int=(milliseconds & (1 << 48) - 1) << 80 | 7 << 76 | high << 64 | 0b10 << 62 | low)
