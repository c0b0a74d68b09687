"""Whether a case was on time, as the published figures judge it (ADR 0052)."""

from datetime import datetime

from services.reporting_service.domain.case import CaseRecord

NOT_FIXED = frozenset({"not_fixed", "dissatisfied"})


def is_on_time(case: CaseRecord) -> bool:
    """Headline O1 (sla.md, semantics 6): closing early and reopening can only lose."""
    if not case.first.on_time:
        return False
    if len(case.cycles) == 1:
        return True
    if any(cycle.reopen_reason in NOT_FIXED for cycle in case.cycles[1:]):
        deadline, resolved = case.whole_deadline, case.last.resolved_at
        return deadline is not None and resolved is not None and resolved <= deadline
    return all(cycle.breach is None and (cycle.resolved_at is None or cycle.on_time) for cycle in case.cycles[1:])


def ended_before(case: CaseRecord, deadline: datetime | None) -> bool:
    """Cancelled before it was due: neither kept nor missed. What was late already stays a failure."""
    if case.state != "cancelled" or any(cycle.breach for cycle in case.cycles):
        return False
    return deadline is None or case.closed_at is None or case.closed_at <= deadline
