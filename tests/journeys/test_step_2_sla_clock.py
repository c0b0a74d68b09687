"""Process step 2: each case is counted and numbered, and has an SLA start and end that only true reasons move."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.testing.system import System

COMPLAINT = {
    "channel": "contact_center_1662",
    "text": "ท่อแตกหน้าบ้าน น้ำไหลนองถนน",
    "contact": {"name": "สมหญิง ตัวอย่าง", "phone": "0800000001"},
    "place": "ซอยเทศบาล 5",
}


async def a_case(system: System, **more: Any) -> str:
    body = {**COMPLAINT, "received_at": system.clock.now().isoformat(), **more}
    answer = await system.api("intake_officer").post("/intake/v1/cases", json=body)
    assert answer.status_code == 201, answer.text
    await system.drain()
    case_id: str = answer.json()["id"]
    return case_id


async def change(system: System, client: httpx.AsyncClient, case_id: str, verb: str, **body: Any) -> None:
    """A step of the case on its newest version, told to everybody."""
    etag = (await client.get(f"/intake/v1/cases/{case_id}")).headers["ETag"]
    answer = await client.post(f"/intake/v1/cases/{case_id}/{verb}", json=body, headers={"If-Match": etag})
    assert answer.status_code < 300, answer.text
    await system.drain()


async def clocks(system: System, case_id: str, metric: str = "resolve") -> dict[str, Any]:
    """What the SLA service shows of a case, as far as it is about one metric."""
    answer = await system.api("complaints_division").get(f"/sla/v1/cases/{case_id}/clocks")
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view | {name: only(view[name], metric) for name in ("clocks", "breaches")}


def only(rows: list[dict[str, Any]], metric: str = "resolve") -> list[dict[str, Any]]:
    """The rows about one metric; breaches without the multiples of the budget."""
    return [row for row in rows if row["metric"] == metric and row.get("level", 1) == 1]


async def due(system: System, case_id: str) -> datetime | None:
    """The deadline of the newest cycle."""
    at = (await clocks(system, case_id))["clocks"][-1]["due_at"]
    return datetime.fromisoformat(at) if at else None


async def shown_by_intake(system: System, case_id: str) -> dict[str, Any]:
    answer = await system.api("complaints_division").get(f"/intake/v1/cases/{case_id}")
    facts: dict[str, Any] = answer.json()["facts"]
    return facts


@pytest.mark.transports
async def test_the_clock_runs_from_receipt_to_resolution_and_stands_still_while_the_customer_is_asked(
    system: System,
) -> None:
    start = system.clock.now()
    case_id = await a_case(system)
    assert await due(system, case_id) == start + timedelta(hours=24)  # the triage policy

    await system.advance(hours=1)
    officer = system.api("intake_officer")
    await change(system, officer, case_id, "classify", subject="L03")
    assert await due(system, case_id) == start + timedelta(hours=48)

    await change(system, officer, case_id, "request-information", missing=["จุดที่แตก"], asked="complainant")
    await system.advance(hours=5)
    assert await due(system, case_id) is None
    await change(system, officer, case_id, "supply-information", text="หน้าร้านค้า")
    promised = start + timedelta(hours=53)
    assert await due(system, case_id) == promised

    await bounce_and_accept(system, case_id)
    assert await due(system, case_id) == promised
    facts = await shown_by_intake(system, case_id)
    assert datetime.fromisoformat(facts["due_at"]) == promised

    await system.advance(hours=20)
    await resolve(system, case_id)
    [clock] = (await clocks(system, case_id))["clocks"]
    assert (clock["verdict"], clock["used_seconds"], clock["gross_seconds"]) == ("met", 21 * 3600, 26 * 3600)


async def bounce_and_accept(system: System, case_id: str) -> None:
    """The wrong branch gives the case back, the right one takes it."""
    officer = system.api("intake_officer")
    await change(system, officer, case_id, "route", branch="1103")
    await change(system, system.api("branch_staff", office="1103"), case_id, "bounce", reason="อยู่นอกพื้นที่")
    await change(system, officer, case_id, "route", branch="1102")
    await change(system, system.api("branch_staff", office="1102"), case_id, "accept")


async def resolve(system: System, case_id: str) -> None:
    report = {"repaired": True, "cause": "ท่อแตก", "action": "ซ่อมท่อ", "mister_prapa": "MP-1102-01"}
    branch = system.api("branch_staff", office="1102", subject="somchai")
    await change(system, branch, case_id, "resolve", done_at=system.clock.now().isoformat(), **report)


async def test_a_reopened_case_goes_on_with_the_time_that_was_left(system: System) -> None:
    case_id = await a_case(system, branch="1102", subject="L03")
    await change(system, system.api("branch_staff", office="1102"), case_id, "accept")
    await system.advance(hours=21)
    await resolve(system, case_id)
    await system.advance(hours=72)
    await change(system, system.api("complaints_division"), case_id, "reopen", reason="not_fixed")
    assert await due(system, case_id) == system.clock.now() + timedelta(hours=27)
    await system.advance(hours=28)
    view = await clocks(system, case_id)
    assert [(one["cycle"], one["breached"]) for one in view["clocks"]] == [(1, False), (2, True)]
    assert [breach["cycle"] for breach in view["breaches"]] == [2]
    assert (await shown_by_intake(system, case_id))["breached_at"] is not None


@pytest.mark.transports
async def test_a_deadline_in_working_days_leaves_out_the_first_day_and_the_weekend(system: System) -> None:
    case_id = await a_case(system, branch="1102", subject="S01")
    explained = (await system.api("branch_staff", office="1102").get(f"/sla/v1/cases/{case_id}/clocks")).json()
    [clock] = only(explained["clocks"])
    assert (clock["amount"], clock["unit"], clock["calendar"]) == (3, "working_day", "office/1")
    assert clock["due_at"] == "2026-02-06T09:30:00Z"
    await system.advance(days=4)
    answer = await system.api("complaints_division").get("/sla/v1/breaches", params={"standing": True})
    [breach] = only(answer.json()["items"])
    assert (breach["case_id"], breach["due_at"], breach["cause"]) == (case_id, clock["due_at"], "elapsed")


async def test_every_counted_and_skipped_stretch_can_be_asked_for_at_any_instant(system: System) -> None:
    case_id = await a_case(system, branch="1102", subject="S01")
    await system.advance(days=1)
    officer = system.api("intake_officer")
    await change(system, officer, case_id, "request-information", missing=["เลขผู้ใช้น้ำ"], asked="complainant")
    await system.advance(days=3)
    seen = await officer.get(f"/sla/v1/cases/{case_id}/explain", params={"at": "2026-02-04T11:00:00+07:00"})
    [clock] = only(seen.json()["clocks"])
    assert [(one["reason"], one["counted"], one["used_seconds"] / 3600) for one in clock["stretches"]] == [
        ("working_time", True, 7.5),
        ("outside_hours", False, 7.5),
        ("working_time", True, 8.0),
        ("information_from_complainant", False, 8.0),
    ]
    future = await officer.get(f"/sla/v1/cases/{case_id}/explain", params={"at": "2026-05-01T11:00:00+07:00"})
    assert (future.status_code, future.json()["code"]) == (422, "future_instant")
