"""Delivering packs: when to try again, what an answer means."""

from dataclasses import dataclass
from datetime import timedelta

DELIVERED = "delivered"
RETRY = "retry"
REFUSED = "refused"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outcome:
    """What one attempt came to; `response` is the receipt's text without addresses."""

    result: str  # delivered | retry | refused | unknown
    status: int | None
    response: str


@dataclass(frozen=True)
class Backoff:
    """First pause, longest pause, and after how many attempts a person must look."""

    first: timedelta
    longest: timedelta
    attempts: int

    def pause(self, attempt: int) -> timedelta | None:
        """How long to wait after attempt n (1, 2, ...); None when it was the last."""
        if attempt >= self.attempts:
            return None
        return min(self.longest, self.first * float(2 ** (attempt - 1)))


def of_http(status: int) -> str:
    """2xx is the receipt; what a repeat cannot cure is refused."""
    if 200 <= status < 300:
        return DELIVERED
    return RETRY if status in {408, 409, 425, 429} or status >= 500 else REFUSED


def of_smtp(code: int) -> str:
    """250 after DATA is the receipt; 4xx may be repeated, 5xx not."""
    if 200 <= code < 300:
        return DELIVERED
    return RETRY if 400 <= code < 500 else REFUSED
