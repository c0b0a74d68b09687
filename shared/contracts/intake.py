"""What intake tells: the life of a case (process steps 1, 4, 5) and the contact card (the only personal data)."""

from typing import Annotated
from uuid import UUID

from shared.contracts.base import CONTACTS, INTAKE, CaseEvent, Event, Instant, event
from shared.contracts.values import ChannelText, KindText, ReachText, SeverityText, one_of

ModeText = Annotated[str, one_of("continue", "new_cycle", "count_all")]


@event("pwa.intake.case-registered.v1", topic=INTAKE)
class CaseRegistered(CaseEvent):
    """A case was received and numbered. The SLA starts at `received_at`, the channel's instant."""

    number: str
    receiving_office: str
    channel: ChannelText
    subject: str | None = None  # set when the channel already knew it
    dimension: str | None = None
    severity: SeverityText = "normal"
    received_at: Instant
    registered_at: Instant
    contact_version: int  # 0 = anonymous: no card will ever come
    reachable: tuple[ReachText, ...] = ()  # by what the complainant can be reached
    has_phone: bool = False
    origin: str | None = None
    origin_reference: str | None = None
    origin_due_at: Instant | None = None


@event("pwa.intake.case-classified.v1", topic=INTAKE)
class CaseClassified(CaseEvent):
    """A person settled kind, dimension, subject and severity; also on every reclassification."""

    subject: str
    dimension: str
    severity: SeverityText
    previous_subject: str | None = None
    previous_kind: KindText | None = None
    classified_at: Instant


@event("pwa.intake.case-routed.v1", topic=INTAKE)
class CaseRouted(CaseEvent):
    """The case was given to a branch (`office`). Never moves a clock."""

    previous_office: str
    routed_at: Instant


@event("pwa.intake.case-accepted.v1", topic=INTAKE)
class CaseAccepted(CaseEvent):
    """The branch took the case on."""

    accepted_at: Instant


@event("pwa.intake.case-bounced.v1", topic=INTAKE)
class CaseBounced(CaseEvent):
    """The branch gave the case back with a reason; `office` is again the head office. Never moves a clock."""

    bounced_by: str
    reason: str
    bounced_at: Instant


@event("pwa.intake.information-requested.v1", topic=INTAKE)
class InformationRequested(CaseEvent):
    """Something is missing; the case waits for the complainant (a hold of the SLA clock)."""

    missing: tuple[str, ...]
    asked: Annotated[str, one_of("complainant", "other")]
    requested_at: Instant


@event("pwa.intake.information-supplied.v1", topic=INTAKE)
class InformationSupplied(CaseEvent):
    """What was missing has come; the case goes on where it was."""

    supplied_at: Instant


@event("pwa.intake.follow-up-attached.v1", topic=INTAKE)
class FollowUpAttached(CaseEvent):
    """The complainant chased an existing case; its urgency rises."""

    severity: SeverityText
    follow_ups: int
    attached_at: Instant


@event("pwa.intake.case-answered.v1", topic=INTAKE)
class CaseAnswered(CaseEvent):
    """A general enquiry was answered and closed at once."""

    answered_at: Instant


@event("pwa.intake.case-resolved.v1", topic=INTAKE)
class CaseResolved(CaseEvent):
    """The branch reported completion: repaired, or not repaired with the reason."""

    repaired: bool
    cause: str
    action: str
    not_repaired_reason: str | None = None
    mister_prapa: str | None = None  # staff or team code of the branch, never a customer's name
    handler: str  # who reported it (subject of the token); may not decide on a reopening
    subject: str | None = None
    channel: ChannelText
    contact_version: int
    resolved_at: Instant  # when the work was done, as the branch states it
    reported_at: Instant


@event("pwa.intake.case-reopened.v1", topic=INTAKE)
class CaseReopened(CaseEvent):
    """Cycle n+1 starts; `cycle` is the new one."""

    reason: Annotated[str, one_of("not_fixed", "dissatisfied", "other")]
    mode: ModeText | None = "continue"  # None: as the policy of the case says
    reopened_at: Instant


@event("pwa.intake.reopen-declined.v1", topic=INTAKE)
class ReopenDeclined(CaseEvent):
    """Somebody other than the handler decided that the case stays closed."""

    request_id: UUID
    declined_at: Instant


@event("pwa.intake.case-cancelled.v1", topic=INTAKE)
class CaseCancelled(CaseEvent):
    """The case ended without work."""

    reason: Annotated[str, one_of("withdrawn", "duplicate", "mistaken")]
    cancelled_at: Instant


@event("pwa.intake.contact-changed.v1", topic=INTAKE)
class ContactChanged(CaseEvent):
    """The contact card has a new version (corrected, or erased); the card itself travels on the contacts topic."""

    contact_version: int
    erased: bool
    reachable: tuple[ReachText, ...] = ()
    has_phone: bool = False
    changed_at: Instant


@event("pwa.intake.contact-card.v1", topic=CONTACTS)
class ContactCard(Event):
    """The latest card of a case. Only services that call or write to people may read it; erased by a tombstone."""

    case_id: UUID
    version: int
    name: str | None = None
    phone: str | None = None  # E.164
    line_id: str | None = None
    email: str | None = None
    language: str = "th"
    consent: str | None = None  # which privacy notice was given
    place: str | None = None
    meter: str | None = None
    text: str = ""

    @property
    def key(self) -> str:
        return str(self.case_id)


class ContactErased(Event):
    """What a consumer makes of a tombstone on the contacts topic: the card is gone. Never published as such."""

    TYPE = "pwa.intake.contact-erased.v1"
    TOPIC = CONTACTS

    case_id: UUID
    version: int

    @property
    def key(self) -> str:
        return str(self.case_id)


@event("pwa.intake.subject-published.v1", topic=INTAKE)
class SubjectPublished(Event):
    """A subject (หัวข้อ) is in force from a date, is worded anew from then on, or ends. Cases keep what they were."""

    code: str
    kind: KindText
    dimension: str
    title_th: str
    severity: SeverityText
    restricted: bool
    closes_at_once: bool
    valid_from: Instant
    valid_to: Instant | None = None
    published_at: Instant

    @property
    def key(self) -> str:
        return f"subject/{self.code}"
