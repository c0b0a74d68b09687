"""Who comes in: tokens of the issuer and keys of a channel; everything else is a 401 that says no more than it must."""

import base64
import json
import stat
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from shared.db.api_keys import find_key, issue_key, list_keys, revoke_key
from shared.kernel.access import actor_of
from shared.kernel.errors import NotFound
from shared.kernel.ids import uuid7
from shared.web.dev_issuer import DevIssuer
from shared.web.jwks import FixedKeys, KeySet, read_keys
from shared.web.problems import Rejection
from shared.web.settings import WebSettings
from shared.web.tokens import TokenVerifier
from tests.shared.web_world import API_KEYS, World, edge, web_database, world  # noqa: F401 - fixtures

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)
EC = ec.generate_private_key(ec.SECP256R1())
SETTINGS = WebSettings()


def jwk(key: Any, kid: str) -> dict[str, Any]:
    algorithm = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid}


JWKS = {"keys": [jwk(RSA, "rsa"), jwk(EC, "ec"), jwk(WEAK, "weak"), {"kty": "oct", "kid": "oct", "k": "c2VjcmV0"}]}


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    base = {
        "iss": SETTINGS.auth_issuer, "aud": SETTINGS.auth_audience, "sub": "somchai", "iat": now, "exp": now + 60,
        "roles": ["branch_staff"], "offices": ["1102"],
    }  # fmt: skip
    return {name: value for name, value in {**base, **changed}.items() if value is not None}


def token(key: Any = RSA, algorithm: str = "RS256", kid: Any = "rsa", **changed: Any) -> str:
    return jwt.encode(claims(**changed), key, algorithm=algorithm, headers={"kid": kid} if kid is not None else None)


def by_hand(header: Mapping[str, Any], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims()).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def public_pem() -> bytes:
    return RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def signed_with_public_key() -> str:
    import hashlib
    import hmac

    unsigned = by_hand({"alg": "HS256", "kid": "rsa", "typ": "JWT"}).rsplit(".", 1)[0]
    signature = hmac.new(public_pem(), unsigned.encode(), hashlib.sha256).digest()
    return f"{unsigned}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


BAD: dict[str, Callable[[], str]] = {
    "alg none": lambda: by_hand({"alg": "none", "kid": "rsa"}),
    "alg none in capitals": lambda: by_hand({"alg": "NONE", "kid": "rsa"}),
    "HS256 with the public key as secret": signed_with_public_key,
    "HS256 with a symmetric key of the set": lambda: token(b"secret" * 8, "HS256", "oct"),
    "another key under a known id": lambda: token(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "ES256 under an RSA key's id": lambda: token(EC, "ES256", "rsa"),
    "RS512 instead of RS256": lambda: token(RSA, "RS512"),
    "a key too weak": lambda: token(kid="weak"),
    "an unknown key id": lambda: token(kid="other"),
    "no key id": lambda: token(kid=None),
    "a key id that is a path": lambda: token(kid="../../../../dev/null"),
    "a key id that is SQL": lambda: token(kid="x' UNION SELECT 'secret' --"),
    "an endless key id": lambda: token(kid="k" * 4000),
    "a key address of its own": lambda: by_hand({"alg": "RS256", "jku": "http://evil.test/jwks", "kid": "evil"}),
    "a key of its own": lambda: by_hand({"alg": "RS256", "jwk": jwk(RSA, "evil"), "kid": "evil"}),
    "a critical header": lambda: by_hand({"alg": "RS256", "kid": "rsa", "crit": ["b64"]}),
    "expired": lambda: token(exp=int(time.time()) - 31),
    "no expiry": lambda: token(exp=None),
    "not yet valid": lambda: token(nbf=int(time.time()) + 60),
    "issued in the future": lambda: token(iat=int(time.time()) + 600),
    "another audience": lambda: token(aud="other"),
    "no audience": lambda: token(aud=None),
    "another issuer": lambda: token(iss="other"),
    "no subject": lambda: token(sub=None),
    "a subject of our own": lambda: token(sub="system"),
    "a subject like a key": lambda: token(sub="key:1"),
    "a subject with a line end": lambda: token(sub="a\nb"),
    "roles as text": lambda: token(roles="branch_staff"),
    "regions as text": lambda: token(regions=["1"]),
    "scope as a list": lambda: token(scope=["cases:read"]),
    "rubbish": lambda: "rubbish",
    "dots": lambda: "..",
    "nested rubbish": lambda: "W1tb" * 700 + ".e30.e30",
    "too long": lambda: token(sub="s", padding="x" * 9000),
}


@pytest.mark.parametrize("what", BAD)
async def test_a_token_that_is_not_the_issuers_is_not_accepted(what: str) -> None:
    with pytest.raises(Rejection) as refused:
        await TokenVerifier(SETTINGS, FixedKeys(JWKS)).actor(BAD[what]())
    assert refused.value.status == 401
    assert refused.value.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("key", "algorithm", "kid"), [(RSA, "RS256", "rsa"), (EC, "ES256", "ec")])
