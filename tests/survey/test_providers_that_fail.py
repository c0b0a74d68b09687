"""Step 4 against providers that refuse, hang, drop, answer rubbish: nobody is told twice, nobody is forgotten."""

import asyncio
from datetime import timedelta

import pytest

from services.survey_service.jobs import send_due_notices
from services.survey_service.use_cases import sending
from shared.kernel.outcome import Accepted, Failed, Outcome, Unknown
from tests.survey.given import EMAIL, LINE, PHONE, Case, Desk, resolved

DOUBT = ("accept_then_hang", "accept_then_drop", "garbage_next")


async def state(desk: Desk) -> str:
    value: str = (await desk.one("SELECT state FROM survey.notice")).state
    return value


async def test_a_provider_that_says_503_is_tried_again_later_and_then_takes_it(desk: Desk) -> None:
    desk.gateway.sms.fail_next(503, times=2)
    await resolved(desk)
    await desk.run_jobs()
    assert desk.gateway.sms.sent == []
    assert (await desk.one("SELECT attempts, state FROM survey.delivery"))[:] == (1, "due")
    desk.clock.advance(timedelta(minutes=2))
    await desk.run_jobs()
    desk.clock.advance(timedelta(minutes=4))
    await desk.run_jobs()
    assert len(desk.gateway.sms.sent) == 1


async def test_the_provider_says_when_to_come_back(desk: Desk) -> None:
    desk.gateway.sms.fail_next(429, retry_after=600)
    await resolved(desk)
    await desk.run_jobs()
    due_at = (await desk.one("SELECT due_at FROM survey.delivery")).due_at
    assert due_at >= desk.now + timedelta(seconds=600)


async def test_after_all_attempts_the_next_channel_is_tried_and_then_a_person_calls(desk: Desk) -> None:
    desk.gateway.sms.fail_next(503, times=4)
    desk.gateway.line.fail_next(400)
    case = await resolved(desk, phone=PHONE, line_id=LINE)
    for _ in range(6):
        await desk.run_jobs()
        desk.clock.advance(timedelta(minutes=30))
    (failed,) = await desk.told("notice-failed", case)
    assert failed["phone_task"] is True
    division = desk.api("complaints_division", subject="malee")
    (task,) = (await division.get("/phone-tasks")).json()["items"]
    assert (task["phone"], task["reason"]) == ("08x-xxx-5678", "http_400")

    assert (await division.post(f"/phone-tasks/{task['id']}/done", json={"outcome": "told"})).status_code == 409
    assert (await division.post(f"/phone-tasks/{task['id']}/claim")).status_code == 200
    contact = (await division.get(f"/phone-tasks/{task['id']}/contact", params={"purpose": "notice_call"})).json()
    assert contact["phone"] == PHONE
    assert "1102-2569-000001" in contact["script"]
    assert (await division.post(f"/phone-tasks/{task['id']}/done", json={"outcome": "told"})).status_code == 200
    (told,) = await desk.told("customer-told", case)
    assert (told["channel"], told["evidence"]) == ("phone", "call")
    (read,) = await desk.rows("SELECT actor, facts FROM survey.audit WHERE action = 'contact.read'")
    assert (read.actor, read.facts["purpose"]) == ("malee", "notice_call")


async def test_a_definite_refusal_is_not_tried_again_on_the_same_channel(desk: Desk) -> None:
    desk.gateway.sms.fail_next(422)
    await resolved(desk, phone=PHONE, email=EMAIL)
    await desk.run_jobs()
    assert (desk.gateway.sms.sent, len(desk.gateway.email.sent)) == ([], 1)


@pytest.mark.parametrize("trick", DOUBT)
async def test_an_sms_of_unknown_outcome_is_never_sent_again_by_the_machine(desk: Desk, trick: str) -> None:
    getattr(desk.gateway.sms, trick)()
    await resolved(desk, phone=PHONE, line_id=LINE)
    await desk.run_jobs()
    assert await state(desk) == "unknown"
    for _ in range(5):
        desk.clock.advance(timedelta(hours=5))
        await desk.run_jobs()
    assert len(desk.gateway.sms.sent) == 1
    assert desk.gateway.line.sent == []


@pytest.mark.parametrize("trick", DOUBT)
async def test_an_email_of_unknown_outcome_waits_for_a_person(desk: Desk, trick: str) -> None:
    getattr(desk.gateway.email, trick)()
    await resolved(desk, email=EMAIL)
    await desk.run_jobs()
    desk.clock.advance(timedelta(hours=5))
    await desk.run_jobs()
    assert (await state(desk), len(desk.gateway.email.sent)) == ("unknown", 1)


