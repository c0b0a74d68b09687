"""Signs tokens for development and tests with a key kept beside the data; refuses to exist in production."""

import base64
import json
import os
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from shared.kernel.access import ROLES
from shared.web.settings import WebSettings

_KID = "development"


class DevIssuer:
    """A token issuer with its key in a file. The public keys stand beside it in `jwks_file`, for PWA_AUTH_JWKS_FILE."""

    def __init__(self, key_file: Path, settings: WebSettings | None = None) -> None:
        self.settings = settings or WebSettings()
        if self.settings.env == "production":
            raise RuntimeError("the development issuer does not exist in production")
        self.jwks_file = key_file.with_suffix(".jwks.json")
        self._key = _load_or_make(key_file)
        document = json.dumps(self.jwks())
        if not self.jwks_file.exists() or self.jwks_file.read_text() != document:
            _write(self.jwks_file, document.encode(), 0o644)

    def jwks(self) -> dict[str, Any]:
        """The public keys."""
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "EC", "crv": "P-256", "kid": _KID, "use": "sig", "alg": "ES256"}
        return {"keys": [{**key, "x": _b64(numbers.x), "y": _b64(numbers.y)}]}

    def mint(  # noqa: PLR0913 - one parameter per claim
        self,
        roles: Sequence[str],
        *,
        offices: Sequence[str] = (),
        regions: Sequence[int] = (),
        subject: str | None = None,
        scope: str | None = None,
        lifetime: timedelta = timedelta(hours=12),
        now: datetime | None = None,
    ) -> str:
        """A token for these roles; `offices` are BA codes, R01..R10, D1..D5 or HQ. Raises ValueError: unknown role."""
        unknown = set(roles) - ROLES.keys()
        if unknown or not roles:
            raise ValueError(f"unknown roles: {', '.join(sorted(unknown))}; known: {', '.join(sorted(ROLES))}")
        issued_at = int(now.timestamp() if now else time.time())
        claims: dict[str, Any] = {
            "iss": self.settings.auth_issuer,
            "aud": self.settings.auth_audience,
            "sub": subject or f"dev-{roles[0]}",
            "iat": issued_at,
            "exp": issued_at + int(lifetime.total_seconds()),
            "roles": list(roles),
            "offices": list(offices),
            "regions": list(regions),
        }
        if scope is not None:
            claims["scope"] = scope
        return jwt.encode(claims, self._key, algorithm="ES256", headers={"kid": _KID})


def _b64(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32)).rstrip(b"=").decode()


def _load_or_make(file: Path) -> ec.EllipticCurvePrivateKey:
    if not file.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.parent.mkdir(parents=True, exist_ok=True)
        _write(file, pem, 0o600)
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the key file holds another kind of key")
    return key


def _write(file: Path, content: bytes, mode: int) -> None:
    """Whole or not at all; whoever comes second finds the first one's file replaced, never half of one."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
    temporary.replace(file)
