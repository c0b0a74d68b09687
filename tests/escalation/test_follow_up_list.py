"""The follow-up list: its filters, its order by urgency, its counts, and what they cost."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.escalation_service.store import follow_up_list as store
from services.escalation_service.store.follow_up_list import Conditions, Filters
from shared.db import Database
from shared.kernel.access import EVERYTHING, Scope
from shared.testing.postgres import TestDatabase
from tests.escalation.given import Case, Desk, Front
from tests.escalation.test_api import HOUR, a_rung_fired, listed

KEPT = 40_000


async def chased(client: httpx.AsyncClient, case: Case, **more: object) -> None:
    body = {"whom": "ผจก.กปภ.สาขา", "means": "phone", "answer": "รับทราบแล้ว", **more}
    answer = await client.post(f"/follow-ups/{case.case_id}/chases", json=body)
    assert answer.status_code == 201, answer.text


async def acknowledged(client: httpx.AsyncClient, case: Case, **more: object) -> None:
    answer = await client.post(f"/cases/{case.case_id}/rungs/1/acknowledge", json=more)
    assert answer.status_code == 200, answer.text


async def warned(desk: Desk, office: str = "1102") -> Case:
    case = Case(office)
    await desk.hear(case.registered(desk.now), case.warned(desk.now, desk.now + 40 * HOUR))
    return case


async def one_of_each(desk: Desk, division: httpx.AsyncClient) -> Mapping[str, Case]:
    """A case for every degree of urgency; today is Wednesday 4 February 2026, 11:00 in Bangkok."""
    made = {"warned": await warned(desk)}
    for name in ("promise_broken", "unacknowledged", "chase_due", "overdue", "not_repaired", "waiting", "promised"):
        made[name] = await a_rung_fired(desk)
    await chased(division, made["chase_due"], next_chase_on="2026-02-04")
    await chased(division, made["waiting"], next_chase_on="2026-02-07")
    soon, later = (desk.now + HOUR).isoformat(), (desk.now + 100 * HOUR).isoformat()
    await acknowledged(division, made["promise_broken"], promised_at=soon)
    await acknowledged(division, made["promised"], promised_at=later)
    await acknowledged(division, made["chase_due"])
    await acknowledged(division, made["overdue"])
    await desk.hear(made["not_repaired"].resolved(desk.now, repaired=False))
    desk.clock.advance(26 * HOUR)
    return made


async def test_the_most_urgent_comes_first_and_what_was_arranged_last(desk: Desk, front: Front) -> None:
    division = front.sign_in("complaints_division")
    made = await one_of_each(desk, division)
    lines = (await division.get("/follow-ups", params={"sort": "urgent"})).json()["items"]
    names = {str(case.case_id): name for name, case in made.items()}
    assert [(names[line["case_id"]], line["urgency"]) for line in lines] == [
        ("promise_broken", "promise_broken"), ("unacknowledged", "unacknowledged"), ("chase_due", "chase_due"),
        ("overdue", "overdue"), ("not_repaired", "not_repaired"), ("warned", "warned"),
        ("waiting", "waiting"), ("promised", "waiting"),
    ]  # fmt: skip


async def test_pages_by_urgency_join_while_time_goes_on(desk: Desk, front: Front) -> None:
    division = front.sign_in("complaints_division")
    await one_of_each(desk, division)
    whole = [line["case_id"] for line in (await division.get("/follow-ups?sort=urgent")).json()["items"]]
    seen: list[str] = []
    query = {"sort": "urgent", "limit": "3"}
    for _ in range(3):
        page = (await division.get("/follow-ups", params=query)).json()
        seen += [line["case_id"] for line in page["items"]]
        query["cursor"] = page["next_cursor"] or ""
        desk.clock.advance(50 * HOUR)  # every promise is broken and every chase is due by now
    assert (seen, query["cursor"]) == (whole, "")
    query["cursor"] = (await division.get("/follow-ups?limit=1")).json()["next_cursor"]
    assert (await division.get("/follow-ups", params=query)).json()["code"] == "bad_cursor"


async def test_every_count_is_the_length_of_the_list_it_names(desk: Desk, front: Front) -> None:
    division = front.sign_in("complaints_division")
    await one_of_each(desk, division)
    await warned(desk, "1103")
    await a_rung_fired(desk, "1145")
    asked: dict[str, dict[str, object]] = {
        "total": {}, "late": {"late": True}, "warned": {"late": False}, "unacknowledged": {"unacknowledged": True},
        "promise_broken": {"promise_broken": True}, "chase_today": {"next_chase": "today"},
        "chase_overdue": {"next_chase": "overdue"}, "not_repaired": {"not_repaired": True},
    }  # fmt: skip
    counts: dict[str, Any] = {}
    for hours in (0, 24):
        desk.clock.advance(hours * HOUR)
        counts = (await division.get("/follow-ups/counts")).json()
        for name, filters in asked.items():
            assert counts["total"][name] == len(await listed(division, **filters)), name
            for office in counts["offices"]:
                assert office[name] == len(await listed(division, office=office["office"], **filters)), name
        assert [office["office"] for office in counts["offices"]] == ["1102", "1103", "1145"]
        assert all(office["office_name"] for office in counts["offices"])
    assert (counts["today"], counts["total"]["chase_overdue"]) == ("2026-02-05", 1)


async def test_nobody_sees_counts_of_an_empty_list_as_an_error(front: Front) -> None:
    counts = (await front.sign_in("complaints_division").get("/follow-ups/counts")).json()
    assert (counts["total"]["total"], counts["offices"]) == (0, [])


async def test_a_part_of_the_number_finds_a_case_in_thai_digits_too(desk: Desk, front: Front) -> None:
    case = Case("1102")
    await desk.hear(case.registered(desk.now, receiving_office="1102"), case.breached(desk.now))
    await a_rung_fired(desk)
    division = front.sign_in("complaints_division")
    for number in ("1102-2569", "๑๑๐๒-๒๕๖๙", " 1102-"):
        assert await listed(division, number=number) == [str(case.case_id)]
    for nothing in ("%", "_", "1102_2569"):
        assert await listed(division, number=nothing) == []


async def test_one_case_is_found_by_its_id_where_it_is_on_the_list(desk: Desk, front: Front) -> None:
    case, _ = await a_rung_fired(desk), await a_rung_fired(desk)
    assert await listed(front.sign_in("complaints_division"), case_id=case.case_id) == [str(case.case_id)]
    assert await listed(front.sign_in("branch_manager", "1103"), case_id=case.case_id) == []


async def test_a_case_open_again_is_chased_in_its_new_cycle_only(desk: Desk, front: Front) -> None:
    case = await a_rung_fired(desk)
    await desk.hear(case.resolved(desk.now, repaired=False))
    division = front.sign_in("complaints_division")
    assert await listed(division, not_repaired=True) == [str(case.case_id)]
    await desk.hear(case.reopened(desk.now), case.armed(desk.now, desk.now + HOUR))
    assert await listed(division) == []
    await desk.hear(case.warned(desk.now, desk.now + HOUR))
    (line,) = (await division.get("/follow-ups")).json()["items"]
    assert (line["cycle"], line["repaired"]) == (2, None)


async def test_what_is_asked_wrongly_is_refused(front: Front) -> None:
    division = front.sign_in("complaints_division")
    for query in ("sort=newest", "next_chase=tomorrow", "number=", "late=perhaps", "lat=true", "rung=10"):
        for path in ("/follow-ups", "/follow-ups/counts", "/follow-ups.xlsx"):
            assert (await division.get(f"{path}?{query}")).status_code == 422, (path, query)


async def keep_history(desk: Desk, database: TestDatabase, cases: int) -> None:
    """Closed cases that nobody chases any more, as years of work leave them."""
    await desk.rows(
        "INSERT INTO escalation.case_file (case_id, number, office, region, kind, restricted, cycle, subject_seq,"
        " severity_seq, seen_seq, last_region_seq) SELECT gen_random_uuid(), '1103-2568-' || n, '1103', 1,"
        " 'complaint', false, 1, 0, 0, 1, 0 FROM generate_series(1, :n) n RETURNING 1", n=cases,
    )  # fmt: skip
    await desk.rows(
        "INSERT INTO escalation.ladder (case_id, cycle, state, due_at, breached_at, closed_at, closed_reason, repaired)"
        " SELECT case_id, 1, 'ended', now() - interval '1 year', now() - interval '1 year', now(), 'resolved', true"
        " FROM escalation.case_file WHERE number LIKE '1103-2568-%' RETURNING 1"
    )
    owner = Database(database.owner_url, schema="escalation", pool_size=1)
    async with owner.engine.connect() as connection:
        await connection.exec_driver_sql("ANALYZE escalation.case_file, escalation.ladder, escalation.chase")
        await connection.commit()
    await owner.dispose()


def steps(plan: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [plan, *(step for child in plan.get("Plans", ()) for step in steps(child))]


@pytest.mark.parametrize("scope", [EVERYTHING, Scope(regions=frozenset({1, 8}))], ids=["the country", "two regions"])
async def test_the_list_its_counts_and_its_export_cost_what_is_on_the_list_not_what_is_kept(
    desk: Desk, database: TestDatabase, scope: Scope
) -> None:
    for _ in range(20):
        await warned(desk)
    await keep_history(desk, database, KEPT)
    at, everything = Conditions(desk.now), Filters()
    statements = {
        "by_deadline": store.by_deadline(scope, everything, at, after=None, most=51),
        "by_urgency": store.by_urgency(scope, everything, at, after=None, most=51),
        "counted": store.counted(scope, everything, at),
        "exported": store.exported(scope, everything, at),
    }
    for name, statement in statements.items():
        sql = statement.compile(dialect=desk.db.engine.dialect, compile_kwargs={"literal_binds": True})
        async with desk.db.engine.connect() as connection:
            explained = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}")
            found = explained.scalar_one()
        (answer,) = json.loads(found) if isinstance(found, str) else found
        plan = steps(answer["Plan"])
        assert "ladder_follow_up_idx" in {step.get("Index Name") for step in plan}, name
        walked = {step.get("Relation Name") for step in plan if step["Node Type"] == "Seq Scan"}
        assert not walked & {"ladder", "case_file"}, name
        assert answer["Plan"]["Shared Hit Blocks"] + answer["Plan"]["Shared Read Blocks"] < 400, name


async def test_who_is_signed_in_is_told_what_they_may_do(front: Front) -> None:
    me = (await front.sign_in("region_director", "R03").get("/me")).json()
    assert (me["id"], me["roles"], me["everything"]) == ("dev-region_director", ["region_director"], False)
    assert "rungs:acknowledge" in me["rights"]
    assert "follow_ups:write" not in me["rights"]
    anonymous = httpx.AsyncClient(transport=httpx.ASGITransport(app=front.app), base_url="http://pwa.test")
    assert (await anonymous.get("/escalation/v1/me")).status_code == 401
    await anonymous.aclose()


def test_the_instants_of_a_test_are_those_of_the_list(clock: Any) -> None:
    assert Conditions(clock.now()).today.isoformat() == "2026-02-03"
    assert Conditions(clock.now() + timedelta(hours=15)).today.isoformat() == "2026-02-04"


async def test_a_deadline_that_passed_while_the_clock_was_held_is_not_called_overdue(desk: Desk, front: Front) -> None:
    """failures.md 25."""
    case = await warned(desk)
    await desk.hear(case.held(desk.now + HOUR))
    desk.clock.advance(50 * HOUR)
    division = front.sign_in("complaints_division")
    (line,) = (await division.get("/follow-ups")).json()["items"]
    assert (line["urgency"], line["hours_overdue"]) == ("warned", 0)
    assert await listed(division, min_age_hours=1) == []


async def test_hours_overdue_are_counted_up_to_the_closing_and_only_where_a_deadline_was_missed(
    desk: Desk, front: Front
) -> None:
    late, early = await a_rung_fired(desk), await warned(desk)
    division = front.sign_in("complaints_division")
    at_first = (await division.get("/follow-ups", params={"late": True})).json()["items"][0]["hours_overdue"]
    desk.clock.advance(5 * HOUR)
    await desk.hear(late.resolved(desk.now, repaired=False), early.resolved(desk.now, repaired=False))
    desk.clock.advance(500 * HOUR)
    lines = (await division.get("/follow-ups")).json()["items"]
    shown = {line["case_id"]: line["hours_overdue"] for line in lines}
    assert shown == {str(late.case_id): at_first + 5, str(early.case_id): 0}
    assert await listed(division, min_age_hours=at_first + 5) == [str(late.case_id)]
    assert await listed(division, min_age_hours=at_first + 6) == []


async def test_a_deadline_that_was_put_off_is_near_again_when_it_is_warned_of(desk: Desk, front: Front) -> None:
    case, division = await warned(desk), front.sign_in("complaints_division")
    await desk.hear(case.put_off(desk.now, desk.now + 400 * HOUR))
    assert await listed(division) == []
    await desk.hear(case.warned(desk.now + 300 * HOUR, desk.now + 400 * HOUR))
    assert await listed(division) == [str(case.case_id)]
