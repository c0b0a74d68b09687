"""Process step 3: time that was held after the deadline puts off the rungs, however late it is entered."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.testing.system import System
from tests.journeys.test_step_3_chase import a_complaint, rungs

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
HOLD = {"reason": "customer_absent", "evidence": "ใบนัดหมายที่ 12"}
LATE = {"why": "ลืมบันทึก"}
Held = list[tuple[datetime, datetime]]


def after_unheld_minutes(start: datetime, wanted: int, held: Held) -> datetime:
    """The oracle: goes minute by minute and leaves out the held ones."""
    at = start
    while wanted or any(begin <= at < end for begin, end in held):
        wanted -= not any(begin <= at < end for begin, end in held)
        at += MINUTE
    return at


async def send(system: System, path: str, **body: Any) -> dict[str, Any]:
    answer = await system.api("complaints_division").post(f"/sla/v1/{path}", json=body)
    assert answer.status_code in (200, 201), answer.text
    await system.drain()
    said: dict[str, Any] = answer.json()
    return said


async def explained(system: System, case_id: str) -> dict[str, Any]:
    answer = await system.api("complaints_division").get(f"/escalation/v1/cases/{case_id}/explain")
    [cycle] = answer.json()["cycles"]
    said: dict[str, Any] = cycle
    return said


def spans(cycle: dict[str, Any]) -> Held:
    return [(datetime.fromisoformat(one["begin"]), datetime.fromisoformat(one["end"])) for one in cycle["held"]]


@pytest.mark.transports
async def test_holds_entered_after_the_fact_and_a_release_entered_late_put_the_rungs_off_for_just_that_time(
    system: System,
) -> None:
    case_id = await a_complaint(system, branch="1102", subject="Q01")
    due_at = system.clock.now() + 24 * HOUR
    await system.advance(hours=24, minutes=1)
    await system.advance(hours=9, minutes=59)
    first = due_at + 2 * HOUR, due_at + 6 * HOUR
    begin, end = (at.isoformat() for at in first)
    await send(system, f"cases/{case_id}/holds", **HOLD, **LATE, began_at=begin, ended_at=end)
    cycle = await explained(system, case_id)
    assert spans(cycle) == [first]
    assert datetime.fromisoformat(cycle["rungs"][1]["scheduled_at"]) == after_unheld_minutes(due_at, 24 * 60, [first])

    hold = await send(system, f"cases/{case_id}/holds", **HOLD)
    second = due_at + 10 * HOUR, due_at + 13 * HOUR
    await system.advance(hours=8)
    await send(system, f"holds/{hold['hold_id']}/end", **LATE, ended_at=second[1].isoformat())
    third = due_at + 5 * HOUR, due_at + 7 * HOUR  # partly within the first: it counts once
    begin, end = (at.isoformat() for at in third)
    await send(system, f"cases/{case_id}/holds", **HOLD, **LATE, began_at=begin, ended_at=end)
    assert spans(await explained(system, case_id)) == [(first[0], third[1]), second]

    held = [first, second, third]
    expected = after_unheld_minutes(due_at, 24 * 60, held)
    assert expected == due_at + 32 * HOUR
    await system.advance(seconds=(expected - system.clock.now()).total_seconds())
    assert [rung["rung"] for rung in (await rungs(system, case_id))["rungs"] if rung["state"] == "fired"] == [1]
    await system.advance(minutes=2)  # the first rung fired a minute late, and its officer has the whole gap
    [_, second_rung] = [rung for rung in (await rungs(system, case_id))["rungs"] if rung["state"] == "fired"]
    assert datetime.fromisoformat(second_rung["scheduled_at"]) == expected
