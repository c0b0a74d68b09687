"""Volumes counted record by record, in plain Python: what the aggregates of the store must come to."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from services.reporting_service.domain.case import CaseRecord
from services.reporting_service.domain.indicators import Period
from services.reporting_service.domain.statistics import rate_per_1000
from shared.kernel.fiscal import bangkok_date
from tests.reporting.recount_indicators import holds

TOP_CAUSES = 10


@dataclass
class Volume:
    """Tallies of one period; cases are added one by one."""

    period: Period
    received: Counter[str] = field(default_factory=Counter)
    complaints_by: dict[str, Counter[str]] = field(default_factory=dict)
    complaints_by_office: Counter[str] = field(default_factory=Counter)
    complaints_by_region: Counter[int | None] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    rungs: Counter[int] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    open_at_end: Counter[str] = field(default_factory=Counter)
    over_at_end: Counter[str] = field(default_factory=Counter)

    def add(self, case: CaseRecord) -> None:
        if case.number is None or case.received_at is None:
            return
        if holds(self.period, case.received_at):
            self._add_received(case, bangkok_date(case.received_at).strftime("%Y-%m"))
        self._add_work(case)
        if case.is_open_at(self.period.end):
            self.open_at_end[case.kind] += 1
            self.over_at_end[case.kind] += case.is_over_at(self.period.end)

    def _add_received(self, case: CaseRecord, month: str) -> None:
        self.received[case.kind] += 1
        if case.kind != "complaint":
            return
        self.complaints_by_office[case.office] += 1
        self.complaints_by_region[case.region] += 1
        values = {"channel": case.channel, "dimension": case.dimension, "subject": case.subject, "month": month}
        for name, value in values.items():
            self.complaints_by.setdefault(name, Counter())[value or "unknown"] += 1

    def _add_work(self, case: CaseRecord) -> None:
        for cycle in case.cycles:
            self.ended["reopened"] += holds(self.period, cycle.reopened_at)
            if holds(self.period, cycle.resolved_at):
                self.ended["resolved"] += 1
                self.ended["not_repaired"] += cycle.repaired is False
                if cycle.cause and not case.restricted:
                    self.causes[cycle.cause] += 1
            for rung in cycle.rungs:
                self.rungs[rung.rung] += holds(self.period, rung.fired_at)
        if holds(self.period, case.closed_at) and case.state in {"answered", "cancelled"}:
            self.ended[case.state] += 1

    def figures(self, customers: dict[int, int]) -> dict[str, Any]:
        """As JSON; `customers` by region gives the weighted rates."""
        by_region = [
            {
                "region": region,
                "complaints": self.complaints_by_region[region],
                "customers": count,
                "per_1000_customers": rate_per_1000([(self.complaints_by_region[region], count)]),
            }
            for region, count in sorted(customers.items())
        ]
        pairs = [(self.complaints_by_region[region], count) for region, count in customers.items()]
        return {
            "received_by_kind": dict(sorted(self.received.items())),
            "complaints": self.received["complaint"],
            "complaints_by": {
                name: dict(sorted(counts.items())) for name, counts in sorted(self.complaints_by.items())
            },
            "complaints_by_region": by_region,
            "complaints_at_head_office": self.complaints_by_region[None],
            "per_1000_customers": rate_per_1000(pairs),
            "ended": {
                name: self.ended[name] for name in ("resolved", "not_repaired", "reopened", "answered", "cancelled")
            },
            "open_at_end": dict(sorted(self.open_at_end.items())),
            "over_sla_at_end": dict(sorted(self.over_at_end.items())),
            "escalations": {str(n): self.rungs[n] for n in (1, 2, 3)},
            "top_causes": [{"cause": c, "cases": n} for c, n in sorted(self.causes.items(), key=_most)[:TOP_CAUSES]],
        }


def _most(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]
