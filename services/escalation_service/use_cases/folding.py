"""Takes in what intake and sla tell, in any order, and lets the ladder follow."""

from collections.abc import Callable
from uuid import UUID

from services.escalation_service.domain.case_file import CaseFile, Seen
from services.escalation_service.domain.holds import HoldMark
from services.escalation_service.domain.record import Ladder
from services.escalation_service.store import cases, ladders
from services.escalation_service.use_cases import officer_messages
from services.escalation_service.use_cases.planning import settle
from shared.contracts.base import CaseEvent
from shared.contracts.sla import BreachVoided, SlaBreached
from shared.db import Tx

FileChange = Callable[[CaseFile], CaseFile]
LadderChange = Callable[[Ladder], Ladder]


def _seen(event: CaseEvent, seq: int) -> Seen:
    return Seen(seq, event.cycle, event.office, event.region, event.kind, event.restricted)


async def fold_case(
    tx: Tx, event: CaseEvent, seq: int, *, file: FileChange | None = None, ladder: LadderChange | None = None
) -> None:
    """A fact from intake: it tells where the case is, and perhaps that its cycle is over."""
    row = await ladders.lock(tx, event.case_id, event.cycle)
    known = await cases.lock(tx, event.case_id)
    told = known.see(_seen(event, seq))
    told = file(told) if file else told
    if told != known:
        await cases.save(tx, told)
    await settle(tx, row, ladder(row) if ladder else row, told)


async def fold_clock(tx: Tx, event: CaseEvent, change: LadderChange) -> None:
    """A fact from sla about the deadline of one cycle."""
    row = await ladders.lock(tx, event.case_id, event.cycle)
    await settle(tx, row, change(row), await _file(tx, event))


async def fold_hold(tx: Tx, event: CaseEvent, mark: HoldMark, change: LadderChange) -> None:
    """The clock was held or let go: rungs that have not fired wait as long."""
    row = await ladders.lock(tx, event.case_id, event.cycle)
    await ladders.note_hold(tx, row.key, mark)
    await settle(tx, row, change(row), await _file(tx, event), plan_again=True)


async def fold_breach(tx: Tx, event: SlaBreached, seq: int) -> None:
    """The deadline passed: the ladder begins, unless the cycle is over already."""
    row = await ladders.lock(tx, event.case_id, event.cycle)
    values = {
        "generation": event.generation, "due_at": event.due_at, "breached_at": event.breached_at,
        "cause": event.cause, "noted_at": tx.now, "ladder": event.ladder, "policy": event.policy,
    }  # fmt: skip
    await ladders.note_breach(tx, row.key, event.breach_id, values)
    await settle(tx, row, row.learn_due(event.due_at, seq), await _file(tx, event), plan_again=True)


async def fold_void(tx: Tx, event: BreachVoided) -> None:
    """The breach had not happened: what has not fired never will because of it."""
    row = await ladders.lock(tx, event.case_id, event.cycle)
    values = {"voided_at": event.voided_at, "void_reason": event.reason}
    await ladders.note_breach(tx, row.key, event.breach_id, values)
    await settle(tx, row, row, await _file(tx, event), plan_again=True)
    if row.last_rung:
        await officer_messages.correct(tx, event.case_id, event.cycle, event.breach_id, event.reason)


async def _file(tx: Tx, event: CaseEvent) -> CaseFile:
    """The case as intake told it; sla's view of it while intake's first fact is still on its way."""
    case_id: UUID = event.case_id
    known = (await cases.files_of(tx, [case_id])).get(case_id)
    return known or await cases.open_with(tx, CaseFile(case_id).see(_seen(event, 0)))
