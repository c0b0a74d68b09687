"""Officers over time: successions, leave, acting officers, contacts, and files of officers with a dry run."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.escalation_service.store.officers import holders
from services.escalation_service.use_cases import posts
from shared.contracts.escalation import RungFired
from tests.escalation.given import Case, Desk, Front

DAY = timedelta(days=1)
HEADER = "office,post,staff_code,name,phone,email,valid_from,valid_to,acting\n"
MANAGER = "/offices/1102/posts/branch_manager"


async def enter(client: httpx.AsyncClient, code: str, **contacts: object) -> None:
    answer = await client.post("/officers", json={"staff_code": code, "name": f"เจ้าหน้าที่ {code}", **contacts})
    assert answer.status_code == 201, answer.text


async def version_of(client: httpx.AsyncClient, office: str = "1102") -> dict[str, str]:
    return {"If-Match": (await client.get(f"/offices/{office}/posts")).headers["ETag"]}


async def appoint(client: httpx.AsyncClient, code: str, seat: str = "holder", **when: datetime) -> httpx.Response:
    body = {"staff_code": code} | {name: at.isoformat() for name, at in when.items()}
    return await client.post(f"{MANAGER}/{seat}", json=body, headers=await version_of(client))


async def called(desk: Desk, at: datetime) -> tuple[str | None, bool, str, str | None]:
    async with desk.db.transaction() as tx:
        found = (await holders(tx, [("1102", "branch_manager")], at))["1102", "branch_manager"]
    return found.officer.staff_code if found.officer else None, found.acting, found.reason, found.absent


async def test_each_post_has_one_holder_at_any_time_and_a_successor_ends_the_term_before(
    desk: Desk, front: Front
) -> None:
    division, now = front.sign_in("complaints_division"), desk.now
    for code in ("A", "B"):
        await enter(division, code)
    assert (await appoint(division, "A")).status_code == 200
    assert (await appoint(division, "B", valid_from=now + 10 * DAY)).status_code == 200
    seen = [(await called(desk, now + days * DAY))[0] for days in (-1, 0, 9, 10, 400)]
    assert seen == [None, "A", "A", "B", "B"]
    clash = await appoint(division, "B", valid_from=now + 5 * DAY)
    assert (clash.status_code, clash.json()["code"]) == (409, "post_held")
    terms = (await division.get(f"{MANAGER}/terms")).json()["items"]
    assert [(term["staff_code"], term["valid_to"] is None) for term in terms] == [("A", False), ("B", True)]


async def test_an_acting_officer_stands_in_during_leave_and_for_a_vacancy(desk: Desk, front: Front) -> None:
    division, now = front.sign_in("complaints_division"), desk.now
    for code in ("A", "B"):
        await enter(division, code)
    await appoint(division, "A")
    leave = {"valid_from": (now + DAY).isoformat(), "valid_to": (now + 8 * DAY).isoformat()}
    assert (await division.post("/officers/A/leaves", json=leave)).status_code == 201
    assert await called(desk, now + 2 * DAY) == (None, False, "on_leave", "A")
    assert (await appoint(division, "B", "acting", valid_from=now + DAY, valid_to=now + 8 * DAY)).status_code == 200
    assert await called(desk, now + 2 * DAY) == ("B", True, "acting", "A")
    assert await called(desk, now + 8 * DAY) == ("A", False, "holder", None)
    gone = {"at": (now + 20 * DAY).isoformat()}
    assert (await division.post(f"{MANAGER}/vacate", json=gone, headers=await version_of(division))).status_code == 200
    assert await called(desk, now + 21 * DAY) == (None, False, "vacant", None)
    assert (await appoint(division, "B", "acting", valid_from=now + 20 * DAY)).status_code == 200
    assert await called(desk, now + 21 * DAY) == ("B", True, "acting", None)


async def test_an_acting_officer_on_leave_is_not_called_upon_and_a_leave_that_ends_early_ends(
    desk: Desk, front: Front
) -> None:
    division, now = front.sign_in("complaints_division"), desk.now
    await enter(division, "B")
    await appoint(division, "B", "acting")
    leave = {"valid_from": now.isoformat(), "valid_to": (now + 8 * DAY).isoformat()}
    entered = await division.post("/officers/B/leaves", json=leave)
    assert await called(desk, now + DAY) == (None, False, "vacant", None)
    again = await division.post("/officers/B/leaves", json=leave)
    assert (again.status_code, again.json()["code"]) == (409, "on_leave_already")
    desk.clock.advance(DAY)
    ended = await division.delete(f"/officers/B/leaves/{entered.json()['leave_id']}")
    assert ended.status_code == 204
    assert await called(desk, now + 2 * DAY) == ("B", True, "acting", None)


async def test_the_rung_freezes_who_was_called_upon_why_and_who_was_absent(desk: Desk, front: Front) -> None:
    division, now = front.sign_in("complaints_division"), desk.now
    for code in ("A", "B"):
        await enter(division, code)
    await appoint(division, "A")
    await appoint(division, "B", "acting")
    leave = {"valid_from": now.isoformat(), "valid_to": (now + 8 * DAY).isoformat()}
    await division.post("/officers/A/leaves", json=leave)
    case = Case("1102")
    await desk.hear(case.registered(now), case.routed(now, "1102"), case.breached(now))
    await desk.advance(minutes=1)
    await desk.staff("1102", {"branch_manager": None})
    (row,) = await desk.rungs(case)
    assert (row.officer_code, row.acting, row.reason, row.absent_code) == ("B", True, "acting", "A")
    assert [told["officer"] for told in await desk.told(RungFired, case)] == ["B"]


async def test_holders_of_every_post_are_found_in_one_statement(desk: Desk) -> None:
    async with desk.db.transaction() as tx:
        wanted = [(row.office, row.post) for row in await desk.rows("SELECT office, post FROM escalation.post")]
        found = await holders(tx, wanted * 2, tx.now)
        assert await holders(tx, [], tx.now) == {}
    assert set(found) == set(wanted)
    assert {one.reason for one in found.values()} == {"vacant"}


async def test_contacts_are_shown_to_those_who_may_change_them_only(front: Front) -> None:
    division = front.sign_in("complaints_division")
    contacts = {"phone": "02-551-8000", "email": "a@pwa.example", "line_id": "U" + "0" * 32, "preferred": "line"}
    await enter(division, "A", webhook_url="http://127.0.0.1:9/hook", **contacts)
    shown = (await division.get("/officers/A")).json()
    assert (shown["phone"], shown["preferred"]) == ("+6625518000", "line")
    clerk = front.sign_in("branch_staff", "1102")
    for path in ("/officers/A", "/officers"):
        body = (await clerk.get(path)).text
        assert not [c for c in ("5518000", "pwa.example", "U000", "127.0.0.1") if c in body]
    assert (await clerk.post("/officers", json={"staff_code": "B", "name": "ข"})).status_code == 403


async def test_contacts_are_kept_out_of_the_audit_and_changed_with_the_version_seen(desk: Desk, front: Front) -> None:
    division = front.sign_in("complaints_division")
    await enter(division, "A", email="a@pwa.example")
    seen = (await division.get("/officers/A")).headers["ETag"]
    body = {"name": "สมชาย ตัวอย่าง", "email": "b@pwa.example", "digest": "never"}
    assert (await division.put("/officers/A", json=body)).status_code == 428
    put = await division.put("/officers/A", json=body, headers={"If-Match": seen})
    assert (put.status_code, put.json()["digest"]) == (200, "never")
    assert (await division.put("/officers/A", json=body, headers={"If-Match": seen})).status_code == 412
    audit = await desk.rows("SELECT action, facts::text AS facts FROM escalation.audit ORDER BY id")
    assert [row.action for row in audit][-2:] == ["create_officer", "change_officer"]
    assert "pwa.example" not in "".join(row.facts for row in audit)


@pytest.mark.parametrize(
    "url", ["http://pwa.example/x", "ftp://pwa.example", "https://", "https://u:p@pwa.example/", "javascript:alert(1)"]
)
async def test_a_webhook_is_called_by_https_only(front: Front, url: str) -> None:
    answer = await front.sign_in("complaints_division").post(
        "/officers", json={"staff_code": "A", "name": "ก", "webhook_url": url}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_url")


async def test_a_region_moves_to_another_area_from_a_day_on(desk: Desk, front: Front) -> None:
    division, now = front.sign_in("complaints_division"), desk.now
    body = {"area": "D1", "valid_from": (now + DAY).isoformat()}
    moved = await division.put("/offices/R01/area", json=body, headers=await version_of(division, "R01"))
    assert moved.status_code == 200, moved.text
    one = [entry for entry in moved.json()["items"] if entry["region"] == 1]
    assert [entry["area"] for entry in one] == ["D3", "D1"]
    before, after = Case("1102"), Case("1102")
    for case, due_at in ((before, now), (after, now + 2 * DAY)):
        await desk.hear(case.registered(now), case.routed(now, "1102"), case.breached(due_at))
    for _ in range(6):
        await desk.advance(hours=25)
    assert [row.post_office for row in await desk.rungs(before)] == ["1102", "R01", "D1"]
    branch = await division.put("/offices/1102/area", json=body, headers=await version_of(division))
    assert (branch.status_code, branch.json()["code"]) == (422, "not_a_region")


async def upload(client: httpx.AsyncClient, text: str | bytes, *, apply: bool) -> httpx.Response:
    content = text.encode() if isinstance(text, str) else text
    headers = {"Content-Type": "text/csv; charset=utf-8"}
    query = {"dry_run": "false" if apply else "true"}
    return await client.post("/officers/import", content=content, params=query, headers=headers)


FILE = HEADER + (
    "1102,branch_manager,PWA-1,สมชาย ตัวอย่าง,02-551-8000,somchai@pwa.example,,,\n"
    "R01,region_director,PWA-2,สมหญิง ตัวอย่าง,,,2026-01-01,,\n"
    "D3,deputy_governor,PWA-3,สมศรี ตัวอย่าง,,,,,no\n"
    "1103,branch_manager,PWA-1,สมชาย ตัวอย่าง,02-551-8000,somchai@pwa.example,2026-02-01,2026-03-31,yes\n"
)


async def test_a_dry_run_says_what_each_row_would_do_and_changes_nothing(desk: Desk, front: Front) -> None:
    division = front.sign_in("complaints_division")
    said = (await upload(division, b"\xef\xbb\xbf" + FILE.encode(), apply=False)).json()
    assert (said["dry_run"], said["applied"]) == (True, False)
    assert [row["outcome"] for row in said["rows"]] == ["create", "create", "create", "change"]
    assert await desk.rows("SELECT 1 FROM escalation.officer") == []


async def test_a_file_is_applied_and_the_same_file_again_changes_nothing(desk: Desk, front: Front) -> None:
    division = front.sign_in("complaints_division")
    first = (await upload(division, FILE, apply=True)).json()
    assert (first["applied"], first["counts"]["create"], first["counts"]["change"]) == (True, 3, 1)
    async with desk.db.transaction() as tx:
        view = await posts.view_posts(tx, "1103")
    assert (view.posts[0].holder.acting, view.posts[0].holder.reason) == (True, "acting")
    kept = await _everything(desk)
    desk.clock.advance(DAY)
    again = (await upload(division, FILE, apply=True)).json()
    assert again["counts"] == {"create": 0, "change": 0, "unchanged": 4, "error": 0}
    assert await _everything(desk) == kept


async def _everything(desk: Desk) -> list[Any]:
    tables = ("officer", "posting", "acting", "office")
    return [sorted(str(tuple(row)) for row in await desk.rows(f"SELECT * FROM escalation.{t}")) for t in tables]


async def test_an_empty_cell_leaves_what_is_known_and_a_new_name_is_a_change(front: Front) -> None:
    division = front.sign_in("complaints_division")
    await upload(division, FILE, apply=True)
    more = HEADER + "R01,region_director,PWA-1,สมชาย ใหม่,,,,,\n"
    said = (await upload(division, more, apply=True)).json()
    assert said["rows"][0]["changes"] == ["name", "holder"]
    assert (await division.get("/officers/PWA-1")).json()["email"] == "somchai@pwa.example"


BAD = HEADER + (
    "1102,branch_manager,PWA-1,สมชาย ตัวอย่าง,,,,,\n"
    "9999,branch_manager,PWA-2,ก,,,,,\n"
    "1103,deputy_governor,PWA-3,ข,,,,,\n"
    "1104,branch_manager,PWA-4,=1+1,,,,,\n"
    "1102,branch_manager,PWA-5,ค,,,,,\n"
    "R01,region_director,PWA-1,สมชาย คนอื่น,,,,,\n"
    "R02,region_director,PWA-6,ง,12,,2569-01-01,,\n"
    '"\n1105",branch_manager,PWA-7,จ,,,2026-03-01,2026-02-01,\n'
    ",,,,,,,,\n"
    "1106,branch_manager,,ฉ,,x,,,maybe\n"
)


async def test_each_wrong_row_is_named_with_its_line_and_field_and_nothing_is_applied(desk: Desk, front: Front) -> None:
    said = (await upload(front.sign_in("complaints_division"), BAD, apply=True)).json()
    faults = {(row["line"], one["field"], one["code"]) for row in said["rows"] for one in row["errors"]}
    assert faults == {
        (3, "office", "unknown_office"), (4, "post", "unknown_post"), (5, "name", "looks_like_a_formula"),
        (6, "post", "twice_in_file"), (7, "staff_code", "contradicts_line"), (8, "phone", "bad_phone"),
        (8, "valid_from", "buddhist_era_year"), (9, "valid_to", "ends_before_it_begins"),
        (12, "staff_code", "missing"), (12, "email", "bad_email"), (12, "acting", "literal_error"),
    }  # fmt: skip
    assert (said["applied"], said["counts"]["error"]) == (False, 8)
    assert await desk.rows("SELECT 1 FROM escalation.officer") == []


LEAVE = "office,post,staff_code,name,leave_from,leave_to\n"
ON_LEAVE = LEAVE + (
    "1102,branch_manager,PWA-1,สมชาย ตัวอย่าง,2026-03-01,2026-03-05\n"
    "1103,branch_manager,PWA-1,สมชาย ตัวอย่าง,2026-03-01,2026-03-05\n"
    "1104,branch_manager,PWA-1,สมชาย ตัวอย่าง,2026-04-01,2026-04-01\n"
)


async def test_leave_is_entered_by_file_once_however_often_it_is_said(desk: Desk, front: Front) -> None:
    division = front.sign_in("complaints_division")
    said = (await upload(division, ON_LEAVE, apply=True)).json()
    assert [row["changes"] for row in said["rows"]] == [["officer", "holder", "leave"], ["holder"], ["holder", "leave"]]
    leaves = (await division.get("/officers/PWA-1")).json()["leaves"]
    assert [(leave["valid_from"], leave["valid_to"]) for leave in leaves] == [
        ("2026-02-28T17:00:00Z", "2026-03-05T17:00:00Z"), ("2026-03-31T17:00:00Z", "2026-04-01T17:00:00Z"),
    ]  # fmt: skip
    assert (await upload(division, ON_LEAVE, apply=True)).json()["counts"]["unchanged"] == 3
    assert (await division.get("/officers/PWA-1")).json()["leaves"] == leaves


async def test_leave_that_somebody_ended_early_stays_so_when_its_file_comes_again(desk: Desk, front: Front) -> None:
    division = front.sign_in("complaints_division")
    await upload(division, ON_LEAVE, apply=True)
    desk.clock.advance(datetime(2026, 3, 2, tzinfo=UTC) - desk.now)
    first, later = (await division.get("/officers/PWA-1")).json()["leaves"]
    assert (await division.delete(f"/officers/PWA-1/leaves/{first['leave_id']}")).status_code == 204
    ended = (await division.get("/officers/PWA-1")).json()["leaves"]
    assert ended == [first | {"valid_to": "2026-03-02T00:00:00Z"}, later]
    again = (await upload(division, ON_LEAVE, apply=True)).json()
    assert (again["counts"]["unchanged"], again["counts"]["error"]) == (3, 0)
    assert (await division.get("/officers/PWA-1")).json()["leaves"] == ended


async def test_leave_that_cannot_be_is_named_with_its_row(desk: Desk, front: Front) -> None:
    division, someone = front.sign_in("complaints_division"), "branch_manager,PWA-1,สมชาย ตัวอย่าง"
    await upload(division, ON_LEAVE, apply=True)
    bad = LEAVE + (
        f"1102,{someone},2026-03-05,2026-03-09\n1103,{someone},2026-05-01,\n1104,{someone},2026-05-02,2026-05-01\n"
    )
    said = (await upload(division, bad, apply=True)).json()
    assert [(row["errors"][0]["field"], row["errors"][0]["code"]) for row in said["rows"]] == [
        ("leave_from", "on_leave_already"), (None, "half_a_leave"), (None, "ends_before_it_begins"),
    ]  # fmt: skip
    assert len((await division.get("/officers/PWA-1")).json()["leaves"]) == 2


async def test_headers_and_posts_may_be_written_in_thai(front: Front) -> None:
    text = "รหัสหน่วยงาน,ตำแหน่ง,รหัสพนักงาน,ชื่อ,รักษาการ\n1102,ผจก.กปภ.สาขา,PWA-1,สมชาย ตัวอย่าง,ใช่\n"
    division = front.sign_in("complaints_division")
    assert (await upload(division, text, apply=True)).json()["rows"][0]["changes"] == ["officer", "acting"]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"office,post,staff_code\n1,2,3\n", 422, "bad_columns"),
        (b"office,post,staff_code,name,rank\n", 422, "unknown_column"),
        (HEADER.encode(), 422, "empty_file"),
        (HEADER.encode() + "1102,branch_manager,P,ก\n".encode("cp874"), 422, "not_utf8"),
        (HEADER.encode() + b'"1102', 422, "not_csv"),
        (HEADER.encode() + b"x" * 1_100_000, 413, "body_too_large"),
        (HEADER.encode() + b"1102,branch_manager,P,x,,,,,\n" * 5_001, 422, "too_many_rows"),
    ],
)
async def test_what_is_no_such_file_is_refused(front: Front, content: bytes, status: int, code: str) -> None:
    answer = await upload(front.sign_in("complaints_division"), content, apply=True)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_only_the_import_takes_csv_and_it_takes_nothing_else(front: Front) -> None:
    division = front.sign_in("complaints_division")
    csv = {"Content-Type": "text/csv"}
    assert (await division.post("/officers", content="{}", headers=csv)).status_code == 415
    assert (await division.post("/officers/import", json={})).status_code == 415
    clerk = front.sign_in("branch_manager", "1102")
    assert (await upload(clerk, FILE, apply=False)).status_code == 403


async def test_a_file_never_takes_back_a_contact_that_is_changed_while_it_is_read(desk: Desk, front: Front) -> None:
    division = front.sign_in("complaints_division")
    await upload(division, FILE, apply=True)
    more = HEADER + "1102,branch_manager,PWA-1,สมชาย ใหม่,,,,,\n"
    async with desk.db.transaction() as tx:
        await tx.execute(text("UPDATE escalation.officer SET email = 'new@pwa.example' WHERE staff_code = 'PWA-1'"))
        applied = asyncio.create_task(upload(division, more, apply=True))
        while not await tx.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            pass  # the import has not come to the officer yet
    assert (await applied).json()["rows"][0]["changes"] == ["name"]
    assert (await division.get("/officers/PWA-1")).json()["email"] == "new@pwa.example"


async def test_a_name_that_begins_like_a_formula_is_refused_wherever_it_is_entered(front: Front) -> None:
    division = front.sign_in("complaints_division")
    officer = {"staff_code": "A", "name": "=1+1"}
    answer = await division.put(
        "/offices/1102/posts",
        json={"posts": [{"post": "branch_manager", "officer": officer}]}, headers=await version_of(division),
    )  # fmt: skip
    for refused in (answer, await division.post("/officers", json=officer)):
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "looks_like_a_formula")
