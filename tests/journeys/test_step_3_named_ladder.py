"""Process step 3: a policy names the ladder that its late cases climb."""

from datetime import datetime, timedelta

import pytest

from services.escalation_service.use_cases.coverage import problems
from shared.testing.system import System
from tests.journeys.test_step_3_chase import a_complaint, fired, rungs


async def publish_two_rungs_on_office_hours(system: System) -> None:
    editor, path = system.api("policy_editor"), "/escalation/v1/ladders/urgent/versions"
    posts = ((1, "branch_manager", "own", 0), (3, "deputy_governor", "area", 8))
    body = {
        # Without a selector only its name brings it about.
        "name_th": "ลำดับเร่งรัดเรื่องด่วน", "minimum_gap_hours": 1, "longest_deferral_hours": 4,
        "rungs": [
            {"rung": nr, "post": post, "place": place, "offset_hours": hours, "calendar": "office"}
            for nr, post, place, hours in posts
        ],
    }  # fmt: skip
    drafted = await editor.post(path, json=body)
    assert drafted.json()["missing_calendars"] == [], drafted.text
    etag = {"If-Match": drafted.headers["ETag"]}
    published = await editor.post(f"{path}/{drafted.json()['version']}/publish", json={}, headers=etag)
    assert published.status_code == 200, published.text


async def name_it_in_the_policy(system: System, subject: str) -> None:
    editor = system.api("policy_editor")
    body = {"code": subject, "based_on": 1, "ladder": "urgent"}
    drafted = await editor.post("/sla/v1/policies", json=body)
    assert drafted.status_code == 201, drafted.text
    published = await editor.post(
        f"/sla/v1/policies/{subject}/{drafted.json()['version']}/publish",
        json={"end_predecessor": True}, headers={"If-Match": drafted.headers["ETag"]},
    )  # fmt: skip
    assert published.status_code == 200, published.text


async def reasons(system: System) -> list[str]:
    async with system.nodes["escalation"].context.db.transaction() as tx:
        return await problems(tx)


@pytest.mark.transports
async def test_the_two_rungs_that_a_policy_names_fire_on_office_hours_and_the_standard_ones_do_not(
    system: System,
) -> None:
    await system.drain()
    await name_it_in_the_policy(system, "Q01")
    await system.drain()
    missed = "policy Q01/2 names ladder urgent that is not in force: 0 late cases wait"
    assert missed in await reasons(system)
    await publish_two_rungs_on_office_hours(system)
    assert missed not in await reasons(system)
    case_id = await a_complaint(system, branch="1102", subject="Q01")
    other = await a_complaint(system, branch="1102", subject="L01")
    due_at = system.clock.now() + timedelta(hours=24)  # Wednesday 09:00
    for _ in range(9):
        await system.advance(hours=6, seconds=1)
    view = await rungs(system, case_id)
    assert fired(view) == [(1, "1102"), (3, "D3")]
    scheduled = [datetime.fromisoformat(rung["scheduled_at"]) - due_at for rung in view["rungs"]]
    assert scheduled == [timedelta(0), timedelta(days=1)]  # eight office hours: Thursday 09:00
    assert fired(await rungs(system, other)) == [(1, "1102"), (2, "R01")]
