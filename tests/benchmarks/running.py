"""Starts the product and the load as processes of their own, and gives their answers."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from services.catalogue import SERVICES
from shared.kernel.ports import free_port
from shared.runtime.node import ROLES
from shared.testing.gateways import Gateways
from shared.testing.postgres import TestDatabase
from tests.benchmarks.complaint import KEY

PATIENCE = 60.0


@dataclass(frozen=True)
class Running:
    """A product process that serves; `others` are the process ids of those that belong to it."""

    port: int
    pid: int
    others: tuple[int, ...] = ()

    @property
    def pids(self) -> tuple[int, ...]:
        return self.pid, *self.others


async def _ends(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), PATIENCE)
    except TimeoutError:
        process.kill()
        await process.wait()


@asynccontextmanager
async def product(
    database: TestDatabase,
    *,
    services: Sequence[str] = tuple(service.name for service in SERVICES),
    roles: frozenset[str] = ROLES,
    kafka: str = "",
    keys: Mapping[str, Any] | None = None,
) -> AsyncIterator[Running]:
    """The product in a process of its own, for as long as it is wanted; `keys` are those of whoever signs tokens."""
    gateways = Gateways()
    await gateways.start()
    port = free_port()
    told = {
        "urls": {name: database.url(name) for name in services},
        "services": list(services),
        "roles": sorted(roles),
        "kafka": kafka,
        "prefix": f"{database.name}.",  # what another database told is none of this one's news
        "gateways": gateways.settings(),
        "key": KEY,
        "keys": keys or {"keys": []},
        "port": port,
    }
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "tests.benchmarks.product")
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, start_new_session=True)
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(told).encode() + b"\n")
        await process.stdin.drain()
        line = await asyncio.wait_for(process.stdout.readline(), PATIENCE)
        if line != b"serving\n":
            raise RuntimeError("the product did not start")
        yield Running(port, process.pid)
    finally:
        await _ends(process)
        await gateways.stop()


@asynccontextmanager
async def apart(
    database: TestDatabase, services: Sequence[str] = tuple(service.name for service in SERVICES), *, kafka: str = ""
) -> AsyncIterator[Running]:
    """The first of the services, with the others: all in one process, or a process each where Kafka is between them."""
    async with AsyncExitStack() as running:
        parts = [[name] for name in services] if kafka else [list(services)]
        began = [await running.enter_async_context(product(database, services=part, kafka=kafka)) for part in parts]
        yield replace(began[0], others=tuple(part.pid for part in began[1:]))


async def load(
    running: Sequence[Running], offices: Sequence[str], *, connections: int, seconds: float, rate: float = 0.0
) -> dict[str, Any]:
    """What tests.benchmarks.load saw. Raises RuntimeError when something else than 201 came back."""
    told = {
        "ports": [each.port for each in running], "key": KEY, "offices": list(offices), "connections": connections,
        "seconds": seconds, "rate": rate,
    }  # fmt: skip
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "tests.benchmarks.load")
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    try:
        out, _ = await asyncio.wait_for(process.communicate(json.dumps(told).encode()), seconds + PATIENCE)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RuntimeError("the load broke off")
    seen: dict[str, Any] = json.loads(out)
    if seen["refused"]:
        raise RuntimeError(f"the product refused: {seen['refused']}")
    return seen
