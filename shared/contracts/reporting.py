"""What reporting tells: packs, reports, directives, OIS acknowledgements (process steps 6, 8, 9 and 10)."""

from typing import Annotated
from uuid import UUID

from shared.contracts.base import REPORTING, CaseEvent, Event, Instant, event
from shared.contracts.values import one_of


class PackEvent(Event):
    """A fact about one daily pack."""

    pack_id: UUID
    region: int
    day: str  # 2026-11-23

    @property
    def key(self) -> str:
        return str(self.pack_id)


@event("pwa.reporting.pack-delivered.v1", topic=REPORTING)
class PackDelivered(PackEvent):
    """A region received its daily pack."""

    sha256: str
    channel: Annotated[str, one_of("email", "webhook")]
    delivered_at: Instant


@event("pwa.reporting.report-published.v1", topic=REPORTING)
class ReportPublished(Event):
    """A quarterly report or yearly evaluation was frozen; it never changes again."""

    report_id: UUID
    report_kind: Annotated[str, one_of("quarterly", "evaluation")]
    period: str  # 2570-Q1 | 2570
    edition: int
    sha256: str
    published_at: Instant

    @property
    def key(self) -> str:
        return str(self.report_id)


@event("pwa.reporting.directive-issued.v1", topic=REPORTING)
class DirectiveIssued(Event):
    """The committee told a line (สายงาน) to act."""

    directive_id: UUID
    report_id: UUID
    line: str
    owner: str
    due_on: str
    issued_at: Instant

    @property
    def key(self) -> str:
        return str(self.directive_id)


@event("pwa.reporting.ois-acknowledged.v1", topic=REPORTING)
class OisAcknowledged(CaseEvent):
    """OIS took a version of a case's record, or refused it."""

    version: int
    accepted: bool
    reason: str | None = None
    acknowledged_at: Instant
