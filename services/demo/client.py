"""A REST client of the running product: who signs in as what, and where each service answers."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.kernel.access import rows_of
from shared.reference import DEPUTY_AREAS
from shared.runtime.settings import RuntimeSettings
from shared.web.dev_issuer import DevIssuer

AT_ONCE = 12
TRIES = 6
_BUSY = frozenset({429, 503})


class NotRunning(Exception):
    """The product does not answer; `make up` starts it."""


class Refused(Exception):
    """The product said no, with its reason."""

    def __init__(self, request: str, status: int, code: str) -> None:
        super().__init__(f"{request}: {status} {code}")
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Answer:
    """What came back: status, body and, of one thing, its version."""

    status: int
    body: Any
    etag: str | None


@dataclass
class Product:
    """The services by name, and tokens for everybody who works there."""

    endpoints: Mapping[str, str]
    issuer: DevIssuer
    http: httpx.AsyncClient
    _staff: dict[tuple[object, ...], "Staff"] = field(default_factory=dict)

    def staff(self, role: str, office: str | None = None, *, subject: str | None = None, also: str = "") -> "Staff":
        """Somebody with a role at an office, signed in; `also` is a second role."""
        name = subject or f"demo-{role}-{office or 'hq'}"
        key = (role, office, name, also)
        if key not in self._staff:
            _, regions = rows_of(office, DEPUTY_AREAS)
            roles = [role, *([also] if also else [])]
            token = self.issuer.mint(roles, offices=[office] if office else [], regions=list(regions), subject=name)
            self._staff[key] = Staff(self, f"Bearer {token}")
        return self._staff[key]


@dataclass(frozen=True)
class Staff:
    """One person at work. Every call raises Refused when the answer is no."""

    product: Product
    token: str

    async def get(self, path: str, **query: object) -> Any:
        return (await self.send("GET", path, query={k: v for k, v in query.items() if v is not None})).body

    async def post(self, path: str, body: object = None, *, headers: Mapping[str, str] | None = None) -> Answer:
        return await self.send("POST", path, body={} if body is None else body, headers=headers)

    async def change(self, path: str, body: object, *, thing: str, method: str = "POST") -> Answer:
        """Change a thing in the version that it has now (If-Match); once more when somebody else came first."""
        for last in (False, True):
            seen = await self.send("GET", thing)
            try:
                return await self.send(method, path, body=body, headers={"If-Match": seen.etag or '"0"'})
            except Refused as refused:
                if refused.status != 412 or last:
                    raise
        raise AssertionError("unreachable")

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request; a service that says it is busy is asked again when it says so."""
        base = self.product.endpoints[path.split("/")[1]]
        sent = {"Authorization": self.token, **(headers or {})}
        answer = await self._send(method, base + path, body, query, sent)
        for _ in range(TRIES):
            if answer.status_code not in _BUSY:
                break
            await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
            answer = await self._send(method, base + path, body, query, sent)
        if answer.status_code >= 400:
            raise Refused(f"{method} {path}", answer.status_code, _code(answer))
        return Answer(answer.status_code, answer.json() if answer.content else None, answer.headers.get("ETag"))

    async def _send(
        self, method: str, url: str, body: object, query: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        try:
            return await self.product.http.request(
                method, url, json=body if method != "GET" else None, params=query, headers=headers
            )
        except httpx.ConnectError as error:
            raise NotRunning(url) from error

    async def pages(self, path: str, *, most: int = 1000, **query: object) -> list[Any]:
        """The entries of a list, page after page, up to a bound."""
        found: list[Any] = []
        cursor: str | None = None
        while len(found) < most:
            page = await self.get(path, cursor=cursor, limit=200, **query)
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        return found[:most]


def _code(answer: httpx.Response) -> str:
    try:
        found = answer.json()
    except ValueError:
        return answer.reason_phrase
    code = str(found.get("code", answer.reason_phrase)) if isinstance(found, dict) else answer.reason_phrase
    places = [f"{each.get('field', '')} {each.get('code', '')}" for each in found.get("errors", [])[:3]]
    return f"{code} ({'; '.join(places)})" if places else code


def open_product(settings: RuntimeSettings, http: httpx.AsyncClient) -> Product:
    """The product as it says where it runs. Raises NotRunning."""
    try:
        endpoints = json.loads(settings.endpoints_file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotRunning(str(settings.endpoints_file)) from error
    return Product(endpoints, DevIssuer(settings.issuer_file), http)


async def spread(
    items: Sequence[Any], work: Callable[[Any], Awaitable[Any]], *, tick: Callable[[], None], at_once: int = AT_ONCE
) -> list[Any]:
    """Do the work for each item, a few at a time; results in order, a refusal as the result of its item."""
    gate = asyncio.Semaphore(at_once)

    async def one(item: Any) -> Any:
        async with gate:
            try:
                return await work(item)
            except Refused as refused:
                return refused
            finally:
                tick()

    return list(await asyncio.gather(*(one(item) for item in items)))
