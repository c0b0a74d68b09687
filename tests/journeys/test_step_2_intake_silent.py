"""Process step 2 while intake's relay stands still: what it has not said yet is never taken for not done."""

from datetime import datetime, timedelta

import pytest

from shared.testing.drain import drain
from shared.testing.system import System
from tests.journeys.closing import REPORT, change, registered

PROMISED = timedelta(hours=48)
DUE = (5, 15, 25, 35, 45, 55)  # minutes into the hour in which the relay stands still, by case
DONE = {10: (1,), 30: (2, 3), 40: (4,)}  # minute: which cases the branch finishes
TRULY_LATE = (0, 2, 5)  # two are never finished, one five minutes after its deadline
_BREACHES = """
SELECT b.case_id::text, b.due_at, b.voided_at FROM sla.breach b JOIN sla.clock c ON c.id = b.clock_id
WHERE c.metric = 'resolve' ORDER BY b.due_at
"""
_RUNGS = "SELECT DISTINCT case_id::text FROM escalation.rung WHERE state = 'fired'"


async def _go_on_without_intake(system: System, **by: float) -> None:
    """Time passes for everybody but intake's processes behind its API, whose record goes on."""
    system.clock.advance(timedelta(**by))
    await drain([node for name, node in system.nodes.items() if name != "intake"])


async def _finish(system: System, case_id: str) -> None:
    branch = system.api("branch_staff", office="1102", subject="somchai")
    await change(branch, case_id, "resolve", {**REPORT, "done_at": system.clock.now().isoformat()})


async def _open_cases(system: System, first_due_in: timedelta) -> list[str]:
    """Accepted cases that fall due at DUE minutes after an instant."""
    hour_at = system.clock.now() + first_due_in
    cases = []
    for minute in DUE:
        received_at = hour_at + timedelta(minutes=minute) - PROMISED
        cases.append(await registered(system, received_at=received_at.isoformat(), subject="L03"))
        await change(system.api("branch_staff", office="1102"), cases[-1], "accept")
    await system.advance(seconds=first_due_in.total_seconds())
    return cases


async def _blind(system: System) -> list[str]:
    ready = (await system.anonymous().get("/readyz")).json()
    return [reason for reason in ready["reasons"] if reason.startswith("sla: sla_clock_blind")]


async def _why(system: System, case_id: str) -> str:
    seen = await system.api("complaints_division").get(f"/sla/v1/cases/{case_id}/explain")
    [word] = [clock["why"] for clock in seen.json()["clocks"] if clock["metric"] == "resolve"]
    return str(word)


@pytest.mark.transports
async def test_while_intakes_relay_stands_still_no_breach_is_declared_and_afterwards_exactly_the_true_ones(
    system: System,
) -> None:
    """failures.md 31."""
    cases = await _open_cases(system, PROMISED - timedelta(hours=1))
    stood_still_at: datetime = system.clock.now()
    rungs = await system.sql(_RUNGS)
    for minute in range(10, 61, 10):
        await _go_on_without_intake(system, minutes=10)
        for number in DONE.get(minute, ()):
            await _finish(system, cases[number])
        assert await system.sql(_BREACHES) == []
        assert await system.sql(_RUNGS) == rungs
        assert await _blind(system) != []
    assert await _why(system, cases[0]) == "held_back"

    await system.drain()
    assert [tuple(row) for row in await system.sql(_BREACHES)] == [
        (cases[number], stood_still_at + timedelta(minutes=DUE[number]), None) for number in TRULY_LATE
    ]
    called = {row["case_id"] for row in await system.sql(_RUNGS)}
    assert {cases[0], cases[5]} <= called <= {cases[number] for number in TRULY_LATE}
    assert await _blind(system) == []
    assert [await _why(system, case_id) for case_id in cases] == [
        "breached" if number in TRULY_LATE else "stopped" for number in range(len(cases))
    ]
