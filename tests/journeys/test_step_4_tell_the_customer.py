"""Process step 4: the customer is told at once, by what they gave, until somebody knows that they know."""

import asyncio

import pytest

from services.catalogue import SERVICES
from shared.contracts.base import SURVEY
from shared.testing.system import System
from tests.journeys.closing import E164, change, closed, intake, registered, report_done, survey


@pytest.mark.transports
async def test_the_customer_is_told_by_sms_and_it_counts_after_the_receipt(system: System) -> None:
    case_id = await closed(system)
    (message,) = system.gateway.sms.sent
    assert message.to == E164
    (notice,) = (await survey(system, case_id))["notices"]
    assert (notice["state"], notice["told_at"]) == ("accepted", None)
    assert (await intake(system, case_id))["facts"]["told_at"] is None

    assert await system.gateway.sms.send_receipts(system.anonymous()) == 1
    await system.drain()
    (notice,) = (await survey(system, case_id))["notices"]
    assert (notice["state"], notice["evidence"]) == ("told", "receipt")
    assert (await intake(system, case_id))["facts"]["told_at"] is not None


async def test_a_customer_whom_no_message_reaches_is_told_by_telephone(system: System) -> None:
    system.gateway.sms.fail_next(422)
    system.gateway.line.fail_next(400)
    case_id = await closed(system, {"phone": "0812345678", "line_id": "U0123456789abcdef"})
    division = system.api("complaints_division", subject="malee")
    (task,) = (await division.get("/survey/v1/phone-tasks")).json()["items"]
    assert task["phone"] == "08x-xxx-5678"
    assert (await division.post(f"/survey/v1/phone-tasks/{task['id']}/claim")).status_code == 200
    done = await division.post(f"/survey/v1/phone-tasks/{task['id']}/done", json={"outcome": "told"})
    assert done.status_code == 200, done.text
    await system.drain()
    (notice,) = (await survey(system, case_id))["notices"]
    assert (notice["state"], notice["told_channel"], notice["evidence"]) == ("told", "phone", "call")
    assert (await intake(system, case_id))["facts"]["told_at"] is not None


async def test_without_a_receipt_a_person_calls(system: System) -> None:
    await closed(system)
    await system.advance(hours=6, minutes=1)
    (task,) = (await system.api("complaints_division").get("/survey/v1/phone-tasks")).json()["items"]
    assert task["reason"] == "no_receipt"
    assert len(system.gateway.sms.sent) == 1


async def test_done_but_not_repaired_is_seen_by_the_division_before_the_customer_hears_of_it(system: System) -> None:
    case_id = await registered(system)
    await report_done(system, case_id, repaired=False, not_repaired_reason="รออะไหล่จากผู้ขาย")
    assert system.gateway.sms.sent == []
    division = system.api("complaints_division")
    (review,) = (await division.get("/survey/v1/reviews")).json()["items"]
    assert review["case_id"] == case_id
    assert (await division.post(f"/survey/v1/reviews/{review['id']}/release")).status_code == 204
    await system.drain()
    (message,) = system.gateway.sms.sent
    assert "ยังแก้ไขไม่ได้" in message.text


@pytest.mark.transports
async def test_resolve_reopen_resolve_gives_two_notices_and_two_surveys(system: System) -> None:
    case_id = await closed(system)
    division = system.api("complaints_division", subject="malee")
    await change(division, case_id, "reopen", {"reason": "not_fixed"})
    await system.drain()
    await report_done(system, case_id)
    seen = await survey(system, case_id)
    assert [(each["cycle"], each["purpose"]) for each in seen["notices"]] == [(1, "resolved"), (2, "resolved")]
    assert [(each["cycle"], each["state"]) for each in seen["calls"]] == [(1, "closed"), (2, "open")]


@pytest.mark.transports
async def test_a_notice_and_a_call_that_publish_at_the_same_time_are_both_applied_by_every_consumer(
    system: System,
) -> None:
    """failures.md 29: they share a stream, and neither is taken for a duplicate of the other."""
    case_id = await closed(system)
    caller, client = system.api("survey_caller", subject="nid"), system.anonymous()
    call = (await caller.post("/survey/v1/calls/claim", json={})).json()
    answers = {"repair": 5, "fixed": True}
    receipts, answered = await asyncio.gather(
        system.gateway.sms.send_receipts(client),
        caller.post(f"/survey/v1/calls/{call['id']}/answers", json=answers),
    )
    assert (receipts, answered.status_code) == (1, 201)
    await system.drain()
    seen = await intake(system, case_id)
    assert seen["facts"]["told_at"] is not None
    assert seen["facts"]["called_at"] is not None
    published = "SELECT event_id FROM survey.outbox_sent WHERE topic = 'pwa.survey.v1' AND key = $1"
    events = {row["event_id"] for row in await system.sql(published, case_id)}
    assert len(events) >= 5
    listening = [each.name for each in SERVICES if any(kind.TOPIC == SURVEY for kind in each.events)]
    assert {"intake", "reporting"} <= set(listening)
    for service in listening:
        taken = await system.sql(f"SELECT event_id FROM {service}.inbox WHERE topic = 'pwa.survey.v1'")
        assert events <= {row["event_id"] for row in taken}, service
        assert await system.sql(f"SELECT 1 FROM {service}.parked") == []


@pytest.mark.transports
async def test_an_erased_customer_is_not_told_and_leaves_nothing_in_survey(system: System) -> None:
    case_id = await registered(system)
    (card,) = await system.sql("SELECT phone FROM survey.contact_card")
    assert card["phone"] == E164
    division = system.api("complaints_division")
    seen = await division.get(f"/intake/v1/cases/{case_id}")
    erased = await division.delete(f"/intake/v1/cases/{case_id}/contact", headers={"If-Match": seen.headers["ETag"]})
    assert erased.status_code < 300, erased.text
    await system.drain()
    await report_done(system, case_id)
    assert system.gateway.sms.sent == []
    (card,) = await system.sql("SELECT erased, name, phone FROM survey.contact_card")
    assert tuple(card) == (True, None, None)
    known = await survey(system, case_id)
    assert known["notices"] == []
    assert [(each["outcome"], each["attempts"]) for each in known["calls"]] == [("no_phone", 0)]
