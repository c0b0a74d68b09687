"""Bearer tokens: a signed JWT becomes an Actor, or a 401 that says no more than it must."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import jwt

from shared.kernel.access import Actor, actor_of
from shared.observability import metrics
from shared.web.jwks import KeySet, KeySource
from shared.web.problems import Rejection
from shared.web.settings import WebSettings

_MAX_TOKEN = 8192
_MAX_KID = 128
_MAX_CACHED = 2048
_CACHE_SECONDS = 60.0
_REQUIRED = ("exp", "iat", "sub", "iss", "aud")


def unauthenticated(reason: str, detail: str = "This token is not accepted.") -> Rejection:
    """401 with the challenge that RFC 6750 asks for."""
    metrics.SIGN_IN_REFUSED.labels(reason).inc()
    challenge = 'Bearer realm="pwa"' + ("" if reason == "missing" else ', error="invalid_token"')
    code = "token_missing" if reason == "missing" else "token_invalid"
    return Rejection(401, code, detail, headers={"WWW-Authenticate": challenge})


class TokenVerifier:
    """Checks tokens. What was checked a moment ago is remembered, by hash, for a minute at most."""

    def __init__(self, settings: WebSettings, keys: KeySource | None = None) -> None:
        self.settings = settings
        self.keys: KeySource = keys or KeySet(file=settings.auth_jwks_file, url=settings.auth_jwks_url)
        self._known: OrderedDict[bytes, tuple[Actor, float]] = OrderedDict()

    def problems(self) -> list[str]:
        """Why nobody can sign in, for /readyz."""
        if isinstance(self.keys, KeySet) and self.keys.file is None and self.keys.url is None:
            return ["no token issuer is set: PWA_AUTH_JWKS_FILE or PWA_AUTH_JWKS_URL"]
        return []

    async def actor(self, token: str) -> Actor:
        """Who this token speaks for. Raises Rejection 401."""
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        known = self._known.get(digest)
        if known is not None and known[1] > time.time():
            return known[0]
        claims = await self._claims(token)
        actor = actor_of_claims(claims)
        self._remember(digest, actor, float(claims["exp"]))
        return actor

    def _remember(self, digest: bytes, actor: Actor, expires_at: float) -> None:
        until = min(expires_at + self.settings.auth_leeway.total_seconds(), time.time() + _CACHE_SECONDS)
        self._known[digest] = (actor, until)
        while len(self._known) > _MAX_CACHED:
            self._known.popitem(last=False)

    async def _claims(self, token: str) -> Mapping[str, Any]:
        kid = _key_id(token)
        key = await self.keys.find(kid)
        if key is None:
            raise unauthenticated("unknown_key")
        try:
            # The algorithm is the key's, never the token's: no "none", no HS256 with a public key as the secret.
            return jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm],
                audience=self.settings.auth_audience,
                issuer=self.settings.auth_issuer,
                leeway=self.settings.auth_leeway,
                options={"require": list(_REQUIRED)},
            )
        except jwt.ExpiredSignatureError:
            raise unauthenticated("expired", "This token has expired.") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            raise unauthenticated("invalid") from None


def _key_id(token: str) -> str:
    if len(token) > _MAX_TOKEN:
        raise unauthenticated("too_long")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise unauthenticated("malformed") from None
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= _MAX_KID or "crit" in header:
        raise unauthenticated("key_id")
    return kid


def actor_of_claims(claims: Mapping[str, Any]) -> Actor:
    """Roles, offices and regions of a token; `scope`, where it stands, narrows the rights. Raises Rejection 401."""
    scope = claims.get("scope")
    if scope is not None and not isinstance(scope, str):
        raise unauthenticated("claims")
    regions = claims.get("regions", [])
    if not isinstance(regions, list) or not all(type(region) is int for region in regions):
        raise unauthenticated("claims")
    return actor_of(
        _subject(claims),
        _texts(claims, "roles"),
        offices=_texts(claims, "offices"),
        regions=regions,
        rights=scope.split() if scope is not None else None,
    )


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 200 or not subject.isprintable():
        raise unauthenticated("claims")
    # Whoever signs tokens does not get to act as one of our own.
    if subject in {"system", "anonymous"} or subject.startswith("key:"):
        raise unauthenticated("claims")
    return subject


def _texts(claims: Mapping[str, Any], name: str) -> Sequence[str]:
    values = claims.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise unauthenticated("claims")
    return values
