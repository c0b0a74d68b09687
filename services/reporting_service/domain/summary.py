"""What happened in one region on one day, in numbers (process step 8)."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.reporting_service.domain.case import CaseRecord

AGES = ((1, "under_1_day"), (3, "1_to_3_days"), (7, "3_to_7_days"), (30, "7_to_30_days"))
OLDEST = "over_30_days"


def age_band(age: timedelta) -> str:
    return next((name for days, name in AGES if age < timedelta(days=days)), OLDEST)


@dataclass
class DaySummary:
    """Tallies of one region over one Bangkok day [since, until); open figures are those of its end."""

    since: datetime
    until: datetime
    received: int = 0
    received_by_kind: Counter[str] = field(default_factory=Counter)
    received_by_channel: Counter[str] = field(default_factory=Counter)
    answered_at_once: int = 0
    cancelled: int = 0
    resolved: int = 0
    resolved_within_sla: int = 0
    resolved_not_repaired: int = 0
    reopened: int = 0
    open: int = 0
    open_awaiting_information: int = 0
    open_within_sla: int = 0
    open_over_sla: int = 0
    open_without_clock: int = 0
    open_restricted: int = 0
    ageing: Counter[str] = field(default_factory=Counter)
    escalations_fired: Counter[int] = field(default_factory=Counter)
    escalations_standing: Counter[int] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)

    def _today(self, at: datetime | None) -> bool:
        return at is not None and self.since <= at < self.until

    def add(self, case: CaseRecord) -> None:
        if case.number is None or case.received_at is None:
            return
        if self._today(case.received_at):
            self.received += 1
            self.received_by_kind[case.kind] += 1
            self.received_by_channel[case.channel or "unknown"] += 1
        if self._today(case.closed_at):
            self.answered_at_once += case.state == "answered"
            self.cancelled += case.state == "cancelled"
        self._add_cycles(case)
        if case.is_open_at(self.until):
            self._add_open(case, self.until - case.received_at)

    def _add_cycles(self, case: CaseRecord) -> None:
        for cycle in case.cycles:
            self.reopened += self._today(cycle.reopened_at)
            if self._today(cycle.resolved_at):
                self.resolved += 1
                self.resolved_within_sla += cycle.on_time
                self.resolved_not_repaired += cycle.repaired is False
            for rung in cycle.rungs:
                self.escalations_fired[rung.rung] += self._today(rung.fired_at)
            self._add_calls(cycle.call("satisfaction"))

    def _add_calls(self, call: Any) -> None:
        if call is None:
            return
        self.calls["opened"] += self._today(call.opened_at)
        if self._today(call.closed_at):
            self.calls["asked"] += 1
            self.calls["reached"] += call.reached
            self.calls["answered"] += call.answers is not None
            self.calls["no_phone"] += call.no_phone
            self.calls["satisfied"] += bool(call.answers and call.answers.satisfied)
        self.calls["waiting"] += self._waits(call)

    def _waits(self, call: Any) -> bool:
        opened, closed = call.opened_at, call.closed_at
        return opened is not None and opened < self.until and (closed is None or closed >= self.until)

    def _add_open(self, case: CaseRecord, age: timedelta) -> None:
        cycle = case.cycle_at(self.until)
        self.open += 1
        self.open_restricted += case.restricted
        self.ageing[age_band(age)] += 1
        if case.state == "awaiting_information" and cycle.deadline is None:
            self.open_awaiting_information += 1
        elif cycle.deadline is None:
            self.open_without_clock += 1
        elif case.is_over_at(self.until):
            self.open_over_sla += 1
        else:
            self.open_within_sla += 1
        fired = [rung.rung for rung in cycle.rungs if rung.fired_at < self.until]
        if fired:
            self.escalations_standing[max(fired)] += 1

    def figures(self) -> dict[str, Any]:
        """The numbers as JSON; every group carries all its names, so that regions compare line by line."""
        asked = ("opened", "asked", "reached", "answered", "no_phone", "satisfied", "waiting")
        ages = [name for _, name in AGES] + [OLDEST]
        plain = {
            name: value for name, value in vars(self).items() if isinstance(value, int) and not isinstance(value, bool)
        }
        return plain | {
            "received_by_kind": dict(sorted(self.received_by_kind.items())),
            "received_by_channel": dict(sorted(self.received_by_channel.items())),
            "ageing": {name: self.ageing[name] for name in ages},
            "escalations_fired": {str(n): self.escalations_fired[n] for n in (1, 2, 3)},
            "escalations_standing": {str(n): self.escalations_standing[n] for n in (1, 2, 3)},
            "satisfaction": {name: self.calls[name] for name in asked},
        }


def case_line(case: CaseRecord, at: datetime) -> dict[str, Any]:
    """One case in the pack's list: numbers and codes only."""
    cycle = case.cycle_at(at)
    fired = [rung.rung for rung in cycle.rungs if rung.fired_at < at]
    resolved = cycle.resolved_at if cycle.resolved_at and cycle.resolved_at < at else None
    return {
        "number": case.number,
        "office": case.office,
        "kind": case.kind,
        "subject": case.subject,
        "severity": case.severity,
        "channel": case.channel,
        "cycle": cycle.number,
        "received_at": case.received_at,
        "due_at": cycle.deadline,
        "resolved_at": resolved,
        "over_sla": case.is_over_at(at) or (resolved is not None and not cycle.on_time and cycle.deadline is not None),
        "rung": max(fired, default=0),
        "told": cycle.told_at is not None and cycle.told_at < at,
    }
