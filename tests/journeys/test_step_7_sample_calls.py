"""Process step 7: a random sample per region and month is called until its number is complete."""

import httpx
import pytest

from shared.testing.system import System
from tests.journeys.closing import closed

ANSWERS = {"channel_convenience": 4, "channel_variety": 4, "speed": 5, "repair": 5, "fixed": True}


async def work_through_the_queue(system: System, caller: httpx.AsyncClient) -> None:
    """The first sampled customer refuses, all others answer."""
    refused = False
    while (answer := await caller.post("/survey/v1/calls/claim", json={})).status_code == 200:
        call = (await caller.get(f"/survey/v1/calls/{answer.json()['id']}")).json()
        if call["checklist"] and not refused:
            refused = True
            await caller.post(f"/survey/v1/calls/{call['id']}/attempts", json={"outcome": "refused"})
        else:
            marks = {each["code"]: True for each in call["standards"]}
            kept = await caller.post(f"/survey/v1/calls/{call['id']}/answers", json={**ANSWERS, "checklist": marks})
            assert kept.status_code == 201, kept.text
        await system.drain()


@pytest.mark.transports
async def test_a_sample_is_drawn_called_and_completed_with_replacements(system: System) -> None:
    cases = [await closed(system) for _ in range(4)]
    caller, division = system.api("survey_caller", subject="nid"), system.api("complaints_division")
    done = (await caller.post("/survey/v1/calls/claim", json={})).json()
    await caller.post(f"/survey/v1/calls/{done['id']}/answers", json=ANSWERS)

    order = {"region": 1, "month": "2026-02", "quota": 3, "seed": "journey"}
    drawn = await division.post("/survey/v1/samples/draw", json=order)
    assert drawn.status_code == 201, drawn.text
    sample = drawn.json()
    assert (sample["frame"], sample["quota"]) == (4, 3)
    await system.drain()

    await work_through_the_queue(system, caller)
    progress = (await division.get(f"/survey/v1/samples/{sample['id']}/progress")).json()
    assert (progress["quota"], progress["completed"], progress["short"], progress["unreached"]) == (3, 3, 0, 1)
    members = (await division.get(f"/survey/v1/samples/{sample['id']}/members")).json()["items"]
    assert {each["case_id"] for each in members} <= set(cases)
    assert [each["replaces"] for each in members if each["replaces"]] != []
    twice = "SELECT 1 FROM survey.call_task GROUP BY case_id, cycle, purpose HAVING count(*) > 1"
    assert await system.sql(twice) == []
    both = """SELECT 1 FROM survey.call_task a JOIN survey.call_task b USING (case_id, cycle)
        WHERE a.purpose = 'satisfaction' AND a.attempts = 0 AND b.purpose = 'sample'"""
    assert await system.sql(both) == []


async def test_the_same_draw_can_be_repeated_from_its_seed(system: System) -> None:
    from uuid import UUID

    from services.survey_service.domain.sampling import draw, frame_hash

    cases = [UUID(await closed(system)) for _ in range(3)]
    division = system.api("complaints_division")
    sample = (await division.post("/survey/v1/samples/draw", json={"region": 1, "month": "2026-02", "quota": 2})).json()
    await system.drain()
    members = (await division.get(f"/survey/v1/samples/{sample['id']}/members")).json()["items"]
    again, _ = draw(cases, sample["seed"], sample["quota"])
    assert [each["case_id"] for each in members] == [str(case) for case in again]
    assert sample["frame_hash"] == frame_hash(cases)
