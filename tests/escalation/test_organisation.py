"""The organisation over time: branches that open, close and move, one by one or by a file with a dry run."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from services.escalation_service.domain.offices import Officer
from services.escalation_service.domain.organisation import OfficeWish
from services.escalation_service.use_cases.coverage import problems
from services.escalation_service.use_cases.organisation import open_office
from shared.db import Tx
from tests.escalation.given import Case, Desk, Front

DAY = timedelta(days=1)
NEW = {"code": "1999", "name_th": "กปภ.สาขาใหม่", "belongs_to": "R02"}
OVER = {"valid_from": "2026-01-05T00:00:00Z", "valid_to": "2026-01-06T00:00:00Z"}


async def version_of(client: httpx.AsyncClient, office: str = "1102") -> dict[str, str]:
    return {"If-Match": (await client.get(f"/offices/{office}/posts")).headers["ETag"]}


async def move(client: httpx.AsyncClient, region: int, at: object = None, office: str = "1102") -> httpx.Response:
    body = {"region": region} | ({"valid_from": str(at)} if at else {})
    return await client.put(f"/offices/{office}/region", json=body, headers=await version_of(client, office))


async def close(client: httpx.AsyncClient, office: str, at: str | None) -> httpx.Response:
    shown = (await client.get(f"/offices/{office}/posts")).json()
    body = {"name_th": shown["name_th"], "valid_to": at}
    return await client.put(f"/offices/{office}", json=body, headers=await version_of(client, office))


async def region_of(client: httpx.AsyncClient, office: str, at: str | None = None) -> int:
    found = await client.get(f"/offices/{office}/posts", params={"at": at} if at else None)
    region: int = found.json()["region"]
    return region


def told(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


async def late(desk: Desk, case: Case) -> None:
    await desk.hear(case.registered(desk.now), case.routed(desk.now, case.office), case.breached(desk.now))
    for _ in range(4):
        await desk.advance(hours=25)


async def test_after_a_move_the_rungs_call_upon_the_new_region_and_its_deputy_governor(
    desk: Desk, front: Front
) -> None:
    division = front.sign_in("complaints_division")
    assert (await move(division, 2, desk.now + 10 * DAY)).status_code == 200
    before, after = Case("1102"), Case("1102")
    await late(desk, before)
    desk.clock.advance(10 * DAY)
    await late(desk, after)
    assert [row.post_office for row in await desk.rungs(before)] == ["1102", "R01", "D3"]
    assert [row.post_office for row in await desk.rungs(after)] == ["1102", "R02", "D4"]


async def test_a_rung_that_waits_while_the_branch_moves_calls_upon_the_region_of_that_instant(
    desk: Desk, front: Front
) -> None:
    case, division = Case("1102"), front.sign_in("complaints_division")
    await move(division, 2, desk.now + 12 * timedelta(hours=1))
    then = (desk.now + timedelta(hours=11)).isoformat()
    await late(desk, case)
    assert [row.post_office for row in await desk.rungs(case)] == ["1102", "R02", "D4"]
    said = await division.get(f"/cases/{case.case_id}/explain", params={"at": then})
    assert [rung["post_office"] for rung in said.json()["cycles"][0]["rungs"]] == ["1102", "R01", "D3"]


async def test_those_of_the_new_region_see_the_case_and_may_answer_for_it(desk: Desk, front: Front) -> None:
    case, director = Case("1102"), front.sign_in("region_director", "R02")
    await late(desk, case)
    assert (await director.get(f"/cases/{case.case_id}/rungs")).status_code == 404
    await move(front.sign_in("complaints_division"), 2)
    assert (await director.get(f"/cases/{case.case_id}/rungs")).status_code == 200
    assert (await director.get("/me")).json()["offices"] == ["1102", "R02"]
    other = front.sign_in("region_director", "R03")
    assert (await other.get(f"/cases/{case.case_id}/rungs")).status_code == 404


async def test_every_move_stays_on_record_with_who_and_when(desk: Desk, front: Front) -> None:
    division = front.sign_in("complaints_division")
    later = (desk.now + 30 * DAY).isoformat()
    await move(division, 2)
    said = (await move(division, 3, later)).json()["items"]
    assert [stay["region"] for stay in said] == [1, 2, 3]
    assert [stay["entered_by"] is None for stay in said] == [True, False, False]
    assert said == (await division.get("/offices/1102/regions")).json()["items"]
    assert (await region_of(division, "1102"), await region_of(division, "1102", later)) == (2, 3)
    replaced = (await move(division, 4, later)).json()["items"]
    assert [stay["region"] for stay in replaced] == [1, 2, 4]
    audit = await desk.rows("SELECT action FROM escalation.audit WHERE action = 'move_branch'")
    assert len(audit) == 3


async def test_a_branch_is_never_in_two_regions_at_one_time(desk: Desk, front: Front) -> None:
    await move(front.sign_in("complaints_division"), 2)
    with pytest.raises(IntegrityError, match="branch_move_pkey"):
        await desk.rows(
            """INSERT INTO escalation.branch_move
                SELECT office, valid_from, 3, entered_at, entered_by FROM escalation.branch_move RETURNING 1"""
        )


async def test_a_new_branch_is_entered_ahead_and_misses_its_manager_from_its_first_day_on(
    desk: Desk, front: Front
) -> None:
    division = front.sign_in("complaints_division")
    opened = await division.post("/offices", json=NEW | {"valid_from": (desk.now + 5 * DAY).isoformat()})
    assert (opened.status_code, opened.json()["kind"], opened.json()["region"]) == (201, "branch", 2)
    assert (await division.get("/offices/1999/posts")).json()["posts"][0]["post"] == "branch_manager"

    async def missing() -> int:
        async with desk.db.transaction() as tx:
            return int(next(one for one in await problems(tx) if "have no manager" in one).split()[0])

    assert await missing() == 234
    desk.clock.advance(6 * DAY)
    assert await missing() == 235
    await desk.staff("1999", {"branch_manager": Officer("PWA-1", "สมชาย ตัวอย่าง")})
    assert await missing() == 234


async def test_late_cases_of_a_branch_that_closed_are_told_until_another_has_them(desk: Desk, front: Front) -> None:
    async def told_of() -> list[str]:
        async with desk.db.transaction() as tx:
            return [one for one in await problems(tx) if "closed" in one]

    case, other, early = Case("1102"), Case("1103"), Case("1102")
    await late(desk, case)
    await late(desk, other)
    await desk.hear(early.registered(desk.now), early.routed(desk.now, "1102"))
    closes = desk.now + DAY
    assert (await close(front.sign_in("complaints_division"), "1102", closes.isoformat())).status_code == 200
    assert await told_of() == []
    desk.clock.advance(DAY)
    assert await told_of() == ["1 cases to be followed up belong to branches that are closed: 1102"]
    await desk.hear(early.breached(desk.now))
    assert await told_of() == ["2 cases to be followed up belong to branches that are closed: 1102"]
    await desk.hear(case.routed(desk.now, "1103"), early.routed(desk.now, "1103"))
    assert await told_of() == []


async def test_opening_an_office_twice_under_one_key_opens_it_once(front: Front) -> None:
    division, key = front.sign_in("complaints_division"), {"Idempotency-Key": "open-1999"}
    answers = [await division.post("/offices", json=NEW, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert told(await division.post("/offices", json=NEW)) == (409, "office_exists")


async def test_a_new_region_takes_branches_and_has_its_own_director_and_area(desk: Desk, front: Front) -> None:
    division = front.sign_in("complaints_division")
    region = {"code": "R11", "name_th": "กปภ.เขต 11", "belongs_to": "D5"}
    assert (await division.post("/offices", json=region)).status_code == 201
    assert (await move(division, 11)).status_code == 200
    case = Case("1102")
    await late(desk, case)
    assert [row.post_office for row in await desk.rungs(case)] == ["1102", "R11", "D5"]
    async with desk.db.transaction() as tx:
        assert not [one for one in await problems(tx) if "belong to no deputy governor" in one]


async def test_a_region_is_not_closed_while_branches_belong_to_it(desk: Desk, front: Front) -> None:
    division, end = front.sign_in("complaints_division"), (desk.now + 30 * DAY).isoformat()
    await division.post("/offices", json={"code": "R11", "name_th": "กปภ.เขต 11", "belongs_to": "D5"})
    await move(division, 11)
    assert told(await close(division, "R11", end)) == (409, "office_not_open")
    assert told(await close(division, "D5", end)) == (409, "office_not_open")
    assert (await move(division, 1, end)).status_code == 200
    assert (await close(division, "R11", end)).status_code == 200
    assert told(await move(division, 11, desk.now + 31 * DAY, "1103")) == (409, "office_not_open")
    assert told(await move(division, 11, desk.now, "1103")) == (409, "office_not_open")
    assert told(await close(division, "R11", "2020-01-01T00:00:00Z")) == (422, "ends_before_it_begins")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"code": "19999"}, "string_pattern_mismatch"),
        ({"code": "HQ"}, "office_exists"),
        ({"belongs_to": None}, "needs_a_region"),
        ({"belongs_to": "D1"}, "belongs_elsewhere"),
        ({"belongs_to": "R77"}, "unknown_office"),
        ({"code": "D9", "belongs_to": "R01"}, "belongs_elsewhere"),
        ({"code": "D9", "belongs_to": "R01"} | OVER, "belongs_elsewhere"),
        ({"belongs_to": "D1"} | OVER, "belongs_elsewhere"),
        ({"belongs_to": "R77"} | OVER, "unknown_office"),
        ({"name_th": "=1+1"}, "looks_like_a_formula"),
        ({"valid_from": "2019-01-01T00:00:00Z"}, "office_not_open"),
        ({"valid_to": "2019-01-01T00:00:00Z"}, "ends_before_it_begins"),
        ({"manager": "PWA-1"}, "unknown_field"),
    ],
)
async def test_an_office_that_cannot_be_is_refused(desk: Desk, front: Front, body: dict[str, Any], code: str) -> None:
    answer = await front.sign_in("complaints_division").post("/offices", json=NEW | body)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert told(answer) == (409 if code in ("office_not_open", "office_exists") else 422, code)
    assert (
        await desk.rows("SELECT 1 FROM escalation.office WHERE code NOT IN (SELECT office FROM escalation.post)") == []
    )


async def _until_somebody_waits(tx: Tx) -> None:
    async with asyncio.timeout(30):
        while not await tx.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            pass


async def test_a_region_is_not_closed_while_a_branch_is_being_opened_in_it(desk: Desk, front: Front) -> None:
    division, end = front.sign_in("complaints_division"), (desk.now + 30 * DAY).isoformat()
    await division.post("/offices", json={"code": "R11", "name_th": "กปภ.เขต 11", "belongs_to": "D5"})
    async with desk.db.transaction() as tx:
        await open_office(tx, OfficeWish("1999", "กปภ.สาขาใหม่", "R11"))
        closing = asyncio.create_task(close(division, "R11", end))
        await _until_somebody_waits(tx)
    assert told(await closing) == (409, "office_not_open")


async def test_a_region_belongs_to_an_area_and_to_nothing_else(desk: Desk) -> None:
    with pytest.raises(IntegrityError, match="area_region_area_check"):
        await desk.rows("INSERT INTO escalation.area_region VALUES (6, '2026-01-05', 'R01') RETURNING 1")


async def test_the_head_office_is_never_closed(desk: Desk, front: Front) -> None:
    division = front.sign_in("complaints_division")
    assert told(await close(division, "HQ", (desk.now + DAY).isoformat())) == (422, "head_office_stays")
    said = (await upload(division, "office,valid_to\nHQ,2026-12-31\n", apply=True)).json()
    assert [(one["field"], one["code"]) for one in said["rows"][0]["errors"]] == [("valid_to", "head_office_stays")]
    assert (await close(division, "HQ", None)).status_code == 200


async def test_a_move_that_cannot_be_is_refused(desk: Desk, front: Front) -> None:
    division, body = front.sign_in("complaints_division"), {"region": 2}
    assert told(await move(division, 77)) == (422, "unknown_office")
    assert told(await move(division, 2, desk.now - DAY)) == (422, "valid_from_in_the_past")
    assert told(await move(division, 2, office="R01")) == (422, "not_a_branch")
    assert (await division.put("/offices/1102/region", json=body)).status_code == 428
    assert (await division.put("/offices/1102/region", json=body, headers={"If-Match": '"9"'})).status_code == 412
    assert (await division.put("/offices/9999/region", json=body, headers={"If-Match": '"1"'})).status_code == 404
    assert (await division.get("/offices/R01/regions")).status_code == 422
    manager = front.sign_in("branch_manager", "1102")
    assert (await manager.put("/offices/1102/region", json=body, headers={"If-Match": '"1"'})).status_code == 403
    assert (await manager.post("/offices", json=NEW)).status_code == 403
    assert await desk.rows("SELECT 1 FROM escalation.branch_move") == []


FILE = (
    "\ufeffรหัสหน่วยงาน,ชื่อ,สังกัด,ตั้งแต่วันที่,ถึงวันที่\n"
    "R11,กปภ.เขต 11,D5,2026-04-01,\n"
    "1999,กปภ.สาขาใหม่,R11,2026-04-01,\n"
    "1102,,R11,2026-04-01,\n"
    "1103,กปภ.สาขาชื่อใหม่,,,2026-12-31\n"
    "1104,,,,\n"
)


async def upload(client: httpx.AsyncClient, content: str, *, apply: bool) -> httpx.Response:
    query = {"dry_run": "false" if apply else "true"}
    headers = {"Content-Type": "text/csv; charset=utf-8"}
    return await client.post("/offices/import", content=content.encode(), params=query, headers=headers)


async def _everything(desk: Desk) -> list[Any]:
    tables = ("office", "branch_move", "area_region", "post")
    return [sorted(str(tuple(row)) for row in await desk.rows(f"SELECT * FROM escalation.{t}")) for t in tables]


async def test_a_file_says_in_a_dry_run_what_it_does_does_it_once_and_then_changes_nothing(
    desk: Desk, front: Front
) -> None:
    division, before = front.sign_in("complaints_division"), await _everything(desk)
    dry = (await upload(division, FILE, apply=False)).json()
    assert [row["outcome"] for row in dry["rows"]] == ["create", "create", "change", "change", "unchanged"]
    assert [row["changes"] for row in dry["rows"]] == [
        ["office"], ["office"], ["belongs_to"], ["name", "valid_to"], [],
    ]  # fmt: skip
    assert (dry["applied"], await _everything(desk)) == (False, before)
    assert (await upload(division, FILE, apply=True)).json()["applied"] is True
    april = "2026-04-02T00:00:00+07:00"
    assert [await region_of(division, code, april) for code in ("1999", "1102", "1103")] == [11, 11, 1]
    assert (await division.get("/offices/1103/posts")).json()["valid_to"] == "2026-12-31T17:00:00Z"
    kept = await _everything(desk)
    desk.clock.advance(90 * DAY)  # what has begun meanwhile is no change of the past
    again = (await upload(division, FILE, apply=True)).json()
    assert (again["counts"]["unchanged"], again["counts"]["error"]) == (5, 0)
    assert await _everything(desk) == kept


async def test_a_long_file_takes_no_more_statements_than_a_short_one(desk: Desk, front: Front) -> None:
    division, said = front.sign_in("complaints_division"), list[str]()

    def note(*statement: Any) -> None:
        said.append(statement[2])

    event.listen(desk.db.engine.sync_engine, "before_cursor_execute", note)

    async def statements(rows: int, first: int) -> int:
        said.clear()
        new = [f"{first + n},กปภ.สาขา {first + n},R01,2026-05-01," for n in range(rows)]
        moved = [f"{first + n},,R02,2026-06-01," for n in range(rows)]
        closed = [f"{first + n},,,,2026-12-31" for n in range(rows)]
        for part in ([*new, *moved], closed):
            answer = await upload(
                division, "\n".join(["office,name,belongs_to,valid_from,valid_to", *part]), apply=True
            )
            assert answer.json()["counts"]["error"] == 0, answer.text
        return len(said)

    assert await statements(2, 8000) == await statements(60, 8100)


BAD = (
    "office,name,belongs_to,valid_from,valid_to\n"
    "1998,,R01,,\n"
    "1997,กปภ.สาขา,,,\n"
    "1996,กปภ.สาขา,1102,,\n"
    "1995,=1+1,R01,,\n"
    "1102,,R55,2026-05-01,\n"
    "1103,,R02,2020-01-01,\n"
    "1104,,,,2569-01-01\n"
    "1105,,R02,2026-05-01,\n"
    "1105,,R03,2026-05-01,\n"
    "R01,,,,2026-05-01\n"
    "X1,กปภ.สาขา,R01,,\n"
    "1106,,R02,2026-05-01,2026-04-01\n"
    "1107,,,,,,,\n"
)


async def test_each_row_of_a_file_that_cannot_be_is_named_and_nothing_is_applied(desk: Desk, front: Front) -> None:
    before = await _everything(desk)
    said = (await upload(front.sign_in("complaints_division"), BAD, apply=True)).json()
    faults = {(row["line"], one["field"], one["code"]) for row in said["rows"] for one in row["errors"]}
    assert faults == {
        (2, "name", "needs_a_name"), (3, "belongs_to", "needs_a_region"), (4, "belongs_to", "belongs_elsewhere"),
        (5, "name", "looks_like_a_formula"), (6, "belongs_to", "unknown_office"),
        (7, "valid_from", "valid_from_in_the_past"), (8, "valid_to", "buddhist_era_year"),
        (10, "office", "twice_in_file"), (11, "valid_from", "office_not_open"),
        (12, "office", "string_pattern_mismatch"), (13, "valid_from", "office_not_open"), (14, None, "bad_row"),
    }  # fmt: skip
    assert (said["applied"], await _everything(desk)) == (False, before)


async def test_a_file_of_offices_is_csv_from_those_who_may_change_them(front: Front) -> None:
    division = front.sign_in("complaints_division")
    assert (await division.post("/offices/import", json={})).status_code == 415
    assert told(await upload(division, "name\nx\n", apply=True)) == (422, "bad_columns")
    assert told(await upload(division, "office,post\nx,y\n", apply=True)) == (422, "unknown_column")
    assert (await upload(front.sign_in("branch_manager", "1102"), FILE, apply=False)).status_code == 403


async def test_what_was_reported_without_repair_is_no_open_case_of_a_closed_branch(desk: Desk, front: Front) -> None:
    case, division = Case("1102"), front.sign_in("complaints_division")
    await late(desk, case)
    await desk.hear(case.resolved(desk.now, repaired=False))
    assert (await close(division, "1102", (desk.now + DAY).isoformat())).status_code == 200
    await desk.advance(hours=48)
    async with desk.db.transaction() as tx:
        assert [problem for problem in await problems(tx) if "branches that are closed" in problem] == []
