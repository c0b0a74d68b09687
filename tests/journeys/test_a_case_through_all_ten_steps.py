"""One burst of complaint from the first word to the September evaluation, through all ten steps of the process."""

from typing import Any

import httpx
import pytest

from shared.testing.system import System
from tests.journeys.closing import change, intake, report_done


async def ok(answer: httpx.Response) -> Any:
    assert answer.status_code < 300, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return answer.json() if answer.content else None


@pytest.mark.transports
async def test_a_complaint_is_received_clocked_chased_told_called_recorded_sampled_reported_and_evaluated(
    system: System,
) -> None:
    division, officer = system.api("complaints_division", subject="kss.1"), system.api("intake_officer", office="HQ")

    # 1: received by the web site, clarified, classified and routed by a person
    adapter = system.anonymous(headers={"X-API-Key": system.nodes["intake"].context.settings.development_api_key})
    body = {
        "channel": "line", "received_at": system.clock.now().isoformat(), "text": "น้ำไม่ไหลสองวันแล้ว",
        "contact": {"name": "สมหญิง ตัวอย่าง", "phone": "081-234-5678", "consent": "privacy-notice-1"},
    }  # fmt: skip
    made = await ok(await adapter.post("/intake/v1/cases", json=body, headers={"Idempotency-Key": "first"}))
    case_id = made["id"]
    await system.drain()
    await change(officer, case_id, "request-information", {"missing": ["เลขที่ผู้ใช้น้ำ"]})
    await system.advance(hours=2)
    await change(officer, case_id, "supply-information", {"text": "ซอยเทศบาล 5"})
    await change(officer, case_id, "classify", {"subject": "Q01"})
    await change(officer, case_id, "route", {"branch": "1102"})
    await system.drain()

    # 2: counted and clocked; two hours of waiting are not the branch's
    counts = await ok(await division.get("/intake/v1/counts", params={"day": "2026-02-03"}))
    assert str(made["number"]).startswith("HQ-2569-")
    assert counts
    facts = (await intake(system, case_id))["facts"]
    assert facts["due_at"] == "2026-02-04T04:00:00Z"

    # 3: late, so the ladder speaks; 4 and 5: told and called once it is done
    await system.advance(hours=27)
    rungs = await ok(await division.get(f"/escalation/v1/cases/{case_id}/rungs"))
    assert [rung["rung"] for rung in rungs["rungs"] if rung["state"] == "fired"] == [1]
    await report_done(system, case_id)
    assert len(system.gateway.sms.sent) == 1
    await system.gateway.sms.send_receipts(system.anonymous())
    await system.drain()
    view = await intake(system, case_id)
    assert view["facts"]["told_at"] is not None
    caller = system.api("survey_caller", subject="caller.1")
    call = await ok(await caller.post("/survey/v1/calls/claim", json={}))
    assert call["case_id"] == case_id
    answers = {"channel_convenience": 4, "channel_variety": 4, "speed": 2, "repair": 5, "fixed": True}
    await ok(await caller.post(f"/survey/v1/calls/{call['id']}/answers", json=answers))
    await system.drain()
    assert (await intake(system, case_id))["facts"]["satisfied"] is True

    # 6: OIS reads its feed and acknowledges the newest version
    ois = system.api("ois")
    records = [line for line in (await ok(await ois.get("/reporting/v1/ois/records")))["items"]]
    mine = [line for line in records if line["case_id"] == case_id]
    assert [line["version"] for line in mine] == list(range(1, len(mine) + 1))
    acknowledged = {"acknowledgements": [{"case_id": case_id, "version": mine[-1]["version"], "accepted": True}]}
    await ok(await ois.post("/reporting/v1/ois/acknowledgements", json=acknowledged))
    await system.drain()

    # 7: a sample of the region's month contains it; nobody is called twice for the same thing
    sample = await ok(await division.post("/survey/v1/samples/draw", json={"region": 1, "month": "2026-02"}))
    assert (sample["frame"], sample["quota"]) == (1, 1)
    await system.drain()
    progress = await ok(await division.get(f"/survey/v1/samples/{sample['id']}/progress"))
    assert progress["quota"] == 1

    # 8: next morning every region has its pack, once, with a receipt
    await system.advance(hours=24)
    packs = (await ok(await division.get("/reporting/v1/packs", params={"day": "2026-02-04"})))["items"]
    assert sorted(pack["region"] for pack in packs) == list(range(1, 11))
    assert len([mail for mail in system.gateway.email.sent if "01" in str(mail)]) >= 1

    for region in range(1, 11):
        await ok(await division.put(f"/reporting/v1/packs/recipients/{region}", json={"recipients": []}))

    # 9: the quarter is reported; the committee directs, the line answers with the root cause
    await system.advance(days=60)
    await ok(await division.post("/reporting/v1/reports/quarterly", json={"fiscal_year": 2569, "quarter": 2}))
    await system.drain()
    [report] = (await ok(await division.get("/reporting/v1/reports/quarterly")))["items"]
    directive = {
        "line": "สายงานปฏิบัติการ 3", "text": "ให้วิเคราะห์สาเหตุน้ำไม่ไหลซ้ำ", "owner": "ผู้ช่วยผู้ว่าการ", "due_on": "2026-05-29",
        "subject": "Q01",
    }  # fmt: skip
    issued = await ok(
        await system.api("committee").post(f"/reporting/v1/reports/{report['id']}/directives", json=directive)
    )
    action = {"kind": "preventive", "text": "เปลี่ยนท่อ", "owner": "ผจก.กปภ.สาขาชลบุรี", "due_on": "2026-06-30"}
    cause = {"category": "pipe_network", "analysis": "ท่ออายุเกิน 20 ปี", "actions": [action]}
    line, place = system.api("line"), f"/reporting/v1/directives/{issued['id']}"
    etag = (await line.get(place)).headers["ETag"]
    await ok(await line.post(f"{place}/root-cause", json=cause, headers={"If-Match": etag}))

    # 10: September judges the process by what happened to this case: late, repaired, content
    await system.advance(days=150)
    await ok(await division.post("/reporting/v1/evaluations", json={"fiscal_year": 2569}))
    await system.drain()
    [evaluation] = (await ok(await division.get("/reporting/v1/evaluations")))["items"]
    content = (await ok(await division.get(f"/reporting/v1/evaluations/{evaluation['id']}")))["content"]
    assert {"O1", "O2", "O3", "P1", "P2"} <= set(_keys(content))


def _keys(thing: Any) -> list[str]:
    if isinstance(thing, dict):
        return [*thing, *(key for value in thing.values() for key in _keys(value))]
    if isinstance(thing, list):
        return [key for value in thing for key in _keys(value)]
    return [thing] if isinstance(thing, str) else []
