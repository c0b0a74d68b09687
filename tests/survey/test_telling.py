"""Step 4: who is told, when, by which channel, and what counts as told."""

from datetime import datetime, timedelta

import pytest

from shared.kernel.clock import BANGKOK
from tests.survey.given import EMAIL, LINE, PHONE, Case, Desk, resolved


async def test_a_resolved_case_is_told_by_sms_and_counts_as_told_only_after_the_receipt(desk: Desk) -> None:
    case = await resolved(desk)
    await desk.run_jobs()
    (message,) = desk.gateway.sms.sent
    assert message.to == PHONE
    assert "1102-2569-000001" in message.text
    assert await desk.told("customer-told", case) == []
    assert [each["channel"] for each in await desk.told("notice-accepted", case)] == ["sms"]

    answer = await desk.gateway.sms.send_receipt(desk.root(), message)
    assert answer.json() == {"applied": True}
    (told,) = await desk.told("customer-told", case)
    assert (told["channel"], told["evidence"], told["purpose"]) == ("sms", "receipt", "resolved")


@pytest.mark.parametrize(("channel", "address"), [("line", {"line_id": LINE}), ("email", {"email": EMAIL})])
async def test_a_channel_without_receipts_counts_as_told_when_the_provider_took_the_message(
    desk: Desk, channel: str, address: dict[str, str]
) -> None:
    case = await resolved(desk, **address)
    await desk.run_jobs()
    (told,) = await desk.told("customer-told", case)
    assert (told["channel"], told["evidence"]) == (channel, "accepted")
    assert len(getattr(desk.gateway, channel).sent) == 1


async def test_the_first_channel_of_the_order_is_tried_first_and_the_others_are_not_used(desk: Desk) -> None:
    await resolved(desk, phone=PHONE, line_id=LINE, email=EMAIL)
    await desk.run_jobs()
    assert [len(each.sent) for each in (desk.gateway.sms, desk.gateway.line, desk.gateway.email)] == [1, 0, 0]


async def test_an_email_escapes_what_people_wrote_and_has_no_injected_headers(desk: Desk) -> None:
    case = Case()
    evil = case.card(email=EMAIL).model_copy(update={"name": "<script>x</script>\nBcc: all@example.com"})
    await desk.take(case.registered(desk.now), evil, case.resolved(desk.now, action="ซ่อม {{ 7*7 }} <img src=x>"))
    await desk.run_jobs()
    (mail,) = desk.gateway.email.sent
    assert mail.recipients == (EMAIL,)
    assert mail.message["bcc"] is None
    html = mail.text("html")
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert "<img" not in html
    assert "{{ 7*7 }}" in html


async def test_notices_render_with_every_neighbour_down_and_user_text_is_escaped(desk: Desk) -> None:
    """Nothing but survey runs here: no intake, no sla, no reporting."""
    await resolved(desk, email=EMAIL)
    await desk.run_jobs()
    (mail,) = desk.gateway.email.sent
    assert "&lt;b&gt;ตัวอย่าง" in mail.text("html")
    assert "1102-2569-000001" in mail.subject


async def test_nobody_is_told_before_the_card_of_the_events_version_has_arrived(desk: Desk) -> None:
    case = Case(contact_version=1)
    old = case.card(phone="+66800000001")
    await desk.take(case.registered(desk.now), old)
    changed = case.changed(desk.now, 2)
    await desk.take(changed, case.resolved(desk.now))
    await desk.run_jobs()
    assert desk.gateway.sms.sent == []
    assert await desk.told("call-opened", case) == []
    await desk.take(case.card(phone=PHONE))
    await desk.run_jobs()
    assert [each.to for each in desk.gateway.sms.sent] == [PHONE]


async def test_a_card_known_to_be_replaced_is_not_used_for_a_notice_already_planned(desk: Desk) -> None:
    case = await resolved(desk, phone="+66800000001")
    await desk.take(case.changed(desk.now, 2))
    await desk.run_jobs()
    assert desk.gateway.sms.sent == []
    await desk.take(case.card(phone=PHONE))
    await desk.run_jobs()
    assert [each.to for each in desk.gateway.sms.sent] == [PHONE]


async def test_an_anonymous_case_waits_for_no_card_and_has_no_notice(desk: Desk) -> None:
    case = Case(contact_version=0)
    await desk.take(case.registered(desk.now), case.resolved(desk.now))
    await desk.run_jobs()
    assert await desk.rows("SELECT 1 FROM survey.notice") == []
    (closed,) = await desk.told("call-closed", case)
    assert (closed["outcome"], closed["attempts"]) == ("no_phone", 0)


async def test_an_incident_report_is_told_but_not_called(desk: Desk) -> None:
    case = await resolved(desk, Case(kind="incident_report"))
    await desk.run_jobs()
    assert len(desk.gateway.sms.sent) == 1
    assert await desk.told("call-opened", case) == []


