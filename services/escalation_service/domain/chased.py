"""A case in the midst of a batch: its file and ladders as the events have made them, and what is still to be noted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.escalation_service.domain.case_file import CaseFile, Seen
from services.escalation_service.domain.holds import HoldMark
from services.escalation_service.domain.record import Ladder

Key = tuple[UUID, int]
FileChange = Callable[[CaseFile], CaseFile]
LadderChange = Callable[[Ladder], Ladder]


@dataclass(frozen=True)
class Noted:
    """What a fact says of a breach; `values` are columns of its row. Breach and voiding may come in either order."""

    breach_id: UUID
    cycle: int
    values: Mapping[str, object]


@dataclass(frozen=True)
class ChasedCase:
    """`file` is None until a fact opens it. `touched` are the cycles that facts of the batch are about, `replanned`
    those whose ladder must be planned again although nothing may have breached."""

    case_id: UUID
    file: CaseFile | None = None
    ladders: Mapping[int, Ladder] = field(default_factory=dict)
    breaches: tuple[Noted, ...] = ()
    voided: tuple[Noted, ...] = ()
    marks: tuple[tuple[int, HoldMark], ...] = ()
    touched: frozenset[int] = frozenset()
    replanned: frozenset[int] = frozenset()
    traceparent: str | None = None

    def told(
        self, seen: Seen, traceparent: str | None, *, file: FileChange | None = None, ladder: LadderChange | None = None
    ) -> "ChasedCase":
        """After a fact from intake: it tells where the case is, and perhaps that its cycle is over."""
        known = (self.file or CaseFile(self.case_id)).see(seen)
        after = replace(self, file=file(known) if file else known, traceparent=traceparent)
        return after.on_ladder(seen.cycle, ladder or (lambda row: row))

    def clocked(self, seen: Seen, traceparent: str | None, change: LadderChange) -> "ChasedCase":
        """After a fact from sla about a cycle; its view of the case holds while intake has told nothing of it."""
        file = self.file or CaseFile(self.case_id).see(replace(seen, seq=0))
        return replace(self, file=file, traceparent=traceparent).on_ladder(seen.cycle, change)

    def on_ladder(self, cycle: int, change: LadderChange) -> "ChasedCase":
        row = change(self.ladders.get(cycle, Ladder(self.case_id, cycle)))
        return replace(self, ladders={**self.ladders, cycle: row}, touched=self.touched | {cycle})

    def marked(self, cycle: int, mark: HoldMark) -> "ChasedCase":
        """The clock was held or let go: rungs that have not fired wait as long."""
        return replace(self, marks=(*self.marks, (cycle, mark)), replanned=self.replanned | {cycle})

    def breached(self, noted: Noted) -> "ChasedCase":
        """The deadline passed: the ladder begins, unless the cycle is over already."""
        return replace(self, breaches=(*self.breaches, noted), replanned=self.replanned | {noted.cycle})

    def without_breach(self, noted: Noted) -> "ChasedCase":
        """The breach had not happened: what has not fired never will because of it."""
        return replace(self, voided=(*self.voided, noted), replanned=self.replanned | {noted.cycle})
