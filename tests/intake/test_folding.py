"""What other services tell is kept beside the case, in any order, without moving its version."""

from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from services.intake_service.consumers import FOLDS
from shared.contracts.base import Event
from shared.contracts.escalation import RungFired
from shared.contracts.reporting import OisAcknowledged
from shared.contracts.sla import BreachVoided, ClockArmed, ClockHeld, ClockRescheduled, ClockStopped, SlaBreached
from shared.contracts.survey import CallClosed, CustomerTold, NoticeFailed, ReopenRequested, SurveyAnswered
from shared.kernel.ids import uuid7
from shared.messaging.fold import Meta
from shared.testing.batches import fold_in
from shared.testing.start import START
from tests.intake.given import Desk

DUE = START + timedelta(hours=24)


def stamped(case_id: str, cycle: int = 1) -> dict[str, Any]:
    values = {"case_id": UUID(case_id), "office": "1102", "region": 1, "kind": "complaint", "restricted": False}
    return values | {"cycle": cycle}


def sla_story(case_id: str, cycle: int = 1) -> list[Event]:
    base = {**stamped(case_id, cycle), "metric": "resolve"}
    breach = uuid7()
    return [
        ClockArmed(**base, started_at=START, due_at=DUE, policy="p", calendar="c"),
        ClockHeld(**base, reason="information", held_at=START, remaining_seconds=60),
        ClockRescheduled(**base, due_at=DUE + timedelta(hours=2), cause="resume", rescheduled_at=START),
        SlaBreached(**base, breach_id=breach, due_at=DUE, breached_at=DUE, cause="elapsed", generation=1),
        BreachVoided(**base, breach_id=breach, reason="calendar", voided_at=DUE),
        SlaBreached(**base, breach_id=uuid7(), due_at=DUE, breached_at=DUE, cause="elapsed", generation=2),
        ClockStopped(
            **base, stopped_at=DUE + timedelta(hours=3), due_at=DUE, verdict="breached", consumed_seconds=1,
            overrun_seconds=1,
        ),
    ]  # fmt: skip


def other_stories(case_id: str, cycle: int = 1) -> list[Event]:
    base = stamped(case_id, cycle)
    return [
        *(
            RungFired(
                **base, rung_id=uuid7(), breach_id=uuid7(), rung=rung, post="branch_manager", post_office="1102",
                officer=None, scheduled_at=DUE, fired_at=DUE + timedelta(hours=rung),
            )
            for rung in (1, 2)
        ),
        CustomerTold(**base, notice_id=uuid7(), purpose="resolved", channel="sms", evidence="receipt", told_at=DUE),
        CallClosed(**base, task_id=uuid7(), purpose="satisfaction", outcome="answered", attempts=2, closed_at=DUE),
        CallClosed(**base, task_id=uuid7(), purpose="sample", outcome="refused", attempts=1, closed_at=DUE),
        SurveyAnswered(
            **base, task_id=uuid7(), purpose="satisfaction", questionnaire="1", channel="line", satisfied=True,
            answered_at=DUE,
        ),
        OisAcknowledged(**base, version=1, accepted=True, acknowledged_at=DUE),
        OisAcknowledged(**base, version=2, accepted=False, acknowledged_at=DUE),
    ]  # fmt: skip


async def tell(desk: Desk, numbered: list[tuple[int, Event]]) -> None:
    async with desk.system.db["intake"].transaction() as tx:
        await fold_in(tx, FOLDS, [(event, Meta(uuid7(), seq, tx.now, None, tx.now)) for seq, event in numbered])


async def test_a_case_shows_due_breach_rung_told_called_and_ois(desk: Desk) -> None:
    case_id = await desk.resolved()
    before = await desk.get(case_id)
    await tell(desk, [*enumerate(sla_story(case_id), 1), *enumerate(other_stories(case_id), 1)])
    shown = await desk.get(case_id)
    assert shown["version"] == before["version"]
    facts = shown["facts"]
    assert facts["breached_at"] == "2026-02-04T02:00:00Z"
    assert (facts["verdict"], facts["rung"], facts["told_by"]) == ("breached", 2, "sms")
    assert (facts["call_outcome"], facts["satisfied"]) == ("answered", True)
    assert (facts["ois_version"], facts["ois_accepted"]) == (2, False)


