"""Readings, each within the actor's scope."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.intake_service.store import contacts, reads, reference, related
from services.intake_service.store.reads import After, Count, Wanted
from services.intake_service.store.rows import Found
from shared.db import Tx
from shared.kernel.access import EVERYTHING
from shared.kernel.errors import Invalid, NotFound
from shared.kernel.words import HEAD_OFFICE

__all__ = ["After", "Wanted"]
# Three letters or digits in a row: less has no trigram, and every card would have to be read.
_SPECIFIC = re.compile(r"[^\W_]{3}|[\u0e01-\u0e3a\u0e40-\u0e45\u0e50-\u0e59a-z0-9]{3}")


async def newest(tx: Tx, wanted: Wanted, after: After | None, limit: int) -> Sequence[Found]:
    return await tx.all(reads.newest(tx.actor.scope, wanted, after, limit))


async def overdue(tx: Tx, wanted: Wanted, after: After | None, limit: int) -> Sequence[Found]:
    return await tx.all(reads.overdue(tx.actor.scope, wanted, after, limit, now=tx.now))


async def named(tx: Tx, *, number: str | None, tracking_code: str | None) -> Sequence[Found]:
    """The case with this number or tracking code, or nothing."""
    return await tx.all(reads.named(tx.actor.scope, number=number, tracking_code=tracking_code))


async def matching(tx: Tx, words: str, after: After | None, limit: int) -> Sequence[Found]:
    """Search in personal data: that it was done is on record, what was looked for is not."""
    if not _SPECIFIC.search(reads.searchable(words)):
        raise Invalid("Search for at least three letters or digits in a row.", code="search_too_short")
    found = await tx.all(reads.matching(tx.actor.scope, words, after, limit))
    await tx.audit("cases.searched", "cases", found=len(found))
    return found


async def same(tx: Tx, case_id: UUID, after: After | None, limit: int) -> Sequence[Found]:
    """Other cases of the same person, place, meter or account, within the actor's scope; the comparison is audited."""
    row = await reads.get(tx, tx.actor.scope, case_id=case_id)
    statement = related.same(tx.actor.scope, row.id, await contacts.get(tx, row.id), after, limit)
    found = await tx.all(statement) if statement is not None else []
    await tx.audit("case.related_read", str(case_id), found=len(found))
    return found


async def incidents(tx: Tx, case_id: UUID, days: int, after: After | None, limit: int) -> Sequence[Found]:
    """Open incident reports of the last days at the office of a case (or at the one it is said to belong to)."""
    row = await reads.get(tx, tx.actor.scope, case_id=case_id)
    office = row.branch_hint if row.office == HEAD_OFFICE and row.branch_hint else row.office
    near = related.Near(row.id, office, tx.now - timedelta(days=days))
    return await tx.all(related.incidents(tx.actor.scope, near, after, limit))


async def get(tx: Tx, *, case_id: UUID | None = None, number: str | None = None) -> Found:
    return await reads.get(tx, tx.actor.scope, case_id=case_id, number=number)


async def changed(tx: Tx, case_id: UUID) -> Found:
    """A case that the actor has just changed, though it may have gone to somebody else by that."""
    return await reads.get(tx, EVERYTHING, case_id=case_id)


async def cycles(tx: Tx, case_id: UUID) -> Sequence[Found]:
    """The cycles of a case that the actor has read."""
    return await reads.cycles(tx, case_id)


async def timeline(tx: Tx, case_id: UUID, *, after: int, limit: int) -> Sequence[Found]:
    row = await reads.get(tx, tx.actor.scope, case_id=case_id)
    return await reads.entries(tx, row.id, after=after, limit=limit)


async def track(tx: Tx, code: str | None) -> Found:
    """For the complainant, who has nothing but the code."""
    row = await reads.track(tx, code) if code else None
    if row is None:
        raise NotFound("There is no case with this tracking code.")
    return row


async def counts(tx: Tx, day: date, office: str | None, region: int | None) -> tuple[Sequence[Found], Sequence[Found]]:
    """A day's board: as recorded at receipt, and as classified now."""
    asked = [Count(day, recorded, office, region) for recorded in (True, False)]
    return await reads.counts(tx, tx.actor.scope, asked[0]), await reads.counts(tx, tx.actor.scope, asked[1])


async def reopen_requests(tx: Tx, state: str, after: After | None, limit: int) -> Sequence[Found]:
    return await reference.list_reopen_requests(tx, tx.actor.scope, state=state, after=after, limit=limit)


async def subjects(tx: Tx) -> Sequence[Any]:
    return list((await reference.subjects_in_force(tx)).values())
