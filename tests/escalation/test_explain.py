"""Why a rung fired, or did not, at any instant."""

from datetime import datetime, timedelta
from typing import Any

from services.escalation_service.domain.offices import Officer
from shared.contracts.envelope import Envelope
from shared.contracts.intake import CaseRegistered
from shared.kernel.ids import uuid7
from shared.messaging.inbox import Notes, write
from tests.escalation.given import Case, Desk, Front

HOUR = timedelta(hours=1)


async def explained(front: Front, case: Case, at: datetime | None = None) -> dict[str, Any]:
    """The newest cycle as the complaints division sees it."""
    query = {"at": at.isoformat()} if at else {}
    answer = await front.sign_in("complaints_division").get(f"/cases/{case.case_id}/explain", params=query)
    assert answer.status_code == 200, answer.text
    cycle: dict[str, Any] = answer.json()["cycles"][-1]
    return cycle


async def reasons(front: Front, case: Case, at: datetime | None = None) -> list[str]:
    return [rung["why"] for rung in (await explained(front, case, at))["rungs"]]


async def a_late_case(desk: Desk) -> Case:
    case = Case("1102")
    await desk.hear(case.registered(desk.now), case.routed(desk.now, "1102"), case.armed(desk.now, desk.now + HOUR))
    desk.clock.advance(HOUR)
    await desk.hear(case.breached(desk.now))
    return case


async def test_every_instant_of_a_climb_has_its_reason(desk: Desk, front: Front) -> None:
    start = desk.now
    case = await a_late_case(desk)
    due_at = desk.now
    await desk.staff("1102", {"branch_manager": Officer("PWA-1", "สมชาย ตัวอย่าง")})
    assert await reasons(front, case) == ["publisher_not_heard", "lower_rung_first", "lower_rung_first"]
    await desk.listen_until(due_at + timedelta(seconds=1))
    assert await reasons(front, case) == ["due", "lower_rung_first", "lower_rung_first"]
    await desk.advance(hours=10)
    assert await reasons(front, case) == ["fired", "gap", "lower_rung_first"]
    manager = front.sign_in("branch_manager", "1102")
    desk.clock.advance(20 * HOUR)
    assert (await manager.post(f"/cases/{case.case_id}/rungs/1/acknowledge", json={})).status_code == 200
    assert await reasons(front, case) == ["fired", "deferred", "lower_rung_first"]
    await desk.hear(case.held(desk.now))
    desk.clock.advance(HOUR)
    assert await reasons(front, case) == ["fired", "held", "lower_rung_first"]
    await desk.hear(case.resolved(desk.now))
    desk.clock.advance(HOUR)
    assert await reasons(front, case) == ["fired", "lapsed", "lapsed"]
    assert await reasons(front, case, start) == ["not_breached"] * 3
    assert await reasons(front, case, due_at + 11 * HOUR) == ["fired", "gap", "lower_rung_first"]


async def test_a_rung_says_when_it_may_fire_and_what_it_waits_for(desk: Desk, front: Front) -> None:
    case, due_at = await a_late_case(desk), desk.now
    await desk.advance(minutes=1)
    first, second, third = (await explained(front, case))["rungs"]
    assert (first["called_as"], first["officer"], first["why"]) == ("vacant", None, "fired_vacant")
    assert second["why"] == "gap"
    assert datetime.fromisoformat(second["scheduled_at"]) == due_at + 24 * HOUR
    assert datetime.fromisoformat(second["until"]) == due_at + 24 * HOUR + timedelta(minutes=1)
    assert (third["post_office"], third["calendar"]) == ("D3", "always")


async def test_decisions_are_kept_as_they_were_made_and_only_added(desk: Desk, front: Front) -> None:
    case = await a_late_case(desk)
    for _ in range(3):
        await desk.advance(hours=25)
    before = (await explained(front, case))["decisions"]
    assert [(one["what"], one["rung"]) for one in before] == [
        ("climbing", 1),
        ("climbing", 2),
        ("climbing", 3),
        ("complete", None),
    ]
    assert before[0]["facts"]["ladder"] == "branch"
    await desk.hear(case.resolved(desk.now))
    await desk.advance(hours=25)
    after = (await explained(front, case))["decisions"]
    assert after[: len(before)] == before


async def test_a_voided_breach_and_a_case_set_aside_are_named(desk: Desk, front: Front) -> None:
    case, aside = Case("1102"), await a_late_case(desk)
    breach = case.breached(desk.now)
    await desk.hear(case.registered(desk.now), breach, case.voided(breach, desk.now + HOUR))
    envelope = Envelope(
        event_id=uuid7(), topic="pwa.intake.v1", key=str(aside.case_id), seq=9, type=CaseRegistered.TYPE,
        recorded_at=desk.now, stream_began_at=desk.now, source="/pwa/intake", traceparent=None, data={},
    )  # fmt: skip
    async with desk.db.transaction() as tx:
        notes = Notes()
        notes.park(envelope, "poison", "step failed")
        await write(tx, notes)
    await desk.advance(hours=2)
    assert set(await reasons(front, case)) == {"voided"}
    assert (await reasons(front, aside))[0] == "parked_event"


async def test_a_rank_that_a_higher_one_overtook_is_passed_over(desk: Desk, front: Front) -> None:
    case = Case("HQ")
    await desk.hear(case.registered(desk.now), case.breached(desk.now))
    for _ in range(4):
        await desk.advance(hours=25)
    await desk.hear(case.routed(desk.now, "1102"))
    assert await reasons(front, case) == ["fired_vacant", "passed_over", "fired_vacant"]


async def test_a_case_is_explained_to_those_only_who_may_see_it(desk: Desk, front: Front) -> None:
    case = await a_late_case(desk)
    other = await front.sign_in("branch_manager", "1103").get(f"/cases/{case.case_id}/explain")
    assert other.status_code == 404