async def test_shuffled_and_repeated_events_end_in_the_same_facts(desk: Desk) -> None:
    """failures.md 8: intake's part."""
    rows = []
    for seed in range(6):
        case_id = (await desk.register())["id"]
        events = [*enumerate(sla_story(case_id), 1), *enumerate(other_stories(case_id), 1)]
        events += [*enumerate(sla_story(case_id, cycle=2), 8), *enumerate(other_stories(case_id, cycle=2), 9)]
        if seed:
            Random(seed).shuffle(events)
            events += events[:5]
        await tell(desk, events)
        facts = await desk.system.sql(
            "SELECT * FROM intake.case_facts WHERE case_id = $1::uuid ORDER BY cycle", case_id
        )
        rows.append([{key: value for key, value in dict(row).items() if key != "case_id"} for row in facts])
    assert all(each == rows[0] for each in rows)
    assert [row["breached_at"] for row in rows[0]] == [DUE, DUE]


async def test_only_notices_that_tell_the_outcome_count_as_told(desk: Desk) -> None:
    case_id = (await desk.register())["id"]
    notice = {**stamped(case_id), "notice_id": uuid7(), "purpose": "received"}
    told = CustomerTold(**notice, channel="sms", evidence="receipt", told_at=DUE)
    failed = NoticeFailed(**notice, reason="unreachable", phone_task=True, failed_at=DUE)
    await tell(desk, [(1, told), (2, failed)])
    facts = (await desk.get(case_id))["facts"]
    assert (facts["told_at"], facts["notice_failed_at"]) == (None, None)


async def test_clocks_of_other_metrics_do_not_show_as_the_deadline(desk: Desk) -> None:
    case_id = (await desk.register())["id"]
    event = ClockArmed(**stamped(case_id), metric="acknowledge", started_at=START, due_at=DUE, policy="p", calendar="c")
    await tell(desk, [(1, event)])
    assert (await desk.get(case_id))["facts"]["due_at"] is None


async def test_a_reopen_request_is_decided_by_somebody_other_than_the_handler(desk: Desk) -> None:
    approved, declined = await desk.resolved(), await desk.resolved()
    requests = {}
    for case_id in (approved, declined):
        requests[case_id] = uuid7()
        event = ReopenRequested(
            **stamped(case_id), request_id=requests[case_id], reason="not_fixed", requested_at=START
        )
        await tell(desk, [(1, event), (1, event)])
    listed = (await desk.division.get("/intake/v1/reopen-requests")).json()["items"]
    assert {item["case_id"] for item in listed} == {approved, declined}
    own = desk.system.api("complaints_division", subject="worker")
    for verb in ("approve", "decline"):
        answer = await own.post(f"/intake/v1/reopen-requests/{requests[approved]}/{verb}")
        assert (answer.status_code, answer.json()["code"]) == (403, "handler_may_not_decide")
    yes = await desk.division.post(f"/intake/v1/reopen-requests/{requests[approved]}/approve", json={})
    assert (yes.status_code, yes.json()["state"], yes.json()["cycle"]) == (200, "in_progress", 2)
    no = await desk.division.post(f"/intake/v1/reopen-requests/{requests[declined]}/decline")
    assert (no.status_code, no.json()["state"]) == (200, "resolved")
    again = await desk.division.post(f"/intake/v1/reopen-requests/{requests[declined]}/approve")
    assert (again.status_code, again.json()["code"]) == (409, "already_decided")
    types = await desk.system.sql(
        "SELECT type, payload ->> 'request_id' AS request FROM intake.outbox "
        "WHERE type IN ('pwa.intake.case-reopened.v1', 'pwa.intake.reopen-declined.v1') ORDER BY id"
    )
    assert [(row["type"], row["request"]) for row in types] == [
        ("pwa.intake.case-reopened.v1", None), ("pwa.intake.reopen-declined.v1", str(requests[declined])),
    ]  # fmt: skip


async def test_a_request_for_a_cycle_that_was_reopened_already_is_refused(desk: Desk) -> None:
    case_id = await desk.resolved()
    await desk.done(desk.division, case_id, "reopen", {"reason": "other"})
    request = uuid7()
    await tell(
        desk, [(1, ReopenRequested(**stamped(case_id), request_id=request, reason="not_fixed", requested_at=START))]
    )
    answer = await desk.division.post(f"/intake/v1/reopen-requests/{request}/approve")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_reopened")
