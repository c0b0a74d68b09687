"""Role × row over every reading endpoint (failures.md 14)."""

from typing import Any

import httpx
import pytest

from shared.web import encode_cursor
from tests.survey.given import Case, Desk, resolved

LISTS = ("/notices", "/phone-tasks", "/reviews", "/calls", "/samples")


async def world(desk: Desk) -> dict[str, Case]:
    """One told case each: own branch, other branch of the region, other region, restricted; all by landline."""
    cases = {
        "own": Case(office="1102"),
        "region": Case(office="1103"),
        "far": Case(office="1002"),
        "restricted": Case(office="1102", restricted=True),
    }
    for case in cases.values():
        await resolved(desk, case, phone="+6638123456")
        await desk.take(case.reopened(desk.now), case.resolved(desk.now, repaired=False))
    return cases


async def seen(client: httpx.AsyncClient, path: str, cases: dict[str, Case]) -> set[str] | int:
    closed = {"state": "closed"} if path == "/calls" else {}
    answer = await client.get(path, params={"limit": 200, **closed})
    if answer.status_code != 200:
        return answer.status_code
    names = {str(case.case_id): name for name, case in cases.items()}
    return {names[each["case_id"]] for each in answer.json()["items"]}


async def test_role_by_row_over_every_list(desk: Desk) -> None:
    cases = await world(desk)
    everybody = {"own", "region", "far"}
    expected: list[tuple[httpx.AsyncClient, dict[str, Any]]] = [
        (desk.api("complaints_division"), {"/notices": everybody, "/calls": everybody, "/reviews": everybody}),
        (desk.api("complaints_division", "restricted_reader"), {"/notices": {*everybody, "restricted"}}),
        (desk.api("survey_caller"), {"/notices": 403, "/calls": everybody, "/reviews": 403, "/phone-tasks": 403}),
        (desk.api("branch_staff", office="1102"), {"/notices": {"own"}, "/calls": 403, "/phone-tasks": 403}),
        (desk.api("branch_manager", office="1103"), {"/notices": {"region"}, "/calls": 403}),
        (desk.api("intake_officer"), {"/notices": everybody, "/calls": 403}),
        (desk.api("region_staff", region=1), {"/notices": 403, "/calls": 403, "/samples": 403}),
        (desk.api("ois"), dict.fromkeys(LISTS, 403)),
        (desk.anonymous(), dict.fromkeys(LISTS, 401)),
    ]
    for client, paths in expected:
        for path, rows in paths.items():
            assert await seen(client, path, cases) == rows, path


async def test_a_strangers_thing_is_not_found(desk: Desk) -> None:
    cases = await world(desk)
    branch, division = desk.api("branch_staff", office="1103"), desk.api("complaints_division")
    notice = await desk.one("SELECT id FROM survey.notice WHERE case_id = :c AND cycle = 1", c=cases["own"].case_id)
    hidden = await desk.one(
        "SELECT id FROM survey.notice WHERE case_id = :c AND cycle = 1", c=cases["restricted"].case_id
    )
    task = await desk.one("SELECT id FROM survey.phone_task WHERE case_id = :c", c=cases["restricted"].case_id)
    call = await desk.one("SELECT id FROM survey.call_task WHERE case_id = :c", c=cases["restricted"].case_id)
    review = await desk.one(
        "SELECT id FROM survey.resolution WHERE case_id = :c AND cycle = 2", c=cases["restricted"].case_id
    )
    asked = [
        await branch.get(f"/notices/{notice.id}"),
        await branch.get(f"/cases/{cases['own'].case_id}"),
        await division.get(f"/notices/{hidden.id}"),
        await division.post(f"/notices/{hidden.id}/decide", json={"decision": "told"}),
        await division.get(f"/cases/{cases['restricted'].case_id}"),
        await division.post(f"/phone-tasks/{task.id}/claim"),
        await division.get(f"/phone-tasks/{task.id}/contact", params={"purpose": "notice_call"}),
        await division.post(f"/phone-tasks/{task.id}/done", json={"outcome": "told"}),
        await division.get(f"/calls/{call.id}"),
        await division.post("/calls/claim", json={"call_id": str(call.id)}),
        await division.get(f"/calls/{call.id}/contact", params={"purpose": "sample_call"}),
        await division.post(f"/calls/{call.id}/attempts", json={"outcome": "busy"}),
        await division.post(f"/reviews/{review.id}/release"),
    ]
    assert [each.status_code for each in asked] == [404] * len(asked), [each.request.url.path for each in asked]


