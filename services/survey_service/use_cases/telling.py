"""Notices: opened, changed, told, stopped; every change is saved and announced in one place (process step 4)."""

from dataclasses import replace
from uuid import UUID

from services.survey_service.domain.calls import PhoneTask
from services.survey_service.domain.card import Card
from services.survey_service.domain.case import CaseFile, CaseState, Extension, Resolution
from services.survey_service.domain.notice import Notice, NoticeState
from services.survey_service.store import calls, cases, extensions, notices, phone_tasks, rules
from services.survey_service.use_cases.common import BeingCalled, found, of_case
from shared.contracts.survey import CustomerTold, NoticeAccepted, NoticeFailed
from shared.db import Tx
from shared.kernel.delivery import planned
from shared.kernel.errors import Conflict
from shared.kernel.ids import uuid7

EXTENDED = "extended"


class NoPhone(Conflict):
    """There is no telephone number to call."""

    code = "no_phone"


async def open_notice(tx: Tx, case: CaseFile, resolution: Resolution, card: Card) -> None:
    """One per case, cycle and purpose."""
    await _open(tx, case, Notice(uuid7(tx.now), case.id, resolution.cycle, resolution.purpose, tx.now), card)


async def open_notice_of(tx: Tx, case: CaseFile, granted: Extension, card: Card) -> None:
    """One per extension: the customer is told the new date."""
    blank = Notice(uuid7(tx.now), case.id, granted.cycle, EXTENDED, tx.now, extension_id=granted.id)
    await _open(tx, case, blank, card)


async def _open(tx: Tx, case: CaseFile, blank: Notice, card: Card) -> None:
    """A channel for each address that the customer gave."""
    by = await rules.for_notices(tx)
    channels = card.channels(by.channels)
    empty = replace(blank, deliveries=planned([uuid7(tx.now) for _ in channels], channels))
    opened = empty.settled(tx.now, by, has_phone=bool(card.phone))
    await notices.add_notice(tx, opened)
    await announce(tx, case, empty, opened)


async def change(tx: Tx, case: CaseFile, before: Notice, after: Notice) -> None:
    """Save and tell."""
    if after != before:
        await notices.save_notice(tx, before, after)
        await announce(tx, case, before, after)


async def announce(tx: Tx, case: CaseFile, before: Notice, after: Notice) -> None:
    """The facts that lie between two states of a notice."""
    shared = {**of_case(case, after.cycle), "notice_id": after.id, "purpose": after.purpose}
    for old, new in zip(before.deliveries, after.deliveries, strict=True):
        if new.accepted_at and new.accepted_at != old.accepted_at:
            await tx.publish(NoticeAccepted(**shared, channel=new.channel, accepted_at=new.accepted_at))
    if after.told_at and not before.told_at:
        await tx.publish(
            CustomerTold(
                **shared, channel=after.told_channel or "", evidence=after.evidence or "", told_at=after.told_at
            )
        )
        await _close_tasks(tx, after, "told")
    if after.state in {NoticeState.PHONE, NoticeState.FAILED} and after.state is not before.state:
        by_phone = after.state is NoticeState.PHONE
        reason = after.reason or "unknown"
        await tx.publish(NoticeFailed(**shared, reason=reason, phone_task=by_phone, failed_at=tx.now))
        if by_phone:
            task = PhoneTask(uuid7(tx.now), after.id, after.case_id, after.cycle, reason, tx.now)
            await phone_tasks.add_task(tx, task)


async def _close_tasks(tx: Tx, notice: Notice, outcome: str) -> None:
    for task in await phone_tasks.open_tasks(tx, notice.case_id):
        if task.notice_id == notice.id:
            await phone_tasks.save_task(tx, task.closed(outcome, tx.now))


async def supersede_notices(tx: Tx, case: CaseFile) -> None:
    """What belongs to a resolution that no longer stands, or a date that no longer holds, is not told any more."""
    state = NoticeState.CANCELLED if case.state is CaseState.CANCELLED else NoticeState.SUPERSEDED
    holds = await extensions.newest(tx, case.id)
    stale = {one.id: one for one in await notices.notices_of(tx, case.id) if not _stands(case, one, holds)}
    for notice in stale.values():
        if notice.state not in {NoticeState.TOLD, NoticeState.SUPERSEDED, NoticeState.CANCELLED}:
            await change(tx, case, notice, notice.stopped(state, state))
    for task in await phone_tasks.open_tasks(tx, case.id):
        if task.notice_id in stale:
            await phone_tasks.save_task(tx, task.closed(state, tx.now))
    await cases.supersede_reviews(tx, case)


def _stands(case: CaseFile, notice: Notice, holds: Extension | None) -> bool:
    """Whether what a notice says is still so."""
    if notice.extension_id is None:
        return case.stands_resolved(notice.cycle)
    return holds is not None and holds.id == notice.extension_id and case.is_open_in(notice.cycle)


