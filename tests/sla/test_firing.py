"""Warnings and breaches: once each, in time, never blind, by any number of workers, whatever else is wrong."""

import asyncio
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert, text

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.store import tables
from services.sla_service.store.cases import due_before
from services.sla_service.store.clocks import clock_id
from services.sla_service.use_cases.firing import fire_due_clocks
from shared.db import Database
from shared.kernel.clock import ManualClock
from shared.messaging.port import Message
from shared.observability.metrics import SLA_CLOCK_BLIND
from shared.testing.postgres import TestDatabase
from tests.sla.bench import Bench, Story, minutes
from tests.sla.given import bangkok, hours

NINE = bangkok("2026-02-03 09:00")


async def test_due_at_ten_resolved_at_three_past_scanned_at_five_past_is_breached(bench: Bench) -> None:
    """failures.md 24."""
    story = Story()
    await bench.hear(story.registered(bangkok("2026-02-03 10:00") - hours(24), "L01"))
    bench.clock.set(bangkok("2026-02-03 10:03"))
    await bench.hear(story.resolved(bangkok("2026-02-03 10:03")))
    await bench.pass_to(bangkok("2026-02-03 10:05"))
    [breach] = await bench.standing()
    assert (breach["due_at"], breach["breached_at"], breach["cause"]) == (
        bangkok("2026-02-03 10:00"), bangkok("2026-02-03 10:00"), "elapsed",
    )  # fmt: skip
    [clock] = await bench.clocks(story)
    assert (clock["verdict"], clock["overrun"]) == ("breached", minutes(3))


async def test_resolved_exactly_at_the_deadline_is_met(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE, "L01"), story.resolved(NINE + hours(24)))
    await bench.pass_to(NINE + hours(30))
    assert await bench.standing() == []
    [clock] = await bench.clocks(story)
    assert clock["verdict"] == "met"


async def test_the_branch_is_warned_once_at_three_quarters_of_the_budget(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE, "L01"))
    await bench.pass_to(NINE + hours(18))
    assert await bench.told("warned") == []
    for late in (minutes(1), hours(1), hours(2)):
        await bench.pass_to(NINE + hours(18) + late)
    [(_, warned)] = await bench.told("warned")
    assert (warned["level"], datetime.fromisoformat(warned["due_at"])) == ("75%", NINE + hours(24))


async def test_a_deadline_that_was_put_off_beyond_its_warning_is_warned_of_again(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE))
    await bench.pass_to(NINE + hours(19))
    bench.clock.set(NINE + hours(20))
    await bench.hear(story.classified(NINE + hours(20), "Q02"))
    [(_, moved)] = await bench.told("clock-rescheduled")
    [clock] = await bench.clocks(story)
    assert (moved["warned"], clock["warned"]) == ([], [])
    for before in (minutes(2), minutes(1)):
        await bench.pass_to(clock["due_at"] - before)
    warned = [datetime.fromisoformat(one["due_at"]) for _, one in await bench.told("warned")]
    assert warned == [NINE + hours(24), clock["due_at"]]


async def test_a_hold_after_the_warning_moves_the_deadline_and_warns_nobody_twice(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE, "L01"))
    await bench.pass_to(NINE + hours(19))
    await bench.hear(story.asked(NINE + hours(19)))
    bench.clock.set(NINE + hours(29))
    await bench.hear(story.supplied(NINE + hours(29)))
    await bench.pass_to(NINE + hours(33))
    [(_, moved)] = await bench.told("clock-rescheduled")
    assert (moved["warned"], len(await bench.told("warned"))) == (["75%"], 1)


async def test_a_case_that_arrives_overdue_is_breached_without_a_warning(bench: Bench) -> None:
    story = Story()
    await bench.hear(story.registered(NINE - hours(30), "L01"))
    await bench.pass_to(NINE + minutes(1))
    assert [kind for kind, _ in await bench.told()] == ["clock-armed", "breached"]


async def test_no_breach_is_declared_blind_and_afterwards_exactly_the_true_ones_fire(bench: Bench) -> None:
    """failures.md 31: intake's relay stands still for an hour while deadlines pass and cases are resolved."""
    stories = [Story() for _ in range(10)]
    await bench.hear(*(story.registered(NINE - hours(24) + minutes(30), "L01") for story in stories))
    await bench.pass_to(NINE)
    bench.clock.set(NINE + hours(1) + minutes(30))
    assert await bench.fire() == 0
    assert await bench.standing() == []
    assert [reason.split(" deadlines")[0] for reason in await bench.problems()] == ["sla_clock_blind: 10"]
    assert SLA_CLOCK_BLIND._value.get() == 10
    in_time = [story.resolved(NINE + minutes(20)) for story in stories[:6]]
    late = [story.resolved(NINE + minutes(31)) for story in stories[6:8]]
    await bench.hear(*in_time, *late)
    await bench.pass_to(NINE + hours(1) + minutes(31))
    assert {breach["case_id"] for breach in await bench.standing()} == {story.case_id for story in stories[6:]}
    assert len(await bench.told("breached")) == 4
    assert await bench.told("breach-voided") == []
    assert await bench.problems() == []


async def test_a_case_with_an_event_set_aside_holds_its_fire(bench: Bench) -> None:
    blocked, free = Story(), Story()
    await bench.hear(blocked.registered(NINE - hours(23), "L01"), free.registered(NINE - hours(23), "L01"))
    lost = blocked.resolved(NINE + minutes(30))
    await bench.hear(blocked.reopened(NINE + hours(2)))  # arrives before what it follows, and waits for it
    await bench.pass_to(NINE + hours(3))
    assert [breach["case_id"] for breach in await bench.standing()] == [free.case_id]
    await bench.pass_to(NINE + hours(3) + minutes(2))
    assert any("sla_clock_blind: 1 " in reason for reason in await bench.problems())
    await bench.hear(lost)
    await bench.pass_to(NINE + hours(4))
    first, second = await bench.clocks(blocked)
    assert (first["verdict"], second["due_at"]) == ("met", NINE + hours(2) + minutes(30))
    assert len(await bench.standing()) == 2