async def test_a_members_case_that_was_restricted_since_is_shown_to_restricted_readers_only(desk: Desk) -> None:
    cases = [await resolved(desk) for _ in range(2)]
    division = desk.api("complaints_division")
    sample = (await division.post("/samples/draw", json={"region": 1, "month": "2026-02", "quota": 2})).json()
    path = f"/samples/{sample['id']}/members"
    await desk.rows("UPDATE survey.case_file SET restricted = true WHERE case_id = :c RETURNING 1", c=cases[1].case_id)
    for client, expected in (
        (division, cases[:1]),
        (desk.api("complaints_division", "restricted_reader"), cases),
    ):
        items = (await client.get(path)).json()["items"]
        assert {each["case_id"] for each in items} == {str(case.case_id) for case in expected}


async def test_a_checklists_code_may_be_as_long_as_an_answers(desk: Desk) -> None:
    editor = desk.api("policy_editor")
    for length, status, code in ((40, 201, None), (41, 422, "bad_rules")):
        items = [{"code": "A" * length, "about": "intake", "text_th": "รับเรื่อง"}]
        answer = await editor.post("/rules/checklist", json={"body": {"items": items}})
        assert (answer.status_code, answer.json().get("code")) == (status, code), length


async def test_lists_go_on_by_cursor(desk: Desk) -> None:
    for _ in range(5):
        await resolved(desk)
    division = desk.api("complaints_division")
    for path in ("/notices", "/calls"):
        first = (await division.get(path, params={"limit": 2})).json()
        second = (await division.get(path, params={"limit": 2, "cursor": first["next_cursor"]})).json()
        third = (await division.get(path, params={"limit": 2, "cursor": second["next_cursor"]})).json()
        ids = [each["id"] for page in (first, second, third) for each in page["items"]]
        assert (len(set(ids)), third["next_cursor"]) == (5, None)
    assert (await division.get("/notices", params={"cursor": "garbage"})).status_code == 422


@pytest.mark.parametrize("name", ["notices", "quiet_hours", "calls", "sampling", "questionnaire", "checklist"])
async def test_rules_that_could_not_be_worked_by_are_refused(desk: Desk, name: str) -> None:
    editor = desk.api("policy_editor")
    (current,) = (await editor.get(f"/rules/{name}")).json()
    body = current["body"]
    values: tuple[Any, ...] = (None, [], [[]], [{}], {}, "1", True, -1, 1e300)
    every: list[dict[str, Any]] = [dict.fromkeys(body, value) for value in values]
    for wrong in ({}, {**body, "extra": 1}, *every):
        if name == "quiet_hours" and wrong == dict.fromkeys(body):
            continue
        answer = await editor.post(f"/rules/{name}", json={"body": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_rules"), wrong
    assert (await editor.post(f"/rules/{name}", json={"body": body})).json()["version"] == 2


async def test_hostile_input_is_refused_and_never_a_server_error(desk: Desk) -> None:
    await resolved(desk)
    everybody = desk.api("complaints_division", "survey_caller", "policy_editor")
    await everybody.post("/samples/draw", json={"region": 1, "month": "2026-02"})
    (sample,) = (await everybody.get("/samples")).json()["items"]
    (call,) = (await everybody.get("/calls")).json()["items"]
    huge, past = encode_cursor([2**40]), encode_cursor([-1])
    asked = [
        (422, await everybody.get("/notices/not-a-uuid")),
        (404, await everybody.get("/notices/00000000-0000-0000-0000-000000000000")),
        (422, await everybody.get("/calls", params={"office": "9999"})),
        (422, await everybody.get("/calls", params={"stat": "open"})),
        (422, await everybody.get("/calls", params={"limit": 0})),
        (422, await everybody.get(f"/samples/{sample['id']}/members", params={"cursor": huge})),
        (200, await everybody.get(f"/samples/{sample['id']}/members", params={"cursor": past})),
        (422, await everybody.get("/samples", params={"month": "2026-02-01"})),
        (422, await everybody.get(f"/calls/{call['id']}/contact")),
        (422, await everybody.get(f"/calls/{call['id']}/contact", params={"purpose": "curiosity"})),
        (422, await everybody.post("/calls/claim", json={"region": 1.5})),
        (422, await everybody.post("/samples/draw", json={"region": 1, "month": "2026-02", "precision": "1e999999"})),
        (422, await everybody.post("/samples/draw", json={"region": 1, "month": "2026-02", "quota": 2**63})),
        (422, await everybody.post("/samples/draw", json={"region": 1, "month": "2026-02", "seed": "ก"})),
        (422, await everybody.post(f"/calls/{call['id']}/attempts", json={"outcome": "no_phone"})),
    ]
    assert [each.status_code for _, each in asked] == [status for status, _ in asked]
