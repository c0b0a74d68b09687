"""One complaint from the first word to quarter and year, through all ten steps of the process.

The quarter and the year still run when they are reported here (the reports say so); the journeys of steps 9 and 10 wait
until they are over.
"""

from typing import Any

import httpx
import pytest

from shared.testing.system import System
from tests.journeys.closing import change, intake, report_done

REGIONS = range(1, 11)


@pytest.mark.transports
async def test_a_complaint_is_received_clocked_chased_told_called_recorded_sampled_reported_and_evaluated(
    system: System,
) -> None:
    case_id = await _step_1_received_clarified_classified_and_routed(system)
    await _step_2_counted_and_clocked(system, case_id)
    await _step_3_chased(system, case_id)
    await report_done(system, case_id)
    await _step_4_told(system, case_id)
    await _step_5_called(system, case_id)
    await _step_6_recorded(system, case_id)
    await _step_7_sampled(system)
    await _step_8_sent_to_the_regions(system)
    await _step_9_reported_and_answered(system)
    await _step_10_evaluated(system)


async def _ok(answer: httpx.Response) -> Any:
    assert answer.status_code < 300, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return answer.json() if answer.content else None


def _division(system: System) -> httpx.AsyncClient:
    return system.api("complaints_division", subject="kss.1")


async def _step_1_received_clarified_classified_and_routed(system: System) -> str:
    adapter = system.anonymous(headers={"X-API-Key": system.nodes["intake"].context.settings.development_api_key})
    body = {
        "channel": "line", "received_at": system.clock.now().isoformat(), "text": "น้ำไม่ไหลสองวันแล้ว",
        "contact": {"name": "สมหญิง ตัวอย่าง", "phone": "081-234-5678", "consent": "privacy-notice-1"},
    }  # fmt: skip
    made = await _ok(await adapter.post("/intake/v1/cases", json=body, headers={"Idempotency-Key": "first"}))
    assert made["number"].startswith("HQ-2569-")
    case_id: str = made["id"]
    await system.drain()
    officer = system.api("intake_officer", office="HQ")
    await change(officer, case_id, "request-information", {"missing": ["เลขที่ผู้ใช้น้ำ"]})
    await system.advance(hours=2)
    await change(officer, case_id, "supply-information", {"text": "ซอยเทศบาล 5"})
    await change(officer, case_id, "classify", {"subject": "Q01"})
    await change(officer, case_id, "route", {"branch": "1102"})
    await system.drain()
    return case_id


async def _step_2_counted_and_clocked(system: System, case_id: str) -> None:
    assert await _ok(await _division(system).get("/intake/v1/counts", params={"day": "2026-02-03"}))
    facts = (await intake(system, case_id))["facts"]
    assert facts["due_at"] == "2026-02-04T04:00:00Z", "24 hours, and two of waiting for the customer"


async def _step_3_chased(system: System, case_id: str) -> None:
    await system.advance(hours=27)
    view = await _ok(await _division(system).get(f"/escalation/v1/cases/{case_id}/rungs"))
    assert [rung["rung"] for rung in view["rungs"] if rung["state"] == "fired"] == [1]
    assert (await intake(system, case_id))["facts"]["breached_at"] is not None


async def _step_4_told(system: System, case_id: str) -> None:
    assert len(system.gateway.sms.sent) == 1
    assert (await intake(system, case_id))["facts"]["told_at"] is None
    await system.gateway.sms.send_receipts(system.anonymous())
    await system.drain()
    assert (await intake(system, case_id))["facts"]["told_at"] is not None


async def _step_5_called(system: System, case_id: str) -> None:
    caller = system.api("survey_caller", subject="caller.1")
    call = await _ok(await caller.post("/survey/v1/calls/claim", json={}))
    assert call["case_id"] == case_id
    answers = {"channel_convenience": 4, "channel_variety": 4, "speed": 2, "repair": 5, "fixed": True}
    await _ok(await caller.post(f"/survey/v1/calls/{call['id']}/answers", json=answers))
    await system.drain()
    assert (await intake(system, case_id))["facts"]["satisfied"] is True


async def _step_6_recorded(system: System, case_id: str) -> None:
    ois = system.api("ois")
    records = (await _ok(await ois.get("/reporting/v1/ois/records")))["items"]
    mine = [line for line in records if line["case_id"] == case_id]
    assert [line["version"] for line in mine] == list(range(1, len(mine) + 1))
    acknowledged = {"acknowledgements": [{"case_id": case_id, "version": mine[-1]["version"], "accepted": True}]}
    await _ok(await ois.post("/reporting/v1/ois/acknowledgements", json=acknowledged))
    await system.drain()
    assert (await intake(system, case_id))["facts"]["ois_accepted"] is True


async def _step_7_sampled(system: System) -> None:
    division = _division(system)
    sample = await _ok(await division.post("/survey/v1/samples/draw", json={"region": 1, "month": "2026-02"}))
    assert (sample["frame"], sample["quota"]) == (1, 1)
    await system.drain()
    progress = await _ok(await division.get(f"/survey/v1/samples/{sample['id']}/progress"))
    assert (progress["quota"], progress["open"] + progress["completed"]) == (1, 1)


async def _step_8_sent_to_the_regions(system: System) -> None:
    division = _division(system)
    await system.advance(hours=24)
    packs = (await _ok(await division.get("/reporting/v1/packs", params={"day": "2026-02-04"})))["items"]
    assert sorted(pack["region"] for pack in packs) == list(REGIONS)
    assert len(system.gateway.email.sent) >= len(REGIONS)


async def _step_9_reported_and_answered(system: System) -> None:
    division = _division(system)
    await _ok(await division.post("/reporting/v1/reports/quarterly", json={"fiscal_year": 2569, "quarter": 2}))
    await system.drain()
    [report] = (await _ok(await division.get("/reporting/v1/reports/quarterly")))["items"]
    directive = {
        "line": "สายงานปฏิบัติการ 3", "text": "ให้วิเคราะห์สาเหตุน้ำไม่ไหลซ้ำ",
        "owner": "ผู้ช่วยผู้ว่าการ", "due_on": "2026-05-29", "subject": "Q01",
    }  # fmt: skip
    committee, line = system.api("committee"), system.api("line", office=directive["line"])
    issued = await _ok(await committee.post(f"/reporting/v1/reports/{report['id']}/directives", json=directive))
    action = {"kind": "preventive", "text": "เปลี่ยนท่อ", "owner": "ผจก.กปภ.สาขาชลบุรี", "due_on": "2026-06-30"}
    cause = {"category": "pipe_network", "analysis": "ท่ออายุเกิน 20 ปี", "actions": [action]}
    place = f"/reporting/v1/directives/{issued['id']}"
    etag = (await line.get(place)).headers["ETag"]
    await _ok(await line.post(f"{place}/root-cause", json=cause, headers={"If-Match": etag}))


async def _step_10_evaluated(system: System) -> None:
    division = _division(system)
    await _ok(await division.post("/reporting/v1/evaluations", json={"fiscal_year": 2569}))
    await system.drain()
    [evaluation] = (await _ok(await division.get("/reporting/v1/evaluations")))["items"]
    content = (await _ok(await division.get(f"/reporting/v1/evaluations/{evaluation['id']}")))["content"]
    assert {"O1", "O2", "O3", "P1", "P2"} <= set(_words(content))


def _words(thing: Any) -> list[str]:
    if isinstance(thing, dict):
        return [*thing, *(word for value in thing.values() for word in _words(value))]
    if isinstance(thing, list):
        return [word for value in thing for word in _words(value)]
    return [thing] if isinstance(thing, str) else []
