"""What the ladder must know of a case, folded from intake's facts in any order."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from shared.kernel.words import HEAD_OFFICE


@dataclass(frozen=True)
class Seen:
    """What every fact about a case says of it. `seq` is the fact's number in intake's own order."""

    seq: int
    cycle: int
    office: str
    region: int | None
    kind: str
    restricted: bool


@dataclass(frozen=True)
class CaseFile:
    """One case as intake's facts describe it so far."""

    case_id: UUID
    number: str | None = None
    receiving_region: int | None = None
    channel: str | None = None
    received_at: datetime | None = None
    subject: str | None = None
    severity: str | None = None
    subject_seq: int = 0
    severity_seq: int = 0
    office: str = HEAD_OFFICE
    region: int | None = None
    kind: str = "unclassified"
    restricted: bool = False
    cycle: int = 1
    seen_seq: int = 0
    last_region: int | None = None
    last_region_seq: int = 0

    @property
    def home_region(self) -> int | None:
        """The region the case belongs to, or belonged to last, or was received in; None when there never was one."""
        return self.region or self.last_region or self.receiving_region

    def see(self, fact: Seen) -> "CaseFile":
        """Take what a fact says of office and kind, unless a later one is known."""
        file = self
        if fact.seq >= self.seen_seq:
            file = replace(
                file, seen_seq=fact.seq, cycle=max(fact.cycle, self.cycle), office=fact.office,
                region=fact.region, kind=fact.kind, restricted=fact.restricted,
            )  # fmt: skip
        if fact.region is not None and fact.seq >= self.last_region_seq:
            file = replace(file, last_region=fact.region, last_region_seq=fact.seq)
        return file

    def name_subject(self, subject: str | None, seq: int) -> "CaseFile":
        """Take the subject, unless a later fact settled it."""
        if subject is None or seq < self.subject_seq:
            return self
        return replace(self, subject=subject, subject_seq=seq)

    def rate(self, severity: str, seq: int) -> "CaseFile":
        """Take the severity, unless a later fact settled it."""
        return replace(self, severity=severity, severity_seq=seq) if seq >= self.severity_seq else self
