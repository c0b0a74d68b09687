"""A policy that names a ladder: that one is climbed, or waited for, and never another in its place."""

from datetime import timedelta
from typing import Any

from services.escalation_service.use_cases.coverage import problems
from shared.contracts.sla import LadderNamed
from shared.kernel.clock import BANGKOK
from tests.escalation.given import Case, Desk, Front
from tests.escalation.test_ladder_policies import calendar, ladder, publish, rung

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# By its own selector it would be for no case of these tests.
TWO_RUNGS = ladder(
    rung(1, "branch_manager", "own", 0), rung(3, "deputy_governor", "area", 8, calendar="office"), gap=1, subject="S01"
)


async def a_late_case(desk: Desk, office: str = "1102", **more: Any) -> Case:
    case = Case(office)
    policy = {"policy": "Q01/2", "ladder": "urgent"} | more
    await desk.hear(case.registered(desk.now - DAY), case.routed(desk.now, office), case.breached(desk.now, **policy))
    return case


async def climbed(desk: Desk, case: Case) -> list[tuple[str, int, int]]:
    return [(row.ladder, row.ladder_version, row.rung) for row in await desk.rungs(case)]


async def named_missing(desk: Desk) -> list[str]:
    async with desk.db.transaction() as tx:
        return [problem for problem in await problems(tx) if "names ladder" in problem]


async def test_the_ladder_that_the_policy_names_is_climbed_and_not_the_one_that_selectors_choose(
    desk: Desk, front: Front
) -> None:
    await desk.hear(calendar(desk))
    assert (await publish(front.sign_in("policy_editor"), TWO_RUNGS, "urgent")).status_code == 200
    case, other = await a_late_case(desk), await a_late_case(desk, ladder=None)
    await desk.advance(minutes=1)
    await desk.advance(hours=23, minutes=58)
    assert await climbed(desk, case) == [("urgent", 1, 1)]
    await desk.advance(minutes=3)  # eight office hours after nine are over at nine the day after
    assert await climbed(desk, case) == [("urgent", 1, 1), ("urgent", 1, 3)]
    assert await climbed(desk, other) == [("branch", 1, 1), ("branch", 1, 2)]
    assert await named_missing(desk) == []


async def test_a_named_ladder_that_nobody_published_is_waited_for_and_climbed_once_it_is_there(
    desk: Desk, front: Front
) -> None:
    await desk.hear(calendar(desk))
    case = await a_late_case(desk)
    await desk.advance(hours=100)
    assert await climbed(desk, case) == []
    assert await named_missing(desk) == ["policy Q01/2 names ladder urgent that is not in force: 1 late cases wait"]
    path = f"/cases/{case.case_id}/explain"
    [cycle] = (await front.sign_in("complaints_division").get(path)).json()["cycles"]
    assert (cycle["ladder"], cycle["version"], cycle["rungs"]) == ("urgent", None, [])
    assert cycle["decisions"][-1]["what"] == "named_ladder_missing"
    assert (await publish(front.sign_in("policy_editor"), TWO_RUNGS, "urgent")).status_code == 200
    await desk.advance(minutes=2)
    assert await climbed(desk, case) == [("urgent", 1, 1)]
    assert await named_missing(desk) == []


def named(desk: Desk, ladder: str = "urgent", **more: Any) -> LadderNamed:
    told = {"policy": "Q01", "version": 2, "ladder": ladder, "valid_from": desk.now, "told_at": desk.now}
    return LadderNamed.model_validate(told | more)


async def test_9_a_ladder_that_is_named_and_not_published_is_missed_before_a_case_is_late(
    desk: Desk, front: Front
) -> None:
    later: dict[str, Any] = {"policy": "Q02", "version": 1, "valid_from": desk.now + DAY}
    await desk.hear(named(desk), named(desk, **later))
    assert await named_missing(desk) == [
        "policy Q01/2 names ladder urgent that is not in force: 0 late cases wait",
        "policy Q02/1 names ladder urgent that is not in force: 0 late cases wait",
    ]
    await desk.hear(calendar(desk))
    assert (await publish(front.sign_in("policy_editor"), TWO_RUNGS, "urgent")).status_code == 200
    assert await named_missing(desk) == []


async def test_9_a_named_ladder_that_begins_later_is_missed_and_waited_for_until_it_begins(
    desk: Desk, front: Front
) -> None:
    await desk.hear(calendar(desk), named(desk), named(desk, policy="Q02", valid_from=desk.now + DAY))
    case, begins = await a_late_case(desk), {"valid_from": (desk.now + 10 * HOUR).isoformat()}
    assert (await publish(front.sign_in("policy_editor"), TWO_RUNGS, "urgent", **begins)).status_code == 200
    await desk.advance(hours=9, minutes=58)
    assert await climbed(desk, case) == []
    assert await named_missing(desk) == ["policy Q01/2 names ladder urgent that is not in force: 1 late cases wait"]
    await desk.advance(minutes=4)
    assert await climbed(desk, case) == [("urgent", 1, 1)]
    assert await named_missing(desk) == []


