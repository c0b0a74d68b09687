"""The frame of every change to a case: lock, compare versions, decide, save; then tell it everywhere it belongs."""

from collections.abc import Callable
from uuid import UUID

from services.intake_service.domain.case import Case
from services.intake_service.store import cases, contacts
from shared.contracts.base import Event
from shared.db import Tx
from shared.kernel.errors import Conflict, Stale

Decision = Callable[[Case], Case]


async def lock(tx: Tx, case_id: UUID, version: int | None) -> Case:
    """The case as the actor may see it, locked; Stale when somebody changed it since the actor looked."""
    case = await cases.lock(tx, tx.actor.scope, case_id)
    if version is not None and case.version != version:
        raise Stale("The case has changed since you read it.", current_version=case.version)
    return case


async def change(tx: Tx, case_id: UUID, version: int | None, decide: Decision) -> tuple[Case, Case]:
    """The case before and after; `decide` runs under the lock, when `tx.now` is fresh."""
    before = await lock(tx, case_id, version)
    after = decide(before)
    await cases.save(tx, after)
    return before, after


async def keep_words(tx: Tx, case: Case, about: str, words: str) -> None:
    """What somebody said goes to the notes; never to those of a case whose personal data was erased."""
    if case.erased:
        raise Conflict("The personal data of this case was erased: no words are kept with it.", code="erased")
    await contacts.add_note(tx, case.id, about, words)


async def keep_words_unless_erased(tx: Tx, case: Case, about: str, words: str) -> None:
    """What a step cannot be taken without: the step is taken, but an erased case keeps nothing of what was said."""
    if not case.erased:
        await contacts.add_note(tx, case.id, about, words)


async def record(tx: Tx, case: Case, entry: str, **facts: object) -> None:
    """An entry in the timeline and an audit row for what was done."""
    await cases.enter(tx, case.id, entry, **facts)
    await tx.audit(f"case.{entry}", str(case.id), version=case.version)


async def tell(tx: Tx, case: Case, entry: str, event: Event, **facts: object) -> Case:
    """Record what was done and publish it; gives the case back."""
    await record(tx, case, entry, **facts)
    await tx.publish(event)
    return case