async def test_a_landline_takes_no_sms_and_becomes_a_phone_task_at_once(desk: Desk) -> None:
    case = await resolved(desk, phone="+6638123456")
    (failed,) = await desk.told("notice-failed", case)
    assert (failed["reason"], failed["phone_task"]) == ("no_channel", True)
    assert desk.gateway.sms.sent == []


async def test_a_notice_waits_for_the_morning_unless_it_is_critical(desk: Desk) -> None:
    desk.clock.set(datetime(2026, 2, 3, 23, 30, tzinfo=BANGKOK))
    await resolved(desk)
    await desk.run_jobs()
    assert desk.gateway.sms.sent == []
    await resolved(desk, Case(severity="critical"))
    await desk.run_jobs()
    assert len(desk.gateway.sms.sent) == 1
    desk.clock.set(datetime(2026, 2, 4, 7, 59, tzinfo=BANGKOK))
    await desk.run_jobs()
    assert len(desk.gateway.sms.sent) == 1
    desk.clock.advance(timedelta(minutes=1))
    await desk.run_jobs()
    assert len(desk.gateway.sms.sent) == 2


async def test_a_resolution_without_repair_waits_for_review_before_anybody_is_told_or_called(desk: Desk) -> None:
    case = Case()
    await desk.take(case.registered(desk.now), case.card(), case.resolved(desk.now, repaired=False))
    await desk.run_jobs()
    assert desk.gateway.sms.sent == []
    assert await desk.told("call-opened", case) == []

    division = desk.api("complaints_division")
    (review,) = (await division.get("/reviews")).json()["items"]
    assert (review["case_id"], review["not_repaired_reason"]) == (str(case.case_id), "รออะไหล่")
    assert (await division.post(f"/reviews/{review['id']}/release")).status_code == 204
    await desk.run_jobs()
    (message,) = desk.gateway.sms.sent
    assert "ยังแก้ไขไม่ได้" in message.text
    assert len(await desk.told("call-opened", case)) == 1
    assert (await division.post(f"/reviews/{review['id']}/release")).status_code == 409
    assert (await division.get("/reviews")).json()["items"] == []


async def test_resolve_reopen_resolve_gives_two_notices_and_two_calls_and_redelivery_adds_none(desk: Desk) -> None:
    case = Case()
    first = desk.numbered(case.registered(desk.now), case.card(), case.resolved(desk.now))
    await desk.take_numbered(first)
    await desk.run_jobs()
    again = desk.numbered(case.reopened(desk.now), case.resolved(desk.now))
    await desk.take_numbered(again)
    await desk.take_numbered([*first, *again])
    await desk.run_jobs()
    assert len(desk.gateway.sms.sent) == 2
    assert [row.cycle for row in await desk.rows("SELECT cycle FROM survey.notice ORDER BY cycle")] == [1, 2]
    opened = await desk.told("call-opened", case)
    assert [(each["cycle"], each["purpose"]) for each in opened] == [(1, "satisfaction"), (2, "satisfaction")]


async def test_a_reopened_case_is_not_told_that_it_is_done(desk: Desk) -> None:
    case = await resolved(desk)
    await desk.take(case.reopened(desk.now))
    await desk.run_jobs()
    assert desk.gateway.sms.sent == []
    assert (await desk.one("SELECT state FROM survey.notice")).state == "superseded"
    (closed,) = await desk.told("call-closed", case)
    assert closed["outcome"] == "superseded"


async def test_an_erased_customer_is_not_contacted_and_leaves_nothing_personal_behind(desk: Desk) -> None:
    case = await resolved(desk, phone=PHONE, line_id=LINE, email=EMAIL)
    await desk.run_jobs()
    await desk.take(case.erased(2))
    for table in ("contact_card", "notice", "delivery", "phone_task", "call_task", "outbox", "audit"):
        kept = " ".join(str(row) for row in await desk.rows(f"SELECT * FROM survey.{table}"))
        for personal in ("5678", "xxx", LINE[:4], "example.com", "สมหญิง"):
            assert personal not in kept, table
    (row,) = await desk.rows("SELECT recipient_hash FROM survey.delivery WHERE channel = 'sms'")
    assert row.recipient_hash is None


async def test_an_erasure_before_sending_stops_the_notice_and_ends_the_call(desk: Desk) -> None:
    case = await resolved(desk)
    await desk.take(case.erased(2))
    await desk.run_jobs()
    assert desk.gateway.sms.sent == []
    (failed,) = await desk.told("notice-failed", case)
    assert (failed["reason"], failed["phone_task"]) == ("erased", False)
    (closed,) = await desk.told("call-closed", case)
    assert closed["outcome"] == "no_phone"


async def test_an_old_card_that_arrives_after_the_tombstone_does_not_come_back(desk: Desk) -> None:
    case = Case()
    await desk.take(case.registered(desk.now), case.erased(2), case.card())
    assert tuple(await desk.one("SELECT erased, phone FROM survey.contact_card")) == (True, None)
