"""The complainant's card and words: full readings are audited, corrections make versions, erasure leaves nothing."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.intake_service.domain.case import Case
from services.intake_service.domain.receipt import Person
from services.intake_service.store import cases, contacts, reads
from services.intake_service.store.rows import Found
from services.intake_service.use_cases import events
from services.intake_service.use_cases.changing import change, keep_words, lock, record, tell
from shared.contracts.intake import ContactCard
from shared.db import Tx

NOTES_SHOWN = 200


async def read_contact(tx: Tx, case_id: UUID, purpose: str) -> tuple[Found, Found]:
    """The case and its card, unmasked; who read it and what for is on record."""
    row = await reads.get(tx, tx.actor.scope, case_id=case_id)
    card = await contacts.get(tx, row.id)
    await tx.audit("contact.read", str(case_id), purpose=purpose, contact_version=card.version)
    return row, card


async def correct_contact(tx: Tx, case_id: UUID, version: int, person: Person) -> Case:
    _, after = await change(tx, case_id, version, lambda case: case.correct_contact())
    await contacts.replace(tx, case_id, person, version=after.contact_version)
    await tx.publish_card(case_id, after.contact_version)
    told = events.contact_changed(tx, after, person)
    return await tell(tx, after, "contact_corrected", told, contact_version=after.contact_version)


async def erase(tx: Tx, case_id: UUID, version: int | None) -> Case:
    """A tombstone follows the card to everybody who had it."""
    _, after = await change(tx, case_id, version, lambda case: case.erase())
    await contacts.erase(tx, case_id, version=after.contact_version)
    await tx.publish_card(case_id, after.contact_version)
    return await tell(tx, after, "contact_erased", events.contact_changed(tx, after, None))


async def read_notes(tx: Tx, case_id: UUID, purpose: str) -> Sequence[Found]:
    """What people said in the course of the case; audited like the card."""
    row = await reads.get(tx, tx.actor.scope, case_id=case_id)
    found = await contacts.list_notes(tx, row.id, limit=NOTES_SHOWN)
    await tx.audit("notes.read", str(case_id), purpose=purpose, count=len(found))
    return found


async def add_note(tx: Tx, case_id: UUID, words: str) -> Case:
    """A remark changes nothing about the case."""
    case = await lock(tx, case_id, None)
    await keep_words(tx, case, "remark", words)
    await record(tx, case, "note_added")
    return case


async def cards(tx: Tx, case_ids: Sequence[UUID]) -> Mapping[UUID, ContactCard | None]:
    """The cards as the relay sends them; None = a tombstone, because the card is erased or was never there."""
    found = await contacts.find_many(tx, case_ids)
    return {case_id: _card(found.get(case_id)) for case_id in case_ids}


def _card(row: Found | None) -> ContactCard | None:
    if row is None or row.erased_at is not None:
        return None
    sent = ("case_id", "version", "name", "phone", "line_id", "email", "language", "consent", "place", "meter", "text")
    return ContactCard(**{name: getattr(row, name) for name in sent})


async def erase_after_retention(tx: Tx, case_id: UUID) -> None:
    """What the retention job does with one case; skipped when somebody erased it in the meantime."""
    case = await cases.lock(tx, tx.actor.scope, case_id)
    if case.is_closed and not case.erased:
        await erase(tx, case_id, case.version)
