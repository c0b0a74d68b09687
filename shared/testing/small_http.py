"""A very small HTTP/1.1 server on asyncio streams for test doubles; it can be rude on purpose (see script.py)."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.kernel.ports import free_port
from shared.testing.script import Script, Trick

REASONS = {200: "OK", 202: "Accepted", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 409: "Conflict"}


@dataclass(frozen=True)
class Request:
    """What arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What goes back."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        content = json.dumps(self.body, ensure_ascii=False).encode() if self.body is not None else b""
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Status')}", "Content-Type: application/json"]
        lines += [f"Content-Length: {len(content)}", *(f"{name}: {value}" for name, value in self.headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


class SmallHttpServer:
    """Hands each request to `answer`; the script decides how faithfully the reply gets back."""

    def __init__(self, answer: Callable[[Request], Reply], script: Script, port: int = 0) -> None:
        self._answer = answer
        self._script = script
        self._port = port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._port = self._port or free_port()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    async def stop(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._open):
            writer.close()
        await self._server.wait_closed()
        self._server = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while request := await _read(reader):
                if not await self._reply(request, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _reply(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False ends the connection."""
        trick = self._script.take()
        reply = _refusal(trick) if trick and trick.kind == "fail" else self._answer(request)
        if trick and not await _act(trick, reader, writer):
            return False
        writer.write(reply.to_bytes())
        await writer.drain()
        return True


def _refusal(trick: Trick) -> Reply:
    headers = {"Retry-After": str(trick.retry_after)} if trick.retry_after is not None else {}
    return Reply(trick.status, {"message": "scripted refusal"}, headers)


async def _act(trick: Trick, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Play the trick; False when no regular reply shall follow."""
    if trick.kind == "hang":
        await reader.read()
    if trick.kind == "garbage":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Type: application/json\r\n\r\n<\xff\x00not{js")
        await writer.drain()
    if trick.kind == "slow":
        await asyncio.sleep(trick.seconds)
    if trick.kind == "hold" and trick.hold:
        trick.hold.arrived.set()
        await trick.hold.released.wait()
    return trick.kind not in {"hang", "drop", "garbage"}


async def _read(reader: asyncio.StreamReader) -> Request | None:
    """The next request of the connection, or None at its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(headers.get("content-length") or 0))
    return Request(method, path, headers, body)
