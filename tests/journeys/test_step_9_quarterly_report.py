"""Process step 9: the quarter's report, the committee's directives, the lines' root causes, and whether it recurred."""

import pytest

from shared.testing.system import System
from tests.journeys.calling import answer_call, run
from tests.journeys.closing import closed, registered, report_done

QUARTER = {"fiscal_year": 2569, "quarter": 2}
ORDER = {
    "line": "สายงานปฏิบัติการ 3", "text": "ให้วิเคราะห์สาเหตุน้ำไม่ไหลซ้ำ", "owner": "ผู้ช่วยผู้ว่าการ (ปฏิบัติการ 3)",
    "due_on": "2026-02-04", "subject": "Q01",
}  # fmt: skip
CAUSE = {
    "category": "pipe_network",
    "analysis": "ท่อเมนอายุเกิน 20 ปี แรงดันสูงช่วงกลางคืน",
    "actions": [
        {"kind": "corrective", "text": "เปลี่ยนท่อ 2 กม.", "owner": "ผจก.กปภ.สาขาชลบุรี", "due_on": "2026-02-05"},
        {"kind": "preventive", "text": "ตรวจแรงดันทุกเดือน", "owner": "ผจก.กปภ.สาขาชลบุรี", "due_on": "2026-02-05"},
    ],
}


@pytest.mark.transports
async def test_the_committee_reads_the_quarter_directs_a_line_and_sees_whether_the_matter_came_back(
    system: System,
) -> None:
    division, committee, line = (
        system.api("complaints_division"),
        system.api("committee"),
        system.api("line", office=ORDER["line"]),
    )
    await answer_call(system, await closed(system))
    await registered(system)
    await system.advance(hours=25)
    result = await run(system, division, "reports/quarterly", QUARTER)
    report = (await committee.get(f"/reporting/v1/reports/{result['report_id']}")).json()
    first = report["content"]["figures"]["indicators"][0]
    assert (first["id"], first["headline"]["due"], first["headline"]["on_time"]) == ("O1", 2, 1)
    assert report["content"]["figures"]["volume"]["complaints"] == 2
    assert report["content"]["th"]["title"] == "รายงานผลการจัดการข้อร้องเรียน ไตรมาสที่ 2 ปีงบประมาณ 2569"

    issued = await committee.post(f"/reporting/v1/reports/{report['id']}/directives", json=ORDER)
    assert issued.status_code == 201, issued.text
    path = f"/reporting/v1/directives/{issued.json()['id']}"
    answer = await line.post(f"{path}/root-cause", json=CAUSE, headers={"If-Match": issued.headers["ETag"]})
    assert (answer.status_code, answer.json()["status"]) == (201, "answered")
    step = {"status": "done", "note": "เปลี่ยนท่อแล้วเสร็จ"}
    done = await line.post(f"{path}/status", json=step, headers={"If-Match": answer.headers["ETag"]})
    assert done.status_code == 200, done.text

    await system.advance(hours=24)
    await registered(system)
    told = (await committee.get(f"{path}/recurrence")).json()
    assert (told["subject"], told["cases_after"]) == ("Q01", 1)
    view = (await committee.get(path)).json()
    assert [each["status"] for each in view["steps"]] == ["issued", "answered", "done"]
    assert view["root_causes"][0]["actions"][0]["owner"] == "ผจก.กปภ.สาขาชลบุรี"


async def test_what_changes_after_publication_is_a_new_edition_beside_the_old_one(system: System) -> None:
    division = system.api("complaints_division")
    case_id = await registered(system)
    first = await run(system, division, "reports/quarterly", QUARTER)
    assert first["new_edition"] is True
    assert (await run(system, division, "reports/quarterly", QUARTER)) == {**first, "new_edition": False}
    before = (await division.get(f"/reporting/v1/reports/{first['report_id']}")).json()
    await report_done(system, case_id)
    second = await run(system, division, "reports/quarterly", QUARTER)
    assert second["new_edition"] is True
    after = (await division.get(f"/reporting/v1/reports/{second['report_id']}")).json()
    assert (after["edition"], after["content"]["restatement"]["of"]) == (2, before["id"])
    assert (await division.get(f"/reporting/v1/reports/{before['id']}")).json() == before
