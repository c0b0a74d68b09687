"""Writes what a batch of facts has made of cases, and lets the ladders follow."""

from collections.abc import Sequence

from services.escalation_service.domain.case_file import CaseFile
from services.escalation_service.domain.chased import ChasedCase
from services.escalation_service.domain.record import Ladder
from services.escalation_service.store import batch
from services.escalation_service.use_cases import officer_messages
from services.escalation_service.use_cases.planning import settle
from shared.db import Tx
from shared.messaging.fold import Change


async def save(tx: Tx, changes: Sequence[Change[ChasedCase]]) -> None:
    """Files, ladders and facts take a statement for each table; only ladders that chase somebody are planned alone.

    Two processes that open the same ladder at once clash; the one that comes second takes its batch in event by event.
    """
    known = [change.after for change in changes]
    touched = [(one, one.after.ladders[cycle]) for one in changes for cycle in sorted(one.after.touched)]
    await batch.open_ladders(tx, [row for one, row in touched if row.cycle not in one.before.ladders])
    await batch.save_ladders(
        tx,
        [row for one, row in touched if row != one.before.ladders.get(row.cycle, row) and not _chases(one.after, row)],
    )
    await batch.save_files(
        tx, [one.after.file for one in changes if one.after.file and one.after.file != one.before.file]
    )
    await batch.note_breaches(
        tx,
        [(case.case_id, noted) for case in known for noted in case.breaches],
        [(case.case_id, noted) for case in known for noted in case.voided],
    )
    await batch.note_holds(tx, [(case.case_id, *marked) for case in known for marked in case.marks])
    for one, row in touched:
        if _chases(one.after, row):
            await _follow(tx, one, row)


def _chases(case: ChasedCase, row: Ladder) -> bool:
    """Whether the ladder follows from more than its own row: who is responsible now, and every breach and hold."""
    return row.has_breached or bool(row.last_rung) or row.cycle in case.replanned


async def _follow(tx: Tx, change: Change[ChasedCase], row: Ladder) -> None:
    case = change.after
    before = change.before.ladders.get(row.cycle, Ladder(row.case_id, row.cycle))
    tx.traceparent = case.traceparent
    await settle(tx, before, row, case.file or CaseFile(row.case_id), plan_again=row.cycle in case.replanned)
    for noted in case.voided:
        if before.last_rung and noted.cycle == row.cycle:
            reason = str(noted.values["void_reason"])
            await officer_messages.correct(tx, row.case_id, row.cycle, noted.breach_id, reason)