async def test_9_a_ladder_that_is_named_and_not_for_branches_is_told_and_not_replaced(desk: Desk, front: Front) -> None:
    await desk.hear(calendar(desk), named(desk))
    editor, case = front.sign_in("policy_editor"), await a_late_case(desk)
    foreign = ladder(rung(1, "head_office", "own", 0), queue="head_office", subject="S01")
    assert (await publish(editor, foreign, "urgent")).status_code == 200
    await desk.advance(hours=1)
    assert await climbed(desk, case) == []
    assert await named_missing(desk) == ["policy Q01/2 names ladder urgent that is not for branches: 1 late cases wait"]
    assert (await publish(editor, TWO_RUNGS, "urgent")).status_code == 200
    await desk.advance(minutes=2)
    assert await climbed(desk, case) == [("urgent", 2, 1)]
    assert await named_missing(desk) == []


async def test_9_a_policy_that_has_ended_misses_no_ladder_in_whatever_order_that_was_told(desk: Desk) -> None:
    ended = named(desk, valid_to=desk.now + DAY, told_at=desk.now + timedelta(minutes=1))
    await desk.hear(ended, named(desk))
    assert len(await named_missing(desk)) == 1
    desk.clock.advance(2 * DAY)
    assert await named_missing(desk) == []


async def test_9_a_named_ladder_that_ends_soon_is_missed_unless_the_policy_ends_before(
    desk: Desk, front: Front
) -> None:
    until = {"valid_to": (desk.now + 30 * DAY).isoformat()}
    assert (await publish(front.sign_in("policy_editor"), TWO_RUNGS | until, "urgent")).status_code == 200
    await desk.hear(named(desk), named(desk, policy="Q02", valid_to=desk.now + 20 * DAY))
    ends = (desk.now + 30 * DAY).astimezone(BANGKOK).date()
    assert await named_missing(desk) == [f"policy Q01/2 names ladder urgent that ends on {ends} and none follows it"]


async def test_a_ladder_without_a_selector_is_climbed_only_where_a_policy_names_it(desk: Desk, front: Front) -> None:
    editor = front.sign_in("policy_editor")
    body = {name: value for name, value in TWO_RUNGS.items() if name != "selector"}
    await desk.hear(calendar(desk))
    for code in ("urgent", "very_urgent"):  # two such ladders are no tie
        answer = await publish(editor, body, code)
        assert (answer.status_code, answer.json()["selector"]["named_only"]) == (200, True)
    case, other = await a_late_case(desk), await a_late_case(desk, ladder=None)
    await desk.advance(minutes=1)
    assert await climbed(desk, case) == [("urgent", 1, 1)]
    assert await climbed(desk, other) == [("branch", 1, 1)]


async def test_a_ladder_that_is_climbed_where_it_is_named_chooses_no_cases_itself(front: Front) -> None:
    body = TWO_RUNGS | {"selector": {"queue": "branch", "subject": "S01", "named_only": True}}
    answer = await front.sign_in("policy_editor").post("/ladders/urgent/versions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_selector")


async def test_a_named_ladder_that_has_ended_is_waited_for_too(desk: Desk, front: Front) -> None:
    until = {"valid_to": (desk.now + DAY).isoformat()}
    assert (await publish(front.sign_in("policy_editor"), TWO_RUNGS | until, "urgent")).status_code == 200
    await desk.advance(hours=25)
    case = await a_late_case(desk)
    await desk.advance(hours=1)
    assert await climbed(desk, case) == []
    assert len(await named_missing(desk)) == 1


async def test_the_version_in_force_at_the_breach_stays_that_of_the_case(desk: Desk, front: Front) -> None:
    editor = front.sign_in("policy_editor")
    first = ladder(rung(1, "branch_manager", "own", 0), rung(2, "region_director", "region", 2), gap=1, subject="S01")
    await publish(editor, first, "urgent")
    case = await a_late_case(desk)
    await desk.advance(minutes=1)
    await publish(editor, TWO_RUNGS, "urgent")
    await desk.advance(hours=2)
    assert await climbed(desk, case) == [("urgent", 1, 1), ("urgent", 1, 2)]


async def test_a_case_that_nobody_owns_climbs_the_head_offices_ladder_whatever_ladder_of_branches_is_named(
    desk: Desk, front: Front
) -> None:
    await publish(front.sign_in("policy_editor"), TWO_RUNGS, "urgent")
    case = await a_late_case(desk, "HQ")
    await desk.advance(minutes=1)
    assert await climbed(desk, case) == [("head_office", 1, 1)]


async def test_a_case_that_is_closed_while_its_named_ladder_is_awaited_waits_no_longer(desk: Desk) -> None:
    case = await a_late_case(desk)
    await desk.hear(case.resolved(desk.now))
    assert await named_missing(desk) == []
    [row] = await desk.rows("SELECT state, stalled FROM escalation.ladder")
    assert tuple(row) == ("ended", None)