async def forget_recipients(tx: Tx, case: CaseFile) -> None:
    """The customer's data was erased: nothing more can be sent, nothing personal stays."""
    await notices.forget_recipients(tx, case.id)
    for notice in await notices.notices_of(tx, case.id):
        if notice.is_live or notice.state is NoticeState.PHONE:
            await change(tx, case, notice, notice.stopped(NoticeState.FAILED, "erased"))
    for task in await phone_tasks.open_tasks(tx, case.id):
        await phone_tasks.save_task(tx, task.closed("erased", tx.now))


async def decide(tx: Tx, notice_id: UUID, decision: str) -> Notice:
    """A person settles an unknown outcome: told, resend or phone."""
    case_id = found(await notices.notice_case(tx, notice_id, tx.actor.scope), "notice")
    case = await cases.lock_case(tx, case_id)
    before = found(await notices.find_notice(tx, notice_id), "notice")
    before.unknown_delivery()
    match decision:
        case "told":
            after = before.confirmed(tx.now)
        case "resend":
            after = before.resent(tx.now, await rules.for_notices(tx))
        case _:
            after = await _by_phone(tx, before)
    await change(tx, case, before, after)
    await tx.audit("notice.decided", str(notice_id), decision=decision)
    return after


async def _by_phone(tx: Tx, notice: Notice) -> Notice:
    if not await has_phone(tx, notice.case_id):
        raise NoPhone("This customer has no telephone number.")
    return notice.given_up("decided", has_phone=True)


async def has_phone(tx: Tx, case_id: UUID) -> bool:
    card = await cases.find_card(tx, case_id)
    return bool(card and card.phone)


async def release(tx: Tx, resolution_id: UUID) -> CaseFile:
    """กสส. has seen the resolution without repair: the customer may be told."""
    seen = found(await cases.find_resolution(tx, resolution_id, tx.actor.scope), "review")
    case = await cases.lock_case(tx, seen.case_id)
    current = found(await cases.find_resolution(tx, resolution_id, tx.actor.scope), "review")
    if current.review != "waiting":
        raise Conflict("This review is not waiting.", code="not_waiting")
    await cases.release(tx, resolution_id)
    await tx.audit("review.released", str(resolution_id), case=str(case.id))
    return case


async def claim_task(tx: Tx, task_id: UUID) -> PhoneTask:
    seen = found(await phone_tasks.find_task(tx, task_id, tx.actor.scope), "phone task")
    await cases.lock_case(tx, seen.case_id)
    task = found(await phone_tasks.find_task(tx, task_id, tx.actor.scope), "phone task")
    for call in await calls.open_calls(tx, task.case_id):
        if call.claimed_by != tx.actor.id and call.is_held(tx.now):
            raise BeingCalled("Somebody is calling this customer for their satisfaction; one call is enough.")
    claimed = task.claimed(tx.actor.id, tx.now, await rules.for_calls(tx))
    await phone_tasks.save_task(tx, claimed)
    await tx.audit("phone_task.claimed", str(task_id))
    return claimed


async def told_by_call(tx: Tx, case: CaseFile, cycle: int) -> None:
    """Whoever reached the customer for another reason has told them too: no second call follows."""
    for task in await phone_tasks.open_tasks(tx, case.id):
        if task.cycle == cycle:
            before = found(await notices.find_notice(tx, task.notice_id), "notice")
            await change(tx, case, before, before.told(tx.now, "phone", "call"))


async def finish_task(tx: Tx, task_id: UUID, outcome: str) -> PhoneTask:
    """`told`: the customer knows, by a call. `not_reached`: nobody could tell them."""
    seen = found(await phone_tasks.find_task(tx, task_id, tx.actor.scope), "phone task")
    case = await cases.lock_case(tx, seen.case_id)
    task = found(await phone_tasks.find_task(tx, task_id, tx.actor.scope), "phone task").held_by(tx.actor.id)
    done = task.closed(outcome, tx.now)
    await phone_tasks.save_task(tx, done)
    before = found(await notices.find_notice(tx, task.notice_id), "notice")
    if outcome == "told":
        after = before.told(tx.now, "phone", "call")
    else:
        after = before.stopped(NoticeState.FAILED, "not_reached_by_phone")
    await change(tx, case, before, after)
    await tx.audit("phone_task.done", str(task_id), outcome=outcome)
    return done


async def task_contact(tx: Tx, task_id: UUID, purpose: str) -> Card:
    """The unmasked card for whoever has claimed the task; logged."""
    task = found(await phone_tasks.find_task(tx, task_id, tx.actor.scope), "phone task").held_by(tx.actor.id)
    card = found(await cases.find_card(tx, task.case_id), "contact")
    await tx.audit("contact.read", str(task.case_id), purpose=purpose, task=str(task_id))
    return card
