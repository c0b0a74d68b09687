"""Sends complaints over plain sockets, lean enough not to be what is measured; a process of its own.

Closed: each connection sends its next complaint as soon as the last is answered. Open (`rate` > 0): complaints arrive
at random, `rate` a second on average, whether or not the product keeps up; the wait for a free connection counts.
"""

import asyncio
import itertools
import json
import random
import sys
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import uvloop

from tests.benchmarks.complaint import body


@dataclass
class Seen:
    """What came back: microseconds of each answer, the cases accepted and when, other statuses counted."""

    took: list[int] = field(default_factory=list)
    accepted: list[tuple[str, float]] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)

    def note(self, status: int, answer: bytes, since: float) -> None:
        self.took.append(int((time.perf_counter() - since) * 1_000_000))
        if status == 201:
            self.accepted.append((answer[7:43].decode(), time.time()))
        else:
            self.refused[status] += 1


class Line(asyncio.Protocol):
    """One kept-alive connection: a request at a time."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.received = b""
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own kind

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(ConnectionError("the product closed the connection"))

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, gap, rest = self.received.partition(b"\r\n\r\n")
        if not gap:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(rest) >= length and self.answer is not None:
            self.received = b""
            self.answer.set_result((int(head[9:12]), rest))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        assert self.transport is not None
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self.answer


@dataclass
class Load:
    """What to send and where to."""

    ports: list[int]  # of the product's processes; they get connections in turn, as from a balancer
    key: str
    offices: list[str]
    connections: int
    seconds: float
    rate: float = 0.0
    numbers: int = 0
    seen: Seen = field(default_factory=Seen)

    def request(self) -> bytes:
        self.numbers += 1
        office = random.choice(self.offices)
        content = json.dumps(body(self.numbers, datetime.now(UTC).isoformat(), office), ensure_ascii=False).encode()
        head = (
            f"POST /intake/v1/cases HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {self.key}\r\n"
            f"Idempotency-Key: {uuid.uuid4().hex}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n"
        )
        return head.encode() + content

    async def run(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        dealt = itertools.islice(itertools.cycle(self.ports), self.connections)
        lines = [(await loop.create_connection(Line, "127.0.0.1", port))[1] for port in dealt]
        began = time.perf_counter()
        await (self._arrive(lines, began) if self.rate else self._press(lines, began))
        seconds = time.perf_counter() - began
        for line in lines:
            assert line.transport is not None
            line.transport.close()
        seen = self.seen
        return {"seconds": seconds, "took": seen.took, "accepted": seen.accepted, "refused": dict(seen.refused)}

    async def _press(self, lines: list[Line], began: float) -> None:
        async def one(line: Line) -> None:
            while (since := time.perf_counter()) - began < self.seconds:
                self.seen.note(*await line.ask(self.request()), since)

        await asyncio.gather(*map(one, lines))

    async def _arrive(self, lines: list[Line], began: float) -> None:
        free: asyncio.Queue[Line] = asyncio.Queue()
        for line in lines:
            free.put_nowait(line)

        async def one(due: float) -> None:
            line = await free.get()
            self.seen.note(*await line.ask(self.request()), due)
            free.put_nowait(line)

        due, sent = began, []
        while (due := due + random.expovariate(self.rate)) < began + self.seconds:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            sent.append(asyncio.create_task(one(due)))
        await asyncio.gather(*sent)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(uvloop.run(Load(**json.loads(sys.stdin.read())).run())))
