"""What officers answer beside an acknowledgement: a promised date, handing over, taking over; many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.escalation_service.store import answers
from services.escalation_service.store.answers import Filters
from services.escalation_service.use_cases import officer_messages
from services.escalation_service.use_cases.follow_ups import (
    Acknowledgement,
    OpenRung,
    acknowledge,
    answer_row,
    answerable,
    check_promise,
    note_acknowledgement,
    open_rung,
    scope_of,
)  # fmt: skip
from services.escalation_service.use_cases.planning import settle
from shared.contracts.escalation import DatePromised, RungHandedOver
from shared.db import Row, Tx
from shared.kernel.errors import Conflict, Invalid, Refusal
from shared.kernel.ids import uuid7


@dataclass(frozen=True)
class Answered:
    """What became of one acknowledgement of several: `result` is acknowledged or the code of a refusal."""

    case_id: UUID
    rung: int
    result: str
    deferred_until: datetime | None = None


async def promise(tx: Tx, case_id: UUID, rung: int, promised_at: datetime, note: str | None) -> None:
    """The officer says by when the case will be done; earlier promises stay in the log."""
    found = await answerable(tx, case_id, rung)
    check_promise(promised_at, tx.now)
    await answers.promise(tx, found.row.rung_id, promised_at)
    await answers.add(tx, answer_row(tx, found.row, "promise") | {"promised_at": promised_at, "note": note})
    await settle(tx, found.ladder, found.ladder.promise(promised_at), found.file)
    about = _case(found) | {"promised_by": tx.actor.id, "promised_at": promised_at, "said_at": tx.now}
    await tx.publish(DatePromised.model_validate(about))
    await tx.audit("promise", str(case_id), rung=rung, cycle=found.ladder.cycle)


async def hand_over(tx: Tx, case_id: UUID, rung: int, to_code: str, reason: str) -> str:
    """Put another officer in charge of the rung and tell them; their name."""
    found = await answerable(tx, case_id, rung)
    officer = await answers.officer(tx, to_code)
    if officer is None:
        raise Invalid("No officer has this staff code.", code="unknown_officer")
    if (found.row.in_charge or found.row.officer_code) == to_code:
        raise Conflict("This officer is in charge already.", code="already_in_charge")
    handed = await _hand(tx, found, (to_code, officer.name), "hand_over", reason)
    await officer_messages.put_in_charge(tx, found.row, handed, (to_code, officer.name))
    return str(officer.name)


async def take_over(tx: Tx, case_id: UUID, rung: int, reason: str) -> None:
    """Whoever says so answers for the rung from now on; that is an acknowledgement too, which puts nothing off."""
    found = await open_rung(tx, case_id, rung)
    if found.row.in_charge == tx.actor.id:
        raise Conflict("You are in charge already.", code="already_in_charge")
    officer = await answers.officer(tx, tx.actor.id)
    await _hand(tx, found, (tx.actor.id, officer.name if officer else None), "take_over", reason)
    if found.row.acknowledged_at is None:
        await note_acknowledgement(tx, found, Acknowledgement(note=reason), None)


async def _hand(tx: Tx, found: OpenRung, to: tuple[str, str | None], kind: str, reason: str) -> UUID:
    """Record who is in charge now, and tell; the entry's number in the log."""
    row = found.row
    before = row.in_charge or row.officer_code
    entry = answer_row(tx, row, kind) | {"answer_id": (handed := uuid7(tx.now)), "note": reason}
    await answers.put_in_charge(tx, row.rung_id, *to)
    await answers.add(tx, entry | {"from_code": before, "to_code": to[0], "to_name": to[1]})
    about = {
        "handed_from": before, "handed_to": to[0], "taken": kind == "take_over", "handed_by": tx.actor.id,
        "handed_at": tx.now,
    }  # fmt: skip
    await tx.publish(RungHandedOver.model_validate(_case(found) | about))
    await tx.audit(kind, str(row.case_id), rung=row.rung, cycle=row.cycle, to=to[0])
    return handed


def _case(found: OpenRung) -> dict[str, object]:
    file = found.file
    return {
        "case_id": file.case_id, "office": file.office, "region": file.region, "kind": file.kind,
        "restricted": file.restricted, "cycle": found.ladder.cycle, "rung": found.row.rung,
    }  # fmt: skip


async def acknowledge_all(
    tx: Tx, items: Sequence[tuple[UUID, int]], said: Acknowledgement
) -> Mapping[tuple[UUID, int], Answered]:
    """Acknowledge several rungs in one transaction; a refusal stops nobody else's. Always in the order of the cases."""
    results = {}
    for case_id, rung in sorted(set(items)):
        try:
            async with tx.savepoint():
                until = await acknowledge(tx, case_id, rung, said)
            results[case_id, rung] = Answered(case_id, rung, "acknowledged", until)
        except Refusal as refusal:
            results[case_id, rung] = Answered(case_id, rung, refusal.reason_code)
    return results


async def unanswered(tx: Tx, wanted: Filters, *, after: tuple[datetime, UUID] | None, most: int) -> Sequence[Row[Any]]:
    """Fired rungs that nobody has acknowledged, the oldest first."""
    return await answers.unanswered(tx, await scope_of(tx), wanted, after=after, most=most)
