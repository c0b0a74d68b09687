"""The record that OIS consumes: one per complaint and change (process step 6)."""

from shared.contracts.base import OIS, CaseEvent, Instant, event
from shared.contracts.values import ChannelText, SeverityText


@event("pwa.ois.record.v1", topic=OIS)
class OisRecord(CaseEvent):
    """The whole public state of a case at one change; `version` rises by one with each. No personal data."""

    version: int
    number: str
    state: str
    channel: ChannelText
    receiving_office: str
    subject: str | None = None
    dimension: str | None = None
    severity: SeverityText | None = None
    received_at: Instant
    due_at: Instant | None = None
    breached: bool = False
    resolved_at: Instant | None = None
    repaired: bool | None = None
    cause: str | None = None
    action: str | None = None
    mister_prapa: str | None = None
    told_at: Instant | None = None
    satisfied: bool | None = None
    changed_at: Instant
