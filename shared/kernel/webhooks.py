"""Signatures of webhooks (Standard Webhooks): HMAC-SHA256 over id.timestamp.body, within a replay window."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime


class BadSignature(Exception):
    """Not from the provider, or too old to tell."""


def key_of(secret: str) -> bytes:
    """The key within a secret; raises ValueError when it is not valid base64."""
    return base64.b64decode(secret.removeprefix("whsec_"), validate=True)


def sign(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of an outgoing webhook."""
    stamp = str(int(at.timestamp()))
    mac = _mac(secret, message_id, stamp, body)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime, window_seconds: int) -> str:
    """The webhook's id. Raises BadSignature."""
    webhook_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not webhook_id.isascii() or not 1 <= len(webhook_id) <= 200 or not (stamp.isascii() and stamp.isdigit()):
        raise BadSignature("headers")
    if len(stamp) > 12 or abs(now.timestamp() - int(stamp)) > window_seconds:
        raise BadSignature("window")
    expected = _mac(secret, webhook_id, stamp, body)
    offered = [each.partition(",") for each in headers.get("webhook-signature", "").split(" ")[:10]]
    if not any(version == "v1" and _same(expected, value) for version, _, value in offered):
        raise BadSignature("signature")
    return webhook_id


def _mac(secret: str, webhook_id: str, stamp: str, body: bytes) -> bytes:
    return hmac.new(key_of(secret), f"{webhook_id}.{stamp}.".encode() + body, hashlib.sha256).digest()


def _same(expected: bytes, offered: str) -> bool:
    try:
        return hmac.compare_digest(expected, base64.b64decode(offered, validate=True))
    except (binascii.Error, ValueError):
        return False
