"""The timer of the ladder: rungs fire once, in order, never early, never blind (process step 3)."""

import asyncio
import os
import sys
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from services.escalation_service.domain.offices import Officer
from services.escalation_service.store.tables import BREACH, CASE_FILE, LADDER
from services.escalation_service.use_cases import posts
from shared.contracts.envelope import Envelope
from shared.contracts.escalation import LadderEnded, RungFired
from shared.contracts.intake import CaseRegistered
from shared.db import Database
from shared.kernel.faults import EXIT_CODE
from shared.kernel.ids import uuid7
from shared.messaging.inbox import MOST_AHEAD, Notes, write
from shared.testing.postgres import TestDatabase
from tests.escalation.given import Case, Desk

HOUR = timedelta(hours=1)


async def a_late_case(desk: Desk, case: Case) -> None:
    """Registered, routed, and breached at this instant."""
    await desk.hear(case.registered(desk.now - 24 * HOUR), case.routed(desk.now - 23 * HOUR, case.office))
    await desk.hear(case.breached(desk.now))


async def test_the_ladder_climbs_from_branch_manager_to_region_director_to_deputy_governor(desk: Desk) -> None:
    await desk.staff("1102", {"branch_manager": Officer("PWA-1", "สมชาย ตัวอย่าง")})
    case, breached_at = Case("1102"), desk.now
    await a_late_case(desk, case)
    await desk.advance(minutes=1)
    await desk.advance(hours=23)
    assert [row.rung for row in await desk.rungs(case)] == [1]
    await desk.advance(hours=1, minutes=1)
    await desk.advance(hours=49)
    rows = await desk.rungs(case)
    assert [(row.rung, row.post, row.post_office) for row in rows] == [
        (1, "branch_manager", "1102"), (2, "region_director", "R01"), (3, "deputy_governor", "D3"),
    ]  # fmt: skip
    assert [row.scheduled_at - breached_at for row in rows] == [0 * HOUR, 24 * HOUR, 72 * HOUR]
    assert [event["officer"] for event in await desk.told(RungFired, case)] == ["PWA-1", None, None]
    assert [(e["reason"], e["fired"], e["lapsed"]) for e in await desk.told(LadderEnded, case)] == [("complete", 3, 0)]


async def test_1_all_of_the_oldest_5000_of_10000_open_cases_escalate(desk: Desk) -> None:
    overdue = await _many(desk, 5_000, due_at=desk.now - 48 * HOUR)
    await _many(desk, 5_000, due_at=desk.now + 48 * HOUR)
    await desk.listen_until(desk.now)
    assert await desk.fire() == 5_000
    fired = await desk.rows("SELECT case_id FROM escalation.rung WHERE rung = 1 AND state = 'fired'")
    assert {row.case_id for row in fired} == set(overdue)
    assert len(await desk.told(RungFired)) == 5_000


async def _many(desk: Desk, count: int, *, due_at: datetime) -> list[Any]:
    """Cases straight into the tables: breached ones, or such as will breach later, armed for their deadline."""
    ids = [uuid7() for _ in range(count)]
    files = [
        {"case_id": i, "office": "1102", "region": 1, "kind": "complaint", "restricted": False, "cycle": 1}
        | {"subject_seq": 0, "severity_seq": 0, "seen_seq": 1, "last_region": 1, "last_region_seq": 1}
        for i in ids
    ]
    ladders = [
        {"case_id": i, "cycle": 1, "state": "climbing", "next_due_at": due_at, "due_at": due_at, "breached_at": due_at}
        for i in ids
    ]
    breaches = [
        {"breach_id": uuid7(), "case_id": i, "cycle": 1, "generation": 1, "due_at": due_at, "breached_at": due_at}
        for i in ids
    ]
    async with desk.db.transaction() as tx:
        for table, rows in ((CASE_FILE, files), (LADDER, ladders), (BREACH, breaches)):
            await tx.execute(insert(table), rows)
    return ids


async def test_2_a_never_assigned_case_still_reaches_the_deputy_governor_on_time(desk: Desk) -> None:
    case, due_at = Case("HQ"), desk.now
    await desk.hear(case.registered(desk.now - 24 * HOUR), case.breached(due_at))
    await desk.advance(minutes=1)
    await desk.advance(hours=72)
    rows = await desk.rungs(case)
    assert [(row.rung, row.post, row.post_office) for row in rows] == [
        (1, "head_office", "HQ"), (3, "deputy_governor", "HQ"),
    ]  # fmt: skip
    assert rows[1].scheduled_at == due_at + 72 * HOUR
    assert rows[1].fired_at - rows[1].scheduled_at <= timedelta(minutes=1)