async def test_a_token_of_the_issuer_becomes_its_actor(key: Any, algorithm: str, kid: str) -> None:
    actor = await TokenVerifier(SETTINGS, FixedKeys(JWKS)).actor(token(key, algorithm, kid, regions=[1]))
    assert actor == actor_of("somchai", ["branch_staff"], offices=["1102"], regions=[1])


async def test_half_a_minute_of_leeway_is_given() -> None:
    await TokenVerifier(SETTINGS, FixedKeys(JWKS)).actor(token(exp=int(time.time()) - 20))


async def test_a_scope_narrows_and_never_widens() -> None:
    verifier = TokenVerifier(SETTINGS, FixedKeys(JWKS))
    actor = await verifier.actor(token(scope="cases:read operations"))
    assert actor.rights == {"cases:read"}
    assert (await verifier.actor(token(scope=""))).rights == frozenset()
    assert (await verifier.actor(token(roles=["emperor"]))).rights == frozenset()


async def test_a_token_is_remembered_no_longer_than_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    verifier = TokenVerifier(SETTINGS, FixedKeys(JWKS))
    short = token(exp=int(time.time()) + 5)
    assert await verifier.actor(short) is await verifier.actor(short)
    later = time.time() + 36
    monkeypatch.setattr("shared.web.tokens.time.time", lambda: later)
    monkeypatch.setattr("jwt.api_jwt.datetime", _Later)
    with pytest.raises(Rejection):
        await verifier.actor(short)


class _Later(datetime):
    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return datetime.now(tz) + timedelta(seconds=36)


async def test_keys_are_fetched_once_and_again_for_an_unknown_id_but_not_for_every_one() -> None:
    served = {"keys": [jwk(RSA, "rsa")]}
    asked: list[str] = []
    now = [1000.0]

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json=served)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        keys = KeySet(url="http://issuer.test/jwks", http=http, monotonic=lambda: now[0])
        assert await keys.find("rsa") is not None
        assert await keys.find("rsa") is not None
        assert len(asked) == 1
        served["keys"].append(jwk(EC, "ec"))
        for _ in range(50):
            assert await keys.find("ec") is None  # within the pause: made-up ids must not hammer the issuer
        assert len(asked) == 1
        now[0] += 31
        assert await keys.find("ec") is not None
        assert len(asked) == 2


async def test_keys_once_had_are_used_while_the_issuer_is_away() -> None:
    up = [True]
    now = [1000.0]

    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=JWKS) if up[0] else httpx.Response(500)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        keys = KeySet(url="http://issuer.test/jwks", http=http, monotonic=lambda: now[0])
        await keys.find("rsa")
        up[0] = False
        now[0] += 3600
        assert await keys.find("rsa") is not None
        fresh = KeySet(url="http://issuer.test/jwks", http=http, monotonic=lambda: now[0])
        with pytest.raises(Rejection) as refused:
            await fresh.find("rsa")
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "5")


async def test_keys_come_from_a_file(tmp_path: Path) -> None:
    issuer = DevIssuer(tmp_path / "issuer.pem")
    settings = WebSettings(auth_jwks_file=issuer.jwks_file)
    actor = await TokenVerifier(settings).actor(issuer.mint(["branch_manager"], offices=["1102"], subject="malee"))
    assert (actor.id, actor.scope.offices) == ("malee", frozenset({"1102"}))


