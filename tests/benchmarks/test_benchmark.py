"""The benchmark measures what it says, and every part of it works; no figure is judged here."""

import re
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from shared.db.embedded import EmbeddedPostgres
from shared.messaging.local_kafka import LocalKafka
from shared.testing import postgres
from shared.testing.postgres import TestDatabase
from tests.benchmarks import arming, lateness
from tests.benchmarks.__main__ import parse, run
from tests.benchmarks.pgbench import pgbench
from tests.benchmarks.place import durable_server, plain
from tests.benchmarks.posts import percentile
from tests.benchmarks.running import load, product
from tests.kafka_fixtures import kafka_server  # noqa: F401 - a fixture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with durable_server(tmp_path_factory.mktemp("benchmark") / "postgres") as running:
        yield running


async def rows_and_counters(database: TestDatabase) -> dict[str, int]:
    """How many rows each table of intake holds, and how far the locked counters have come."""
    connection = await asyncpg.connect(plain(database.admin_url))
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'intake'")
        found = {name: await connection.fetchval(f"SELECT count(*) FROM intake.{name}") for (name,) in tables}
        found["numbers"] = await connection.fetchval("SELECT coalesce(sum(last_number), 0) FROM intake.number_series")
        found["sequence"] = await connection.fetchval("SELECT coalesce(sum(last_seq), 0) FROM intake.stream")
        return found
    finally:
        await connection.close()


def grown(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in before if after[name] != before[name]}


async def test_pgbench_writes_the_same_tables_with_as_many_rows_as_a_create(server: EmbeddedPostgres) -> None:
    database = await postgres.create(server)
    try:
        async with product(database, services=["intake"], roles=frozenset({"http"})) as running:
            await load([running], ["1102"], connections=1, seconds=0.01)
            empty = await rows_and_counters(database)
            seen = await load([running], ["1102"], connections=1, seconds=0.01)
            posted = await rows_and_counters(database)
        creates = len(seen["accepted"])
        await pgbench(database, offices=1, transactions=1)  # makes the counter of its one office
        made = await rows_and_counters(database)
        await pgbench(database, offices=1, transactions=creates)
        assert grown(made, await rows_and_counters(database)) == grown(empty, posted)
        assert grown(empty, posted)["cases"] == creates
    finally:
        await postgres.drop(database)


def test_every_part_runs_and_prints_its_figures(server: EmbeddedPostgres, capsys: pytest.CaptureFixture[str]) -> None:
    run(server, parse(["--quick", "--no-kafka"]), Path())
    printed = capsys.readouterr().out
    assert printed.count("ratio ") == 5
    assert printed.count("skipped: not wanted") == 3
    assert re.search(r"embedded +\d+ +\d+ +\d+ +\d+\.\d\d +\d+\.\d\d +0\.00 +\d+\.\d\d\n", printed)
    assert re.search(r"escalation +\d+ +\d+ +\d+ +\d+\n", printed)
    assert printed.count("  met") + printed.count("  MISSED") == 5
    assert "the claim reads case_file_next_due_at_idx alone: yes" in printed
    assert "deadline of a budget" in printed
    assert re.search(r"evaluation .* times\)", printed)
    assert re.search(r"embedded breach +25 +25 ", printed)
    assert re.search(r"embedded rung, 5/s +2 +2 ", printed)


@pytest.mark.kafka
async def test_clocks_are_armed_through_kafka(server: EmbeddedPostgres, kafka_server: LocalKafka) -> None:
    armed = await arming.arm(server, 1, kafka=kafka_server.bootstrap)
    assert armed.transport == "Kafka"
    assert len(armed.waits) + armed.late == len(armed.posts) > 0


@pytest.mark.kafka
async def test_rungs_fire_on_a_kafka_that_another_measurement_has_used(
    server: EmbeddedPostgres, kafka_server: LocalKafka
) -> None:
    """Each has topics of its own: what was told of one database keeps the other's ladders waiting for ever."""
    await lateness.lateness(server, 1, rate=10, kafka=kafka_server.bootstrap)
    found = await lateness.lateness(server, 1, rate=10, services=lateness.LADDERS, kafka=kafka_server.bootstrap)
    assert len(found.rungs or []) == len(found.cases) == 10


def test_a_percentile_is_a_value_that_this_share_stays_below() -> None:
    assert percentile(range(1, 101), 0.5) == 51
    assert percentile([7], 0.99) == 7
