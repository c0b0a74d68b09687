"""The public keys of the token issuer, from a file or an address, cached; refreshed when an unknown key is named."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx
import jwt
import structlog
from jwt import PyJWK

from shared.observability.privacy import describe_error
from shared.web.problems import unavailable

log = structlog.get_logger(__name__)
_FRESH_SECONDS = 600.0
_PAUSE_SECONDS = 30.0  # between two refreshes: made-up key ids must not make us hammer the issuer
_MAX_DOCUMENT = 262_144
_MIN_RSA_BITS = 2048


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key and the one algorithm that it may be used with."""

    key: Any
    algorithm: str


def read_keys(document: bytes) -> dict[str, PublicKey]:
    """The usable public keys of a JWKS by key id: RSA of at least 2048 bits, and P-256. Others are left out."""
    keys: dict[str, PublicKey] = {}
    for entry in json.loads(document)["keys"]:
        found = _usable(entry)
        if found is not None:
            keys[str(entry["kid"])] = found
    return keys


def _usable(entry: Mapping[str, Any]) -> PublicKey | None:
    algorithm = {"RSA": "RS256", "EC": "ES256"}.get(str(entry.get("kty")))
    if algorithm is None or not entry.get("kid") or entry.get("use", "sig") != "sig":
        return None
    if entry.get("alg", algorithm) != algorithm or (algorithm == "ES256" and entry.get("crv") != "P-256"):
        return None
    public = {name: value for name, value in entry.items() if name in {"kty", "kid", "n", "e", "crv", "x", "y"}}
    try:
        key = PyJWK.from_dict(public, algorithm=algorithm).key
    except (jwt.PyJWKError, jwt.InvalidKeyError, ValueError):
        return None
    if algorithm == "RS256" and key.key_size < _MIN_RSA_BITS:
        return None
    return PublicKey(key, algorithm)


class KeySource(Protocol):
    """Gives the public key of a key id."""

    async def find(self, kid: str) -> PublicKey | None: ...


class FixedKeys:
    """Keys that are known from the start."""

    def __init__(self, jwks: Mapping[str, Any]) -> None:
        self._keys = read_keys(json.dumps(jwks).encode())

    async def find(self, kid: str) -> PublicKey | None:
        return self._keys.get(kid)


class KeySet:
    """Where token signatures are checked against."""

    def __init__(
        self,
        *,
        file: Path | None = None,
        url: str | None = None,
        http: httpx.AsyncClient | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.file = file
        self.url = url
        self.http = http
        self._monotonic = monotonic
        self._keys: dict[str, PublicKey] = {}
        self._loaded_at: float | None = None
        self._tried_at: float | None = None
        self._lock = asyncio.Lock()

    async def find(self, kid: str) -> PublicKey | None:
        """The key of this id, None when the issuer does not have it. Raises 503 while no keys could be had."""
        if self._stale() or kid not in self._keys:
            await self._refresh()
        if self._loaded_at is None:
            raise unavailable("sign_in_unavailable", "The keys of the token issuer cannot be had.", retry_after=5)
        return self._keys.get(kid)

    def _stale(self) -> bool:
        return self._loaded_at is None or self._monotonic() - self._loaded_at > _FRESH_SECONDS

    async def _refresh(self) -> None:
        async with self._lock:
            now = self._monotonic()
            pause = _PAUSE_SECONDS if self._loaded_at is not None else 1.0
            if self._tried_at is not None and now - self._tried_at < pause:
                return
            self._tried_at = now
            try:
                self._keys = read_keys(await self._document())
                self._loaded_at = now
            except (OSError, ValueError, KeyError, TypeError, httpx.HTTPError) as error:
                log.warning("the token issuer's keys could not be read", **describe_error(error))

    async def _document(self) -> bytes:
        if self.file is not None:
            return self.file.read_bytes()
        if self.url is None:
            raise ValueError("neither PWA_AUTH_JWKS_FILE nor PWA_AUTH_JWKS_URL is set")
        if self.http is None:
            async with httpx.AsyncClient(timeout=5) as client:
                return await _fetch(client, self.url)
        return await _fetch(self.http, self.url)


async def _fetch(client: httpx.AsyncClient, url: str) -> bytes:
    async with client.stream("GET", url, timeout=5, headers={"Accept": "application/json"}) as response:
        response.raise_for_status()
        document = bytearray()
        async for chunk in response.aiter_bytes():
            document += chunk
            if len(document) > _MAX_DOCUMENT:
                raise ValueError("the key set is too large")
    return bytes(document)
