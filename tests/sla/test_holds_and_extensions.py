"""What persons may do to a clock: hold it with evidence and within a budget, and give it more time, two of them."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from shared.contracts.base import INTAKE, REPORTING, SURVEY
from shared.messaging.port import Message
from shared.testing.system import System
from tests.sla.bench import Story, mark, minutes
from tests.sla.given import bangkok, hours

NINE = bangkok("2026-02-03 09:00")
HOLD = {"reason": "customer_absent", "evidence": "ใบนัดหมายที่ 12"}
MORE = {"reason": "รออะไหล่จากผู้ขาย", "evidence": "ใบสั่งซื้อ 45/2569", "hours": 24}


async def hear(alone: System, *messages: Message) -> None:
    await alone.nodes["sla"].context.consumer.receive(list(messages))


async def told(alone: System, kind: str) -> list[dict[str, Any]]:
    """What was told about the clock of the repair under one type."""
    everything = "SELECT type, payload FROM sla.outbox UNION ALL SELECT type, payload FROM sla.outbox_sent"
    rows = await alone.sql(f"SELECT payload FROM ({everything}) told WHERE type = $1", f"pwa.sla.{kind}.v1")
    found = [json.loads(row["payload"]) if isinstance(row["payload"], str) else row["payload"] for row in rows]
    return [one for one in found if one["metric"] == "resolve"]


async def clock_of(alone: System, story: Story, metric: str = "resolve") -> dict[str, Any]:
    answer = await alone.api("complaints_division").get(f"/sla/v1/cases/{story.case_id}/clocks")
    [found] = [one for one in answer.json()["clocks"] if one["metric"] == metric]
    clock: dict[str, Any] = found
    return clock


def iso(at: Any) -> str:
    text: str = at.isoformat().replace("+00:00", "Z")
    return text


@pytest.fixture
async def story(alone: System) -> Story:
    """A leak of 24 hours, received at nine."""
    one = Story()
    await hear(alone, one.registered(NINE, "L01"))
    return one


def division(alone: System, subject: str = "malee") -> httpx.AsyncClient:
    return alone.api("complaints_division", subject=subject)


async def test_a_hold_with_evidence_stops_the_clock_until_it_is_ended(alone: System, story: Story) -> None:
    manager = alone.api("branch_manager", office="1102", subject="manop")
    alone.clock.advance(hours(2))
    answer = await manager.post(f"/sla/v1/cases/{story.case_id}/holds", json=HOLD)
    assert answer.status_code == 201, answer.text
    hold = answer.json()
    assert (hold["reason"], hold["entered_by"], hold["ended_at"]) == ("customer_absent", "manop", None)
    held = await clock_of(alone, story)
    assert (held["state"], held["due_at"], held["remaining_seconds"]) == ("held", None, 22 * 3600)
    again = await manager.post(f"/sla/v1/cases/{story.case_id}/holds", json=HOLD)
    assert (again.status_code, again.json()["code"]) == (409, "already_held")
    alone.clock.advance(hours(5))
    ended = await manager.post(f"/sla/v1/holds/{hold['hold_id']}/end", json={})
    assert ended.json()["ended_by"] == "manop"
    assert (await clock_of(alone, story))["due_at"] == iso(NINE + hours(29))
    twice = await manager.post(f"/sla/v1/holds/{hold['hold_id']}/end", json={})
    assert (twice.status_code, twice.json()["code"]) == (409, "hold_ended")
    listed = (await manager.get("/sla/v1/holds", params={"case_id": str(story.case_id), "running": False})).json()
    assert [one["hold_id"] for one in listed["items"]] == [hold["hold_id"]]
    audit = await alone.sql("SELECT action FROM sla.audit WHERE subject = $1 ORDER BY id", str(story.case_id))
    assert [row["action"] for row in audit] == ["hold.placed", "hold.ended"]


async def test_a_hold_after_the_fact_needs_a_right_and_a_reason_and_is_told(alone: System, story: Story) -> None:
    alone.clock.advance(hours(20))
    url = f"/sla/v1/cases/{story.case_id}/holds"
    past = {**HOLD, "began_at": iso(NINE + hours(2)), "ended_at": iso(NINE + hours(5))}
    manager = alone.api("branch_manager", office="1102")
    assert (await manager.post(url, json={**past, "why": "ลืมบันทึก"})).status_code == 403
    without = await division(alone).post(url, json=past)
    assert (without.status_code, without.json()["code"]) == (422, "why_missing")
    assert (await division(alone).post(url, json={**past, "why": "ลืมบันทึก"})).status_code == 201
    assert (await clock_of(alone, story))["due_at"] == iso(NINE + hours(27))
    [event] = await told(alone, "recomputed")
    assert event["reason"] == "ลืมบันทึก"
    audit = await alone.sql("SELECT facts FROM sla.audit WHERE action = 'hold.placed'")
    assert len(audit) == 1


async def test_a_hold_that_ended_with_its_cycle_stands_in_nobodys_way_after_a_reopening(
    alone: System, story: Story
) -> None:
    path = f"/sla/v1/cases/{story.case_id}/holds"
    assert (await division(alone).post(path, json=HOLD)).status_code == 201
    await hear(alone, story.resolved(NINE + hours(1)), story.reopened(NINE + hours(2)))
    alone.clock.set(NINE + hours(3))
    second = await division(alone).post(path, json=HOLD)
    assert (second.status_code, second.json().get("cycle")) == (201, 2)
    running = (
        await division(alone).get("/sla/v1/holds", params={"case_id": str(story.case_id), "running": True})
    ).json()
    assert [one["hold_id"] for one in running["items"]] == [second.json()["hold_id"]]


async def test_a_hold_with_a_reason_that_the_policy_does_not_know_is_refused(alone: System, story: Story) -> None:
    url = f"/sla/v1/cases/{story.case_id}/holds"
    answer = await division(alone).post(url, json={**HOLD, "reason": "lunch"})
    assert (answer.status_code, answer.json()["code"]) == (422, "reason_not_allowed")
    future = await division(alone).post(url, json={**HOLD, "began_at": iso(NINE + hours(1))})
    assert (future.status_code, future.json()["code"]) == (422, "future_instant")
    assert (await alone.api("branch_staff", office="1102").post(url, json=HOLD)).status_code == 403
    assert (await alone.api("branch_manager", office="5501").post(url, json=HOLD)).status_code == 404


async def test_the_budget_of_pauses_lets_the_clock_run_on_without_anybody(alone: System, story: Story) -> None:
    await division(alone).post(f"/sla/v1/cases/{story.case_id}/holds", json=HOLD)
    runs_on = NINE + hours(240)
    await _pass_to(alone, runs_on - minutes(1))
    assert (await clock_of(alone, story))["state"] == "held"
    await _pass_to(alone, runs_on + minutes(1))
    running = await clock_of(alone, story)
    assert (running["state"], running["due_at"]) == ("running", iso(runs_on + hours(24)))
    assert [one["cause"] for one in await told(alone, "clock-rescheduled")] == ["resume"]
    assert running["gross_seconds"] - running["used_seconds"] == 240 * 3600


async def _pass_to(alone: System, at: Any) -> None:
    alone.clock.set(at)
    await hear(alone, *(mark(at, topic) for topic in (INTAKE, SURVEY, REPORTING)))
    await alone.drain()


async def test_more_time_takes_two_persons_and_is_told(alone: System, story: Story) -> None:
    manager = alone.api("branch_manager", office="1102", subject="manop")
    answer = await manager.post(f"/sla/v1/cases/{story.case_id}/extensions", json=MORE)
    assert answer.status_code == 201, answer.text
    url = f"/sla/v1/extensions/{answer.json()['id']}"
    assert (await clock_of(alone, story))["due_at"] == iso(NINE + hours(24))
    assert (await manager.post(f"{url}/approve", json={})).status_code == 403
    open_ones = (await division(alone).get("/sla/v1/extensions", params={"state": "requested"})).json()["items"]
    assert [one["requested_by"] for one in open_ones] == ["manop"]
    done = (await division(alone).post(f"{url}/approve", json={})).json()
    assert (done["state"], done["previous_due_at"], done["due_at"]) == (
        "approved", iso(NINE + hours(24)), iso(NINE + hours(48)),
    )  # fmt: skip
    assert (await clock_of(alone, story))["due_at"] == iso(NINE + hours(48))
    [event] = await told(alone, "clock-extended")
    assert event["extension_id"] == answer.json()["id"]
    assert [one["cause"] for one in await told(alone, "clock-rescheduled")] == ["extension"]
    twice = await division(alone).post(f"{url}/reject", json={"note": "x"})
    assert (twice.status_code, twice.json()["code"]) == (409, "already_decided")


async def test_who_asked_for_more_time_does_not_decide(alone: System, story: Story) -> None:
    asked = await division(alone, "malee").post(f"/sla/v1/cases/{story.case_id}/extensions", json=MORE)
    url = f"/sla/v1/extensions/{asked.json()['id']}"
    refused = await division(alone, "malee").post(f"{url}/approve", json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "second_person")
    rejected = await division(alone, "nid").post(f"{url}/reject", json={"note": "ทำได้ทัน"})
    assert (rejected.json()["state"], rejected.json()["decided_by"]) == ("rejected", "nid")
    assert (await clock_of(alone, story))["due_at"] == iso(NINE + hours(24))


async def test_more_time_is_not_granted_after_the_deadline_nor_to_a_held_clock(alone: System, story: Story) -> None:
    url = f"/sla/v1/cases/{story.case_id}/extensions"
    asked = await division(alone, "malee").post(url, json=MORE)
    hold = (await division(alone).post(f"/sla/v1/cases/{story.case_id}/holds", json=HOLD)).json()
    approve = f"/sla/v1/extensions/{asked.json()['id']}/approve"
    held = await division(alone, "nid").post(approve, json={})
    assert (held.status_code, held.json()["code"]) == (409, "clock_held")
    await division(alone).post(f"/sla/v1/holds/{hold['hold_id']}/end", json={})
    alone.clock.advance(hours(25))
    late = await division(alone, "nid").post(approve, json={})
    assert (late.status_code, late.json()["code"]) == (409, "already_due")


async def test_a_new_date_is_worth_the_working_time_up_to_it(alone: System) -> None:
    story = Story()
    await hear(alone, story.registered(NINE, "S01"))  # three working days: until Friday 16:30
    monday = bangkok("2026-02-09 16:30")
    body = {"reason": "r", "evidence": "e", "until": iso(monday)}
    asked = await division(alone, "malee").post(f"/sla/v1/cases/{story.case_id}/extensions", json=body)
    done = (await division(alone, "nid").post(f"/sla/v1/extensions/{asked.json()['id']}/approve", json={})).json()
    assert (done["granted_seconds"], done["due_at"]) == (8 * 3600, iso(monday))
    both = await division(alone).post(f"/sla/v1/cases/{story.case_id}/extensions", json={**body, "hours": 1})
    assert both.status_code == 422


async def test_a_date_that_nobody_means_is_refused(alone: System, story: Story) -> None:
    body = {"reason": "รออะไหล่", "evidence": "ใบสั่งซื้อ", "until": "2126-02-03T09:00:00+07:00"}
    answer = await division(alone).post(f"/sla/v1/cases/{story.case_id}/extensions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "absurd_time")


async def test_every_decision_about_a_clock_can_be_asked_for(alone: System, story: Story) -> None:
    await _pass_to(alone, NINE + hours(18) + minutes(1))
    url = f"/sla/v1/cases/{story.case_id}/explain"
    early = (await division(alone).get(url)).json()
    await _pass_to(alone, NINE + hours(24) + minutes(1))
    await hear(alone, story.resolved(NINE + hours(23)))
    later = (await division(alone).get(url)).json()
    own = [(one["what"], one["reason"]) for one in later["decisions"] if one["metric"] == "resolve"]
    assert own == [
        ("armed", "L01/1"), ("warned", "75%"), ("breached", "elapsed/1"), ("stopped", "met"), ("voided", "late_fact/1"),
    ]  # fmt: skip
    whys = [next(one["why"] for one in seen["clocks"] if one["metric"] == "resolve") for seen in (early, later)]
    assert whys == ["not_due_yet", "stopped"]
    assert timedelta(seconds=early["clocks"][0]["extended_seconds"]) == timedelta(0)


async def test_a_breach_stands_in_the_explanation_when_only_its_very_late_tier_was_taken_back(
    alone: System, story: Story
) -> None:
    for late in (24, 48):
        await _pass_to(alone, NINE + hours(late) + minutes(1))
    await hear(alone, story.resolved(NINE + hours(25)))
    seen = (await division(alone).get(f"/sla/v1/cases/{story.case_id}/explain")).json()
    own = [one for one in seen["decisions"] if one["metric"] == "resolve"]
    assert [one["reason"] for one in own if one["what"] == "voided"] == ["late_fact/2"]
    assert [one["why"] for one in seen["clocks"] if one["metric"] == "resolve"] == ["breached"]


async def test_a_hold_of_the_past_that_lies_after_the_breach_moves_nothing_and_is_told_whole(
    alone: System, story: Story
) -> None:
    alone.clock.set(NINE + hours(40))
    past = {"began_at": iso(NINE + hours(26)), "ended_at": iso(NINE + hours(30)), "why": "ลืมบันทึก"}
    path = f"/sla/v1/cases/{story.case_id}/holds"
    assert (await division(alone).post(path, json=HOLD | past)).status_code == 201
    assert (await clock_of(alone, story))["due_at"] == iso(NINE + hours(24))
    [event] = await told(alone, "recomputed")
    assert (event["reason"], event["due_at"], event["previous_due_at"]) == ("ลืมบันทึก", *[iso(NINE + hours(24))] * 2)
    assert event["holds"] == [{"begin": past["began_at"], "end": past["ended_at"]}]
    await hear(alone, story.routed(NINE + hours(40), "1102"))  # nothing new about holds: nothing to tell
    assert len(await told(alone, "recomputed")) == 1


async def test_a_release_that_is_entered_late_tells_when_the_hold_ended(alone: System, story: Story) -> None:
    alone.clock.set(NINE + hours(26))
    await hear(alone, story.asked(NINE + hours(25)))
    alone.clock.set(NINE + hours(40))
    await hear(alone, story.supplied(NINE + hours(28)))
    [held] = await told(alone, "clock-held")
    assert held["holds"] == [{"begin": iso(NINE + hours(25)), "end": None}]
    [resumed] = await told(alone, "clock-rescheduled")
    assert (resumed["cause"], resumed["rescheduled_at"]) == ("resume", iso(NINE + hours(40)))
    assert resumed["resumed_at"] == iso(NINE + hours(28))
    assert resumed["holds"] == [{"begin": iso(NINE + hours(25)), "end": iso(NINE + hours(28))}]
