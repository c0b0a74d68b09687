"""Facts from intake and sla may come in any order, more than once, and end in the same state."""

import random
from datetime import timedelta

import pytest

from shared.contracts.base import Event
from shared.contracts.escalation import LadderEnded, RungFired
from shared.messaging.consumer import Meta
from tests.escalation.given import Case, Desk

HOUR = timedelta(hours=1)
_STATE = """
    SELECT 'ladder' AS what, to_jsonb(l) AS row FROM escalation.ladder l
    UNION ALL SELECT 'file', to_jsonb(f) FROM escalation.case_file f
    UNION ALL SELECT 'breach', to_jsonb(b) FROM escalation.breach b
    UNION ALL SELECT 'hold', to_jsonb(h) FROM escalation.hold_mark h
    UNION ALL SELECT 'rung', to_jsonb(r) - 'rung_id' FROM escalation.rung r
"""


def a_long_story(desk: Desk, case: Case) -> list[Event]:
    """Two cycles with a bounce, a hold, a breach voided and another one that stands."""
    now = desk.now
    first = case.breached(now + 24 * HOUR)
    return [
        case.registered(now), case.armed(now, now + 24 * HOUR), case.classified(now + HOUR),
        case.routed(now + 2 * HOUR, "1102"), case.bounced(now + 3 * HOUR), case.routed(now + 4 * HOUR, "1103"),
        case.warned(now + 18 * HOUR, now + 24 * HOUR), case.put_off(now + 19 * HOUR, now + 26 * HOUR),
        case.warned(now + 20 * HOUR, now + 26 * HOUR), case.put_off(now + 21 * HOUR, now + 24 * HOUR),
        first, case.held(now + 25 * HOUR),
        case.voided(first, now + 26 * HOUR), case.resumed(now + 27 * HOUR, now + 30 * HOUR),
        case.breached(now + 30 * HOUR, generation=2), case.resolved(now + 31 * HOUR, repaired=False),
        case.reopened(now + 40 * HOUR), case.breached(now + 50 * HOUR), case.cancelled(now + 51 * HOUR),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
async def test_8_shuffled_and_repeated_delivery_ends_in_the_same_state(desk: Desk, seed: int) -> None:
    story = desk.numbered(*a_long_story(desk, Case("HQ")))
    await desk.take(story)
    in_order = await _state(desk)
    await _forget(desk)
    shuffled: list[tuple[Event, Meta]] = story * 2
    random.Random(seed).shuffle(shuffled)
    await desk.take(shuffled)
    assert await _state(desk) == in_order


async def _state(desk: Desk) -> list[str]:
    return sorted(str((row.what, row.row)) for row in await desk.rows(_STATE))


async def _forget(desk: Desk) -> None:
    for table in ("rung", "hold_mark", "breach", "ladder", "case_file"):
        await desk.rows(f"DELETE FROM escalation.{table} RETURNING 1")


async def test_a_breach_that_arrives_after_the_case_was_closed_is_recorded_and_fires_nothing(desk: Desk) -> None:
    case = Case("1102")
    await desk.hear(case.registered(desk.now), case.routed(desk.now, "1102"), case.resolved(desk.now))
    await desk.hear(case.breached(desk.now - HOUR))
    await desk.advance(hours=200)
    assert await desk.rungs(case) == []
    assert [row.rung for row in await desk.rungs(case, state="lapsed")] == [1, 2, 3]
    assert [(e["reason"], e["fired"], e["lapsed"]) for e in await desk.told(LadderEnded, case)] == [("resolved", 0, 3)]


async def test_a_breach_voided_before_anything_fired_calls_upon_nobody(desk: Desk) -> None:
    case = Case("1102")
    breach = case.breached(desk.now)
    await desk.hear(case.registered(desk.now), case.routed(desk.now, "1102"), breach, case.voided(breach, desk.now))
    await desk.advance(hours=200)
    assert await desk.told(RungFired, case) == []
    assert [e["reason"] for e in await desk.told(LadderEnded, case)] == ["voided"]


async def test_a_hold_delays_the_rungs_that_have_not_fired(desk: Desk) -> None:
    case, due_at = Case("1102"), desk.now
    await desk.hear(case.registered(desk.now), case.routed(desk.now, "1102"), case.breached(due_at))
    await desk.advance(minutes=1)
    await desk.hear(case.held(desk.now))
    await desk.advance(hours=30)
    assert len(await desk.rungs(case)) == 1
    await desk.hear(case.resumed(desk.now, due_at))
    await desk.advance(hours=23)
    assert len(await desk.rungs(case)) == 1
    await desk.advance(hours=1, minutes=1)
    assert [row.scheduled_at for row in await desk.rungs(case)] == [due_at, due_at + 54 * HOUR]


async def test_only_the_clock_of_the_repair_has_a_ladder(desk: Desk) -> None:
    case = Case("1102")
    await desk.hear(case.registered(desk.now), case.breached(desk.now, metric="acknowledge"))
    await desk.advance(hours=200)
    assert await desk.told(RungFired, case) == []


async def test_sla_may_be_heard_before_intake(desk: Desk) -> None:
    case = Case("1102")
    breach = case.breached(desk.now)
    await desk.hear(breach, case.registered(desk.now, receiving_office="1102"))
    await desk.advance(minutes=1)
    assert [row.post_office for row in await desk.rungs(case)] == ["1102"]
