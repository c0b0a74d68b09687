"""Calls: opened, claimed, tried, answered, closed (process steps 5 and 7)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from services.survey_service.domain.calls import Call
from services.survey_service.domain.card import Card
from services.survey_service.domain.case import CONTACT_CENTER, CaseFile, CaseState, Resolution
from services.survey_service.domain.questionnaire import WrongAnswers, verdict
from services.survey_service.store import calls, cases, phone_tasks, rules, samples
from services.survey_service.use_cases.common import BeingCalled, found, of_case
from services.survey_service.use_cases.telling import told_by_call
from shared.contracts.survey import CallAttempted, CallClosed, CallOpened, ReopenRequested, SurveyAnswered
from shared.db import Tx
from shared.kernel.ids import uuid7


async def open_call(tx: Tx, case: CaseFile, resolution: Resolution, card: Card | None, purpose: str) -> Call:
    """One per case, cycle and purpose. Without a phone it ends at once, to be counted apart."""
    call = Call(uuid7(tx.now), case.id, resolution.cycle, purpose, tx.now, tx.now, handler=resolution.handler)
    await calls.add_call(tx, call)
    await tx.publish(CallOpened(**_shared(case, call), opened_at=tx.now))
    if card is None or not card.phone:
        return await close(tx, case, call.closed("no_phone", tx.now))
    return call


def _shared(case: CaseFile, call: Call) -> dict[str, object]:
    return {**of_case(case, call.cycle), "task_id": call.id, "purpose": call.purpose}


async def close(tx: Tx, case: CaseFile, call: Call) -> Call:
    """Save an ended call and tell; its place in a sample is filled again unless it was answered."""
    await calls.save_call(tx, call)
    await tx.publish(
        CallClosed.model_validate(
            {**_shared(case, call), "outcome": call.outcome, "attempts": call.attempts, "closed_at": tx.now}
        )
    )
    member = await samples.member_of_call(tx, call.id)
    if member is not None and call.outcome == "answered" and call.checklist:
        await samples.move_member(tx, member, "completed")
    elif member is not None:
        reason = "without_checklist" if call.outcome == "answered" else call.outcome
        await samples.move_member(tx, member, "unreached", reason=reason)
        await samples.choose_replacement(tx, member.sample_id, member.position)
    return call


async def call_after_all(tx: Tx, case: CaseFile, cycle: int) -> None:
    """The number that was missing has come: the call that ended for want of it is due now."""
    call = (await calls.calls_of_cycle(tx, case.id, cycle)).get("satisfaction")
    if call is not None and call.outcome == "no_phone" and call.closed_at is not None:
        reopened = call.reopened(tx.now)
        await calls.save_call(tx, reopened)
        await tx.publish(CallOpened(**_shared(case, reopened), opened_at=tx.now))


async def supersede_calls(tx: Tx, case: CaseFile) -> None:
    """A reopened case is called again in its new cycle; the open call of the earlier one ends."""
    outcome = "cancelled" if case.state is CaseState.CANCELLED else "superseded"
    for call in await calls.open_calls(tx, case.id):
        if not case.stands_resolved(call.cycle):
            await close(tx, case, call.closed(outcome, tx.now))


async def end_calls(tx: Tx, case: CaseFile, outcome: str) -> None:
    for call in await calls.open_calls(tx, case.id):
        await close(tx, case, call.closed(outcome, tx.now))


async def claim_next(tx: Tx, purpose: str | None, region: int | None) -> Call | None:
    """The next due call that is free and not the caller's own work."""
    free = await calls.claim_next(tx, tx.actor.scope, purpose=purpose, region=region)
    if free is None:
        return None
    return await _claim(tx, free)


async def claim_one(tx: Tx, call_id: UUID) -> Call:
    """A particular call, due or not."""
    _, call = await _lock(tx, call_id)
    for task in await phone_tasks.open_tasks(tx, call.case_id):
        if task.claimed_by != tx.actor.id and task.is_held(tx.now):
            raise BeingCalled("Somebody is calling this customer to tell them; one call is enough.")
    return await _claim(tx, call)


async def _claim(tx: Tx, call: Call) -> Call:
    """A call that was drawn while somebody had it gets its checklist now."""
    claimed = call.claimed(tx.actor.id, tx.now, await rules.for_calls(tx))
    if claimed.sample_id is not None and claimed.checklist is None:
        claimed = replace(claimed, checklist=await samples.checklist_of(tx, claimed.sample_id))
    await calls.save_call(tx, claimed)
    await tx.audit("call.claimed", str(call.id))
    return claimed


