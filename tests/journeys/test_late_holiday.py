"""A holiday announced after the fact: previewed, published, applied; what was said too early is put right openly."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.kernel.clock import BANGKOK
from shared.testing.system import System
from tests.journeys import calling
from tests.journeys.closing import report_done

COMPLAINT = {
    "channel": "contact_center_1662",
    "text": "ขอให้ตรวจสอบใบแจ้งค่าน้ำ",
    "contact": {"name": "สมหญิง ตัวอย่าง", "phone": "0800000001"},
}
CALENDARS = "/sla/v1/calendars"
FRIDAY, MONDAY = (datetime(2026, 2, day, 16, 30, tzinfo=BANGKOK) for day in (6, 9))


async def a_complaint(system: System) -> str:
    """Of branch 1102, due at the close of the third working day."""
    body = {**COMPLAINT, "received_at": system.clock.now().isoformat(), "branch": "1102", "subject": "S01"}
    answer = await system.api("intake_officer").post("/intake/v1/cases", json=body)
    assert answer.status_code == 201, answer.text
    await system.drain()
    case_id: str = answer.json()["id"]
    return case_id


async def pass_to(system: System, at: datetime) -> None:
    system.clock.set(at)
    await system.drain()


async def breaches(system: System, case_id: str) -> list[tuple[datetime, str | None]]:
    """Due, and why it was voided, of each missed deadline of the repair, oldest first."""
    view = (await system.api("complaints_division").get(f"/sla/v1/cases/{case_id}/clocks")).json()
    found = [one for one in view["breaches"] if one["metric"] == "resolve" and one["level"] == 1]
    found.sort(key=lambda one: int(one["generation"]))
    return [(datetime.fromisoformat(one["due_at"]), one["void_reason"]) for one in found]


async def shown_by_intake(system: System, case_id: str) -> dict[str, Any]:
    facts: dict[str, Any] = (await system.api("complaints_division").get(f"/intake/v1/cases/{case_id}")).json()["facts"]
    return facts


async def rungs_fired(system: System, case_id: str) -> int:
    view = (await system.api("complaints_division").get(f"/escalation/v1/cases/{case_id}/rungs")).json()
    return sum(rung["state"] == "fired" for rung in view["rungs"])


async def draft_the_holiday(system: System) -> int:
    day = {"day": "2026-02-06", "name": "วันหยุดพิเศษตามมติคณะรัฐมนตรี"}
    answer = await system.api("policy_editor").post(CALENDARS, json={"code": "office", "based_on": 1, "days": [day]})
    assert answer.status_code == 201, answer.text
    version: int = answer.json()["calendar"]["version"]
    return version


async def run(system: System, version: int, kind: str) -> list[dict[str, Any]]:
    """Preview or apply; the deadlines of the repair that change."""
    editor = system.api("policy_editor")
    answer = await editor.post(f"{CALENDARS}/office/{version}/{kind}")
    assert answer.status_code == 202, answer.text
    await system.drain()
    url = answer.headers["Location"]
    assert (await editor.get(url)).json()["state"] == "done"
    items = (await editor.get(f"{url}/changes")).json()["items"]
    return [one for one in items if one["metric"] == "resolve"]


async def publish(system: System, version: int) -> None:
    editor = system.api("policy_editor", subject="somsri")
    answer = await editor.post(f"{CALENDARS}/office/{version}/publish", headers={"If-Match": '"1"'})
    assert answer.status_code == 200, answer.text
    await system.drain()


@pytest.mark.transports
async def test_a_late_holiday_moves_the_deadline_voids_the_breach_and_lets_the_true_one_come(system: System) -> None:
    case_id = await a_complaint(system)
    await pass_to(system, FRIDAY + timedelta(minutes=1))
    assert await breaches(system, case_id) == [(FRIDAY, None)]
    assert await rungs_fired(system, case_id) == 1

    version = await draft_the_holiday(system)
    [foreseen] = await run(system, version, "preview")
    assert (foreseen["case_id"], foreseen["voided"]) == (case_id, True)
    assert datetime.fromisoformat(foreseen["new_due_at"]) == MONDAY
    assert await breaches(system, case_id) == [(FRIDAY, None)]  # a preview changes nothing

    await publish(system, version)
    assert await breaches(system, case_id) == [(FRIDAY, None)]  # nor does publishing: it is for new clocks
    assert await run(system, version, "apply") == [foreseen]
    assert await breaches(system, case_id) == [(FRIDAY, "calendar")]
    facts = await shown_by_intake(system, case_id)
    assert (datetime.fromisoformat(facts["due_at"]), facts["breached_at"]) == (MONDAY, None)
    assert await rungs_fired(system, case_id) == 1  # what was sent stays on record

    await pass_to(system, MONDAY + timedelta(minutes=1))
    assert await breaches(system, case_id) == [(FRIDAY, "calendar"), (MONDAY, None)]
    assert (await shown_by_intake(system, case_id))["breached_at"] is not None
    new = await a_complaint(system)
    clocks = (await system.api("complaints_division").get(f"/sla/v1/cases/{new}/clocks")).json()["clocks"]
    assert {one["calendar"] for one in clocks if one["metric"] == "resolve"} == {f"office/{version}"}


async def test_21_neither_a_new_calendar_nor_a_new_target_changes_what_was_published(system: System) -> None:
    case_id = await a_complaint(system)
    await pass_to(system, MONDAY - timedelta(hours=7))
    await report_done(system, case_id)
    await system.drain()
    division, quarter = system.api("complaints_division"), {"fiscal_year": 2569, "quarter": 2}
    published = await calling.run(system, division, "reports/quarterly", quarter)
    url = f"/reporting/v1/reports/{published['report_id']}"
    before = (await division.get(url)).json()
    assert before["content"]["figures"]["indicators"][0]["headline"]["on_time"] == 0

    version = await draft_the_holiday(system)
    await publish(system, version)
    assert await run(system, version, "apply") == []  # the case is closed
    editor, week = system.api("policy_editor"), {"metric": "resolve", "unit": "working_day", "calendar": "office"}
    draft = {"code": "S01", "based_on": 1, "targets": [{**week, "amount": 30}]}
    made = (await editor.post("/sla/v1/policies", json=draft)).json()
    answer = await editor.post(
        f"/sla/v1/policies/S01/{made['version']}/publish", json={"end_predecessor": True}, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 200, answer.text
    await system.drain()
    assert await breaches(system, case_id) == [(FRIDAY, None)]
    again = await calling.run(system, division, "reports/quarterly", quarter)
    assert again == {**published, "new_edition": False}
    assert (await division.get(url)).json() == before
