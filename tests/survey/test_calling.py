"""Step 5: every customer is called, by somebody other than the handler, until answered or given up."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.survey.given import EMAIL, PHONE, Case, Desk, resolved

ANSWERS = {"channel_convenience": 5, "channel_variety": 4, "speed": 4, "repair": 5, "fixed": True}


async def claimed(desk: Desk, caller: httpx.AsyncClient) -> dict[str, Any]:
    answer = await caller.post("/calls/claim", json={})
    assert answer.status_code == 200, answer.text
    call: dict[str, Any] = answer.json()
    return call


async def test_a_customer_is_called_asked_and_the_answers_are_told(desk: Desk) -> None:
    case = await resolved(desk)
    caller = desk.api("survey_caller", subject="nid")
    (listed,) = (await caller.get("/calls")).json()["items"]
    assert (listed["phone"], listed["purpose"], listed["office"]) == ("08x-xxx-5678", "satisfaction", "1102")

    call = await claimed(desk, caller)
    contact = (await caller.get(f"/calls/{call['id']}/contact", params={"purpose": "satisfaction_call"})).json()
    assert contact["phone"] == PHONE
    asked = (await caller.get(f"/calls/{call['id']}")).json()["questions"]
    assert [each["key"] for each in asked] == ["channel_convenience", "channel_variety", "speed", "repair"]
    answer = await caller.post(f"/calls/{call['id']}/answers", json=ANSWERS)
    assert (answer.status_code, answer.json()["outcome"]) == (201, "answered")

    (told,) = await desk.told("answered", case)
    assert {name: told[name] for name in ANSWERS} == ANSWERS
    assert (told["satisfied"], told["mister_prapa"], told["channel"]) == (True, "MP-1102-1", "website")
    (closed,) = await desk.told("call-closed", case)
    assert (closed["outcome"], closed["attempts"]) == ("answered", 1)
    assert await desk.told("reopen-requested") == []
    read = await desk.one("SELECT actor, facts FROM survey.audit WHERE action = 'contact.read'")
    assert (read.actor, read.facts["purpose"]) == ("nid", "satisfaction_call")
    assert (await caller.post("/calls/claim", json={})).status_code == 204


@pytest.mark.parametrize(
    ("said", "reason", "satisfied"),
    [
        ({"repair": 2}, "dissatisfied", False),
        ({"repair": 1, "fixed": False}, "not_fixed", False),
        ({"repair": 3}, None, False),
        ({"repair": 4}, None, True),
    ],
)
async def test_not_fixed_or_dissatisfied_asks_for_a_reopening(
    desk: Desk, said: dict[str, object], reason: str | None, satisfied: bool
) -> None:
    case = await resolved(desk)
    caller = desk.api("survey_caller")
    call = await claimed(desk, caller)
    assert (await caller.post(f"/calls/{call['id']}/answers", json={**ANSWERS, **said})).status_code == 201
    assert [each["reason"] for each in await desk.told("reopen-requested", case)] == ([reason] if reason else [])
    (told,) = await desk.told("answered", case)
    assert told["satisfied"] is satisfied


async def test_a_second_cycle_has_its_own_survey_and_the_first_answers_are_unchanged(desk: Desk) -> None:
    case = await resolved(desk)
    caller = desk.api("survey_caller")
    call = await claimed(desk, caller)
    await caller.post(f"/calls/{call['id']}/answers", json={**ANSWERS, "repair": 1})
    first = (await caller.get(f"/calls/{call['id']}")).json()["answers"]
    await desk.take(case.reopened(desk.now), case.resolved(desk.now))
    second = await claimed(desk, caller)
    assert (second["cycle"], second["id"] != call["id"]) == (2, True)
    await caller.post(f"/calls/{second['id']}/answers", json=ANSWERS)
    assert (await caller.get(f"/calls/{call['id']}")).json()["answers"] == first
    assert [each["cycle"] for each in await desk.told("answered", case)] == [1, 2]


async def test_without_a_phone_the_call_ends_at_once_and_is_counted_apart(desk: Desk) -> None:
    case = await resolved(desk, email=EMAIL)
    (closed,) = await desk.told("call-closed", case)
    assert (closed["outcome"], closed["attempts"]) == ("no_phone", 0)
    assert (await desk.api("survey_caller").post("/calls/claim", json={})).status_code == 204


@pytest.mark.parametrize("outcome", ["no_answer", "busy"])
async def test_a_customer_who_does_not_answer_is_tried_again_later_and_then_given_up(desk: Desk, outcome: str) -> None:
    case = await resolved(desk)
    caller = desk.api("survey_caller")
    for _attempt in range(3):
        call = await claimed(desk, caller)
        assert (await caller.post(f"/calls/{call['id']}/attempts", json={"outcome": outcome})).status_code == 201
        assert (await caller.post("/calls/claim", json={})).status_code == 204
        desk.clock.advance(timedelta(minutes=120))
    assert [each["attempt"] for each in await desk.told("call-attempted", case)] == [1, 2, 3]
    (closed,) = await desk.told("call-closed", case)
    assert (closed["outcome"], closed["attempts"]) == (outcome, 3)


@pytest.mark.parametrize("outcome", ["refused", "wrong_number"])
async def test_a_refusal_or_a_wrong_number_is_final(desk: Desk, outcome: str) -> None:
    case = await resolved(desk)
    caller = desk.api("survey_caller")
    call = await claimed(desk, caller)
    await caller.post(f"/calls/{call['id']}/attempts", json={"outcome": outcome})
    (closed,) = await desk.told("call-closed", case)
    assert closed["outcome"] == outcome
    assert (await caller.post(f"/calls/{call['id']}/answers", json=ANSWERS)).status_code == 409


async def test_the_handler_of_the_resolution_does_not_call(desk: Desk) -> None:
    await resolved(desk, Case(handler="somchai"))
    handler = desk.api("survey_caller", subject="somchai")
    assert (await handler.post("/calls/claim", json={})).status_code == 204
    (listed,) = (await handler.get("/calls")).json()["items"]
    answer = await handler.post("/calls/claim", json={"call_id": listed["id"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "own_work")


async def test_only_the_claimant_reads_the_number_and_records(desk: Desk) -> None:
    await resolved(desk)
    call = await claimed(desk, desk.api("survey_caller", subject="nid"))
    other = desk.api("survey_caller", subject="noi")
    reads = await other.get(f"/calls/{call['id']}/contact", params={"purpose": "satisfaction_call"})
    assert (reads.status_code, reads.json()["code"]) == (409, "not_claimed_by_you")
    assert (await other.post(f"/calls/{call['id']}/attempts", json={"outcome": "busy"})).status_code == 409
    assert (await other.post("/calls/claim", json={"call_id": call["id"]})).status_code == 409
    desk.clock.advance(timedelta(minutes=60))
    assert (await other.post("/calls/claim", json={})).json()["id"] == call["id"]


async def test_many_callers_at_once_get_different_calls(desk: Desk) -> None:
    for _ in range(6):
        await resolved(desk)
    callers = [desk.api("survey_caller", subject=f"caller{n}") for n in range(8)]
    answers = await asyncio.gather(*(caller.post("/calls/claim", json={}) for caller in callers))
    got = [each.json()["id"] for each in answers if each.status_code == 200]
    assert len(got) == len(set(got))
    left = [
        each for each in [await caller.post("/calls/claim", json={}) for caller in callers] if each.status_code == 200
    ]
    assert len(got) + len(left) == 6


@pytest.mark.parametrize(
    "wrong",
    [
        {"repair": True}, {"repair": "5"}, {"repair": 0}, {"repair": 6}, {"repair": 4.0}, {"repair": None},
        {"contact_center": 5}, {"fixed": 1}, {"speeed": 3}, {"checklist": {"A1": True}},
    ],
)  # fmt: skip
async def test_answers_off_the_scale_or_not_asked_are_refused(desk: Desk, wrong: dict[str, object]) -> None:
    await resolved(desk)
    caller = desk.api("survey_caller")
    call = await claimed(desk, caller)
    assert (await caller.post(f"/calls/{call['id']}/answers", json={**ANSWERS, **wrong})).status_code == 422
    assert await desk.told("answered") == []
    assert await desk.told("call-attempted") == []


@pytest.mark.parametrize(("channel", "called_back"), [("contact_center_1662", False), ("website", True)])
async def test_1662_is_asked_about_only_where_it_took_part(desk: Desk, channel: str, called_back: bool) -> None:
    case = await resolved(desk, Case(channel=channel))
    caller = desk.api("survey_caller")
    call = await claimed(desk, caller)
    said = {**ANSWERS, "contact_center": 3, "called_back_by_contact_center": called_back}
    assert (await caller.post(f"/calls/{call['id']}/answers", json=said)).status_code == 201
    (told,) = await desk.told("answered", case)
    assert (told["contact_center"], told["called_back_by_contact_center"]) == (3, called_back)


async def test_an_attempt_sent_twice_under_one_key_counts_once(desk: Desk) -> None:
    case = await resolved(desk)
    caller = desk.api("survey_caller")
    call = await claimed(desk, caller)
    key = {"Idempotency-Key": "attempt-1"}
    url, body = f"/calls/{call['id']}/attempts", {"outcome": "no_answer"}
    assert [(await caller.post(url, json=body, headers=key)).status_code for _ in range(2)] == [201, 201]
    assert len(await desk.told("call-attempted", case)) == 1


async def test_the_answers_of_a_reopened_cycle_come_too_late(desk: Desk) -> None:
    case = await resolved(desk)
    caller = desk.api("survey_caller")
    call = await claimed(desk, caller)
    await desk.take(case.reopened(desk.now))
    answer = await caller.post(f"/calls/{call['id']}/answers", json=ANSWERS)
    assert (answer.status_code, answer.json()["code"]) == (409, "call_closed")


async def test_a_new_questionnaire_applies_to_later_answers_only(desk: Desk) -> None:
    first, second = await resolved(desk), await resolved(desk)
    caller, editor = desk.api("survey_caller"), desk.api("policy_editor")
    call = await claimed(desk, caller)
    await caller.post(f"/calls/{call['id']}/answers", json=ANSWERS)
    (current, *_) = (await editor.get("/rules/questionnaire")).json()
    assert (await editor.post("/rules/questionnaire", json={"body": {"questions": []}})).status_code == 422
    assert (await editor.post("/rules/questionnaire", json={"body": current["body"]})).json()["version"] == 2
    assert (await caller.post("/rules/questionnaire", json={"body": current["body"]})).status_code == 403
    call = await claimed(desk, caller)
    await caller.post(f"/calls/{call['id']}/answers", json=ANSWERS)
    answered = await desk.told("answered")  # both calls were opened in the same instant: either may come first
    assert [each["questionnaire"] for each in answered] == ["v1", "v2"]
    assert {each["case_id"] for each in answered} == {str(first.case_id), str(second.case_id)}


async def test_a_number_that_comes_after_a_call_ended_without_one_opens_it_again_once(desk: Desk) -> None:
    case = await resolved(desk, email=EMAIL)
    caller = desk.api("survey_caller")
    assert (await caller.post("/calls/claim", json={})).status_code == 204
    await desk.take(case.changed(desk.now, 2), case.card(phone=PHONE))
    await desk.take(case.changed(desk.now, 3), case.card(phone=PHONE, email=EMAIL))
    call = await claimed(desk, caller)
    assert (await caller.post(f"/calls/{call['id']}/answers", json=ANSWERS)).status_code == 201
    assert [each["outcome"] for each in await desk.told("call-closed", case)] == ["no_phone", "answered"]
    assert len({each["task_id"] for each in await desk.told("call-opened", case)}) == 1
    assert len(await desk.told("call-opened", case)) == 2
    await desk.take(case.changed(desk.now, 4), case.card(phone="+66811111111"))
    assert (await caller.post("/calls/claim", json={})).status_code == 204


async def test_a_number_that_comes_after_the_case_was_reopened_calls_nobody_for_the_earlier_cycle(desk: Desk) -> None:
    case = await resolved(desk, email=EMAIL)
    await desk.take(case.reopened(desk.now), case.changed(desk.now, 2), case.card(phone=PHONE))
    assert len(await desk.told("call-opened", case)) == 1
    assert (await desk.api("survey_caller").post("/calls/claim", json={})).status_code == 204


LANDLINE = "+6638123456"


async def test_a_customer_whom_no_message_reached_is_told_and_asked_in_one_call(desk: Desk) -> None:
    case = await resolved(desk, phone=LANDLINE)
    caller, division = desk.api("survey_caller", subject="nid"), desk.api("complaints_division")
    call = await claimed(desk, caller)
    (task,) = (await division.get("/phone-tasks")).json()["items"]
    assert task["call_id"] == call["id"]
    refused = await division.post(f"/phone-tasks/{task['id']}/claim")
    assert (refused.status_code, refused.json()["code"]) == (409, "being_called")
    assert (await caller.get(f"/calls/{call['id']}")).json()["to_be_told"] is True
    assert (await caller.post(f"/calls/{call['id']}/answers", json=ANSWERS)).status_code == 201
    (told,) = await desk.told("customer-told", case)
    assert (told["channel"], told["evidence"]) == ("phone", "call")
    assert (await division.get("/phone-tasks")).json()["items"] == []


async def test_while_a_customer_is_told_by_telephone_nobody_else_calls_to_ask(desk: Desk) -> None:
    await resolved(desk, phone=LANDLINE)
    caller, division = desk.api("survey_caller", subject="nid"), desk.api("complaints_division", subject="malee")
    (task,) = (await division.get("/phone-tasks")).json()["items"]
    await division.post(f"/phone-tasks/{task['id']}/claim")
    assert (await caller.post("/calls/claim", json={})).status_code == 204
    refused = await caller.post("/calls/claim", json={"call_id": task["call_id"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "being_called")
    assert (await division.post("/calls/claim", json={"call_id": task["call_id"]})).status_code == 200
    desk.clock.advance(timedelta(hours=2))
    assert (await caller.post("/calls/claim", json={"call_id": task["call_id"]})).status_code == 200


async def test_an_unanswered_call_leaves_the_customer_to_be_told(desk: Desk) -> None:
    case = await resolved(desk, phone=LANDLINE)
    caller = desk.api("survey_caller")
    call = await claimed(desk, caller)
    await caller.post(f"/calls/{call['id']}/attempts", json={"outcome": "no_answer"})
    assert await desk.told("customer-told", case) == []
    assert len((await desk.api("complaints_division").get("/phone-tasks")).json()["items"]) == 1
