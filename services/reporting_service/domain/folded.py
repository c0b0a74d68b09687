"""A case as folded so far: its record, and what must be remembered to take the next fact without those before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.reporting_service.domain.case import Call, CaseRecord, Cycle

INTAKE = "pwa.intake.v1"


@dataclass(frozen=True)
class Folded:
    """`heard` has the highest number taken in of each topic; facts of different topics change different things."""

    case: CaseRecord
    heard: Mapping[str, int] = field(default_factory=dict)
    before_waiting: str = "received"  # the state to which the case goes back when it has waited for the complainant

    def can_take(self, facts: Iterable[tuple[str | None, int]]) -> bool:
        """Whether facts (topic, number) can be added in this order; no: one of them belongs before others."""
        heard = dict(self.heard)
        for topic, seq in facts:
            if topic is None or seq <= heard.get(topic, 0):
                return False
            heard[topic] = seq
        return True

    def speaks(self, topic: str) -> bool:
        """Whether a topic's newest word on office and kind counts: others' only while intake is silent."""
        return topic == INTAKE or (INTAKE not in self.heard and topic >= max(self.heard, default=""))

    def noted(self, topic: str, seq: int, recorded_at: datetime) -> "Folded":
        """One fact more."""
        first, newest = self.case.first_recorded_at, self.case.changed_at
        folded = self.about(
            first_recorded_at=min(first, recorded_at) if first else recorded_at,
            changed_at=max(newest, recorded_at) if newest else recorded_at,
            facts=self.case.facts + 1,
        )
        return replace(folded, heard={**self.heard, topic: max(seq, self.heard.get(topic, 0))})

    def about(self, **changes: Any) -> "Folded":
        """With other values of the case itself."""
        return replace(self, case=replace(self.case, **changes))

    def cycle(self, number: int) -> Cycle:
        return next((cycle for cycle in self.case.cycles if cycle.number == number), Cycle(number))

    def in_cycle(self, number: int, **changes: Any) -> "Folded":
        """With other values of one cycle."""
        changed = replace(self.cycle(number), **changes)
        others = (cycle for cycle in self.case.cycles if cycle.number != number)
        return self.about(cycles=tuple(sorted((*others, changed), key=lambda cycle: cycle.number)))

    def call(self, number: int, purpose: str) -> Call:
        return self.cycle(number).call(purpose) or Call(purpose)

    def with_call(self, number: int, call: Call) -> "Folded":
        others = (known for known in self.cycle(number).calls if known.purpose != call.purpose)
        return self.in_cycle(number, calls=tuple(sorted((*others, call), key=lambda known: known.purpose)))

    def hold_ended(self, at: datetime) -> "Folded":
        """The case no longer waits, if it did."""
        *before, last = self.case.holds or (None,)
        if last is None or last.until is not None:
            return self
        return self.about(holds=(*before, replace(last, until=at)))


def unheard(case_id: UUID) -> Folded:
    """A case of which nothing is known yet."""
    return Folded(
        CaseRecord(
            case_id=str(case_id), number=None, state="unknown", kind="unclassified", office="HQ", region=None,
            restricted=False, received_at=None,
        )
    )  # fmt: skip