def test_keys_that_are_not_fit_for_signatures_are_left_out() -> None:
    encryption = {**jwk(RSA, "enc"), "use": "enc"}
    other_curve = jwk(ec.generate_private_key(ec.SECP384R1()), "p384")
    broken = {"kty": "RSA", "kid": "broken", "n": "", "e": "AQAB"}
    document = json.dumps({"keys": [*JWKS["keys"], encryption, other_curve, broken, {"kty": "RSA"}]}).encode()
    assert set(read_keys(document)) == {"rsa", "ec"}


def test_the_development_issuer_keeps_its_key_to_itself(tmp_path: Path) -> None:
    file = tmp_path / "data" / "issuer.pem"
    first, second = DevIssuer(file), DevIssuer(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert first.jwks() == second.jwks() == json.loads(first.jwks_file.read_text())
    assert "d" not in first.jwks()["keys"][0]


def test_the_development_issuer_does_not_exist_in_production(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        DevIssuer(tmp_path / "issuer.pem", WebSettings(env="production"))
    assert list(tmp_path.iterdir()) == []


def test_the_development_issuer_knows_the_roles_only(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown roles: emperor"):
        DevIssuer(tmp_path / "issuer.pem").mint(["emperor"])


async def test_without_credentials_the_challenge_is_given(edge: World) -> None:
    async with edge.client(None) as client:
        missing = await client.get("/intake/v1/cases")
        basic = await client.get("/intake/v1/cases", headers={"Authorization": "Basic YTpi"})
        wrong = await client.get("/intake/v1/cases", headers={"Authorization": "Bearer a.b.c"})
        key = await client.get("/intake/v1/cases", headers={"X-API-Key": "pwa_x"})
    assert [each.status_code for each in (missing, basic, wrong, key)] == [401, 401, 401, 401]
    assert missing.headers["www-authenticate"] == 'Bearer realm="pwa"'
    assert wrong.headers["www-authenticate"] == 'Bearer realm="pwa", error="invalid_token"'


async def test_a_token_of_yesterday_is_expired(edge: World) -> None:
    old = edge.token("branch_staff", now=datetime.now(UTC) - timedelta(days=1))
    async with edge.client(old) as client:
        answer = await client.get("/intake/v1/cases")
    assert (answer.status_code, answer.json()["detail"]) == (401, "This token has expired.")


async def test_a_key_of_a_channel_speaks_for_that_channel_only(world: World) -> None:
    async with world.db.transaction(actor=actor_of("admin", ["operator"])) as tx:
        made, key = await issue_key(tx, API_KEYS, channel="traffy_fondue", label="Traffy")
    headers = {"X-API-Key": key}
    case = {"channel": "traffy_fondue", "text": "ท่อแตก"}
    async with world.client(None, headers) as client:
        own = await client.post("/intake/v1/cases", json=case)
        foreign = await client.post("/intake/v1/cases", json={**case, "channel": "line"})
        elsewhere = await client.get("/intake/v1/cases")
        guessed = await client.post("/intake/v1/cases", json=case, headers={"X-API-Key": key[:-1] + "_"})
    assert [each.status_code for each in (own, foreign, elsewhere, guessed)] == [201, 403, 401, 401]
    assert foreign.json()["code"] == "wrong_channel"
    stored = await world.run("SELECT * FROM api_keys")
    assert key not in str(stored)
    assert (stored[0].created_by, stored[0].id) == ("admin", made.id)


async def test_a_revoked_key_is_not_accepted(world: World) -> None:
    async with world.db.transaction() as tx:
        made, key = await issue_key(tx, API_KEYS, channel="line", label="LINE")
        assert (await find_key(tx, API_KEYS, key)) == made
    async with world.db.transaction() as tx:
        revoked = await revoke_key(tx, API_KEYS, made.id)
        assert await revoke_key(tx, API_KEYS, made.id) == revoked
        with pytest.raises(NotFound):
            await revoke_key(tx, API_KEYS, uuid7())
    async with world.client(None, {"X-API-Key": key}) as client:
        answer = await client.post("/intake/v1/cases", json={"channel": "line", "text": "x"})
    assert answer.status_code == 401
    async with world.db.transaction() as tx:
        assert await list_keys(tx, API_KEYS, after=None, limit=10) == [revoked]
        assert await list_keys(tx, API_KEYS, after=made.id, limit=10) == []
