"""From a complaint to the branch's report of completion, for the journeys that begin there."""

from typing import Any

import httpx

from shared.testing.system import System

PHONE = "081-234-5678"
E164 = "+66812345678"
REPORT = {"repaired": True, "cause": "ท่อแตก", "action": "ตัดต่อท่อใหม่", "mister_prapa": "MP-1102-01"}


async def registered(system: System, contact: dict[str, str] | None = None, **more: Any) -> str:
    """A complaint of the branch 1102, routed at once."""
    body = {
        "channel": "website",
        "text": "น้ำไม่ไหลตั้งแต่เมื่อคืน ทั้งซอย",
        "contact": {"name": "สมหญิง ตัวอย่าง", "phone": PHONE} if contact is None else contact,
        "received_at": system.clock.now().isoformat(),
        "branch": "1102",
        "subject": "Q01",
        **more,
    }
    answer = await system.api("intake_officer", office="HQ").post("/intake/v1/cases", json=body)
    assert answer.status_code == 201, answer.text
    await system.drain()
    case_id: str = answer.json()["id"]
    return case_id


async def change(
    client: httpx.AsyncClient, case_id: str, verb: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """POST on the case's newest version."""
    seen = await client.get(f"/intake/v1/cases/{case_id}")
    assert seen.status_code == 200, seen.text
    answer = await client.post(
        f"/intake/v1/cases/{case_id}/{verb}", json=body or {}, headers={"If-Match": seen.headers["ETag"]}
    )
    assert answer.status_code < 300, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def report_done(system: System, case_id: str, **more: Any) -> None:
    branch = system.api("branch_staff", office="1102", subject="somchai")
    if (await branch.get(f"/intake/v1/cases/{case_id}")).json()["state"] == "routed":
        await change(branch, case_id, "accept")
    await change(branch, case_id, "resolve", {**REPORT, "done_at": system.clock.now().isoformat(), **more})
    await system.drain()


async def closed(system: System, contact: dict[str, str] | None = None, **more: Any) -> str:
    """A complaint that the branch has reported done."""
    case_id = await registered(system, contact, **more)
    await report_done(system, case_id)
    return case_id


async def survey(system: System, case_id: str) -> dict[str, Any]:
    """What survey knows of the case."""
    answer = await system.api("complaints_division").get(f"/survey/v1/cases/{case_id}")
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def intake(system: System, case_id: str) -> dict[str, Any]:
    """What intake shows of the case."""
    answer = await system.api("complaints_division").get(f"/intake/v1/cases/{case_id}")
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view
