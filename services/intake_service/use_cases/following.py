"""What comes in again about a case that is known: a channel's repetition, or the complainant chasing (process.md)."""

from uuid import UUID

from services.intake_service.domain.case import Case
from services.intake_service.domain.receipt import Receipt
from services.intake_service.store import cases, contacts
from services.intake_service.use_cases.changing import keep_words, record, tell
from services.intake_service.use_cases.events import stamp
from shared.contracts.intake import FollowUpAttached
from shared.db import Tx
from shared.kernel.access import EVERYTHING


async def attach(tx: Tx, case_id: UUID, receipt: Receipt) -> Case:
    """A follow-up raises the urgency; its words and its sender go to the notes, its reference to the timeline."""
    case = (await cases.lock(tx, EVERYTHING, case_id)).follow_up()
    await cases.save(tx, case)
    await keep_words(tx, case, "follow_up", _words(receipt))
    event = FollowUpAttached(**stamp(case), severity=str(case.severity), follow_ups=case.follow_ups, attached_at=tx.now)
    facts = {"channel": str(receipt.channel), "severity": str(case.severity), "follow_ups": case.follow_ups}
    if receipt.origin is not None:
        await cases.keep_follow_up(tx, case_id, receipt.origin)
        facts |= {"origin": receipt.origin.agency, "origin_reference": receipt.origin.reference}
    return await tell(tx, case, "followed_up", event, **facts)


async def repeat_follow_up(tx: Tx, case_id: UUID) -> Case:
    """The same follow-up again: it was attached, and raises nothing a second time."""
    return await cases.lock(tx, EVERYTHING, case_id)


async def repeat(tx: Tx, case_id: UUID, receipt: Receipt) -> Case:
    """The same reference again: nothing is overwritten; what differs is noted (names in the timeline, words apart)."""
    case = await cases.lock(tx, EVERYTHING, case_id)
    card = await contacts.get(tx, case_id)
    differs = [] if case.erased else _differences(case, receipt, contacts.person_of(card), card.text)
    if differs:
        if receipt.text != card.text:
            await contacts.add_note(tx, case_id, "repeated", _words(receipt))
        await record(tx, case, "repeated", channel=str(receipt.channel), differs=differs)
    return case


def _differences(case: Case, receipt: Receipt, person: object, words: str) -> list[str]:
    origin = receipt.origin
    pairs = {
        "channel": (case.channel, receipt.channel),
        "received_at": (case.received_at, receipt.received_at),
        "receiving_office": (case.receiving_office, receipt.receiving_office),
        "origin_due_at": (case.origin_due_at, origin.due_at if origin else None),
        "contact": (person, receipt.person),
        "text": (words, receipt.text),
    }
    return [name for name, (kept, came) in pairs.items() if kept != came]


def _words(receipt: Receipt) -> str:
    person = receipt.person
    parts = (person.name, person.phone, person.line_id, person.email, person.place)
    sender = " · ".join(part for part in parts if part)
    return f"{receipt.text}\n({sender})" if sender else receipt.text
