"""A breach that had not happened is put right: who was told hears it once, who was not is left alone."""

from datetime import timedelta

from services.escalation_service.jobs import bundle_messages, send_mailings
from shared.contracts.sla import SlaBreached
from tests.escalation.given import Case
from tests.escalation.mailroom import DIRECTOR, HOUR, MANAGER, Mailroom


async def told(mailroom: Mailroom) -> tuple[Case, SlaBreached]:
    """A case whose manager was told of its breach, and that breach."""
    case = Case("1102")
    breach = case.breached(mailroom.desk.now)
    await mailroom.desk.hear(case.registered(mailroom.desk.now - 24 * HOUR), breach)
    await mailroom.desk.advance(seconds=1)
    await mailroom.later(minutes=2)
    return case, breach


async def test_36_who_was_told_of_a_void_breach_gets_one_correction_and_the_rung_stays_on_record(
    mailroom: Mailroom,
) -> None:
    await mailroom.staff()
    case, breach = await told(mailroom)
    void = mailroom.desk.numbered(case.voided(breach, mailroom.desk.now))
    await mailroom.desk.take(void)
    await mailroom.later(minutes=2)
    await mailroom.desk.take(void)
    await mailroom.later(hours=48)
    assert [subject for _, subject in mailroom.mails()] == [
        "กปภ. เรื่องเกินกำหนด HQ-2569-000001 (กปภ.สาขาชลบุรี)",
        "กปภ. แก้ไขการแจ้ง: เรื่อง HQ-2569-000001 ไม่เกินกำหนด",
    ]
    assert await mailroom.states(case) == [
        ("call", "PWA-1", "accepted"), ("correction", "PWA-1", "accepted"),
    ]  # fmt: skip
    shown = (await mailroom.front.sign_in("complaints_division").get(f"/cases/{case.case_id}/rungs")).json()
    (fired,) = [rung for rung in shown["rungs"] if rung["state"] == "fired"]
    assert (fired["corrected_at"] is not None, fired["corrected_reason"]) == (True, "late fact")


async def test_36_after_a_holiday_voided_fridays_breach_mondays_true_one_tells_the_next_officer(
    mailroom: Mailroom,
) -> None:
    await mailroom.staff()
    case, friday = await told(mailroom)
    await mailroom.desk.hear(case.voided(friday, mailroom.desk.now))
    await mailroom.later(hours=72)
    monday = case.breached(mailroom.desk.now, generation=2)
    await mailroom.desk.hear(monday)
    await mailroom.later(hours=25)
    await mailroom.later(minutes=2)
    assert await mailroom.states(case) == [
        ("call", "PWA-1", "accepted"), ("correction", "PWA-1", "accepted"), ("call", "PWA-2", "accepted"),
    ]  # fmt: skip
    assert [to for to, _ in mailroom.mails()] == [MANAGER.email, MANAGER.email, DIRECTOR.email]


async def test_what_has_not_gone_when_the_breach_is_voided_never_goes(mailroom: Mailroom) -> None:
    await mailroom.staff()
    case = Case("1102")
    breach = case.breached(mailroom.desk.now)
    await mailroom.desk.hear(case.registered(mailroom.desk.now), breach)
    await mailroom.desk.advance(seconds=1)
    await mailroom.desk.hear(case.voided(breach, mailroom.desk.now))
    await mailroom.later(hours=1)
    assert mailroom.mails() == []
    assert [(row.state, row.reason) for row in await mailroom.messages(case)] == [("withdrawn", "breach_voided")]


async def test_a_message_that_is_on_its_way_when_the_breach_is_voided_is_corrected(mailroom: Mailroom) -> None:
    await mailroom.staff()
    case = Case("1102")
    breach = case.breached(mailroom.desk.now)
    await mailroom.desk.hear(case.registered(mailroom.desk.now), breach)
    await mailroom.desk.advance(seconds=1)
    mailroom.desk.clock.advance(timedelta(minutes=2))
    await bundle_messages(mailroom.context)
    async with mailroom.sending():
        await mailroom.desk.hear(case.voided(breach, mailroom.desk.now))
    await mailroom.later(minutes=2)
    assert await mailroom.states(case) == [
        ("call", "PWA-1", "accepted"), ("correction", "PWA-1", "accepted"),
    ]  # fmt: skip


async def test_a_message_that_was_refused_while_its_breach_was_voided_needs_no_correction(mailroom: Mailroom) -> None:
    await mailroom.staff()
    mailroom.gateway.email.fail_next(451)
    case = Case("1102")
    breach = case.breached(mailroom.desk.now)
    await mailroom.desk.hear(case.registered(mailroom.desk.now), breach)
    await mailroom.desk.advance(seconds=1)
    mailroom.desk.clock.advance(timedelta(minutes=2))
    await bundle_messages(mailroom.context)
    await send_mailings(mailroom.context)
    await mailroom.desk.hear(case.voided(breach, mailroom.desk.now))
    await mailroom.later(hours=1)
    assert mailroom.mails() == []
    assert [(row.kind, row.state, row.reason) for row in await mailroom.messages(case)] == [
        ("call", "withdrawn", "breach_voided")
    ]


async def test_a_late_resolution_corrects_even_though_the_case_is_closed(mailroom: Mailroom) -> None:
    await mailroom.staff()
    case, breach = await told(mailroom)
    await mailroom.desk.hear(case.resolved(mailroom.desk.now - HOUR))
    await mailroom.desk.hear(case.voided(breach, mailroom.desk.now))
    await mailroom.later(minutes=2)
    assert await mailroom.states(case) == [
        ("call", "PWA-1", "accepted"), ("correction", "PWA-1", "accepted"),
    ]  # fmt: skip


async def test_many_corrections_to_one_officer_are_one_message(mailroom: Mailroom) -> None:
    await mailroom.staff()
    known = []
    for _ in range(6):
        case = Case("1102")
        breach = case.breached(mailroom.desk.now)
        await mailroom.desk.hear(case.registered(mailroom.desk.now - 24 * HOUR), breach)
        known.append((case, breach))
    await mailroom.desk.advance(seconds=1)
    await mailroom.later(minutes=2)
    for case, breach in known:
        await mailroom.desk.hear(case.voided(breach, mailroom.desk.now))
    await mailroom.later(minutes=2)
    assert [subject for _, subject in mailroom.mails()] == [
        "กปภ. เรื่องเกินกำหนด 6 เรื่อง รอท่านดำเนินการ", "กปภ. แก้ไขการแจ้ง: 6 เรื่องไม่เกินกำหนด",
    ]  # fmt: skip
