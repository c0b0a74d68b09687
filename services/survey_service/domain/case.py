"""What survey knows of a case: a fold of intake's facts that ends the same in any order."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

COMPLAINT = "complaint"
TOLD_KINDS = frozenset({COMPLAINT, "incident_report"})  # process steps 1 and 4: enquiries are answered at once
CONTACT_CENTER = "contact_center_1662"


class CaseState(StrEnum):
    """Where a case stands within its cycle."""

    OPEN = "open"
    RESOLVED = "resolved"
    ANSWERED = "answered"
    CANCELLED = "cancelled"


_RANK = {CaseState.OPEN: 0, CaseState.RESOLVED: 1, CaseState.ANSWERED: 1, CaseState.CANCELLED: 2}


@dataclass(frozen=True)
class Place:
    """Who is responsible for a case and who may see it, as one event states it."""

    office: str
    region: int | None
    kind: str
    restricted: bool
    severity: str | None = None
    subject: str | None = None


@dataclass(frozen=True)
class CaseFile:
    """The aggregate that every change in this service locks first."""

    id: UUID
    office: str | None = None
    region: int | None = None
    kind: str = "unclassified"
    restricted: bool = False
    number: str | None = None
    channel: str | None = None
    subject: str | None = None
    severity: str = "normal"
    cycle: int = 1
    state: CaseState = CaseState.OPEN
    contact_version: int = 0
    facts_seq: int = 0

    def placed(self, place: Place, seq: int) -> "CaseFile":
        """The newest event (by its number) says who is responsible."""
        if seq <= self.facts_seq:
            return self
        return replace(
            self,
            office=place.office,
            region=place.region,
            kind=place.kind,
            restricted=place.restricted,
            severity=place.severity or self.severity,
            subject=place.subject or self.subject,
            facts_seq=seq,
        )

    def registered(self, number: str, channel: str) -> "CaseFile":
        return replace(self, number=number, channel=channel)

    def reached(self, cycle: int, state: CaseState) -> "CaseFile":
        """The furthest state counts, whichever fact arrives first."""
        if (cycle, _RANK[state]) <= (self.cycle, _RANK[self.state]):
            return self
        return replace(self, cycle=cycle, state=state)

    def needs_card(self, version: int) -> "CaseFile":
        """Nobody is contacted before the card has at least this version."""
        return replace(self, contact_version=max(self.contact_version, version))

    def is_open_in(self, cycle: int) -> bool:
        """Whether nothing says that this cycle has ended."""
        return (self.cycle, _RANK[self.state]) <= (cycle, _RANK[CaseState.OPEN])

    def stands_resolved(self, cycle: int) -> bool:
        """Whether the resolution of this cycle is the one in force."""
        return self.cycle == cycle and self.state is CaseState.RESOLVED


@dataclass(frozen=True)
class Extension:
    """Two persons gave the case more time: the customer is told the new date."""

    id: UUID
    case_id: UUID
    cycle: int
    due_at: datetime
    granted_at: datetime


class Review(StrEnum):
    """กสส. sees a resolution without repair before the customer hears of it (process step 4)."""

    NONE = "none"
    WAITING = "waiting"
    RELEASED = "released"
    SUPERSEDED = "superseded"


@dataclass(frozen=True)
class Resolution:
    """The branch's report of completion, one per cycle."""

    id: UUID
    case_id: UUID
    cycle: int
    kind: str
    channel: str
    repaired: bool
    action: str
    not_repaired_reason: str | None
    mister_prapa: str | None
    handler: str
    subject: str | None
    contact_version: int
    resolved_at: datetime
    reported_at: datetime
    review: Review

    @property
    def purpose(self) -> str:
        return "resolved" if self.repaired else "not_repaired"

    @property
    def may_be_told(self) -> bool:
        return self.review in {Review.NONE, Review.RELEASED}
