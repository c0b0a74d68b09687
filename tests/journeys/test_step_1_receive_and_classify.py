"""Process step 1: a matter is received by any channel, clarified, classified, routed, worked on and told onwards."""

from typing import Any

import pytest

from shared.testing.system import System
from tests.journeys.closing import REPORT, change, intake, report_done

TEXT = "ท่อประปาแตกหน้าบ้าน น้ำไหลนองถนน"


async def received(system: System, **more: Any) -> dict[str, Any]:
    """As a channel's adapter hands it over, with the key of its channel."""
    key = system.nodes["intake"].context.settings.development_api_key
    body = {
        "channel": "line",
        "received_at": system.clock.now().isoformat(),
        "text": TEXT,
        "contact": {"name": "สมหญิง ตัวอย่าง", "phone": "081-234-5678", "consent": "privacy-notice-1"},
        **more,
    }
    answer = await system.anonymous(headers={"X-API-Key": key}).post("/intake/v1/cases", json=body)
    assert answer.status_code in (200, 201), answer.text
    await system.drain()
    made: dict[str, Any] = answer.json()
    return made


async def events_of(system: System, case_id: str) -> list[str]:
    """What all services were told of a case, in order."""
    rows = await system.sql(
        "SELECT type FROM intake.outbox_sent WHERE topic = 'pwa.intake.v1' AND key = $1 ORDER BY seq", case_id
    )
    return [row["type"].split(".")[2] for row in rows]


@pytest.mark.transports
async def test_a_complaint_goes_from_the_first_word_to_the_branchs_report(system: System) -> None:
    officer, branch = system.api("intake_officer"), system.api("branch_staff", office="1102", subject="somchai")
    case_id = (await received(system))["id"]

    suggested = (await officer.get(f"/intake/v1/cases/{case_id}/suggestion")).json()
    assert suggested["subject"] == "L01"
    await change(officer, case_id, "request-information", {"missing": ["ขนาดท่อ"], "asked": "complainant"})
    await change(officer, case_id, "supply-information", {"text": "ท่อใหญ่ประมาณ 3 นิ้ว"})
    classified = await change(officer, case_id, "classify", {"subject": "L02"})
    assert (classified["kind"], classified["severity"]) == ("complaint", "high")
    await change(officer, case_id, "route", {"branch": "1103"})
    wrong_branch = system.api("branch_staff", office="1103")
    await change(wrong_branch, case_id, "bounce", {"reason": "อยู่นอกพื้นที่ของสาขา"})
    queue = (await officer.get("/intake/v1/cases?queue=head_office")).json()["items"]
    assert [each["id"] for each in queue] == [case_id]
    await change(officer, case_id, "route", {"branch": "1102"})
    await change(branch, case_id, "accept")
    await system.drain()
    await report_done(system, case_id)

    case = await intake(system, case_id)
    assert (case["state"], case["office"], case["work"]["mister_prapa"]) == ("resolved", "1102", REPORT["mister_prapa"])
    assert case["facts"]["verdict"] == "met"
    assert (await system.anonymous().get(case["links"]["track"])).json()["state"] == "resolved"
    assert await events_of(system, case_id) == [
        "case-registered", "information-requested", "information-supplied", "case-classified", "case-routed",
        "case-bounced", "case-routed", "case-accepted", "case-resolved",
    ]  # fmt: skip
    timeline = (await officer.get(f"/intake/v1/cases/{case_id}/timeline")).json()["items"]
    assert [each["entry"] for each in timeline][:4] == [
        "registered", "information_requested", "information_supplied", "classified",
    ]  # fmt: skip


async def test_an_enquiry_is_answered_at_once_and_nobody_is_told_or_called(system: System) -> None:
    officer = system.api("intake_officer")
    case_id = (await received(system, text="สอบถามเวลาทำการของสาขา"))["id"]
    await change(officer, case_id, "classify", {"subject": "E01"})
    answered = await change(officer, case_id, "answer", {"text": "จันทร์ถึงศุกร์ 08:30-16:30 น."})
    assert answered["state"] == "answered"
    await system.advance(hours=48)
    assert system.gateway.sms.sent == []
    assert await system.sql("SELECT * FROM survey.call_task") == []
    assert (await intake(system, case_id))["facts"]["breached_at"] is None


async def test_a_report_of_another_agency_is_one_case_however_often_it_comes(system: System) -> None:
    operator = system.api("operator")
    made = await operator.post("/intake/v1/api-keys", json={"channel": "traffy_fondue", "label": "Traffy"})
    adapter = system.anonymous(headers={"X-API-Key": made.json()["key"]})
    body = {
        "channel": "traffy_fondue", "received_at": system.clock.now().isoformat(), "text": TEXT,
        "origin_reference": "2026-32AZFH", "origin_due_at": "2026-02-10T00:00:00+07:00",
    }  # fmt: skip
    first = await adapter.post("/intake/v1/cases", json=body)
    again = await adapter.post("/intake/v1/cases", json={**body, "text": TEXT + " ยังไม่มีใครมา"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    await system.drain()
    assert len(await system.sql("SELECT DISTINCT case_id FROM sla.clock")) == 1


async def test_a_follow_up_hastens_its_case_and_makes_no_new_one(system: System) -> None:
    officer = system.api("intake_officer")
    first = await received(system)
    await change(officer, first["id"], "classify", {"subject": "L01"})
    chased = await received(system, text="ยังไม่มีใครมาซ่อม", follow_up_of=first["tracking_code"])
    assert chased["id"] == first["id"]
    case = await intake(system, first["id"])
    assert (case["severity"], case["follow_ups"]) == ("high", 1)
    assert len(await system.sql("SELECT * FROM intake.cases")) == 1


async def test_a_cancelled_case_ends_everywhere(system: System) -> None:
    case_id = (await received(system))["id"]
    await change(system.api("intake_officer"), case_id, "cancel", {"reason": "withdrawn"})
    await system.advance(hours=100)
    facts = (await intake(system, case_id))["facts"]
    assert (facts["verdict"], facts["breached_at"], facts["rung"]) == ("cancelled", None, None)
