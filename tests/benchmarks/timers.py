"""The part of the benchmark about deadlines: computed, fired beside many open ones, and fired in time."""
# ruff: noqa: T201 - it prints figures

import argparse
import asyncio
import math

from shared.db.embedded import EmbeddedPostgres
from tests.benchmarks import deadlines, firing, lateness
from tests.benchmarks.firing import Engine
from tests.benchmarks.goals import Goals
from tests.benchmarks.lateness import Lateness

TICK_TARGET = 1.2
LADDERS_SHARE = 10  # so much slower where the ladders climb beside it: each breach calls upon an officer


def add_options(parser: argparse.ArgumentParser) -> None:
    """Sizes; the large ones take minutes to enter, so they are asked for."""
    parser.add_argument("--few", type=int, default=100_000, help="open clocks of the small table (default 100000)")
    parser.add_argument("--many", type=int, default=1_000_000, help="of the large one (default 1000000; say 10000000)")
    parser.add_argument("--fires", type=int, default=8_000, help="deadlines fired beside each (default 8000)")
    parser.add_argument("--rate", type=float, default=lateness.RATE, help="deadlines a second (default 500)")
    parser.add_argument("--computed", type=int, default=50_000, help="deadlines computed (default 50000)")


def show_deadlines(count: int) -> None:
    """Computed by the pure domain."""
    print("\ndeadlines computed, a second of one processor")
    for rate in deadlines.measure(count):
        print(f"  {rate.title:28}{rate.per_second:11.0f}", flush=True)


def show_firing(server: EmbeddedPostgres, asked: argparse.Namespace) -> None:
    """Beside few and beside many open clocks, in turns in one run."""
    small, large = asyncio.run(firing.compare(server, asked.few, asked.many, asked.fires))
    print(f"\nfiring beside few and many open clocks, in turns, one worker, {firing.BATCH} in a transaction")
    print("  CPU: processor milliseconds a fire, of the worker and of PostgreSQL; tick: median, little or nothing due")
    print(f"  {'open clocks':>14}{'fires/s':>10}{'CPU ours':>10}{'CPU PG':>8}{'tick ms':>9}{'idle ms':>9}{'pages':>7}")
    for each in (small, large):
        _show_engine(each)
    ticks, idle = firing.ratio(small, large, "ticks"), firing.ratio(small, large, "idle")
    print(
        f"  tick {large.open_clocks} / {small.open_clocks}: ratio {ticks:.2f}, idle {idle:.2f} (target {TICK_TARGET})"
    )
    print(f"  the claim reads {firing.INDEX} alone: {'yes' if small.index and large.index else 'NO'}", flush=True)


def _show_engine(each: Engine) -> None:
    ours, server = each.own * 1000 / each.fires, each.server * 1000 / each.fires
    print(
        f"  {each.open_clocks:14}{each.fires / each.seconds:10.0f}{ours:10.2f}{server:8.2f}"
        f"{each.milliseconds(each.ticks):9.1f}{each.milliseconds(each.idle):9.1f}{each.buffers:7}"
    )


def show_lateness(server: EmbeddedPostgres, asked: argparse.Namespace, goals: Goals, *, kafka: str = "") -> None:
    """From due to committed."""
    if not kafka:
        print(f"\nlateness at {asked.rate:.0f} deadlines a second (ms; target p99 {lateness.TARGET_MILLISECONDS})")
        print(f"  {lateness.HOW}")
        print(f"  {'':24}{'deadlines':>10}{'fired':>8}{'p50':>9}{'p99':>9}{'max':>9}")
    alone = asyncio.run(lateness.lateness(server, asked.seconds, rate=asked.rate, kafka=kafka))
    _show_late(alone, "breach", alone.breaches)
    _judge(goals, alone, f"lateness at {asked.rate:.0f}/s", alone.breaches)
    rate = asked.rate / LADDERS_SHARE
    both = asyncio.run(
        lateness.lateness(server, asked.seconds, rate=rate, services=lateness.LADDERS, kafka=kafka)
    )  # fmt: skip
    _show_late(both, f"breach, {rate:.0f}/s", both.breaches)
    _show_late(both, f"rung, {rate:.0f}/s", both.rungs or [])
    _judge(goals, both, f"rungs at {rate:.0f}/s", both.rungs or [])


def _show_late(found: Lateness, title: str, late: list[float]) -> None:
    name = f"{found.transport} {title}"
    figures = "".join(f"{found.p(late, share):9.1f}" for share in (0.5, 0.99, 1.0))
    print(f"  {name:24}{len(found.cases):10}{len(late):8}{figures}", flush=True)


def _judge(goals: Goals, found: Lateness, title: str, late: list[float]) -> None:
    """What did not fire within the patience has no p99."""
    p99 = found.p(late, 0.99) if len(late) == len(found.cases) else math.nan
    goals.at_most(f"{found.transport}: {title}, p99 ms", p99, lateness.TARGET_MILLISECONDS)
