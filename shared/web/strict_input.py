"""Refuses what no route should ever see, before anything is read or parsed (reliability.md, "Bad input")."""

import asyncio
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.web import strict_json
from shared.web.problems import Rejection
from shared.web.settings import WebSettings

JSON = "application/json"
CSV = "text/csv"
_MAX_HEADERS = 100
Headers = Iterable[tuple[bytes, bytes]]


class _Gone(Exception):
    """The client hung up before its body was complete."""


class StrictInput:
    """Checks target, headers and body of every request, then hands the complete body on. Raises Rejection."""

    def __init__(self, app: ASGIApp, settings: WebSettings, csv_paths: frozenset[str] = frozenset()) -> None:
        self.app = app
        self.settings = settings
        self.csv_paths = csv_paths
        self.timeout = settings.body_timeout.total_seconds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self._check_target(scope)
        headers = self._check_headers(scope["headers"])
        if not _has_body(headers):
            scope["pwa.body"] = b""
            await self.app(scope, receive, send)
            return
        media = _media_type(headers, CSV if scope["path"] in self.csv_paths else JSON)
        self._check_length(headers)
        try:
            body = await self._read(receive)
        except _Gone:
            return
        if body and media == JSON:
            scope["pwa.json"] = strict_json.parse(body)
        scope["pwa.body"] = body
        await self.app(scope, BodyAgain(body, receive), send)

    def _check_target(self, scope: Scope) -> None:
        query: bytes = scope.get("query_string", b"")
        path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogatepass")
        if len(path) + len(query) > self.settings.max_target_bytes:
            limit = self.settings.max_target_bytes
            raise Rejection(414, "target_too_long", f"Path and query are longer than {limit} bytes.", close=True)
        for part in (path, query):
            if b"%" in part or not part.isascii():
                _check_encoding(unquote_to_bytes(part))

    def _check_headers(self, headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
        size = sum(len(name) + len(value) + 4 for name, value in headers)
        if size > self.settings.max_header_bytes or len(headers) > _MAX_HEADERS:
            limit = self.settings.max_header_bytes
            raise Rejection(431, "headers_too_large", f"The headers are longer than {limit} bytes.", close=True)
        return dict(headers)

    def _check_length(self, headers: dict[bytes, bytes]) -> None:
        stated = headers.get(b"content-length")
        if stated is None:
            return
        if not stated.isdigit() or b"transfer-encoding" in headers:
            raise Rejection(400, "bad_content_length", "The length of the body is not stated properly.", close=True)
        if len(stated) > 18 or int(stated) > self.settings.max_body_bytes:
            raise self._too_large()

    def _too_large(self) -> Rejection:
        limit = self.settings.max_body_bytes
        return Rejection(413, "body_too_large", f"The body is larger than {limit} bytes.", close=True)

    async def _read(self, receive: Receive) -> bytes:
        try:
            async with asyncio.timeout(self.timeout):
                return await self._collect(receive)
        except TimeoutError:
            raise Rejection(408, "body_timeout", "The body did not arrive in time.", close=True) from None

    async def _collect(self, receive: Receive) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > self.settings.max_body_bytes:
                raise self._too_large()
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)


class BodyAgain:
    """Gives the body that was read as one message, then what the server has to say."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self.body: bytes | None = body
        self.receive = receive

    async def __call__(self) -> Message:
        if self.body is None:
            return await self.receive()
        body, self.body = self.body, None
        return {"type": "http.request", "body": body, "more_body": False}


def _has_body(headers: dict[bytes, bytes]) -> bool:
    return headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers


def _media_type(headers: dict[bytes, bytes], wanted: str) -> str:
    """The one that the path takes: JSON, or CSV where a table is imported."""
    media, _, parameters = headers.get(b"content-type", b"").lower().partition(b";")
    charset = parameters.strip().removeprefix(b"charset=").strip(b'" ')
    if media.strip() != wanted.encode() or charset not in {b"", b"utf-8", b"utf8"}:
        detail = f"Send {wanted} in UTF-8."
        raise Rejection(415, "unsupported_media_type", detail, headers={"Accept": wanted}, close=True)
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        accepted = {"Accept-Encoding": "identity"}
        raise Rejection(415, "unsupported_encoding", "Send the body uncompressed.", headers=accepted, close=True)
    return wanted


def _check_encoding(target: bytes) -> None:
    try:
        text = target.decode("utf-8")
    except UnicodeDecodeError:
        raise Rejection(422, "target_not_utf8", "Path and query must be UTF-8.") from None
    if "\0" in text:
        raise Rejection(422, "forbidden_character", "Path or query hold NUL.")
