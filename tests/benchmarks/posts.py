"""POST /cases at 16 connections beside pgbench with 16 clients, on one server, in turns."""

from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field

from shared.db.embedded import EmbeddedPostgres
from shared.kernel.words import HEAD_OFFICE
from shared.reference import branches
from shared.testing import postgres
from shared.testing.postgres import TestDatabase
from tests.benchmarks import processor
from tests.benchmarks.pgbench import pgbench
from tests.benchmarks.running import Running, load, product

CONNECTIONS = 16
ROUNDS = 3
WARM_UP_SECONDS = 1.0
TARGET = 0.6
PROCESSES = {1: "1 process", 2: "2 processes"}


@dataclass
class Side:
    """One of the two, over all its rounds."""

    seconds: float = 0.0
    took: list[int] = field(default_factory=list)
    own: float = 0.0  # processor seconds of the product's process
    server: float = 0.0  # ... and of PostgreSQL's

    def add(self, seconds: float, took: Sequence[int]) -> float:
        """Take a round in; its rate."""
        self.seconds += seconds
        self.took += took
        return len(took) / seconds

    @property
    def rate(self) -> float:
        return len(self.took) / self.seconds

    def milliseconds(self, share: float) -> float:
        return percentile(self.took, share) / 1000

    def cost(self, used: float) -> float:
        """Milliseconds of a processor per case."""
        return used * 1000 / len(self.took)


@dataclass(frozen=True)
class Compared:
    """Both sides on the same spread of offices, and the ratio round by round."""

    title: str
    product: Side
    pgbench: Side
    ratios: list[float]

    @property
    def ratio(self) -> float:
        return self.product.rate / self.pgbench.rate


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all stay below."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def compare(server: EmbeddedPostgres, seconds: float, *, rounds: int = ROUNDS) -> list[Compared]:
    """`seconds` for each side of each comparison, spread over the rounds: the product in one process, then in two."""
    everywhere = sorted(branches())
    spreads = {f"{len(everywhere)} offices' counters": everywhere, "one office's counter": [HEAD_OFFICE]}
    return [
        await _compare(Plan(f"{title}, {name}", offices, processes), server, seconds, rounds)
        for title, offices in spreads.items()
        for processes, name in PROCESSES.items()
    ]


@dataclass(frozen=True)
class Plan:
    """One comparison: on which counters, and in how many processes the product runs."""

    title: str
    offices: Sequence[str]
    processes: int


async def _compare(plan: Plan, server: EmbeddedPostgres, seconds: float, rounds: int) -> Compared:
    database = await postgres.create(server)
    both = Compared(plan.title, Side(), Side(), [])
    try:
        async with AsyncExitStack() as stack:
            running: list[Running] = []
            for _ in range(plan.processes):
                each = product(database, services=["intake"], roles=frozenset({"http"}))
                running.append(await stack.enter_async_context(each))
            await _rounds(plan, both, server, database, running, (seconds, rounds))
    finally:
        await postgres.drop(database)
    return both


async def _rounds(  # noqa: PLR0917 - what one comparison is about
    plan: Plan,
    both: Compared,
    server: EmbeddedPostgres,
    database: TestDatabase,
    running: Sequence[Running],
    length: tuple[float, int],
) -> None:
    seconds, rounds = length
    await load(running, plan.offices, connections=CONNECTIONS, seconds=min(WARM_UP_SECONDS, seconds))
    for _ in range(rounds):
        with _metered(both.product, server, running):
            posted = await load(running, plan.offices, connections=CONNECTIONS, seconds=seconds / rounds)
        with _metered(both.pgbench, server):
            offices = len(plan.offices)
            plain = await pgbench(database, offices=offices, clients=CONNECTIONS, seconds=seconds / rounds)
        rate = both.product.add(posted["seconds"], posted["took"])
        both.ratios.append(rate / both.pgbench.add(plain.seconds, plain.took))


@contextmanager
def _metered(side: Side, server: EmbeddedPostgres, running: Sequence[Running] = ()) -> Iterator[None]:
    """Adds what a round costs the processors to its side."""
    assert server._process is not None
    postmaster = server._process.pid
    own, whole = _used(running), processor.seconds_with_children(postmaster)
    yield
    side.own += _used(running) - own
    side.server += processor.seconds_with_children(postmaster) - whole


def _used(running: Sequence[Running]) -> float:
    return sum(processor.seconds(each.pid) for each in running)