@pytest.mark.parametrize("trick", DOUBT[:2])
async def test_line_is_asked_again_with_the_same_key_and_sends_once(desk: Desk, trick: str) -> None:
    getattr(desk.gateway.line, trick)()
    case = await resolved(desk, line_id=LINE)
    await desk.run_jobs()
    desk.clock.advance(timedelta(minutes=2))
    await desk.run_jobs()
    assert (desk.gateway.line.requests, len(desk.gateway.line.sent)) == (2, 1)
    assert len(await desk.told("customer-told", case)) == 1


async def test_line_is_not_asked_again_once_it_may_have_forgotten_the_key(desk: Desk) -> None:
    desk.gateway.line.accept_then_drop(times=9)
    await resolved(desk, line_id=LINE)
    await desk.run_jobs()
    await desk.rows("UPDATE survey.delivery SET give_up_at = give_up_at + interval '3 days' RETURNING 1")
    desk.clock.advance(timedelta(hours=25))
    await desk.run_jobs()
    desk.clock.advance(timedelta(hours=25))
    await desk.run_jobs()
    assert await state(desk) == "unknown"


async def test_a_mail_server_that_says_no_for_good_leads_to_the_phone_or_to_nobody(desk: Desk) -> None:
    desk.gateway.email.fail_next(550)
    case = await resolved(desk, email=EMAIL)
    await desk.run_jobs()
    (failed,) = await desk.told("notice-failed", case)
    assert (failed["reason"], failed["phone_task"]) == ("smtp_550", False)


async def test_a_mail_server_that_is_busy_is_tried_again(desk: Desk) -> None:
    desk.gateway.email.fail_next(451)
    await resolved(desk, email=EMAIL)
    await desk.run_jobs()
    desk.clock.advance(timedelta(minutes=2))
    await desk.run_jobs()
    assert len(desk.gateway.email.sent) == 1


async def test_a_crash_between_sending_and_the_result_leaves_an_sms_unknown_and_never_resent(desk: Desk) -> None:
    await resolved(desk)
    async with desk.context.db.transaction() as tx:
        claimed = await sending.claim(tx, desk.context.settings)
    assert len(claimed.letters) == 1
    assert (await desk.one("SELECT state FROM survey.delivery")).state == "sending"
    for _ in range(3):
        desk.clock.advance(timedelta(hours=1))
        await desk.run_jobs()
    assert (desk.gateway.sms.sent, await state(desk)) == ([], "unknown")


async def test_a_crash_between_sending_and_the_result_is_repeated_on_line_with_the_same_key(desk: Desk) -> None:
    case = await resolved(desk, line_id=LINE)
    async with desk.context.db.transaction() as tx:
        await sending.claim(tx, desk.context.settings)
    desk.clock.advance(timedelta(minutes=6))
    await desk.run_jobs()
    assert len(desk.gateway.line.sent) == 1
    assert len(await desk.told("customer-told", case)) == 1


async def test_sending_is_committed_before_the_provider_hears_of_it(desk: Desk) -> None:
    await resolved(desk)
    hold = desk.gateway.sms.hold_next()
    working = asyncio.create_task(desk.run_jobs())
    await hold.arrived.wait()
    assert (await desk.one("SELECT state, attempts FROM survey.delivery"))[:] == ("sending", 1)
    hold.release()
    await working
    assert (await desk.one("SELECT state FROM survey.delivery")).state == "accepted"


async def test_a_frozen_sender_that_wakes_late_still_records_that_it_was_accepted(desk: Desk) -> None:
    await resolved(desk)
    async with desk.context.db.transaction() as tx:
        (letter,) = (await sending.claim(tx, desk.context.settings)).letters
    desk.clock.advance(timedelta(hours=1))
    await desk.run_jobs()
    assert await state(desk) == "unknown"
    async with desk.context.db.transaction() as tx:
        await sending.record(tx, letter, Accepted())
    assert await state(desk) == "accepted"


@pytest.mark.parametrize(
    ("decision", "expected", "sent"), [("told", "told", 1), ("resend", "accepted", 2), ("phone", "phone", 1)]
)
async def test_a_person_decides_on_an_unknown_outcome(desk: Desk, decision: str, expected: str, sent: int) -> None:
    desk.gateway.sms.accept_then_drop()
    case = await resolved(desk)
    await desk.run_jobs()
    division = desk.api("complaints_division")
    (notice,) = (await division.get("/notices", params={"state": "unknown"})).json()["items"]
    answer = await division.post(f"/notices/{notice['id']}/decide", json={"decision": decision})
    assert answer.status_code == 200, answer.text
    await desk.run_jobs()
    assert (await state(desk), len(desk.gateway.sms.sent)) == (expected, sent)
    assert len(await desk.told("customer-told", case)) == (decision == "told")
    again = await division.post(f"/notices/{notice['id']}/decide", json={"decision": "told"})
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_decide")