async def test_a_case_bounced_to_the_head_office_reaches_the_deputy_governor_of_its_last_region(desk: Desk) -> None:
    case, due_at = Case("HQ"), desk.now
    await desk.hear(case.registered(desk.now - 24 * HOUR), case.routed(desk.now, "1102"), case.bounced(desk.now))
    await desk.hear(case.breached(due_at))
    await desk.advance(minutes=1)
    await desk.advance(hours=72)
    assert [(row.rung, row.post_office) for row in await desk.rungs(case)] == [(1, "HQ"), (3, "D3")]


async def test_a_late_case_that_is_given_to_a_branch_is_chased_by_the_branchs_ladder_from_then_on(desk: Desk) -> None:
    """The head office's next rung is two days later: nothing but the routing tells that there is an earlier one."""
    case, due_at = Case("HQ"), desk.now
    await desk.hear(case.registered(desk.now - 24 * HOUR), case.breached(due_at))
    await desk.advance(minutes=1)
    await desk.hear(case.routed(desk.now, "1102"))
    await desk.advance(hours=24, minutes=1)
    rungs = [(row.rung, row.post, row.scheduled_at) for row in await desk.rungs(case)]
    assert rungs == [(1, "head_office", due_at), (2, "region_director", due_at + 24 * HOUR)]


async def test_3_transfers_and_bounces_never_move_a_rung_later(desk: Desk) -> None:
    case, due_at = Case("1102"), desk.now
    await a_late_case(desk, case)
    await desk.advance(minutes=1)
    for office in ("1103", "1104", "1102"):
        await desk.hear(case.bounced(desk.now), case.routed(desk.now, office))
    await desk.advance(hours=24, minutes=1)
    assert [row.scheduled_at for row in await desk.rungs(case)] == [due_at, due_at + 24 * HOUR]


async def test_5_racing_engines_killed_between_any_two_steps_leave_exactly_one_row_and_event_per_rung(
    database: TestDatabase,
) -> None:
    url = database.url("escalation")
    desk = Desk(Database(url, schema="escalation", pool_size=2), clock=None)  # type: ignore[arg-type]
    async with desk.db.transaction() as tx:
        await posts.seed(tx)
        now = tx.now
    overdue = await _many(desk, 300, due_at=now - 100 * HOUR)
    await desk.listen_until(now + MOST_AHEAD)
    # 30 batches, of which these four can take 26: each of them finds enough to reach its point.
    exits = await _race(
        url, "timer.after_fire:2", "timer.before_commit:2", "timer.after_commit:2", "timer.after_fire:20"
    )
    assert exits == [EXIT_CODE] * 4
    await desk.fire()
    rows = await desk.rows("SELECT case_id, rung, count(*) AS n FROM escalation.rung GROUP BY case_id, rung")
    assert Counter((row.case_id, row.rung, row.n) for row in rows) == Counter((i, 1, 1) for i in overdue)
    told = Counter((event["case_id"], event["rung"]) for event in await desk.told(RungFired))
    assert told == Counter((str(i), 1) for i in overdue)
    await desk.db.dispose()


async def _race(url: str, *faults: str) -> list[int]:
    """Engines that start together, each dying at its fault point; their exit codes."""
    engines = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.escalation.engine", url, "10", env={**os.environ, "PWA_FAULT": fault},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )
        for fault in faults
    ]  # fmt: skip
    for engine in engines:
        assert engine.stdout is not None
        assert await engine.stdout.readline() == b"ready\n"
    await asyncio.gather(*(engine.communicate(b"go\n") for engine in engines))
    return [await engine.wait() for engine in engines]


async def test_17_the_top_rung_fires_once_and_nothing_comes_after_it(desk: Desk) -> None:
    case = Case("1102")
    await a_late_case(desk, case)
    for _ in range(10):
        await desk.advance(hours=25)
    assert [row.rung for row in await desk.rungs(case)] == [1, 2, 3]
    assert len(await desk.told(RungFired, case)) == 3


async def test_17_a_closed_case_never_escalates(desk: Desk) -> None:
    case = Case("1102")
    await a_late_case(desk, case)
    await desk.advance(minutes=1)
    await desk.hear(case.resolved(desk.now))
    await desk.advance(hours=200)
    assert [row.rung for row in await desk.rungs(case)] == [1]
    assert [(row.rung, row.lapsed_reason) for row in await desk.rungs(case, state="lapsed")] == [
        (2, "resolved"), (3, "resolved"),
    ]  # fmt: skip
    assert [(e["reason"], e["fired"], e["lapsed"]) for e in await desk.told(LadderEnded, case)] == [("resolved", 1, 2)]


