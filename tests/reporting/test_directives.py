"""Step 9: directives, the lines' answers, their steps, and whether the matter came back."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from services.reporting_service.consumers import FOLDS
from shared.contracts.intake import SubjectPublished
from shared.messaging.fold import Meta
from shared.testing.batches import fold_in
from shared.testing.postgres import TestDatabase
from tests.reporting.conftest import Api
from tests.reporting.given import NINE, Desk, Story, ask
from tests.reporting.test_reports import QUARTER, publish

ORDER = {
    "line": "สายงานปฏิบัติการ 3", "text": "ให้วิเคราะห์สาเหตุน้ำไม่ไหลซ้ำ", "owner": "ผู้ช่วยผู้ว่าการ",
    "due_on": "2026-02-10", "subject": "Q01",
}  # fmt: skip
ANSWER = {
    "category": "pipe_network",
    "analysis": "ท่อเมนเก่า",
    "actions": [
        {"kind": "corrective", "text": "เปลี่ยนท่อ", "owner": "ผจก.กปภ.สาขาชลบุรี", "due_on": "2026-02-12"},
        {"kind": "preventive", "text": "ตรวจแรงดันทุกเดือน", "owner": "กองแผนที่", "due_on": "2026-02-08"},
    ],
}


async def issued(desk: Desk, api: Api) -> tuple[dict[str, Any], httpx.AsyncClient, httpx.AsyncClient]:
    report = await publish(desk, api("complaints_division"), "reports/quarterly", QUARTER)
    committee, line = api("committee"), api("line", office=ORDER["line"])
    answer = await committee.post(f"/reporting/v1/reports/{report['id']}/directives", json=ORDER)
    assert answer.status_code == 201, answer.text
    return answer.json(), committee, line


def at(version: int) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


async def test_a_directive_goes_from_the_committee_to_the_line_and_back_with_every_step_on_record(
    desk: Desk, api: Api, database: TestDatabase
) -> None:
    directive, committee, line = await issued(desk, api)
    path = f"/reporting/v1/directives/{directive['id']}"
    answered = await line.post(f"{path}/root-cause", json=ANSWER, headers=at(1))
    assert (answered.status_code, answered.json()["status"], answered.headers["ETag"]) == (201, "answered", '"2"')
    for client, status in ((line, "in_progress"), (line, "done"), (committee, "returned")):
        version = (await client.get(path)).json()["version"]
        step = await client.post(f"{path}/status", json={"status": status, "note": "ตามแผน"}, headers=at(version))
        assert step.status_code == 200, step.text
    again = await line.post(f"{path}/root-cause", json=ANSWER | {"category": "process"}, headers=at(5))
    assert again.status_code == 201
    view = (await committee.get(path)).json()
    assert [step["status"] for step in view["steps"]] == [
        "issued", "answered", "in_progress", "done", "returned", "answered",
    ]  # fmt: skip
    assert [cause["category"] for cause in view["root_causes"]] == ["pipe_network", "process"]
    assert view["root_causes"][0]["actions"] == ANSWER["actions"]
    rows = await ask(database, "SELECT payload->>'line' AS line FROM reporting.outbox WHERE type LIKE '%directive%'")
    assert [row["line"] for row in rows] == [ORDER["line"]]


async def test_a_directive_names_a_subject_that_ships_or_was_told_of_and_no_other(
    desk: Desk, api: Api, database: TestDatabase
) -> None:
    report = await publish(desk, api("complaints_division"), "reports/quarterly", QUARTER)
    path, about_foam = f"/reporting/v1/reports/{report['id']}/directives", ORDER | {"subject": "W09"}
    refused = await api("committee").post(path, json=about_foam)
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_subject")
    told = SubjectPublished(
        code="W09", kind="complaint", dimension="ด้านคุณภาพน้ำ", title_th="น้ำมีฟองผิดปกติ", severity="high",
        restricted=False, closes_at_once=False, valid_from=NINE, published_at=NINE,
    )  # fmt: skip
    async with desk.db.transaction() as tx:
        await fold_in(tx, FOLDS, [(told, Meta(uuid4(), 1, NINE, None, NINE))])
    taken = await api("committee").post(path, json=about_foam)
    assert (taken.status_code, taken.json()["subject"]) == (201, "W09"), taken.text


async def test_each_side_takes_its_own_steps_only(desk: Desk, api: Api) -> None:
    directive, committee, line = await issued(desk, api)
    path = f"/reporting/v1/directives/{directive['id']}"
    assert (await committee.post(f"{path}/root-cause", json=ANSWER, headers=at(1))).status_code == 403
    verify = {"status": "verified", "note": "ครบถ้วน"}
    assert (await committee.post(f"{path}/status", json=verify, headers=at(1))).status_code == 409
    await line.post(f"{path}/root-cause", json=ANSWER, headers=at(1))
    assert (await line.post(f"{path}/status", json=verify | {"status": "done"}, headers=at(2))).status_code == 200
    assert (await line.post(f"{path}/status", json=verify, headers=at(3))).status_code == 403
    assert (await committee.post(f"{path}/status", json=verify, headers=at(3))).status_code == 200


async def test_a_line_answers_and_works_off_its_own_directives_only(desk: Desk, api: Api) -> None:
    directive, _, line = await issued(desk, api)
    path = f"/reporting/v1/directives/{directive['id']}"
    done = {"status": "done", "note": "ตามแผน"}
    for other in (api("line", office="สายงานปฏิบัติการ 4"), api("line")):
        refused = await other.post(f"{path}/root-cause", json=ANSWER, headers=at(1))
        assert (refused.status_code, refused.json()["code"]) == (403, "not_your_line")
    assert (await line.post(f"{path}/root-cause", json=ANSWER, headers=at(1))).status_code == 201
    refused = await api("line", office="สายงานปฏิบัติการ 4").post(f"{path}/status", json=done, headers=at(2))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_your_line")
    assert (await line.post(f"{path}/status", json=done, headers=at(2))).status_code == 200


async def test_a_stale_or_missing_version_is_refused(desk: Desk, api: Api) -> None:
    directive, _, line = await issued(desk, api)
    path = f"/reporting/v1/directives/{directive['id']}/root-cause"
    assert (await line.post(path, json=ANSWER)).status_code == 428
    assert (await line.post(path, json=ANSWER, headers=at(9))).status_code == 412


async def test_an_issue_with_the_same_key_is_one_directive(desk: Desk, api: Api) -> None:
    directive, committee, _ = await issued(desk, api)
    path = f"/reporting/v1/reports/{directive['report_id']}/directives"
    key = {"Idempotency-Key": "k-1"}
    first, second = [await committee.post(path, json=ORDER, headers=key) for _ in range(2)]
    assert first.json()["id"] == second.json()["id"]
    assert len((await committee.get("/reporting/v1/directives")).json()["items"]) == 2


async def test_directives_are_found_by_line_status_report_and_date(desk: Desk, api: Api) -> None:
    directive, committee, _ = await issued(desk, api)
    for query, count in (
        ({"line": ORDER["line"], "status": "issued"}, 1), ({"status": "done"}, 0), ({"due_before": "2026-02-11"}, 1),
        ({"due_before": "2026-02-10"}, 0), ({"report_id": directive["report_id"]}, 1),
    ):  # fmt: skip
        found = (await committee.get("/reporting/v1/directives", params=query)).json()["items"]
        assert len(found) == count, query


async def test_recurrence_counts_cases_of_the_subject_after_the_last_action_beside_as_long_before(
    desk: Desk, api: Api
) -> None:
    directive, committee, line = await issued(desk, api)
    path = f"/reporting/v1/directives/{directive['id']}"
    await line.post(f"{path}/root-cause", json=ANSWER, headers=at(1))
    due = NINE + timedelta(days=9)  # 12 February
    stories = [Story().received(due - timedelta(days=days)) for days in (1, 2, 3)]
    stories += [Story().received(due + timedelta(days=1)), Story(subject="W01").received(due + timedelta(days=1))]
    await desk.tell(*stories)
    desk.clock.set(due + timedelta(days=5))
    told = (await committee.get(f"{path}/recurrence")).json()
    assert (told["subject"], told["cases_after"], told["cases_before"]) == ("Q01", 1, 3)


async def test_a_directive_that_names_people_by_phone_is_refused(desk: Desk, api: Api) -> None:
    directive, committee, _ = await issued(desk, api)
    path = f"/reporting/v1/reports/{directive['report_id']}/directives"
    answer = await committee.post(path, json=ORDER | {"text": "โทรหา 081-234-5678"})
    assert answer.status_code == 422
    assert "081" not in answer.text