async def test_without_a_receipt_in_time_a_person_calls_and_a_late_receipt_ends_the_task(desk: Desk) -> None:
    case = await resolved(desk, phone=PHONE, line_id=LINE)
    await desk.run_jobs()
    desk.clock.advance(timedelta(hours=6))
    await desk.run_jobs()
    (failed,) = await desk.told("notice-failed", case)
    assert (failed["reason"], failed["phone_task"]) == ("no_receipt", True)
    assert desk.gateway.line.sent == []
    await desk.gateway.sms.send_receipts(desk.root())
    assert len(await desk.told("customer-told", case)) == 1
    assert (await desk.one("SELECT state, outcome FROM survey.phone_task"))[:] == ("closed", "told")


async def test_the_breaker_spares_a_provider_that_is_down_and_one_letter_probes_it(desk: Desk) -> None:
    desk.gateway.sms.fail_next(503, times=6)
    for _ in range(8):
        await resolved(desk)
    settings = desk.context.settings.model_copy(update={"batch": 5})
    desk.context.settings = settings
    await desk.run_jobs()
    tried = await desk.rows("SELECT 1 FROM survey.delivery WHERE attempts > 0")
    assert len(tried) == 5
    desk.clock.advance(timedelta(seconds=61))
    await desk.run_jobs()
    assert len(await desk.rows("SELECT 1 FROM survey.delivery WHERE attempts > 0")) == 6
    assert (await desk.one("SELECT failures FROM survey.provider")).failures == 6
    desk.clock.advance(timedelta(minutes=10))
    await desk.run_jobs()
    await desk.run_jobs()
    assert len(desk.gateway.sms.sent) == 8
    assert (await desk.one("SELECT failures FROM survey.provider")).failures == 0


async def test_a_provider_away_for_too_long_gives_way_to_the_next_channel(desk: Desk) -> None:
    await desk.gateway.sms.stop()
    await resolved(desk, phone=PHONE, email=EMAIL)
    for _ in range(8):
        await desk.run_jobs()
        desk.clock.advance(timedelta(hours=1))
    assert len(desk.gateway.email.sent) == 1


async def test_several_senders_at_once_send_each_notice_once(desk: Desk) -> None:
    for _ in range(8):
        await resolved(desk)
    for _ in range(4):
        await asyncio.gather(*(send_due_notices(desk.context) for _ in range(4)))
    references = [each.reference for each in desk.gateway.sms.sent]
    assert (len(references), len(set(references))) == (8, 8)
    attempts = await desk.rows("SELECT attempts FROM survey.delivery")
    assert [row.attempts for row in attempts] == [1] * 8


ENDINGS = ("reopened", "cancelled")


async def ended_while_on_its_way(desk: Desk, ending: str, outcome: Outcome | None) -> Case:
    """A LINE message is with its sender while the case is reopened or cancelled; then its result, if any, is kept."""
    case = await resolved(desk, line_id=LINE)
    async with desk.context.db.transaction() as tx:
        (letter,) = (await sending.claim(tx, desk.context.settings)).letters
    await desk.take(getattr(case, ending)(desk.now))
    if outcome:
        async with desk.context.db.transaction() as tx:
            await sending.record(tx, letter, outcome)
    for _ in range(3):
        desk.clock.advance(timedelta(hours=1))
        await desk.run_jobs()
    return case


@pytest.mark.parametrize("outcome", [Failed("http_503"), Failed("http_429", 60), Unknown("timeout"), None])
@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_message_under_way_when_its_case_ends_is_not_sent_again(
    desk: Desk, ending: str, outcome: Outcome | None
) -> None:
    case = await ended_while_on_its_way(desk, ending, outcome)
    assert desk.gateway.line.sent == []
    assert (await desk.one("SELECT state FROM survey.delivery")).state == "cancelled"
    assert await state(desk) == ("cancelled" if ending == "cancelled" else "superseded")
    assert await desk.told("customer-told", case) == []


@pytest.mark.parametrize("ending", ENDINGS)
async def test_a_late_acceptance_of_a_withdrawn_notice_is_kept_but_tells_nobody(desk: Desk, ending: str) -> None:
    case = await ended_while_on_its_way(desk, ending, Accepted())
    assert (await desk.one("SELECT state FROM survey.delivery")).state == "accepted"
    assert await state(desk) == ("cancelled" if ending == "cancelled" else "superseded")
    assert await desk.told("customer-told", case) == []


async def test_a_due_message_of_a_notice_that_is_withdrawn_is_cancelled_instead_of_sent(desk: Desk) -> None:
    await resolved(desk)
    await desk.rows("UPDATE survey.notice SET state = 'superseded' RETURNING 1")
    await desk.run_jobs()
    assert desk.gateway.sms.sent == []
    assert (await desk.one("SELECT state FROM survey.delivery")).state == "cancelled"
