"""Process step 5: every customer is called; who is not satisfied is heard again."""

import pytest

from shared.testing.system import System
from tests.journeys.closing import E164, closed, intake, report_done, survey

ANSWERS = {"channel_convenience": 4, "channel_variety": 4, "speed": 5, "repair": 5, "fixed": True}


async def test_a_customer_is_called_and_the_branch_sees_the_answers(system: System) -> None:
    case_id = await closed(system)
    caller = system.api("survey_caller", subject="nid")
    call = (await caller.post("/survey/v1/calls/claim", json={})).json()
    assert (call["case_id"], call["phone"]) == (case_id, "08x-xxx-5678")
    contact = await caller.get(f"/survey/v1/calls/{call['id']}/contact", params={"purpose": "satisfaction_call"})
    assert contact.json()["phone"] == E164
    answer = await caller.post(f"/survey/v1/calls/{call['id']}/answers", json=ANSWERS)
    assert answer.status_code == 201, answer.text
    await system.drain()
    assert (await intake(system, case_id))["facts"]["called_at"] is not None
    branch = system.api("branch_staff", office="1102")
    (seen,) = (await branch.get(f"/survey/v1/cases/{case_id}")).json()["calls"]
    assert (seen["outcome"], seen["answers"]["repair"], seen["answers"]["satisfied"]) == ("answered", 5, True)


@pytest.mark.transports
async def test_a_customer_who_is_not_satisfied_is_decided_on_by_somebody_else_and_called_again(system: System) -> None:
    case_id = await closed(system)
    caller = system.api("survey_caller", subject="nid")
    call = (await caller.post("/survey/v1/calls/claim", json={})).json()
    answer = await caller.post(f"/survey/v1/calls/{call['id']}/answers", json={**ANSWERS, "repair": 1, "fixed": False})
    assert answer.status_code == 201, answer.text
    await system.drain()
    division = system.api("complaints_division", subject="malee")
    requests = (await division.get("/intake/v1/reopen-requests")).json()["items"]
    (request,) = [each for each in requests if each["case_id"] == case_id]
    assert request["reason"] == "not_fixed"

    decided = await division.post(f"/intake/v1/reopen-requests/{request['id']}/approve")
    assert decided.status_code < 300, decided.text
    await system.drain()
    await report_done(system, case_id)
    second = (await caller.post("/survey/v1/calls/claim", json={})).json()
    assert (second["case_id"], second["cycle"]) == (case_id, 2)
    await caller.post(f"/survey/v1/calls/{second['id']}/answers", json=ANSWERS)
    scores = [each["answers"]["repair"] for each in (await survey(system, case_id))["calls"]]
    assert scores == [1, 5]


async def test_a_customer_without_a_phone_is_counted_apart(system: System) -> None:
    case_id = await closed(system, {"email": "somying@example.com"})
    (call,) = (await survey(system, case_id))["calls"]
    assert (call["state"], call["outcome"], call["attempts"], call["answers"]) == ("closed", "no_phone", 0, None)


async def test_the_handler_of_a_case_does_not_ask_about_it(system: System) -> None:
    await closed(system)
    handler = system.api("survey_caller", subject="somchai")
    assert (await handler.post("/survey/v1/calls/claim", json={})).status_code == 204


async def test_a_customer_who_cannot_be_reached_is_given_up_after_the_last_attempt(system: System) -> None:
    case_id = await closed(system)
    caller = system.api("survey_caller", subject="nid")
    for _ in range(3):
        call = (await caller.post("/survey/v1/calls/claim", json={})).json()
        await caller.post(f"/survey/v1/calls/{call['id']}/attempts", json={"outcome": "no_answer"})
        await system.advance(hours=2)
    (seen,) = (await survey(system, case_id))["calls"]
    assert (seen["state"], seen["outcome"], seen["attempts"]) == ("closed", "no_answer", 3)
