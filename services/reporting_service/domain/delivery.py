"""Delivering packs: when to try again, what an answer means, how a webhook is signed (Standard Webhooks)."""

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

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


def key_of(secret: str) -> bytes:
    """The key within a secret of Standard Webhooks; raises ValueError when it is not valid base64."""
    return base64.b64decode(secret.removeprefix("whsec_"), validate=True)


def sign(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks: HMAC-SHA256 over id.timestamp.body."""
    stamp = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    mac = hmac.new(key_of(secret), signed, sha256)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(mac.digest()).decode(),
    }
