"""Process step 3: the officers whom the ladder calls upon are told, answer, and hear of what was wrong."""

from datetime import timedelta
from typing import Any

import pytest

from shared.testing.small_smtp import Mail
from shared.testing.system import System

COMPLAINT = {
    "channel": "contact_center_1662",
    "text": "น้ำไม่ไหลตั้งแต่เมื่อคืน ทั้งซอย",
    "contact": {"name": "สมหญิง ตัวอย่าง", "phone": "0800000001"},
    "place": "หมู่บ้านตัวอย่าง ซอย 3",
    "branch": "1102",
    "subject": "Q01",
}


async def complaints(system: System, number: int) -> list[str]:
    """So many registered now, each within its deadline for 24 hours."""
    officer = system.api("intake_officer", office="HQ")
    found = []
    for _ in range(number):
        body = {**COMPLAINT, "received_at": system.clock.now().isoformat()}
        answer = await officer.post("/intake/v1/cases", json=body)
        assert answer.status_code == 201, answer.text
        found.append(answer.json()["id"])
    await system.drain()
    return found


async def enter(system: System, office: str, post: str, staff_code: str) -> None:
    """Somebody with an e-mail address holds a post."""
    division = system.api("complaints_division")
    seen = await division.get(f"/escalation/v1/offices/{office}/posts")
    officer = {"staff_code": staff_code, "name": "สมชาย ตัวอย่าง", "email": f"{staff_code.lower()}@pwa.example"}
    put = await division.put(
        f"/escalation/v1/offices/{office}/posts",
        json={"posts": [{"post": post, "officer": officer}]},
        headers={"If-Match": seen.headers["ETag"]},
    )
    assert put.status_code == 200, put.text


def mails(system: System) -> list[Mail]:
    """What came for officers; the regions' daily packs come to the same server."""
    return [mail for mail in system.gateway.email.sent if mail.recipients[0].startswith("pwa-")]


def readers(system: System) -> list[str]:
    return [mail.recipients[0] for mail in mails(system)]


async def items(system: System, path: str, **query: str) -> list[dict[str, Any]]:
    answer = await system.api("complaints_division").get(f"/escalation/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@pytest.mark.transports
async def test_the_manager_is_told_answers_breaks_the_promise_and_the_region_is_told(system: System) -> None:
    await enter(system, "1102", "branch_manager", "PWA-1")
    await enter(system, "R01", "region_director", "PWA-2")
    (case_id,) = await complaints(system, 1)
    await system.advance(hours=24, minutes=1)
    await system.advance(minutes=2)
    assert readers(system) == ["pwa-1@pwa.example"]
    (waiting,) = await items(system, "unacknowledged")
    assert (waiting["case_id"], waiting["told"]) == (case_id, "accepted")

    manager = system.api("branch_manager", office="1102")
    rung = f"/escalation/v1/cases/{case_id}/rungs/1"
    answered = await manager.post(f"{rung}/acknowledge", json={"defer_hours": 24, "note": "ส่งทีมแล้ว"})
    assert answered.status_code == 200, answered.text
    assert await items(system, "unacknowledged") == []
    promise = {"promised_at": (system.clock.now() + timedelta(hours=16)).isoformat()}
    assert (await manager.post(f"{rung}/promise", json=promise)).status_code == 200
    await system.advance(hours=17)
    assert [line["case_id"] for line in await items(system, "follow-ups", promise_broken="true")] == [case_id]
    assert len(mails(system)) == 1

    await system.advance(hours=8)
    await system.advance(minutes=2)
    assert readers(system) == ["pwa-1@pwa.example", "pwa-2@pwa.example"]
    told = [(m["rung"], m["state"], m["told_by"]) for m in await items(system, "messages", case_id=case_id)]
    assert told == [(2, "accepted", "email"), (1, "accepted", "email")]


@pytest.mark.transports
async def test_100_breaches_of_one_branch_are_one_message_to_its_manager(system: System) -> None:
    await enter(system, "1102", "branch_manager", "PWA-1")
    cases = await complaints(system, 100)
    await system.advance(hours=24, minutes=1)
    await system.advance(minutes=2)
    (mail,) = mails(system)
    assert mail.subject == "กปภ. เรื่องเกินกำหนด 100 เรื่อง รอท่านดำเนินการ"
    text = mail.text()
    assert [text.count(case_id) for case_id in cases] == [1] * 100
    assert "สมหญิง" not in text
    assert "0800000001" not in text