async def test_17_one_ladder_that_cannot_be_judged_stops_nobody_elses(desk: Desk) -> None:
    bad, good = Case("1102"), Case("1103")
    await a_late_case(desk, bad)
    await a_late_case(desk, good)
    await desk.rows("DELETE FROM escalation.case_file WHERE case_id = :case RETURNING 1", case=bad.case_id)
    await desk.advance(minutes=1)
    assert [row.rung for row in await desk.rungs(good)] == [1]
    assert await desk.rungs(bad) == []
    assert [row.stalled for row in await desk.rows("SELECT stalled FROM escalation.ladder WHERE stalled <> ''")] == [
        "failed"
    ]


async def test_33_a_letter_registered_20_days_late_alerts_one_rank_at_a_time_each_with_its_gap(desk: Desk) -> None:
    case, received_at = Case("1102"), desk.now - timedelta(days=20)
    await desk.hear(case.registered(received_at), case.routed(desk.now, "1102"))
    await desk.hear(case.breached(received_at + 24 * HOUR, at=desk.now))
    for _ in range(100):
        await desk.advance(hours=1)
    fired = [row.fired_at for row in await desk.rungs(case)]
    assert len(fired) == 3
    assert fired[1] - fired[0] >= 24 * HOUR
    assert fired[2] - fired[1] >= 24 * HOUR
    assert fired[2] - fired[0] <= 51 * HOUR


async def test_no_rung_fires_blind_while_a_publisher_is_silent(desk: Desk) -> None:
    case = Case("1102")
    await a_late_case(desk, case)
    desk.clock.advance(HOUR)
    assert await desk.fire() == 0
    await desk.listen_until(desk.now, ["pwa.sla.v1"])
    assert await desk.fire() == 0
    await desk.listen_until(desk.now)
    await desk.fire()
    assert len(await desk.rungs(case)) == 1


async def test_a_case_with_an_event_set_aside_holds_its_fire_and_others_do_not(desk: Desk) -> None:
    waiting, other = Case("1102"), Case("1103")
    await a_late_case(desk, waiting)
    await a_late_case(desk, other)
    await _set_aside(desk, waiting)
    await desk.advance(minutes=1)
    assert await desk.rungs(waiting) == []
    assert len(await desk.rungs(other)) == 1
    await desk.rows("UPDATE escalation.parked SET state = 'discarded' RETURNING 1")
    await desk.advance(minutes=2)
    assert len(await desk.rungs(waiting)) == 1


async def _set_aside(desk: Desk, case: Case) -> None:
    envelope = Envelope(
        event_id=uuid7(), topic="pwa.intake.v1", key=str(case.case_id), seq=9, type=CaseRegistered.TYPE,
        recorded_at=desk.now, stream_began_at=desk.now, source="/pwa/intake", traceparent=None, data={},
    )  # fmt: skip
    async with desk.db.transaction() as tx:
        notes = Notes()
        notes.park(envelope, "poison", "step failed")
        await write(tx, notes)


async def test_a_vacant_post_is_recorded_and_the_ladder_goes_on(desk: Desk) -> None:
    case = Case("1102")
    await a_late_case(desk, case)
    await desk.advance(minutes=1)
    await desk.advance(hours=24, minutes=1)
    rows = await desk.rungs(case)
    assert [(row.rung, row.officer_code) for row in rows] == [(1, None), (2, None)]


async def test_the_officer_in_the_record_is_the_one_of_the_moment_and_stays(desk: Desk) -> None:
    await desk.staff("1102", {"branch_manager": Officer("PWA-1", "สมชาย ตัวอย่าง")}, acting=True)
    case = Case("1102")
    await a_late_case(desk, case)
    await desk.advance(minutes=1)
    await desk.staff("1102", {"branch_manager": Officer("PWA-2", "สมหญิง ตัวอย่าง")})
    (row,) = await desk.rungs(case)
    assert (row.officer_code, row.officer_name, row.acting) == ("PWA-1", "สมชาย ตัวอย่าง", True)


async def test_a_reopened_case_has_a_ladder_of_its_own(desk: Desk) -> None:
    case = Case("1102")
    await a_late_case(desk, case)
    await desk.advance(minutes=1)
    await desk.hear(case.resolved(desk.now), case.reopened(desk.now), case.breached(desk.now))
    await desk.advance(minutes=1)
    assert [row.rung for row in await desk.rungs(case, cycle=1)] == [1]
    assert [row.rung for row in await desk.rungs(case, cycle=2)] == [1]
