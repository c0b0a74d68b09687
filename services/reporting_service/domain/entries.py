"""What a daily pack counts as work of a day: the entries of a case, each counted in exactly one pack (ADR 0063)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from services.reporting_service.domain.case import CaseRecord, Cycle

RECEIVED, ANSWERED, CANCELLED, RESOLVED, REOPENED = "received", "answered", "cancelled", "resolved", "reopened"
RUNG, CALL_OPENED, CALL_ANSWERED, CALL_CLOSED = "rung", "call_opened", "call_answered", "call_closed"
SATISFACTION = "satisfaction"


@dataclass(frozen=True, order=True)
class Entry:
    """Something that happened once to a case; `part` tells rungs of one cycle apart and is 0 for everything else."""

    what: str
    cycle: int
    part: int
    happened_at: datetime


def entries(case: CaseRecord) -> frozenset[Entry]:
    """Everything countable that is known of a case; nothing before its registration has arrived."""
    if case.number is None or case.received_at is None:
        return frozenset()
    found = [Entry(RECEIVED, 1, 0, case.received_at)]
    if case.state in {ANSWERED, CANCELLED} and case.closed_at is not None:
        found.append(Entry(case.state, case.last.number, 0, case.closed_at))
    for cycle in case.cycles:
        found += _of_cycle(cycle)
    return frozenset(found)


def _of_cycle(cycle: Cycle) -> Iterator[Entry]:
    call = cycle.call(SATISFACTION)
    instants = {REOPENED: cycle.reopened_at, RESOLVED: cycle.resolved_at}
    if call is not None:
        answered_at = call.answers.answered_at if call.answers else None
        instants |= {CALL_OPENED: call.opened_at, CALL_ANSWERED: answered_at, CALL_CLOSED: call.closed_at}
    for what, at in instants.items():
        if at is not None:
            yield Entry(what, cycle.number, 0, at)
    for rung in cycle.rungs:
        yield Entry(RUNG, cycle.number, rung.rung, rung.fired_at)
