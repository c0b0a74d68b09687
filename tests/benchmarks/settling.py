"""What a received case costs until every service has it: cases a second and processor milliseconds, end to end."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import asyncpg

from services.catalogue import SERVICES
from shared.db.embedded import EmbeddedPostgres
from shared.messaging.local_kafka import LocalKafka
from shared.reference import branches
from shared.testing import postgres
from shared.testing.postgres import TestDatabase
from tests.benchmarks import processor
from tests.benchmarks.place import plain
from tests.benchmarks.running import Running, apart, load

CONNECTIONS = 16
WARM_UP_SECONDS = 2.0
PATIENCE_SECONDS = 300.0
HOW = (
    f"{CONNECTIONS} clients POST without a pause; it ends when every outbox is empty and every service has each event "
    "of the topics that it subscribes to in its inbox; CPU: processor milliseconds a case"
)
_SCHEMAS = [service.name for service in SERVICES]
_UNSENT = " OR ".join(f"EXISTS (SELECT FROM {schema}.outbox)" for schema in _SCHEMAS)
_SENT = " UNION ALL ".join(f"SELECT topic FROM {schema}.outbox_sent" for schema in _SCHEMAS)
_MISSING = "SELECT " + " + ".join(
    f"(SELECT count(*) FROM sent JOIN {schema}.subscription USING (topic)) - (SELECT count(*) FROM {schema}.inbox)"
    for schema in _SCHEMAS
)
_SET_ASIDE = "SELECT " + " + ".join(f"(SELECT count(*) FROM {schema}.parked)" for schema in _SCHEMAS)


@dataclass(frozen=True)
class Used:
    """Processor seconds: of the services' processes, of PostgreSQL, of a Kafka node, of whoever sends requests."""

    services: float = 0.0
    server: float = 0.0
    kafka: float = 0.0
    sender: float = 0.0

    @property
    def whole(self) -> float:
        """Of two cores that hold everything: the goal counts whoever sends, too."""
        return self.services + self.server + self.kafka + self.sender

    def since(self, before: "Used") -> "Used":
        return Used(
            self.services - before.services, self.server - before.server,
            self.kafka - before.kafka, self.sender - before.sender,
        )  # fmt: skip


@dataclass(frozen=True)
class Settled:
    """So many cases, everywhere after so many seconds."""

    transport: str
    cases: int
    posting: float  # seconds until the last answer
    seconds: float  # ... and until the last service had heard of it
    used: Used
    set_aside: int = 0
    is_whole: bool = True  # False: something was still on its way after the patience

    @property
    def rate(self) -> float:
        return self.cases / self.seconds

    def cost(self, used: float) -> float:
        """Milliseconds of a processor per case."""
        return used * 1000 / self.cases


@dataclass(frozen=True)
class Meter:
    """Reads what the processors have done so far."""

    running: Running
    server: EmbeddedPostgres
    kafka: int | None = None  # the node's process id

    def read(self) -> Used:
        assert self.server._process is not None
        times = os.times()
        return Used(
            services=sum(map(processor.seconds, self.running.pids)),
            server=processor.seconds_with_children(self.server._process.pid),
            kafka=processor.seconds(self.kafka) if self.kafka else 0.0,
            sender=times.user + times.system + times.children_user + times.children_system,
        )


async def settling(server: EmbeddedPostgres, seconds: float, kafka: LocalKafka | None = None) -> Settled:
    """POSTs for so long, then waits. All services in one process, or with Kafka between them a process for each."""
    database = await postgres.create(server)
    try:
        async with apart(database, kafka=kafka.bootstrap if kafka else "") as running:
            meter = Meter(running, server, kafka.pid if kafka else None)
            await _settle(database, meter, min(WARM_UP_SECONDS, seconds))
            return replace(await _settle(database, meter, seconds), transport="Kafka" if kafka else "embedded")
    finally:
        await postgres.drop(database)


async def _settle(database: TestDatabase, meter: Meter, seconds: float) -> Settled:
    connection = await asyncpg.connect(plain(database.admin_url))
    try:
        before, began = meter.read(), time.perf_counter()
        seen = await load([meter.running], sorted(branches()), connections=CONNECTIONS, seconds=seconds)
        is_whole = await until_quiet(connection)
        took, used = time.perf_counter() - began, meter.read().since(before)
        set_aside = await connection.fetchval(_SET_ASIDE)
        return Settled("", len(seen["accepted"]), seen["seconds"], took, used, set_aside, is_whole)
    finally:
        await connection.close()


async def until_quiet(connection: asyncpg.Connection, patience: float = PATIENCE_SECONDS) -> bool:
    """Wait until nothing is on its way between the services; False when that takes longer than the patience."""
    until = time.monotonic() + patience
    while not await _is_quiet(connection):
        if time.monotonic() > until:
            return False
        await asyncio.sleep(0.1)
    return True


async def _is_quiet(connection: asyncpg.Connection) -> bool:
    if await connection.fetchval(f"SELECT {_UNSENT}"):
        return False
    return not await connection.fetchval(f"WITH sent AS ({_SENT}) {_MISSING}")


def show(found: Settled, tell: Callable[[str], None] = print) -> None:
    """One line under the heading."""
    used = found.used
    parts = (used.services, used.server, used.kafka, used.sender)
    figures = "".join(f"{found.cost(part):11.2f}" for part in parts)
    tell(f"  {found.transport:10}{found.cases:7}{found.cases / found.posting:9.0f}{found.rate:10.0f}{figures}")
    if not found.is_whole:
        tell(f"  {'':10}something was still on its way after {PATIENCE_SECONDS:.0f} s")
    if found.set_aside:
        tell(f"  {'':10}{found.set_aside} events were set aside")


def heading() -> Sequence[str]:
    """What the lines of `show` mean."""
    names = "".join(f"{name:>11}" for name in ("services", "PostgreSQL", "Kafka", "sender"))
    return f"  {HOW}", f"  {'':10}{'cases':>7}{'POST/s':>9}{'cases/s':>10}{names}"
