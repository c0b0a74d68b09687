"""Who asks, and whether they may: `needs("cases:work")` gives a route its Actor, or answers 401 or 403."""

import time
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Depends, Request

from shared.db import Database
from shared.db.api_keys import KeyTable, find_key, hash_of
from shared.kernel.access import Actor, actor_of
from shared.kernel.errors import Forbidden
from shared.web.tokens import TokenVerifier, unauthenticated

_KEY_SECONDS = 10.0  # how long a revoked key may still be taken by a process that has just seen it
_MAX_KEYS = 1024


class Gate:
    """Turns the credentials of a request into an Actor; one per service application."""

    def __init__(self, verifier: TokenVerifier, db: Database, api_keys: KeyTable | None = None) -> None:
        self.verifier = verifier
        self.db = db
        self.api_keys = api_keys
        self._known: dict[bytes, tuple[Actor, float]] = {}

    async def actor(self, request: Request, *, api_keys: bool) -> Actor:
        """Raises Rejection 401."""
        key = request.headers.get("x-api-key")
        if key is not None and api_keys and self.api_keys is not None:
            return await self._adapter(key, self.api_keys)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthenticated("missing", "A bearer token is required.")
        return await self.verifier.actor(token.strip())

    async def _adapter(self, key: str, table: KeyTable) -> Actor:
        digest = hash_of(key)
        known = self._known.get(digest)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        async with self.db.transaction(edge="api_key") as tx:
            found = await find_key(tx, table, key)
        if found is None:
            self._known.pop(digest, None)
            raise unauthenticated("api_key", "This key is not accepted.")
        if len(self._known) >= _MAX_KEYS:
            self._known.clear()
        adapter = replace(actor_of(f"key:{found.id}", ["channel_adapter"]), channel=found.channel)
        self._known[digest] = (adapter, time.monotonic() + _KEY_SECONDS)
        return adapter


@dataclass(frozen=True)
class Needs:
    """The dependency behind `needs`: any one of the rights is enough; none listed means any signed-in caller."""

    rights: tuple[str, ...]
    api_keys: bool = False

    async def __call__(self, request: Request) -> Actor:
        gate: Gate = request.app.state.gate
        actor = await gate.actor(request, api_keys=self.api_keys)
        request.scope["state"]["actor"] = actor
        if self.rights and not any(actor.may(right) for right in self.rights):
            raise Forbidden("This needs a right that you do not have.", right=" or ".join(self.rights))
        return actor


def needs(*rights: str, api_keys: bool = False) -> Any:
    """For `Annotated[Actor, needs("cases:work")]`; with several rights, any one of them."""
    return Depends(Needs(rights, api_keys))


def check_channel(actor: Actor, channel: str) -> None:
    """Raises Forbidden when a key speaks for another channel than its own."""
    if actor.channel is not None and actor.channel != channel:
        raise Forbidden("This key is bound to another channel.", code="wrong_channel", channel=actor.channel)


__all__ = ["Gate", "Needs", "check_channel", "needs"]
