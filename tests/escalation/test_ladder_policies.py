"""Ladder policies: drafts, differences, publication, which ladder a case climbs, and calendars that rungs count on."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from services.escalation_service.consumers import FOLDS
from shared.contracts.sla import CalendarPublished, ExceptionDay
from shared.testing.batches import fold_in
from tests.escalation.given import Case, Desk, Front

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = [["08:30-16:30"]] * 5 + [[], []]
ONCE = (ExceptionDay(day="2026-02-03", name="เปิดวันเดียว", windows=("09:00-10:00",)),)


def rung(number: int, post: str, place: str, hours: int, **more: object) -> dict[str, object]:
    return {"rung": number, "post": post, "place": place, "offset_hours": hours, **more}


def ladder(*rungs: dict[str, object], queue: str = "branch", gap: int = 24, **selector: object) -> dict[str, Any]:
    return {
        "name_th": "ลำดับเร่งรัด", "selector": {"queue": queue, **selector}, "minimum_gap_hours": gap,
        "longest_deferral_hours": 24, "rungs": list(rungs),
    }  # fmt: skip


ON_OFFICE_HOURS = ladder(
    rung(1, "branch_manager", "own", 0, calendar="office"), rung(2, "region_director", "region", 8, calendar="office"),
    rung(3, "deputy_governor", "area", 24, calendar="office", review=True), gap=8,
)  # fmt: skip


async def publish(client: httpx.AsyncClient, body: dict[str, Any], code: str = "branch", **when: str) -> httpx.Response:
    drafted = await client.post(f"/ladders/{code}/versions", json=body)
    assert drafted.status_code == 201, drafted.text
    path = f"/ladders/{code}/versions/{drafted.json()['version']}/publish"
    return await client.post(path, json=when, headers={"If-Match": drafted.headers["ETag"]})


def calendar(desk: Desk, version: int = 1, *closed: str, weekly: list[list[str]] = WEEK) -> CalendarPublished:
    return CalendarPublished(
        code="office", version=version, name_th="เวลาทำการ", zone="Asia/Bangkok", weekly=weekly,
        exceptions=[ExceptionDay(day=day, name="วันหยุด") for day in closed], horizon_on="2027-12-31",
        published_at=desk.now,
    )  # fmt: skip


async def a_late_case(desk: Desk, office: str = "1102", due_at: datetime | None = None) -> Case:
    case = Case(office)
    await desk.hear(case.registered(desk.now - DAY), case.routed(desk.now, office), case.breached(due_at or desk.now))
    return case


async def test_a_draft_counts_for_nothing_until_it_is_published_and_says_what_it_changes(
    desk: Desk, front: Front
) -> None:
    editor = front.sign_in("policy_editor")
    body = ladder(rung(1, "branch_manager", "own", 0), rung(2, "region_director", "region", 12))
    drafted = await editor.post("/ladders/branch/versions", json=body)
    assert (drafted.json()["version"], drafted.json()["state"]) == (2, "draft")
    said = (await editor.get("/ladders/branch/versions/2/diff")).json()
    assert said["against"] == 1
    changes = {(one["field"], one["before"], one["after"]) for one in said["changes"]}
    assert {("rungs/2/offset_hours", 24, 12), ("rungs/3/post", "deputy_governor", None)} <= changes
    assert len(changes) == 6
    case = await a_late_case(desk)
    await desk.advance(minutes=1)
    assert [row.ladder_version for row in await desk.rungs(case)] == [1]


async def test_the_version_in_force_at_the_breach_stays_that_of_the_case(desk: Desk, front: Front) -> None:
    editor, before = front.sign_in("policy_editor"), await a_late_case(desk)
    await desk.advance(minutes=1)
    body = ladder(rung(1, "branch_manager", "own", 0), rung(2, "region_director", "region", 200))
    published = await publish(editor, body)
    assert (published.status_code, published.json()["published_by"]) == (200, "dev-policy_editor")
    desk.clock.advance(timedelta(minutes=1))
    after = await a_late_case(desk)
    await desk.advance(hours=25)
    assert [(row.rung, row.ladder_version) for row in await desk.rungs(before)] == [(1, 1), (2, 1)]
    assert [(row.rung, row.ladder_version) for row in await desk.rungs(after)] == [(1, 2)]
    versions = (await editor.get("/ladders")).json()["items"]
    assert [(v["version"], v["valid_to"] is None) for v in versions if v["ladder"] == "branch"] == [
        (1, False),
        (2, True),
    ]


async def test_ranges_of_a_ladder_never_overlap_and_nothing_is_published_backwards(desk: Desk, front: Front) -> None:
    editor = front.sign_in("policy_editor")
    body = ladder(rung(1, "branch_manager", "own", 0))
    past = await publish(editor, body, valid_from=(desk.now - HOUR).isoformat())
    assert (past.status_code, past.json()["code"]) == (422, "valid_from_in_the_past")
    assert (await publish(editor, body, valid_from=(desk.now + 10 * DAY).isoformat())).status_code == 200
    sooner = await publish(editor, body, valid_from=(desk.now + 5 * DAY).isoformat())
    assert (sooner.status_code, sooner.json()["code"]) == (409, "later_version")
    again = await editor.post("/ladders/branch/versions/3/publish", json={}, headers={"If-Match": '"2"'})
    assert (again.status_code, again.json()["code"]) == (409, "published_already")
    redraft = await editor.put("/ladders/branch/versions/3", json=body, headers={"If-Match": '"2"'})
    assert (redraft.status_code, redraft.json()["code"]) == (409, "published_already")


async def test_a_draft_is_replaced_with_the_revision_seen(front: Front) -> None:
    editor = front.sign_in("policy_editor")
    body = ladder(rung(1, "branch_manager", "own", 0))
    seen = (await editor.post("/ladders/branch/versions", json=body)).headers["ETag"]
    other = ladder(rung(1, "branch_manager", "own", 3))
    path = "/ladders/branch/versions/2"
    put = await editor.put(path, json=other, headers={"If-Match": seen})
    assert put.json()["rungs"][0]["offset_hours"] == 3
    assert (await editor.put(path, json=other, headers={"If-Match": seen})).status_code == 412
    assert (await editor.post(f"{path}/publish", json={}, headers={"If-Match": seen})).status_code == 412


async def test_first_drafts_written_at_the_same_time_never_share_a_number(front: Front) -> None:
    editor, body = front.sign_in("policy_editor"), ladder(rung(1, "branch_manager", "own", 0))
    answers = await asyncio.gather(*(editor.post("/ladders/flood/versions", json=body) for _ in range(3)))
    kept = sorted(answer.json()["version"] for answer in answers if answer.status_code == 201)
    assert kept
    assert kept == list(range(1, len(kept) + 1))
    assert {answer.json()["code"] for answer in answers if answer.status_code != 201} <= {"already_exists"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (ladder(rung(1, "branch_manager", "own", 0), rung(1, "region_director", "region", 1)), "bad_rungs"),
        (ladder(rung(1, "branch_manager", "own", 9), rung(2, "region_director", "region", 1)), "rungs_out_of_order"),
        (ladder(rung(1, "region_director", "own", 0)), "unknown_post"),
        (ladder(rung(1, "branch_manager", "own", 0), queue="head_office"), "unknown_post"),
        (ladder(rung(1, "branch_manager", "own", 0), subject="X99"), "unknown_subject"),
    ],
)
async def test_a_ladder_that_cannot_be_climbed_is_refused(front: Front, body: dict[str, Any], code: str) -> None:
    answer = await front.sign_in("policy_editor").post("/ladders/branch/versions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_the_more_particular_ladder_counts_and_two_for_the_same_cases_are_refused(
    desk: Desk, front: Front
) -> None:
    editor = front.sign_in("policy_editor")
    quick = ladder(rung(3, "deputy_governor", "area", 0), subject="Q01")
    assert (await publish(editor, quick, "burst_main")).status_code == 200
    twin = await publish(editor, quick, "other")
    assert (twin.status_code, twin.json()["code"]) == (409, "ladders_tie")
    case, plain = Case("1102"), await a_late_case(desk)
    await desk.hear(case.registered(desk.now), case.classified(desk.now), case.breached(desk.now))
    await desk.advance(minutes=1)
    assert [(row.ladder, row.rung) for row in await desk.rungs(case)] == [("burst_main", 3)]
    assert [(row.ladder, row.rung) for row in await desk.rungs(plain)] == [("branch", 1)]


async def test_only_policy_editors_write_ladders(front: Front) -> None:
    body = ladder(rung(1, "branch_manager", "own", 0))
    division = front.sign_in("complaints_division")
    assert (await division.post("/ladders/branch/versions", json=body)).status_code == 403
    assert (await division.get("/ladders/branch/versions/1")).status_code == 200


async def test_a_ladder_on_the_office_calendar_counts_open_hours_only(desk: Desk, front: Front) -> None:
    await desk.hear(calendar(desk, 1, "2026-02-05"))
    assert (await publish(front.sign_in("policy_editor"), ON_OFFICE_HOURS)).json()["missing_calendars"] == []
    case, due_at = await a_late_case(desk), desk.now  # Tuesday 09:00
    for _ in range(24 * 7):
        await desk.advance(hours=1)
    rows = await desk.rungs(case)
    # Tuesday 7.5 h, Wednesday 8 h, Thursday closed, Friday 8 h, the week-end closed, Monday 08:30-09:00.
    wanted = [due_at, due_at + DAY, due_at + 6 * DAY]
    assert [row.scheduled_at for row in rows] == wanted
    assert [row.review for row in rows] == [False, False, True]
    assert {(row.calendar, row.calendar_version) for row in rows} == {("office", 1)}
    assert all(row.fired_at - row.scheduled_at <= 26 * HOUR for row in rows)


async def test_a_ladder_whose_calendar_has_not_arrived_waits_and_goes_on_when_it_does(desk: Desk, front: Front) -> None:
    published = await publish(front.sign_in("policy_editor"), ON_OFFICE_HOURS)
    assert published.json()["missing_calendars"] == ["office"]
    case = await a_late_case(desk)
    for _ in range(5):
        await desk.advance(hours=1)
    (row,) = await desk.rows("SELECT state, stalled FROM escalation.ladder")
    assert (row.state, row.stalled, await desk.rungs(case)) == ("waiting", "calendar_missing", [])
    await desk.hear(calendar(desk))
    await desk.advance(minutes=1)
    assert len(await desk.rungs(case)) == 1


async def test_a_holiday_announced_late_puts_rungs_off_and_one_withdrawn_brings_them_forward(
    desk: Desk, front: Front
) -> None:
    await desk.hear(calendar(desk))
    await publish(front.sign_in("policy_editor"), ON_OFFICE_HOURS)
    case, due_at = await a_late_case(desk), desk.now
    await desk.advance(minutes=1)
    planned = "SELECT next_scheduled_at AS at FROM escalation.ladder"
    for version, closed, wanted in ((2, ["2026-02-03", "2026-02-04"], None), (3, [], due_at + DAY)):
        await desk.hear(calendar(desk, version, *closed))
        await desk.fire()
        await desk.advance(minutes=1)
        (row,) = await desk.rows(planned)
        assert row.at == (wanted or datetime.fromisoformat("2026-02-05T16:30:00+07:00"))
    assert len(await desk.rungs(case)) == 1


async def test_late_without_any_ladder_waits_and_climbs_once_there_is_one(desk: Desk) -> None:
    await desk.rows("UPDATE escalation.ladder_policy SET published_at = NULL, published_by = NULL RETURNING 1")
    case = await a_late_case(desk)
    await desk.advance(hours=1)
    (row,) = await desk.rows("SELECT stalled FROM escalation.ladder")
    assert (row.stalled, await desk.rungs(case)) == ("ladder_missing", [])
    await desk.rows("UPDATE escalation.ladder_policy SET published_at = now(), published_by = 'x' RETURNING 1")
    await desk.advance(minutes=2)
    assert len(await desk.rungs(case)) == 1


async def test_17_a_ladder_whose_next_rung_can_never_be_counted_stops_nobody_elses(desk: Desk, front: Front) -> None:
    await desk.hear(calendar(desk, 1, weekly=[[]] * 7).model_copy(update={"exceptions": ONCE}))
    stuck = ladder(
        rung(1, "branch_manager", "own", 0), rung(2, "region_director", "region", 8, calendar="office"),
        rung(3, "deputy_governor", "area", 72), subject="Q01",
    )  # fmt: skip
    assert (await publish(front.sign_in("policy_editor"), stuck, "never_open")).status_code == 200
    bad, good = Case("1102"), Case("1103")
    for case in (bad, good):
        await desk.hear(case.registered(desk.now - DAY), case.breached(desk.now))
    await desk.hear(bad.classified(desk.now))
    await desk.advance(minutes=1)
    assert [len(await desk.rungs(case)) for case in (bad, good)] == [1, 1]
    await desk.advance(hours=25)
    assert [len(await desk.rungs(case)) for case in (bad, good)] == [1, 2]
    division = front.sign_in("complaints_division")
    said = (await division.get(f"/cases/{bad.case_id}/explain")).json()["cycles"][0]["rungs"]
    assert [one["why"] for one in said] == ["fired_vacant", "calendar_missing", "calendar_missing"]
    await desk.hear(bad.resolved(desk.now))
    lapsed = [(row.rung, row.scheduled_at is None) for row in await desk.rungs(bad, state="lapsed")]
    assert lapsed == [(2, True), (3, False)]


async def test_a_calendar_that_arrives_between_two_breaches_counts_for_the_second(desk: Desk, front: Front) -> None:
    await publish(front.sign_in("policy_editor"), ON_OFFICE_HOURS)
    before, after = Case("1102"), Case("1103")
    told = (before.breached(desk.now), calendar(desk), after.breached(desk.now))
    async with desk.db.transaction() as tx:
        for event, meta in desk.numbered(*told):
            await fold_in(tx, FOLDS, [(event, meta)])
    rows = await desk.rows("SELECT state, stalled FROM escalation.ladder WHERE case_id = :case", case=after.case_id)
    assert [(row.state, row.stalled) for row in rows] == [("climbing", None)]
