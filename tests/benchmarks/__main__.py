"""`make bench`: POSTs; a case until everybody has it; its whole life; deadlines armed and met; reports; the goals."""

import argparse
import asyncio
import math
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared.db.embedded import EmbeddedPostgres
from shared.messaging.local_kafka import LocalKafka, LocalKafkaError, missing
from tests.benchmarks import arming, goals, life, posts, reports, settling, statements, timers
from tests.benchmarks.goals import Goals
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
    whole = Run(server, asked, kafka_data)
    for name, part in PARTS.items():
        if asked.only in {None, name}:
            part(whole)
    whole.goals.show()


@dataclass
class Run:
    """What all parts share."""

    server: EmbeddedPostgres
    asked: argparse.Namespace
    kafka_data: Path
    goals: Goals = field(default_factory=Goals)

    def on_kafka(self, show: Callable[[LocalKafka], None]) -> None:
        """Show it on a Kafka node that lives as long; every service is a process of its own there."""
        reason = "not wanted (--no-kafka)" if self.asked.no_kafka else missing()
        if reason:
            print(f"  Kafka     skipped: {reason}")
            return
        node = LocalKafka(self.kafka_data)
        try:
            node.start()
            show(node)
        except LocalKafkaError as error:
            print(f"  Kafka     skipped: {error}")
        finally:
            node.stop()
            shutil.rmtree(self.kafka_data, ignore_errors=True)


def _posts(whole: Run) -> None:
    _show_posts(asyncio.run(posts.compare(whole.server, whole.asked.seconds, rounds=whole.asked.rounds)))


def _settling(whole: Run) -> None:
    def one(kafka: LocalKafka | None = None) -> None:
        found = asyncio.run(settling.settling(whole.server, whole.asked.seconds, kafka))
        settling.show(found)
        rate = found.rate if found.is_whole else math.nan
        whole.goals.at_least(f"{found.transport}: cases a second, end to end", rate, goals.CASES_A_SECOND)
        title = f"{found.transport}: processor ms a case, sender included"
        whole.goals.at_most(title, found.cost(found.used.whole), goals.MILLISECONDS_A_CASE)

    print("\na received case until every service has it", *settling.heading(), sep="\n")
    one()
    whole.on_kafka(one)


def _statements(whole: Run) -> None:
    statements.show(asyncio.run(statements.batches(whole.server)))


def _life(whole: Run) -> None:
    if whole.asked.lives:
        life.show(*asyncio.run(life.live(whole.server, whole.asked.lives)))


def _arming(whole: Run) -> None:
    def one(kafka: LocalKafka | None = None) -> None:
        address = kafka.bootstrap if kafka else ""
        armed = asyncio.run(arming.arm(whole.server, whole.asked.seconds, kafka=address))
        _show_armed(armed)
        p99 = armed.p(0.99) if armed.waits and not armed.late else math.nan
        title = f"{armed.transport}: accepted -> armed at {arming.RATE:.0f}/s, p99 ms"
        whole.goals.at_most(title, p99, goals.MILLISECONDS_LATE)

    print(f"\naccepted -> clock armed, {arming.RATE:.0f} complaints a second (milliseconds)")
    print(f"  {arming.HOW}")
    print(f"  {'':10}{'accepted/s':>11}{'p50':>9}{'p99':>9}{'max':>9}{'POST p50':>10}{'POST p99':>10}")
    one()
    whole.on_kafka(one)


def _lateness(whole: Run) -> None:
    timers.show_lateness(whole.server, whole.asked, whole.goals)
    whole.on_kafka(
        lambda kafka: timers.show_lateness(whole.server, whole.asked, whole.goals, kafka=kafka.bootstrap)
    )  # fmt: skip


PARTS: dict[str, Callable[[Run], None]] = {
    "posts": _posts,
    "settling": _settling,
    "statements": _statements,
    "life": _life,
    "arming": _arming,
    "deadlines": lambda whole: timers.show_deadlines(whole.asked.computed),
    "firing": lambda whole: timers.show_firing(whole.server, whole.asked),
    "lateness": _lateness,
    "reports": lambda whole: asyncio.run(reports.show(whole.server, whole.asked.records)),
}
QUICK = {
    "seconds": 0.5, "rounds": 1, "few": 200, "many": 400, "fires": 100, "rate": 50.0, "computed": 200, "records": 500,
    "lives": 0,
}  # fmt: skip


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options of the command line; what is asked for beside `--quick` keeps its size."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=12.0, help="of each measurement (default 12)")
    parser.add_argument("--rounds", type=int, default=posts.ROUNDS, help="turns of POSTs and pgbench (default 3)")
    parser.add_argument("--only", choices=list(PARTS))
    parser.add_argument("--records", type=int, default=200_000, help="of reports (default 200000; say 5000000)")
    parser.add_argument("--lives", type=int, default=100, help="cases of the demo's day (default 100; 0: no day)")
    parser.add_argument("--no-kafka", action="store_true")
    parser.add_argument("--quick", action="store_true", help="as small as it goes: shows that it works, no figures")
    timers.add_options(parser)
    if parser.parse_known_args(argv)[0].quick:
        parser.set_defaults(**QUICK)
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


if __name__ == "__main__":
    sys.exit(main())
