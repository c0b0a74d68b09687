"""Keeps what other services tell of a case, for everybody who looks at it here."""

from datetime import datetime
from uuid import UUID

from services.intake_service.store import cases, facts, reference
from shared.contracts.base import CaseEvent
from shared.contracts.survey import ReopenRequested
from shared.db import Tx

CLOCK_SHOWN = "resolve"


async def note_newest(tx: Tx, event: CaseEvent, by: str, **values: object) -> None:
    """Facts of which the newest counts, whatever order they come in."""
    await facts.put_newest(tx, event.case_id, event.cycle, by=by, **values)


async def note_first(tx: Tx, event: CaseEvent, name: str, at: datetime, **values: object) -> None:
    """Facts of which the earliest counts."""
    await facts.put_first(tx, event.case_id, event.cycle, when={name: at}, **values)


async def enter(tx: Tx, case_id: UUID, entry: str, **told: object) -> None:
    """A line in the case's timeline about something that happened elsewhere."""
    await cases.enter(tx, case_id, entry, **told)


async def note_reopen_request(tx: Tx, event: ReopenRequested) -> None:
    values = {"id": event.request_id, "case_id": event.case_id, "cycle": event.cycle, "reason": event.reason}
    await reference.add_reopen_request(tx, {**values, "requested_at": event.requested_at})
    await cases.enter(tx, event.case_id, "reopening_requested", reason=event.reason, cycle=event.cycle)
