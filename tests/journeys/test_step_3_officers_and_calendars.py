"""Process step 3: officers who are away and those who act for them; a ladder that counts office hours."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.testing.system import System
from tests.journeys.test_step_3_chase import a_complaint, fired, rungs

STAFF = (
    "\ufeffรหัสหน่วยงาน,ตำแหน่ง,รหัสพนักงาน,ชื่อ,รักษาการ,ตั้งแต่วันที่,ถึงวันที่\n"
    "1102,ผจก.กปภ.สาขา,PWA-1,สมชาย ตัวอย่าง,ไม่ใช่,2026-01-01,\n"
    "1102,ผจก.กปภ.สาขา,PWA-2,สมหญิง ตัวอย่าง,ใช่,2026-02-04,2026-02-10\n"
    "R01,ผอ.กปภ.เขต,PWA-3,สมศรี ตัวอย่าง,,2026-01-01,\n"
)


async def import_staff(system: System, *, dry_run: bool) -> dict[str, Any]:
    answer = await system.api("complaints_division").post(
        "/escalation/v1/officers/import",
        params={"dry_run": str(dry_run).lower()}, content=STAFF.encode(), headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


@pytest.mark.transports
async def test_an_acting_officer_is_called_upon_while_the_manager_is_on_leave(system: System) -> None:
    division = system.api("complaints_division")
    assert (await import_staff(system, dry_run=True))["counts"]["create"] == 3
    assert (await import_staff(system, dry_run=False))["applied"] is True
    leave = {"valid_from": "2026-02-04T00:00:00+07:00", "valid_to": "2026-02-11T00:00:00+07:00"}
    assert (await division.post("/escalation/v1/officers/PWA-1/leaves", json=leave)).status_code == 201
    before = await a_complaint(system, branch="1102", subject="Q01")
    await system.advance(hours=24, minutes=1)
    (first,) = (await rungs(system, before))["rungs"]
    assert first["officer"] == {"staff_code": "PWA-2", "name": "สมหญิง ตัวอย่าง", "acting": True}
    said = (await division.get(f"/escalation/v1/cases/{before}/explain")).json()["cycles"][0]["rungs"]
    assert [(one["why"], one["called_as"], one["absent"]) for one in said[:2]] == [
        ("fired", "acting", "PWA-1"), ("gap", None, None),
    ]  # fmt: skip
    await system.advance(hours=24 * 7)
    after = await a_complaint(system, branch="1102", subject="Q01")
    await system.advance(hours=24, minutes=1)
    assert (await rungs(system, after))["rungs"][0]["officer"]["staff_code"] == "PWA-1"
    assert (await rungs(system, before))["rungs"][0]["officer"]["staff_code"] == "PWA-2"
    assert (await import_staff(system, dry_run=False))["counts"]["unchanged"] == 3


@pytest.mark.transports
async def test_a_ladder_on_the_office_calendar_leaves_the_week_end_out(system: System) -> None:
    await put_on_office_hours(system)
    case_id = await a_complaint(system, branch="1102", subject="Q01")
    due_at = system.clock.now() + timedelta(hours=24)  # Wednesday 09:00
    for _ in range(4 * 6 + 1):
        await system.advance(hours=6, seconds=1)
    view = await rungs(system, case_id)
    assert fired(view) == [(1, "1102"), (2, "R01"), (3, "D3")]
    scheduled = [datetime.fromisoformat(rung["scheduled_at"]) - due_at for rung in view["rungs"]]
    # Eight office hours: Thursday 09:00. Twenty-four: Wednesday 7.5, Thursday 8, Friday 8, Monday the last half.
    assert scheduled == [timedelta(0), timedelta(days=1), timedelta(days=5)]
    friday = due_at + timedelta(days=2, hours=1)
    said = await system.api("complaints_division").get(
        f"/escalation/v1/cases/{case_id}/explain", params={"at": friday.isoformat()}
    )
    third = said.json()["cycles"][0]["rungs"][2]
    assert (third["why"], third["calendar"]) == ("not_yet_scheduled", "office")


async def put_on_office_hours(system: System) -> None:
    """A new version of the branches' ladder, in force from now on."""
    editor = system.api("policy_editor")
    posts = (("branch_manager", "own", 0), ("region_director", "region", 8), ("deputy_governor", "area", 24))
    body = {
        "name_th": "ลำดับเร่งรัดของสาขา เวลาทำการ", "selector": {"queue": "branch"}, "minimum_gap_hours": 8,
        "longest_deferral_hours": 24,
        "rungs": [
            {"rung": nr, "post": post, "place": place, "offset_hours": hours, "calendar": "office"}
            for nr, (post, place, hours) in enumerate(posts, 1)
        ],
    }  # fmt: skip
    await system.drain()
    drafted = await editor.post("/escalation/v1/ladders/branch/versions", json=body)
    assert drafted.json()["missing_calendars"] == [], drafted.text
    published = await editor.post(
        f"/escalation/v1/ladders/branch/versions/{drafted.json()['version']}/publish",
        json={}, headers={"If-Match": drafted.headers["ETag"]},
    )  # fmt: skip
    assert published.status_code == 200, published.text
