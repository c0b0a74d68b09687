"""How many cases came, ended and stayed in a period, by everything a committee asks for (process step 9)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.reporting_service.domain.statistics import rate_per_1000


@dataclass
class Volume:
    """What the figures of one period are told from; causes in their order, the most frequent first."""

    received: Counter[str] = field(default_factory=Counter)
    complaints_by: dict[str, Counter[str]] = field(default_factory=dict)
    complaints_by_region: Counter[int | None] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    rungs: Counter[int] = field(default_factory=Counter)
    open_at_end: Counter[str] = field(default_factory=Counter)
    over_at_end: Counter[str] = field(default_factory=Counter)
    top_causes: Sequence[tuple[str, int]] = ()

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
            "top_causes": [{"cause": cause, "cases": count} for cause, count in self.top_causes],
        }
