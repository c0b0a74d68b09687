"""How cases end without work, and how they come back: answer, cancel, reopen (process steps 1 and 5)."""

from uuid import UUID

from services.intake_service.domain.case import Case
from services.intake_service.store import cases, reference
from services.intake_service.use_cases.changing import change, keep_words, keep_words_unless_erased, lock, record, tell
from services.intake_service.use_cases.events import stamp
from shared.contracts.intake import CaseAnswered, CaseCancelled, CaseReopened, ReopenDeclined
from shared.db import Tx
from shared.kernel.errors import Conflict, NotFound


async def answer(tx: Tx, case_id: UUID, version: int, words: str) -> Case:
    """Close a general enquiry at once; the answer's words stay with the personal data."""
    before = await lock(tx, case_id, version)
    known = await reference.subjects_in_force(tx, [before.subject] if before.subject else [])
    after = before.answer(known.get(before.subject or ""), at=tx.now)
    await cases.save(tx, after)
    await keep_words_unless_erased(tx, after, "answer", words)
    return await tell(tx, after, "answered", CaseAnswered(**stamp(after), answered_at=tx.now))


async def cancel(tx: Tx, case_id: UUID, version: int, reason: str, words: str | None) -> Case:
    _, after = await change(tx, case_id, version, lambda case: case.cancel(at=tx.now))
    if words:
        await keep_words(tx, after, "cancelled", words)
    event = CaseCancelled(**stamp(after), reason=reason, cancelled_at=tx.now)
    return await tell(tx, after, "cancelled", event, reason=reason)


async def reopen(tx: Tx, case_id: UUID, version: int | None, reason: str) -> Case:
    """Cycle n+1; requests that survey made for the cycle before are thereby approved."""
    before, after = await change(tx, case_id, version, lambda case: case.reopen(by=tx.actor.id, at=tx.now))
    await reference.settle_reopen_requests(tx, case_id, before.cycle, state="approved")
    event = CaseReopened(**stamp(after), reason=reason, mode=None, reopened_at=tx.now)
    return await tell(tx, after, "reopened", event, reason=reason, cycle=after.cycle)


async def approve_reopening(tx: Tx, request_id: UUID) -> Case:
    case, reason = await _lock_requested(tx, request_id)
    return await reopen(tx, case.id, case.version, reason)


async def decline_reopening(tx: Tx, request_id: UUID) -> Case:
    """The case stays closed; decided by somebody other than the handler."""
    case, _ = await _lock_requested(tx, request_id)
    case.must_not_be_handled_by(tx.actor.id)
    for settled in await reference.settle_reopen_requests(tx, case.id, case.cycle, state="declined"):
        await tx.publish(ReopenDeclined(**stamp(case), request_id=settled, declined_at=tx.now))
    await record(tx, case, "reopening_declined", cycle=case.cycle)
    return case


async def _lock_requested(tx: Tx, request_id: UUID) -> tuple[Case, str]:
    """The case of an undecided request, locked, and the request's reason; read again under the lock."""
    request = await reference.find_reopen_request(tx, request_id)
    if request is None:
        raise NotFound("There is no such request.")
    case = await lock(tx, request.case_id, None)
    request = await reference.find_reopen_request(tx, request_id)
    if request is None or request.state != "open":
        raise Conflict("This request has been decided.", code="already_decided")
    if request.cycle != case.cycle or not case.is_closed:
        raise Conflict("The case has been reopened since.", code="already_reopened")
    return case, request.reason