async def _open_cases(bench: Bench, count: int, received: datetime, step: timedelta) -> None:
    """Open cases as their registrations would have left them, in bulk."""
    await bench.hear(Story().registered(received, "L01"))
    [like] = await bench.rows(
        "SELECT policy_version_id, calendar_version_id, budget FROM clock WHERE metric = 'resolve'"
    )
    files, classes, clocks = [], [], []
    for n in range(1, count):
        case_id, at = uuid4(), received + n * step
        seen = CaseFile(
            case_id, "1102", 1, "complaint", restricted=False, last_seq=1, channel="website", receiving_office="1102",
            received_at=at, next_due_at=at + hours(18),
        )  # fmt: skip
        files.append(asdict(seen))
        common = {"case_id": case_id, "cycle": 1}
        classes.append(
            common | {"source_event": uuid4(), "seq": 1, "kind": "complaint", "subject": "L01", "severity": "normal"}
            | {"classified_at": at, "recorded_at": at}
        )  # fmt: skip
        clocks.append(
            common | like | {"id": clock_id(case_id, "resolve", 1), "metric": "resolve", "started_at": at}
            | {"due_at": at + like["budget"], "updated_at": at}
        )  # fmt: skip
    async with bench.db.transaction() as tx:
        for table, rows in ((tables.case_file, files), (tables.classification, classes), (tables.clock, clocks)):
            await tx.execute(insert(table), rows)


async def test_the_oldest_five_thousand_of_ten_thousand_open_cases_are_all_breached(bench: Bench) -> None:
    """failures.md 1."""
    await _open_cases(bench, 10_000, NINE - hours(24) - 5000 * minutes(1) + minutes(1), minutes(1))
    await bench.pass_to(NINE + timedelta(seconds=1))
    breaches = await bench.standing()
    assert len(breaches) == len({breach["case_id"] for breach in breaches}) == 5000
    assert max(breach["due_at"] for breach in breaches) == NINE
    assert len(await bench.told("breached")) == 5000


async def test_replicas_racing_on_the_same_timers_fire_each_exactly_once(
    bench: Bench, database: TestDatabase, clock: ManualClock
) -> None:
    """failures.md 5: five engines with connections of their own, claims in small batches."""
    await _open_cases(bench, 600, NINE - hours(50), timedelta(seconds=30))
    await bench.mark(NINE)
    engines = [Database(database.url("sla"), schema="sla", clock=clock, pool_size=1) for _ in range(5)]

    async def run(db: Database) -> int:
        looked_at = 0
        for _ in range(200):
            async with db.transaction() as tx:
                found = await fire_due_clocks(tx, most=7)
            looked_at += found
            if not found:
                break
        return looked_at

    shares = await asyncio.gather(*(run(db) for db in engines))
    for db in engines:
        await db.dispose()
    await bench.fire()
    assert sum(share > 0 for share in shares) > 1
    assert len(await bench.standing()) == 600
    told = [event["breach_id"] for _, event in await bench.told("breached")]
    assert len(told) == len(set(told)) == 600


async def test_one_bad_row_stops_nobody_elses_breach(bench: Bench) -> None:
    """failures.md 17."""
    stories = [Story() for _ in range(5)]
    await bench.hear(*(story.registered(NINE - hours(25), "L01") for story in stories))
    bad = stories[2].case_id
    sql = "UPDATE clock SET id = gen_random_uuid() WHERE case_id = :id"  # its next save breaks a constraint
    async with bench.db.transaction() as tx:
        await tx.execute(text(sql), {"id": bad})
    await bench.pass_to(NINE + minutes(1))
    assert {breach["case_id"] for breach in await bench.standing()} == {s.case_id for s in stories} - {bad}
    bench.clock.advance(minutes(2))
    assert "1 case files cannot be evaluated" in await bench.problems()


async def test_the_claim_costs_what_is_due_not_what_is_open(bench: Bench, database: TestDatabase) -> None:
    await _open_cases(bench, 5_000, NINE - hours(19), timedelta(seconds=10))
    await bench.pass_to(NINE - minutes(1))
    claim = due_before(NINE, NINE, 500)
    statement = claim.compile(bench.db.engine.sync_engine, compile_kwargs={"literal_binds": True})
    owner = Database(database.owner_url, schema="sla", pool_size=1)
    async with owner.transaction() as tx:
        await tx.execute(text("ANALYZE case_file"))
        plan = await tx.all(text(f"EXPLAIN (ANALYZE, BUFFERS OFF, COSTS OFF, TIMING OFF) {statement}"))
    await owner.dispose()
    lines = "\n".join(row[0] for row in plan)
    assert "Index Scan using case_file_next_due_at_idx on case_file (actual rows=6.00 loops=1)" in lines
    assert "Seq Scan" not in lines
    assert "Rows Removed by Filter" not in lines


@pytest.mark.parametrize("message", ["answered", "cancelled"])
async def test_a_closed_case_is_never_breached_later(bench: Bench, message: str) -> None:
    story = Story()
    await bench.hear(story.registered(NINE, "E01"))
    end: Message = getattr(story, message)(NINE + minutes(5))
    await bench.hear(end)
    await bench.pass_to(NINE + hours(400))
    assert await bench.standing() == []
    assert [kind for kind, _ in await bench.told()] == ["clock-armed", "clock-stopped"]