async def _lock(tx: Tx, call_id: UUID) -> tuple[CaseFile, Call]:
    seen = found(await calls.find_call(tx, call_id, tx.actor.scope), "call")
    case = await cases.lock_case(tx, seen.case_id)
    return case, found(await calls.find_call(tx, call_id, tx.actor.scope), "call")


async def contact(tx: Tx, call_id: UUID, purpose: str) -> Card:
    """The unmasked card for whoever has claimed the call; logged with its purpose."""
    call = found(await calls.find_call(tx, call_id, tx.actor.scope), "call").held_by(tx.actor.id)
    card = found(await cases.find_card(tx, call.case_id), "contact")
    await tx.audit("contact.read", str(call.case_id), purpose=purpose, call=str(call_id))
    return card


async def attempt(tx: Tx, call_id: UUID, outcome: str) -> Call:
    """Somebody dialled."""
    case, call = await _lock(tx, call_id)
    tried = await _attempted(tx, case, call.held_by(tx.actor.id), outcome)
    await tx.audit("call.attempted", str(call_id), outcome=outcome)
    if tried.closed_at is not None:
        return await close(tx, case, tried)
    await calls.save_call(tx, tried)
    return tried


async def _attempted(tx: Tx, case: CaseFile, call: Call, outcome: str) -> Call:
    tried = call.attempted(outcome, tx.now, await rules.for_calls(tx))
    await calls.add_attempt(tx, tried, outcome)
    if outcome == "answered":
        await told_by_call(tx, case, tried.cycle)
    event = {**_shared(case, tried), "attempt": tried.attempts, "outcome": outcome, "attempted_at": tx.now}
    await tx.publish(CallAttempted.model_validate(event))
    return tried


@dataclass(frozen=True)
class Interview:
    """What the customer said."""

    scores: Mapping[str, int | None]
    fixed: bool
    called_back_by_contact_center: bool
    marks: Mapping[str, bool | None]


async def answer(tx: Tx, call_id: UUID, said: Interview) -> Call:
    """Keep the answers, tell them, close the call; not fixed or dissatisfied asks for a reopening."""
    case, call = await _lock(tx, call_id)
    call.held_by(tx.actor.id)
    if not call.reached:
        call = await _attempted(tx, case, call, "answered")
    await _keep_marks(tx, case, call, said)
    answered = await _keep_answers(tx, case, call, said)
    closed = await close(tx, case, call.closed("answered", tx.now))
    outcome = verdict(answered.repair or 0, fixed=said.fixed)
    if outcome.reopen_reason:
        request = {"request_id": uuid7(tx.now), "reason": outcome.reopen_reason, "requested_at": tx.now}
        await tx.publish(ReopenRequested.model_validate({**of_case(case, call.cycle), **request}))
    await tx.audit("call.answered", str(call_id))
    return closed


async def _keep_marks(tx: Tx, case: CaseFile, call: Call, said: Interview) -> None:
    """The checklist belongs to sampled calls only."""
    items = (await rules.standards(tx, call.checklist)).accept(said.marks, case.channel) if call.checklist else ()
    if items:
        await calls.add_marks(tx, call.id, items)
    elif said.marks:
        raise WrongAnswers("This call has no checklist.", items=sorted(said.marks)[:20])


async def _keep_answers(tx: Tx, case: CaseFile, call: Call, said: Interview) -> SurveyAnswered:
    asked = await rules.questions(tx)
    by_contact_center = case.channel == CONTACT_CENTER or said.called_back_by_contact_center
    scores = asked.accept(said.scores, by_contact_center=by_contact_center)
    done = await cases.get_resolution(tx, case.id, call.cycle)
    values = {
        **scores,
        "questionnaire": asked.version,
        "fixed": said.fixed,
        "satisfied": verdict(scores["repair"], fixed=said.fixed).satisfied,
        "called_back_by_contact_center": said.called_back_by_contact_center,
    }
    await calls.add_answer(tx, call.id, values)
    event = {**_shared(case, call), **values, "channel": case.channel or done.channel, "answered_at": tx.now}
    answered = SurveyAnswered.model_validate({**event, "mister_prapa": done.mister_prapa})
    await tx.publish(answered)
    return answered
