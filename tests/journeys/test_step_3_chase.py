"""Process step 3: a late case is chased up the ladder until it is done."""

from typing import Any

import pytest

from shared.testing.system import System

COMPLAINT = {
    "channel": "contact_center_1662",
    "text": "น้ำไม่ไหลตั้งแต่เมื่อคืน ทั้งซอย",
    "contact": {"name": "สมหญิง ตัวอย่าง", "phone": "0800000001"},
    "place": "หมู่บ้านตัวอย่าง ซอย 3",
}


async def a_complaint(system: System, **more: Any) -> str:
    """Registered now; within its deadline for 24 hours when its subject is Q01."""
    body = {**COMPLAINT, "received_at": system.clock.now().isoformat(), **more}
    answer = await system.api("intake_officer", office="HQ").post("/intake/v1/cases", json=body)
    assert answer.status_code == 201, answer.text
    await system.drain()
    case_id: str = answer.json()["id"]
    return case_id


async def rungs(system: System, case_id: str) -> dict[str, Any]:
    answer = await system.api("complaints_division").get(f"/escalation/v1/cases/{case_id}/rungs")
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


def fired(view: dict[str, Any]) -> list[tuple[int, str]]:
    return [(rung["rung"], rung["post_office"]) for rung in view["rungs"] if rung["state"] == "fired"]


async def enter_manager(system: System, office: str) -> None:
    division = system.api("complaints_division")
    seen = await division.get(f"/escalation/v1/offices/{office}/posts")
    officer = {"staff_code": "PWA-48211", "name": "สมชาย ตัวอย่าง"}
    put = await division.put(
        f"/escalation/v1/offices/{office}/posts",
        json={"posts": [{"post": "branch_manager", "officer": officer}]},
        headers={"If-Match": seen.headers["ETag"]},
    )
    assert put.status_code == 200, put.text


@pytest.mark.transports
async def test_a_late_case_climbs_the_ladder_until_the_branch_is_done(system: System) -> None:
    await enter_manager(system, "1102")
    case_id = await a_complaint(system, branch="1102", subject="Q01")
    division, manager = system.api("complaints_division"), system.api("branch_manager", office="1102")

    await system.advance(hours=23, minutes=50)
    (line,) = (await division.get("/escalation/v1/follow-ups")).json()["items"]
    assert (line["case_id"], line["breached_at"], line["rung"]) == (case_id, None, 0)

    await system.advance(minutes=11)
    view = await rungs(system, case_id)
    assert fired(view) == [(1, "1102")]
    assert view["rungs"][0]["officer"]["staff_code"] == "PWA-48211"
    acknowledged = await manager.post(
        f"/escalation/v1/cases/{case_id}/rungs/1/acknowledge", json={"defer_hours": 24, "note": "ส่งทีมเข้าพื้นที่แล้ว"}
    )
    assert acknowledged.status_code == 200, acknowledged.text

    await system.advance(hours=24, minutes=2)
    assert fired(await rungs(system, case_id)) == [(1, "1102"), (2, "R01")]
    chase = {"whom": "ผอ.กปภ.เขต 1", "means": "phone", "answer": "เร่งสาขาแล้ว", "next_chase_on": "2026-02-06"}
    assert (await division.post(f"/escalation/v1/follow-ups/{case_id}/chases", json=chase)).status_code == 201

    await system.advance(hours=48)
    assert fired(await rungs(system, case_id)) == [(1, "1102"), (2, "R01"), (3, "D3")]
    facts = (await division.get(f"/intake/v1/cases/{case_id}")).json()["facts"]
    assert facts["rung"] == 3
    assert facts["breached_at"] is not None

    await work(system, case_id)
    assert (await division.get("/escalation/v1/follow-ups")).json()["items"] == []
    await system.advance(hours=200)
    assert len(fired(await rungs(system, case_id))) == 3


async def work(system: System, case_id: str) -> None:
    """The branch accepts and reports the repair."""
    branch = system.api("branch_staff", office="1102", subject="somchai")
    report = {
        "repaired": True, "cause": "ท่อแตก", "action": "ซ่อมท่อ", "mister_prapa": "MP-1102-01",
        "done_at": system.clock.now().isoformat(),
    }  # fmt: skip
    for path, body in (("accept", {}), ("resolve", report)):
        etag = (await branch.get(f"/intake/v1/cases/{case_id}")).headers["ETag"]
        answer = await branch.post(f"/intake/v1/cases/{case_id}/{path}", json=body, headers={"If-Match": etag})
        assert answer.status_code == 200, answer.text
    await system.drain()


@pytest.mark.transports
async def test_a_case_resolved_in_time_calls_upon_nobody(system: System) -> None:
    case_id = await a_complaint(system, branch="1102", subject="Q01")
    await system.advance(hours=23)
    await work(system, case_id)
    await system.advance(hours=200)
    assert fired(await rungs(system, case_id)) == []
    assert (await rungs(system, case_id))["breached_at"] is None


async def test_a_never_assigned_case_still_reaches_the_deputy_governor_on_time(system: System) -> None:
    case_id = await a_complaint(system)
    for _ in range(5):
        await system.advance(hours=24, minutes=1)
    view = await rungs(system, case_id)
    assert fired(view) == [(1, "HQ"), (3, "HQ")]
    assert view["rungs"][1]["post"] == "deputy_governor"


async def test_a_case_that_waits_for_information_calls_upon_nobody_meanwhile(system: System) -> None:
    case_id = await a_complaint(system, branch="1102", subject="Q01")
    await system.advance(hours=24, minutes=1)
    assert len(fired(await rungs(system, case_id))) == 1
    staff = system.api("branch_staff", office="1102")
    etag = (await staff.get(f"/intake/v1/cases/{case_id}")).headers["ETag"]
    asked = await staff.post(
        f"/intake/v1/cases/{case_id}/request-information",
        json={"missing": ["เลขมาตร"], "asked": "complainant"},
        headers={"If-Match": etag},
    )
    assert asked.status_code == 200, asked.text
    await system.drain()
    await system.advance(hours=72)
    assert len(fired(await rungs(system, case_id))) == 1
    etag = (await staff.get(f"/intake/v1/cases/{case_id}")).headers["ETag"]
    supplied = await staff.post(
        f"/intake/v1/cases/{case_id}/supply-information", json={"text": "เลขมาตรอยู่หน้าบ้าน"}, headers={"If-Match": etag}
    )
    assert supplied.status_code == 200, supplied.text
    await system.drain()
    assert len(fired(await rungs(system, case_id))) == 1
    await system.advance(hours=24, minutes=1)
    assert len(fired(await rungs(system, case_id))) == 2
