"""Inbound receipts, dirty and hostile: one effect (failures.md 10 and 20)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from shared.testing.gateways import RECEIPTS_PATH, Sms
from tests.survey.given import LINE, PHONE, Desk, resolved


async def sent(desk: Desk, **address: str | None) -> Sms:
    await resolved(desk, **address)
    await desk.run_jobs()
    return desk.gateway.sms.sent[-1]


async def told(desk: Desk) -> int:
    return len(await desk.told("customer-told"))


async def test_hostile_or_dirty_inbound_webhooks_have_one_effect(desk: Desk) -> None:
    message = await sent(desk)
    client, (body, headers) = desk.root(), desk.gateway.sms.receipt(message, receipt_id="rcpt_1")
    garbage = [
        (body, {"content-type": "application/json"}, 401),
        (body, {**headers, "webhook-signature": "v1,AAAA"}, 401),
        (body, {**headers, "webhook-signature": "v1," + "ก".encode().hex()}, 401),
        (body.replace(b"delivered", b"expired"), headers, 401),
        (body, {**headers, "webhook-id": "rcpt_2"}, 401),
        (body, {**headers, "webhook-timestamp": "9" * 12}, 401),
        (body, {**headers, "webhook-timestamp": "0"}, 401),
        (b"garbage before" + body, headers, 400),
        (b"", headers, 401),
    ]
    for content, told_headers, expected in garbage:
        answer = await client.post(RECEIPTS_PATH, content=content, headers=told_headers)
        assert answer.status_code == expected, (content, answer.text)
    assert await told(desk) == 0

    answers = [await client.post(RECEIPTS_PATH, content=body, headers=headers) for _ in range(3)]
    assert [each.json()["applied"] for each in answers] == [True, False, False]
    late = [
        await desk.gateway.sms.send_receipt(client, message, status) for status in ("failed", "queued", "delivered")
    ]
    assert [(each.status_code, each.json()["applied"]) for each in late] == [(200, False)] * 3
    assert await told(desk) == 1
    assert (await desk.one("SELECT state FROM survey.notice")).state == "told"


async def test_a_receipt_outside_the_replay_window_is_refused(desk: Desk) -> None:
    message = await sent(desk)
    body, headers = desk.gateway.sms.receipt(message)
    desk.clock.advance(timedelta(minutes=6))
    assert (await desk.root().post(RECEIPTS_PATH, content=body, headers=headers)).status_code == 401


async def test_the_same_receipt_twenty_times_at_once_has_one_effect(desk: Desk) -> None:
    message = await sent(desk)
    body, headers = desk.gateway.sms.receipt(message)
    client = desk.root()
    posts = [client.post(RECEIPTS_PATH, content=body, headers=headers) for _ in range(20)]
    answers = await asyncio.gather(*posts)
    assert sorted(each.json()["applied"] for each in answers) == [False] * 19 + [True]
    assert await told(desk) == 1


@pytest.mark.parametrize("reference", ["", "x", "0" * 32 + "-1", "not-a-reference-9", "ก-1"])
async def test_a_receipt_for_something_that_was_never_sent_changes_nothing(desk: Desk, reference: str) -> None:
    body, headers = desk.gateway.sms.receipt(Sms("sms_1", PHONE, "", reference))
    answer = await desk.root().post(RECEIPTS_PATH, content=body, headers=headers)
    assert answer.status_code == (422 if not reference else 200)
    assert reference == "" or answer.json() == {"applied": False}


async def test_a_receipt_of_failure_leads_to_the_next_channel(desk: Desk) -> None:
    message = await sent(desk, phone=PHONE, line_id=LINE)
    await desk.gateway.sms.send_receipt(desk.root(), message, "undeliverable")
    await desk.run_jobs()
    assert len(desk.gateway.line.sent) == 1
    assert (await desk.one("SELECT told_channel FROM survey.notice")).told_channel == "line"


async def test_a_receipt_that_overtakes_the_answer_to_its_message_counts(desk: Desk) -> None:
    await resolved(desk)
    hold = desk.gateway.sms.hold_next()
    working = asyncio.create_task(desk.run_jobs())
    await hold.arrived.wait()
    await desk.gateway.sms.send_receipts(desk.root())
    assert await told(desk) == 1
    hold.release()
    await working
    assert (await desk.one("SELECT state FROM survey.notice")).state == "told"
    assert await told(desk) == 1


async def test_a_receipt_for_a_withdrawn_notice_is_kept_but_tells_nobody(desk: Desk) -> None:
    case = await resolved(desk)
    await desk.run_jobs()
    await desk.take(case.reopened(desk.now))
    answer = await desk.gateway.sms.send_receipt(desk.root(), desk.gateway.sms.sent[-1])
    assert answer.json() == {"applied": True}
    assert (await desk.one("SELECT state FROM survey.delivery")).state == "delivered"
    assert (await desk.one("SELECT state FROM survey.notice")).state == "superseded"
    assert await told(desk) == 0


async def test_a_receipt_settles_an_unknown_outcome(desk: Desk) -> None:
    desk.gateway.sms.accept_then_drop()
    message = await sent(desk)
    assert (await desk.one("SELECT state FROM survey.notice")).state == "unknown"
    await desk.gateway.sms.send_receipt(desk.root(), message)
    assert await told(desk) == 1


async def test_our_own_request_sent_back_to_us_is_no_receipt(desk: Desk) -> None:
    message = await sent(desk)
    echo: dict[str, Any] = {"from": "PWA", "to": message.to, "text": message.text, "reference": message.reference}
    answer = await desk.root().post(RECEIPTS_PATH, json=echo)
    assert answer.status_code == 401
    assert await told(desk) == 0


async def test_the_gateways_signature_is_that_of_standard_webhooks(desk: Desk) -> None:
    """The published library, as an independent oracle, makes a signature that is accepted here."""
    message = await sent(desk)
    body, headers = desk.gateway.sms.receipt(message, receipt_id="rcpt_9")
    oracle = Webhook(desk.gateway.sms.secret)
    signature = oracle.sign(msg_id="rcpt_9", timestamp=desk.now, data=body.decode())
    answer = await desk.root().post(RECEIPTS_PATH, content=body, headers={**headers, "webhook-signature": signature})
    assert answer.json() == {"applied": True}


async def test_receipts_are_forgotten_after_five_weeks(desk: Desk) -> None:
    await desk.gateway.sms.send_receipt(desk.root(), await sent(desk))
    desk.clock.advance(timedelta(days=34))
    await desk.run_jobs()
    assert len(await desk.rows("SELECT 1 FROM survey.receipt")) == 1
    desk.clock.advance(timedelta(days=2))
    await desk.run_jobs()
    assert await desk.rows("SELECT 1 FROM survey.receipt") == []
