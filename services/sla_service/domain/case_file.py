"""The aggregate of this service: one case with its responsible office and the instant that next wants attention."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True)
class CaseFile:
    """What is known about a case besides its ledger. `last_seq` is the newest event that said where it lies."""

    case_id: UUID
    office: str
    region: int | None
    kind: str
    restricted: bool
    cycle: int = 1
    last_seq: int = 0
    number: str | None = None
    channel: str = ""
    receiving_office: str = ""
    received_at: datetime | None = None
    next_due_at: datetime | None = None

    def told_by(self, other: "CaseFile") -> "CaseFile":
        """The file after an event that saw the case as `other`; an older event changes nothing of this."""
        if other.last_seq <= self.last_seq:
            return self
        return replace(
            self,
            office=other.office,
            region=other.region,
            kind=other.kind,
            restricted=other.restricted,
            cycle=other.cycle,
            last_seq=other.last_seq,
        )
