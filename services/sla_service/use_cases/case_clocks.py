"""A case locked for a person's change of its clocks, with what they are now."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.domain.changes import Key
from services.sla_service.domain.evaluate import Clock, evaluate
from services.sla_service.domain.facts import CaseFacts
from services.sla_service.store import cases, ledger, reads
from services.sla_service.store.book import read_book
from services.sla_service.use_cases.news import FIRE_NOTHING
from services.sla_service.use_cases.settling import Occasion, settle
from services.sla_service.use_cases.telling import recomputed_event
from shared.db import Tx
from shared.kernel.errors import Conflict, NotFound


@dataclass(frozen=True)
class Locked:
    """The case file, its facts and its clocks, all under the lock."""

    file: CaseFile
    facts: CaseFacts
    clocks: tuple[Clock, ...]

    def clock(self, metric: str, cycle: int) -> Clock:
        """The clock of a metric; refused where the policy sets no target for it."""
        found = next((one for one in self.clocks if (one.metric, one.cycle) == (metric, cycle)), None)
        if found is None:
            raise Conflict("This case has no such clock.", code="no_clock")
        return found

    @property
    def deadlines(self) -> dict[Key, datetime | None]:
        return {(one.metric, one.cycle): one.due_at for one in self.clocks}


async def lock(tx: Tx, case_id: UUID) -> Locked:
    """Raises NotFound for a case that the actor may not see."""
    if await reads.find_case(tx, tx.actor.scope, case_id) is None:
        raise NotFound("There is no such case.")
    file = await cases.lock(tx, case_id)
    facts = (await ledger.read(tx, [file]))[case_id]
    return Locked(file, facts, evaluate(await read_book(tx), facts, tx.now))


async def settle_again(tx: Tx, before: Locked, *, why: str | None, cause: str = "correction") -> tuple[Clock, ...]:
    """The clocks after the change. With `why` it was made after the fact: each deadline that moved is told so."""
    [(file, decision)] = await settle(tx, [before.file], Occasion(FIRE_NOTHING, cause=cause, why=why))
    if why is not None:
        for clock in decision.clocks:
            key = (clock.metric, clock.cycle)
            previous = before.deadlines.get(key)
            if previous != clock.due_at:
                await tx.publish(recomputed_event(file, clock, previous, why, tx.now))
    return decision.clocks
