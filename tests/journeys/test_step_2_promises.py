"""Process steps 2 and 4: more time takes two persons and one message, news that comes late puts things right."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.testing.system import System
from tests.journeys.closing import registered, report_done, survey
from tests.journeys.test_step_2_sla_clock import clocks


async def grant(system: System, case_id: str, hours: int) -> dict[str, Any]:
    """The branch asks, the division decides."""
    asked = await system.api("branch_manager", office="1102", subject="manop").post(
        f"/sla/v1/cases/{case_id}/extensions",
        json={"reason": "รออะไหล่จากผู้ขาย", "evidence": "ใบสั่งซื้อ 45/2569", "hours": hours},
    )
    assert asked.status_code == 201, asked.text
    decided = await system.api("complaints_division", subject="malee").post(
        f"/sla/v1/extensions/{asked.json()['id']}/approve", json={}
    )
    assert decided.status_code == 200, decided.text
    await system.drain()
    done: dict[str, Any] = decided.json()
    return done


@pytest.mark.transports
async def test_the_customer_is_told_each_new_date_once(system: System) -> None:
    case_id = await registered(system)
    start = system.clock.now()
    first = await grant(system, case_id, 24)
    [message] = system.gateway.sms.sent
    assert "5 ก.พ. 2569" in message.text
    assert datetime.fromisoformat(first["due_at"]) == start + timedelta(hours=48)
    await system.gateway.sms.send_receipts(system.anonymous())
    await system.advance(hours=1)
    await grant(system, case_id, 24)
    await system.advance(hours=1)
    assert [("6 ก.พ. 2569" in one.text) for one in system.gateway.sms.sent] == [False, True]
    seen = await survey(system, case_id)
    assert [(one["purpose"], one["cycle"]) for one in seen["notices"]] == [("extended", 1), ("extended", 1)]
    view = (await system.api("complaints_division").get(f"/intake/v1/cases/{case_id}")).json()
    assert datetime.fromisoformat(view["facts"]["due_at"]) == start + timedelta(hours=72)
    assert view["facts"]["told_at"] is None
    await report_done(system, case_id)
    assert len(system.gateway.sms.sent) == 3
    assert "5 ก.พ." not in system.gateway.sms.sent[-1].text


async def test_a_date_that_no_longer_holds_is_not_told_any_more(system: System) -> None:
    system.gateway.sms.fail_next(503)
    case_id = await registered(system)
    await grant(system, case_id, 24)
    await report_done(system, case_id)
    await system.advance(hours=2)
    seen = await survey(system, case_id)
    states = {one["purpose"]: one["state"] for one in seen["notices"]}
    assert states["extended"] == "superseded"
    assert [("แก้ไขเสร็จ" in one.text) for one in system.gateway.sms.sent if "ขยาย" not in one.text] == [True]


@pytest.mark.transports
async def test_completion_reported_late_with_the_time_of_the_work_takes_the_breach_back(system: System) -> None:
    case_id = await registered(system)
    done_at = system.clock.now() + timedelta(hours=20)
    await system.advance(hours=25)
    [breach] = (await clocks(system, case_id))["breaches"]
    assert breach["voided_at"] is None
    await report_done(system, case_id, done_at=done_at.isoformat())
    view = await clocks(system, case_id)
    assert [(one["verdict"], one["breached"]) for one in view["clocks"]] == [("met", False)]
    assert [one["void_reason"] for one in view["breaches"]] == ["late_fact"]
    facts = (await system.api("complaints_division").get(f"/intake/v1/cases/{case_id}")).json()["facts"]
    assert facts["breached_at"] is None


@pytest.mark.transports
async def test_the_clock_of_telling_runs_from_the_report_until_the_customer_is_told(system: System) -> None:
    case_id = await registered(system)
    await system.advance(hours=2)
    assert (await clocks(system, case_id, "notify_customer"))["clocks"] == []
    await report_done(system, case_id)
    reported_at = system.clock.now()
    [running] = (await clocks(system, case_id, "notify_customer"))["clocks"]
    assert (running["state"], datetime.fromisoformat(running["started_at"])) == ("running", reported_at)
    await system.advance(minutes=10)
    await system.gateway.sms.send_receipts(system.anonymous())
    await system.drain()
    [told] = (await clocks(system, case_id, "notify_customer"))["clocks"]
    assert (told["verdict"], told["used_seconds"]) == ("met", 600)
    [contact] = (await clocks(system, case_id, "first_contact"))["clocks"]
    assert contact["verdict"] == "met"
    [call] = (await clocks(system, case_id, "survey_call"))["clocks"]
    assert call["state"] == "running"


async def test_a_customer_whom_nobody_can_reach_has_no_clock_of_telling(system: System) -> None:
    case_id = await registered(system, {})
    await report_done(system, case_id)
    metrics = {
        metric: (await clocks(system, case_id, metric))["clocks"] for metric in ("notify_customer", "first_contact")
    }
    assert metrics == {"notify_customer": [], "first_contact": []}
    assert (await clocks(system, case_id, "survey_call"))["clocks"] == []  # ended without a number before it could run


async def test_a_record_that_ois_takes_stops_its_clock(system: System) -> None:
    case_id = await registered(system)
    await system.drain()
    [running] = (await clocks(system, case_id, "ois_record"))["clocks"]
    assert running["state"] == "running"
    ois = system.api("ois")
    entries = (await ois.get("/reporting/v1/ois/records")).json()["items"]
    [entry] = [one for one in entries if one["case_id"] == case_id][-1:]
    word = {"case_id": case_id, "version": entry["version"], "accepted": True}
    answer = await ois.post("/reporting/v1/ois/acknowledgements", json={"acknowledgements": [word]})
    assert answer.status_code == 200, answer.text
    await system.drain()
    [stopped] = (await clocks(system, case_id, "ois_record"))["clocks"]
    assert stopped["verdict"] == "met"


async def test_the_breach_of_another_clock_is_no_breach_of_the_repair_anywhere(system: System) -> None:
    case_id = await registered(system)
    await system.advance(hours=12)  # nobody has accepted the case, nobody has spoken with the customer
    [acknowledge] = (await clocks(system, case_id, "acknowledge"))["clocks"]
    assert (acknowledge["breached"], (await clocks(system, case_id))["breaches"]) == (True, [])
    division = system.api("complaints_division")
    facts = (await division.get(f"/intake/v1/cases/{case_id}")).json()["facts"]
    assert (facts["breached_at"], facts["warned_at"]) == (None, None)
    assert await system.sql("SELECT 1 FROM escalation.breach") == []
    assert await system.sql("SELECT 1 FROM escalation.ladder WHERE breached_at IS NOT NULL") == []
