"""What the whole life of a case costs: the demo's day, its mix of fates, notices, calls and reports."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx

from services.catalogue import SERVICES
from services.demo.cases import World
from services.demo.client import Product
from services.demo.main import play
from services.demo.progress import Bar, Stage
from shared.db.embedded import EmbeddedPostgres
from shared.testing import postgres
from shared.web.dev_issuer import DevIssuer
from tests.benchmarks.place import plain
from tests.benchmarks.running import product
from tests.benchmarks.settling import Meter, Settled, until_quiet

SEED = 20
HOW = "the demo's day with one seed, all services in one process, until everybody has heard of everything"


class _SilentBar(Bar):
    """Counts, and draws nothing."""

    def add(self, count: int) -> None:
        self.done += count

    def finish(self) -> None:
        self.is_over = True


@dataclass
class _SilentStage(Stage):
    """Keeps what was refused, and prints nothing."""

    def say(self, line: str = "") -> None:
        return None

    def bar(self, label: str, total: int) -> Bar:
        return _SilentBar(label, total)


async def live(server: EmbeddedPostgres, cases: int) -> tuple[Settled, list[str]]:
    """A day of so many planned cases, and the requests that were refused though they should not have been."""
    database = await postgres.create(server)
    connection = await asyncpg.connect(plain(database.admin_url))
    try:
        with TemporaryDirectory() as place:
            issuer = DevIssuer(Path(place) / "issuer.pem")
            async with product(database, keys=issuer.jwks()) as running, httpx.AsyncClient(trust_env=False) as http:
                http.timeout = 60
                base = f"http://127.0.0.1:{running.port}"
                client = Product({service.name: base for service in SERVICES}, issuer, http)
                world = World(client, _SilentStage(), random.Random(SEED), "BENCH")
                meter = Meter(running, server)
                before, began = meter.read(), time.perf_counter()
                await play(world, cases, SEED)
                posting = time.perf_counter() - began
                is_whole = await until_quiet(connection)
                took, used = time.perf_counter() - began, meter.read().since(before)
        lived = await connection.fetchval("SELECT count(*) FROM intake.cases")
        return Settled("embedded", lived, posting, took, used, is_whole=is_whole), world.stage.problems
    finally:
        await connection.close()
        await postgres.drop(database)


def show(found: Settled, problems: list[str], tell: Callable[[str], None] = print) -> None:
    """Processor milliseconds of a life, by who used them."""
    used = found.used
    parts = {"services": used.services, "PostgreSQL": used.server, "sender": used.sender}
    costs = ", ".join(f"{name} {found.cost(part):.1f}" for name, part in parts.items())
    whole = found.cost(used.services + used.server)
    tell(f"\na whole life of a case, processor milliseconds: {whole:.1f} ({costs}); {found.cases} cases")
    tell(f"  {HOW}; {found.seconds:.0f} s")
    if problems:
        tell(f"  {len(problems)} requests were refused that should not have been: {problems[0]}")
