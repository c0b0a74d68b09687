"""The aggregate of this service: one case with its responsible office and the instants that next want attention."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.sla_service.domain.facts import Registration
from services.sla_service.domain.metrics import INTAKE_LANE, REPORTING_LANE, SURVEY_LANE


@dataclass(frozen=True)
class CaseFile:
    """What is known about a case besides its ledger. `last_seq` is the newest event that said where it lies.

    It wants attention at `next_due_at` as soon as intake's news reaches so far, at `survey_due_at` when survey's does
    too, at `reporting_due_at` when reporting's does: a relay that stands still holds up only what needs its news.
    """

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
    registered_at: datetime | None = None
    next_due_at: datetime | None = None
    survey_due_at: datetime | None = None
    reporting_due_at: datetime | None = None

    def told_by(self, other: "CaseFile") -> "CaseFile":
        """The file after an event that saw the case as `other`.

        An older event changes nothing of where the case lies; how it came in is told once.
        """
        known = self
        if self.received_at is None and other.received_at is not None:
            known = replace(
                self,
                number=other.number,
                channel=other.channel,
                receiving_office=other.receiving_office,
                received_at=other.received_at,
                registered_at=other.registered_at,
            )
        if other.last_seq <= self.last_seq:
            return known
        return replace(
            known,
            office=other.office,
            region=other.region,
            kind=other.kind,
            restricted=other.restricted,
            cycle=other.cycle,
            last_seq=other.last_seq,
        )

    @property
    def registration(self) -> Registration:
        return Registration(self.received_at, self.channel, self.receiving_office, self.registered_at)

    def wanting(self, wanted: Mapping[str, datetime]) -> "CaseFile":
        """The file with the instants, by lane, at which to look again."""
        return replace(
            self,
            next_due_at=wanted.get(INTAKE_LANE),
            survey_due_at=wanted.get(SURVEY_LANE),
            reporting_due_at=wanted.get(REPORTING_LANE),
        )

    def wanted(self, lane: str) -> datetime | None:
        """When the case wants attention in a lane."""
        return {
            INTAKE_LANE: self.next_due_at,
            SURVEY_LANE: self.survey_due_at,
            REPORTING_LANE: self.reporting_due_at,
        }[lane]
