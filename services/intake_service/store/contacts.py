"""Contact cards and notes: the only statements that touch personal data."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, select, update

from services.intake_service.domain.receipt import Person
from services.intake_service.store.tables import contacts, notes
from shared.db import Tx

_NOTHING: Mapping[str, object] = dict.fromkeys(
    ("name", "phone", "line_id", "email", "consent", "place", "meter", "account")
)


async def get(tx: Tx, case_id: UUID) -> Row[Any]:
    """The card of a case that the caller has read or locked within the reader's scope."""
    return (await tx.execute(select(contacts).where(contacts.c.case_id == case_id))).one()


async def find_many(tx: Tx, case_ids: Collection[UUID]) -> Mapping[UUID, Row[Any]]:
    """Cards for the relay, which sends them when it is their turn."""
    rows = await tx.all(select(contacts).where(contacts.c.case_id.in_(case_ids)))
    return {row.case_id: row for row in rows}


def person_of(row: Row[Any]) -> Person:
    names = ("name", "phone", "line_id", "email", "language", "consent", "place", "meter", "account")
    return Person(**{name: getattr(row, name) for name in names})


async def replace(tx: Tx, case_id: UUID, person: Person, *, version: int) -> None:
    """Put a corrected card in place; the complainant's words stay as they were received."""
    await tx.execute(update(contacts).where(contacts.c.case_id == case_id).values(version=version, **asdict(person)))


async def erase(tx: Tx, case_id: UUID, *, version: int) -> None:
    """Empty the card and delete every note: nothing personal of the case is left."""
    emptied = {**_NOTHING, "text": "", "version": version, "erased_at": tx.now}
    await tx.execute(update(contacts).where(contacts.c.case_id == case_id).values(emptied))
    await tx.execute(delete(notes).where(notes.c.case_id == case_id))


async def add_note(tx: Tx, case_id: UUID, about: str, words: str) -> None:
    await tx.execute(insert(notes).values(case_id=case_id, at=tx.now, author=tx.actor.id, about=about, text=words))


async def list_notes(tx: Tx, case_id: UUID, *, limit: int) -> list[Row[Any]]:
    """The newest notes of a case, oldest first."""
    newest = select(notes).where(notes.c.case_id == case_id).order_by(notes.c.id.desc()).limit(limit)
    return list(reversed(await tx.all(newest)))
