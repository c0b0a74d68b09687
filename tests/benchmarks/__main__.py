"""`make bench`: POSTs beside pgbench; accepted to clock armed; deadlines computed, fired, fired in time; reports."""

import argparse
import asyncio
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from shared.db.embedded import EmbeddedPostgres
from shared.messaging.local_kafka import LocalKafka, LocalKafkaError, missing
from tests.benchmarks import arming, posts, reports, timers
from tests.benchmarks.place import default_data, durable_server


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit status; figures never change it."""
    asked = parse(argv)
    began = time.perf_counter()
    print(_machine(), flush=True)
    place = default_data()
    with durable_server(place) as server:
        run(server, asked, place.with_name(f"{place.name}-kafka"))
    print(f"\n{time.perf_counter() - began:.0f} seconds; load average now {os.getloadavg()[0]:.1f}")
    return 0


def run(server: EmbeddedPostgres, asked: argparse.Namespace, kafka_data: Path) -> None:
    """Everything that was asked for, on a server that runs."""
    if asked.only in (None, "posts"):
        _show_posts(asyncio.run(posts.compare(server, asked.seconds, rounds=asked.rounds)))
    if asked.only in (None, "arming"):
        print(f"\naccepted -> clock armed, {arming.RATE:.0f} complaints a second (milliseconds)")
        print(f"  {arming.HOW}")
        print(f"  {'':10}{'accepted/s':>11}{'p50':>9}{'p99':>9}{'max':>9}{'POST p50':>10}{'POST p99':>10}")
        _show_armed(asyncio.run(arming.arm(server, asked.seconds)))
        _on_kafka(
            kafka_data, lambda kafka: _show_armed(asyncio.run(arming.arm(server, asked.seconds, kafka=kafka))),
            skip=asked.no_kafka,
        )  # fmt: skip
    if asked.only in (None, "deadlines"):
        timers.show_deadlines(asked.computed)
    if asked.only in (None, "firing"):
        timers.show_firing(server, asked)
    if asked.only in (None, "lateness"):
        timers.show_lateness(server, asked)
        _on_kafka(
            kafka_data, lambda kafka: timers.show_lateness(server, asked, kafka=kafka), skip=asked.no_kafka
        )  # fmt: skip
    if asked.only in (None, "reports"):
        asyncio.run(reports.show(server, asked.records))


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=12.0, help="of each measurement (default 12)")
    parser.add_argument("--rounds", type=int, default=posts.ROUNDS, help="turns of POSTs and pgbench (default 3)")
    parser.add_argument("--only", choices=["posts", "arming", "deadlines", "firing", "lateness", "reports"])
    parser.add_argument("--records", type=int, default=200_000, help="of reports (default 200000; say 5000000)")
    parser.add_argument("--no-kafka", action="store_true")
    timers.add_options(parser)
    return parser.parse_args(argv)


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"machine: {len(os.sched_getaffinity(0))} cores ({platform.machine()}), {memory:.0f} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}; "
        f"load average before: {os.getloadavg()[0]:.1f}"
    )


def _show_posts(compared: Sequence[posts.Compared]) -> None:
    print(f"\nPOST /intake/v1/cases, {posts.CONNECTIONS} connections, beside pgbench, {posts.CONNECTIONS} clients")
    print("  pgbench: the same inserts and locked counters, one transaction a case, prepared, nothing read; in turns")
    print("  CPU: processor milliseconds a case, the product's process and PostgreSQL's; says more on a busy machine")
    print(f"  {'':28}{'per second':>11}{'p50 ms':>9}{'p99 ms':>9}{'CPU ours':>10}{'CPU PG':>8}")
    for each in compared:
        for name, side in (("POST", each.product), ("pgbench", each.pgbench)):
            figures = f"{side.rate:11.0f}{side.milliseconds(0.5):9.1f}{side.milliseconds(0.99):9.1f}"
            figures += f"{side.cost(side.own):10.2f}{side.cost(side.server):8.2f}"
            print(f"  {each.title if name == 'POST' else '':28.28}{figures}  {name}")
        rounds = ", ".join(f"{ratio:.2f}" for ratio in each.ratios)
        print(f"  {'':28}ratio {each.ratio:.2f} (target {posts.TARGET}); by round: {rounds}", flush=True)


def _show_armed(armed: arming.Armed) -> None:
    waits = f"{armed.p(0.5):9.1f}{armed.p(0.99):9.1f}{max(armed.waits):9.1f}" if armed.waits else f"{'-':>9}" * 3
    sent = f"{armed.post(0.5):10.1f}{armed.post(0.99):10.1f}"
    print(f"  {armed.transport:10}{armed.rate:11.1f}{waits}{sent}", flush=True)
    if armed.late:
        patience = f"{arming.PATIENCE_SECONDS:.0f} s"
        print(f"  {'':10}this machine cannot keep up: {armed.late} more were not armed within {patience}", flush=True)


def _on_kafka(data: Path, show: Callable[[str], None], *, skip: bool) -> None:
    """Show it on a Kafka node that lives as long; every service is a process of its own there."""
    reason = "not wanted (--no-kafka)" if skip else missing()
    if reason:
        print(f"  Kafka     skipped: {reason}")
        return
    node = LocalKafka(data)
    try:
        node.start()
        show(node.bootstrap)
    except LocalKafkaError as error:
        print(f"  Kafka     skipped: {error}")
    finally:
        node.stop()
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
