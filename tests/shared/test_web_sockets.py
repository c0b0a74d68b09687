"""On a real socket, under the real server: what a client may do to a connection, and what it gets for it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from uvicorn.server import ServerState

from shared.web import server
from shared.web.server import BoundedHttp, server_config
from tests.shared.web_world import World, edge  # noqa: F401 - a fixture

GOOD = json.dumps({"channel": "line", "text": "น้ำไม่ไหล"}).encode()


class Wire:
    """A raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, token: str) -> None:
        self.reader, self.writer, self.token = reader, writer, token

    async def send(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()

    async def post(self, *headers: str, body: bytes = b"", path: str = "/intake/v1/cases") -> None:
        given = {line.split(":")[0].lower() for line in headers}
        lines = [f"POST {path} HTTP/1.1", "Host: pwa.test", f"Authorization: Bearer {self.token}", *headers]
        if "content-type" not in given:
            lines.append("Content-Type: application/json")
        await self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        async with asyncio.timeout(5):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in head[1:] if line)}
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return int(head[0].split()[1]), headers, body

    async def status(self) -> int:
        return (await self.answer())[0]

    async def is_closed(self) -> bool:
        async with asyncio.timeout(5):
            try:
                return await self.reader.read(1) == b""
            except ConnectionResetError:
                return True


class Served:
    """The application on a port of its own."""

    def __init__(self, port: int, world: World) -> None:
        self.port, self.world = port, world

    @asynccontextmanager
    async def wire(self) -> AsyncIterator[Wire]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Wire(reader, writer, self.world.token())
        finally:
            writer.close()


@pytest.fixture
async def served(edge: World) -> AsyncIterator[Served]:
    config = server_config(edge.app, "127.0.0.1", 0)
    config.load()
    state = ServerState()
    listening = await asyncio.get_running_loop().create_server(lambda: BoundedHttp(config, state, {}), "127.0.0.1", 0)
    yield Served(listening.sockets[0].getsockname()[1], edge)
    listening.close()
    await asyncio.gather(*state.tasks)


async def test_a_complaint_in_thai_is_taken_in_whole_or_in_chunks(served: Served) -> None:
    async with served.wire() as wire:
        await wire.post(f"Content-Length: {len(GOOD)}", body=GOOD)
        status, headers, body = await wire.answer()
        assert (status, json.loads(body)["text"]) == (201, "น้ำไม่ไหล")
        assert headers["x-content-type-options"] == "nosniff"
        half = len(GOOD) // 2
        await wire.post("Transfer-Encoding: chunked")
        for part in (GOOD[:half], GOOD[half:]):
            await wire.send(b"%x\r\n%s\r\n" % (len(part), part))
        await wire.send(b"0\r\n\r\n")
        assert await wire.status() == 201


async def test_a_body_said_to_be_too_large_is_refused_before_it_is_read(served: Served) -> None:
    async with served.wire() as wire:
        await wire.post("Content-Length: 1048577")
        status, headers, body = await wire.answer()
        assert (status, json.loads(body)["code"], headers["connection"]) == (413, "body_too_large", "close")
        assert await wire.is_closed()


async def test_a_body_that_grows_too_large_in_chunks_is_refused(served: Served) -> None:
    async with served.wire() as wire:
        await wire.post("Transfer-Encoding: chunked")
        chunk = b"%x\r\n%s\r\n" % (65_536, b"x" * 65_536)
        for _ in range(17):
            await wire.send(chunk)
        assert await wire.status() == 413


async def test_a_body_that_never_ends_times_out(served: Served) -> None:
    async with served.wire() as wire:
        await wire.post("Content-Length: 500", body=GOOD)
        status, headers, _ = await wire.answer()
        assert (status, headers["connection"]) == (408, "close")
        assert await wire.is_closed()


async def test_a_client_that_hangs_up_disturbs_nobody(served: Served) -> None:
    async with served.wire() as wire:
        await wire.post("Content-Length: 500", body=GOOD)
    async with served.wire() as wire:
        await wire.post(f"Content-Length: {len(GOOD)}", body=GOOD)
        assert await wire.status() == 201


async def test_a_long_target_and_long_headers_are_refused(served: Served) -> None:
    async with served.wire() as wire:
        await wire.post("Content-Length: 0", path="/intake/v1/cases?x=" + "a" * 8192)
        assert await wire.status() == 414
    async with served.wire() as wire:
        await wire.post("Content-Length: 0", "X-Long: " + "a" * 16_384)
        assert await wire.status() == 431
    async with served.wire() as wire:
        await wire.post("Content-Length: 0", *(f"X-{n}: 1" for n in range(120)))
        assert await wire.status() == 431


@pytest.mark.parametrize(
    ("start", "more", "status"),
    [(b"GET /", b"a", 414), (b"GET / HTTP/1.1\r\nHost: pwa.test\r\n", b"X: " + b"a" * 200 + b"\r\n", 431)],
)
async def test_an_endless_head_is_cut_off(served: Served, start: bytes, more: bytes, status: int) -> None:
    async with served.wire() as wire:
        await wire.send(start)
        try:
            for _ in range(100):
                await wire.send(more * (8000 // len(more)))
        except ConnectionError:
            pass  # the server has hung up already
        assert await wire.status() == status


async def test_a_huge_target_in_one_piece_is_refused(served: Served) -> None:
    async with served.wire() as wire:
        await wire.send(b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: pwa.test\r\n\r\n")
        status, headers, _ = await wire.answer()
        assert (status, headers["content-type"]) == (414, "application/problem+json")


async def test_a_head_that_never_ends_times_out(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.2)
    async with served.wire() as wire:
        await wire.send(b"GET /livez HTTP/1.1\r\nHost:")
        assert await wire.status() == 408
    async with served.wire() as silent:
        assert await silent.is_closed()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS to a plain port
        b"NONSENSE\r\n\r\n",
        b"POST /intake/v1/cases HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /intake/v1/cases HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_a_problem_document_and_the_end(served: Served, request_bytes: bytes) -> None:
    async with served.wire() as wire:
        await wire.send(request_bytes)
        status, headers, body = await wire.answer()
        assert (status, headers["content-type"]) == (400, "application/problem+json")
        assert json.loads(body)["status"] == 400
        assert await wire.is_closed()


async def test_a_body_of_another_sort_is_refused_before_it_is_read(served: Served) -> None:
    for extra in (("Content-Type: text/csv",), ("Content-Encoding: gzip",)):
        async with served.wire() as wire:
            await wire.post("Content-Length: 500", *extra)
            assert await wire.status() == 415


async def test_the_next_request_on_a_connection_is_served_after_a_refusal(served: Served) -> None:
    async with served.wire() as wire:
        await wire.post("Content-Length: 1", body=b"{")
        assert await wire.status() == 400
        await wire.post(f"Content-Length: {len(GOOD)}", body=GOOD)
        assert await wire.status() == 201


async def test_a_patient_client_is_told_to_go_on(served: Served) -> None:
    async with served.wire() as wire:
        await wire.post(f"Content-Length: {len(GOOD)}", "Expect: 100-continue")
        assert await wire.status() == 100
        await wire.send(GOOD)
        assert await wire.status() == 201
