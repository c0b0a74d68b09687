"""What happened in one region on one day, in numbers (process step 8)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from services.reporting_service.domain.case import Call, CaseRecord, Cycle
from services.reporting_service.domain.entries import Entry

AGES = ((1, "under_1_day"), (3, "1_to_3_days"), (7, "3_to_7_days"), (30, "7_to_30_days"))
OLDEST = "over_30_days"
FLOWS = (
    "received", "answered_at_once", "cancelled", "resolved", "resolved_within_sla", "resolved_not_repaired", "reopened",
)  # fmt: skip
OPEN = (
    "open", "open_awaiting_information", "open_within_sla", "open_over_sla", "open_without_clock", "open_restricted",
)  # fmt: skip
CALLS = ("opened", "asked", "reached", "answered", "no_phone", "satisfied")


def age_band(age: timedelta) -> str:
    return next((name for days, name in AGES if age < timedelta(days=days)), OLDEST)


@dataclass
class Done:
    """The entries of one day, or of the days before it."""

    plain: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    channels: Counter[str] = field(default_factory=Counter)
    rungs: Counter[int] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)

    def add(self, case: CaseRecord, entry: Entry) -> None:
        cycle = next((each for each in case.cycles if each.number == entry.cycle), Cycle(entry.cycle))
        call = cycle.call("satisfaction") or Call("satisfaction")
        match entry.what:
            case "received":
                self._add_received(case)
            case "answered":
                self.plain["answered_at_once"] += 1
            case "cancelled" | "reopened":
                self.plain[entry.what] += 1
            case "resolved":
                self._add_resolved(cycle)
            case "rung":
                self.rungs[entry.part] += 1
            case _:
                self._add_call(call, entry.what)

    def _add_received(self, case: CaseRecord) -> None:
        self.plain["received"] += 1
        self.kinds[case.kind] += 1
        self.channels[case.channel or "unknown"] += 1

    def _add_resolved(self, cycle: Cycle) -> None:
        self.plain["resolved"] += 1
        self.plain["resolved_within_sla"] += cycle.on_time
        self.plain["resolved_not_repaired"] += cycle.repaired is False

    def _add_call(self, call: Call, what: str) -> None:
        if what == "call_opened":
            self.calls["opened"] += 1
        elif what == "call_answered":
            self.calls["answered"] += 1
            self.calls["satisfied"] += bool(call.answers and call.answers.satisfied)
        elif what == "call_closed":
            self.calls["asked"] += 1
            self.calls["reached"] += call.reached
            self.calls["no_phone"] += call.no_phone


@dataclass
class DaySummary:
    """Tallies of one region over one Bangkok day [since, until); open figures are those of its end."""

    since: datetime
    until: datetime
    today: Done = field(default_factory=Done)
    late: Done = field(default_factory=Done)
    standing: Counter[str] = field(default_factory=Counter)
    ageing: Counter[str] = field(default_factory=Counter)
    escalations_standing: Counter[int] = field(default_factory=Counter)

    def count(self, case: CaseRecord, entries: Iterable[Entry]) -> None:
        """Entries that this pack counts: what happened on its day, and what came too late for the packs before."""
        for entry in entries:
            (self.today if entry.happened_at >= self.since else self.late).add(case, entry)

    def stand(self, case: CaseRecord) -> None:
        """How the case stood at the end of the day."""
        if case.number is None or case.received_at is None:
            return
        for cycle in case.cycles:
            call = cycle.call("satisfaction")
            self.standing["waiting"] += call is not None and self._waits(call)
        if case.is_open_at(self.until):
            self._add_open(case, self.until - case.received_at)

    def _waits(self, call: Any) -> bool:
        opened, closed = call.opened_at, call.closed_at
        return opened is not None and opened < self.until and (closed is None or closed >= self.until)

    def _add_open(self, case: CaseRecord, age: timedelta) -> None:
        cycle = case.cycle_at(self.until)
        self.standing["open"] += 1
        self.standing["open_restricted"] += case.restricted
        self.ageing[age_band(age)] += 1
        if cycle.deadline is None:
            waits = case.state == "awaiting_information"
            self.standing["open_awaiting_information" if waits else "open_without_clock"] += 1
        else:
            self.standing["open_over_sla" if case.is_over_at(self.until) else "open_within_sla"] += 1
        fired = [rung.rung for rung in cycle.rungs if rung.fired_at < self.until]
        if fired:
            self.escalations_standing[max(fired)] += 1

    def figures(self) -> dict[str, Any]:
        """The numbers as JSON; every group carries all its names, so that regions compare line by line."""
        ages = [name for _, name in AGES] + [OLDEST]
        return {
            **{name: self.today.plain[name] for name in FLOWS},
            **{name: self.standing[name] for name in OPEN},
            "received_by_kind": dict(sorted(self.today.kinds.items())),
            "received_by_channel": dict(sorted(self.today.channels.items())),
            "ageing": {name: self.ageing[name] for name in ages},
            "escalations_fired": {str(n): self.today.rungs[n] for n in (1, 2, 3)},
            "escalations_standing": {str(n): self.escalations_standing[n] for n in (1, 2, 3)},
            "satisfaction": {**{name: self.today.calls[name] for name in CALLS}, "waiting": self.standing["waiting"]},
            "late_entries": self._late(),
        }

    def _late(self) -> dict[str, int]:
        calls = {name: self.late.calls[name] for name in CALLS}
        return {**{name: self.late.plain[name] for name in FLOWS}, "escalations": self.late.rungs.total(), **calls}


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
