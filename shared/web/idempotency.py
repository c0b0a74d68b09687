"""`Idempotency-Key`: the same request twice has one effect, and the same answer twice (api.md)."""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request, Response
from pydantic import TypeAdapter

from shared.db import Tx
from shared.db.idempotency import Stored, claim_keys, purge_idempotency, store_answer
from shared.kernel.access import Actor
from shared.kernel.errors import Conflict, Invalid
from shared.kernel.faults import fault_point
from shared.observability import metrics
from shared.web.problems import Rejection

__all__ = ["Idempotency", "Idempotent", "Replay", "check_keys", "purge_idempotency"]

T = TypeVar("T")
_KEY = re.compile(r"[!-~]{1,128}")
_KEPT_HEADERS = ("etag", "location")
_ABOUT = "your own id of this request: sending it again within 24 hours changes nothing more"
# What the API's documentation says of the header.
KEY_HEADER: Mapping[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {
        "anyOf": [{"type": "string"}, {"type": "null"}],
        "description": _ABOUT,
        "examples": ["0198c7b2-0000-7000-8000-000000000001"],
        "title": "Idempotency-Key",
    },
    "description": _ABOUT,
}
_any = TypeAdapter(Any)


class Replay(Exception):
    """Not an error: the answer to this key is already there, and the edge gives it again."""

    def __init__(self, stored: Stored) -> None:
        super().__init__("stored answer")
        self.stored = stored


class KeyInProgress(Conflict):
    """Another request with this key has not ended yet."""

    code = "key_in_progress"


@dataclass(frozen=True, slots=True)
class Idempotency:
    """One request under its key; without a key everything simply runs."""

    key: str | None
    actor: str
    request_hash: bytes
    status: int

    async def answer(self, tx: Tx, response: Response, call: Callable[[], Awaitable[T]]) -> T:
        """Run `call` once per key and keep its answer. Raises Replay, KeyInProgress, or Invalid(key_reused)."""
        if self.key is None:
            return await call()
        outcome = (await check_keys(tx, [self]))[0]
        if outcome is not None:
            raise outcome
        result = await call()
        self.keep(tx, result, dict(response.headers))
        return result

    def keep(self, tx: Tx, result: object, headers: Mapping[str, str]) -> None:
        """Keep the answer with the transaction, when there is a key."""
        if self.key is None:
            return
        body = _any.dump_python(result, mode="json")
        kept = {name: value for name, value in headers.items() if name.lower() in _KEPT_HEADERS}
        store_answer(tx, Stored(self.actor, self.key, self.request_hash, self.status, {"headers": kept, "body": body}))


async def check_keys(tx: Tx, asked: Sequence[Idempotency]) -> list[Exception | None]:
    """For each request: None (go on), or the Replay, KeyInProgress or Invalid that is its answer. One statement."""
    pairs = [(each.actor, each.key) for each in asked if each.key is not None]
    if not pairs:
        return [None] * len(asked)
    claimed = dict(zip(pairs, await claim_keys(tx, pairs), strict=True))
    seen: set[tuple[str, str]] = set()
    return [_outcome(each, claimed, seen) for each in asked]


def _outcome(
    asked: Idempotency,
    claimed: Mapping[tuple[str, str], tuple[bool, Stored | None]],
    seen: set[tuple[str, str]],
) -> Exception | None:
    if asked.key is None:
        return None
    pair = (asked.actor, asked.key)
    is_ours, stored = claimed[pair]
    if stored is not None and stored.request_hash != asked.request_hash:
        return Invalid("This key was used for another request.", code="key_reused")
    if stored is not None:
        return Replay(stored)
    if not is_ours or pair in seen:
        return KeyInProgress("A request with this key is being worked on.")
    seen.add(pair)
    return None


async def on_replay(request: Request, error: Replay) -> Response:
    """Give a stored answer again."""
    await fault_point("api.replay")
    metrics.IDEMPOTENT_REPLAYS.labels(request.app.state.service.name).inc()
    stored = error.stored
    headers = {**stored.answer["headers"], "Idempotent-Replayed": "true"}
    body = json.dumps(stored.answer["body"], ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status_code=stored.status, headers=headers, media_type="application/json")


async def idempotency(request: Request) -> Idempotency:
    """The dependency of routes that may be asked again. It reads its header itself, which is faster: see KEY_HEADER."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise Rejection(400, "bad_idempotency_key", "A key has 1 to 128 printable ASCII characters.")
    actor = request.scope["state"].get("actor")
    status = getattr(request.scope.get("route"), "status_code", None) or 200
    name = actor.id if isinstance(actor, Actor) else "anonymous"
    return Idempotency(key, name, await _hash(request) if key else b"", status)


async def _hash(request: Request) -> bytes:
    """What makes a request the same: method, path, query and body."""
    whole = hashlib.sha256(f"{request.method} {request.scope['path']}?".encode())
    whole.update(request.scope["query_string"] + b"\n" + await request.body())
    return whole.digest()


# Declare it after the Actor: keys belong to whoever uses them.
Idempotent = Annotated[Idempotency, Depends(idempotency)]
