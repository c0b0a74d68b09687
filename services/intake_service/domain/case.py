"""The case: its states and what may happen to it in each (process steps 1 to 5)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Self
from uuid import UUID

from services.intake_service.domain.receipt import Receipt
from services.intake_service.domain.taxonomy import FIELD_WORK, Subject
from services.intake_service.domain.work import WorkReport
from shared.kernel.errors import Conflict, Forbidden, Invalid
from shared.kernel.words import HEAD_OFFICE, Channel, Kind, Severity


class State(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    AWAITING_INFORMATION = "awaiting_information"
    CLASSIFIED = "classified"
    ROUTED = "routed"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    ANSWERED = "answered"
    CANCELLED = "cancelled"


CLOSED = frozenset({State.RESOLVED, State.ANSWERED, State.CANCELLED})
OPEN = frozenset(State) - CLOSED
_AT_WORK = frozenset({State.CLASSIFIED, State.ROUTED, State.IN_PROGRESS})
_BEING_HANDLED = _AT_WORK | {State.RECEIVED}


class IllegalTransition(Conflict):
    """The case is not in a state in which this may happen."""

    code: ClassVar[str] = "illegal_transition"


@dataclass(frozen=True)
class Case:
    """One matter from receipt to close. `received_at`, number and receiving office never change."""

    id: UUID
    number: str
    tracking_code: str
    state: State
    kind: Kind
    subject: str | None
    dimension: str | None
    severity: Severity
    restricted: bool
    channel: Channel
    receiving_office: str
    receiving_region: int | None
    office: str
    region: int | None
    received_at: datetime
    registered_at: datetime
    contact_version: int
    recorded_kind: Kind
    recorded_dimension: str | None
    origin: str | None = None
    origin_reference: str | None = None
    origin_due_at: datetime | None = None
    branch_hint: str | None = None
    subject_hint: str | None = None
    cycle: int = 1
    cycle_started_at: datetime | None = None
    follow_ups: int = 0
    missing: tuple[str, ...] = ()
    asked: str | None = None
    resumes_as: State | None = None
    handler: str | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    erased: bool = False
    version: int = 1

    @classmethod
    def received(cls, receipt: Receipt, *, number: str, at: datetime, hinted: Subject | None = None) -> "Case":
        """A new case: the receiving branch is responsible from the start, else the head office.

        A hint of a restricted subject restricts it until a person settles what it is.
        """
        origin = receipt.origin
        return cls(
            id=receipt.id,
            number=number,
            tracking_code=receipt.tracking_code,
            state=State.RECEIVED,
            kind=receipt.kind,
            subject=None,
            dimension=None,
            severity=Severity.NORMAL,
            restricted=hinted is not None and hinted.restricted,
            channel=receipt.channel,
            receiving_office=receipt.receiving_office,
            receiving_region=receipt.receiving_region,
            office=receipt.receiving_office,
            region=receipt.receiving_region,
            received_at=receipt.received_at,
            registered_at=at,
            contact_version=0 if receipt.person.is_anonymous else 1,
            recorded_kind=receipt.kind,
            recorded_dimension=None,
            origin=origin.agency if origin else None,
            origin_reference=origin.reference if origin else None,
            origin_due_at=origin.due_at if origin else None,
            branch_hint=receipt.branch_hint,
            subject_hint=receipt.subject_hint,
        )

    @property
    def is_closed(self) -> bool:
        return self.state in CLOSED

    @property
    def is_at_head_office(self) -> bool:
        return self.office == HEAD_OFFICE

    def classified_at_receipt(self, subject: Subject) -> "Case":
        """Whoever took the case in knew what it was: the count board records it so."""
        known = self.classify(subject)
        return replace(known, recorded_kind=known.kind, recorded_dimension=known.dimension)

    def classify(self, subject: Subject, severity: Severity | None = None) -> "Case":
        """A person settles what it is; later again = reclassification, which moves neither state nor receipt."""
        self._must_be(_BEING_HANDLED, "classified")
        chosen = severity or subject.severity
        for _ in range(0 if severity else min(self.follow_ups, len(Severity))):
            chosen = chosen.raised()
        return self._changed(
            state=State.CLASSIFIED if self.state is State.RECEIVED else self.state,
            kind=subject.kind,
            subject=subject.code,
            dimension=subject.dimension,
            severity=chosen,
            restricted=subject.restricted,
        )

    def request_information(self, missing: Collection[str], *, asked: str) -> "Case":
        self._must_be(_BEING_HANDLED, "made to wait for information")
        return self._changed(
            state=State.AWAITING_INFORMATION, resumes_as=self.state, missing=tuple(missing), asked=asked
        )

    def supply_information(self) -> "Case":
        """What was missing has come: the case goes on where it was."""
        self._must_be({State.AWAITING_INFORMATION}, "supplied with information")
        return self._changed(state=self.resumes_as or State.RECEIVED, resumes_as=None, missing=(), asked=None)

    def answer(self, subject: Subject | None, *, at: datetime) -> "Case":
        """Close a general enquiry at once; what needs field work stays open."""
        self._must_be(_BEING_HANDLED, "answered")
        if self.kind is Kind.UNCLASSIFIED:
            raise Conflict("Classify the case before it is answered.", code="not_classified")
        if self.kind is Kind.COMPLAINT:
            raise Conflict("A complaint is resolved by a branch, not answered.", code="complaint_not_answerable")
        if self.kind is Kind.INCIDENT_REPORT and not (subject and subject.closes_at_once):
            raise Conflict("This incident report needs field work: it stays open.", code="needs_field_work")
        return self._changed(state=State.ANSWERED, closed_at=at)

    def route(self, office: str, region: int | None) -> "Case":
        """Give the case to a branch; no clock moves."""
        self._must_be(_AT_WORK, "routed")
        if office == self.office and self.state is not State.CLASSIFIED:
            raise Conflict("The case is at that branch already.", code="already_there")
        return self._changed(state=State.ROUTED, office=office, region=region)

    def accept(self) -> "Case":
        self._must_be_offered("accepted")
        return self._changed(state=State.IN_PROGRESS)

    def bounce(self) -> "Case":
        """The branch gives it back: it waits in the head-office queue; no clock moves."""
        self._must_be_offered("bounced")
        return self._changed(state=State.CLASSIFIED, office=HEAD_OFFICE, region=None)

    def resolve(self, report: WorkReport, *, by: str, at: datetime) -> "Case":
        """The branch reports completion, repaired or not; done when it says, within this cycle."""
        self._must_be({State.IN_PROGRESS}, "resolved")
        if self.kind not in FIELD_WORK:
            raise Conflict("An enquiry is answered, not resolved.", code="answer_instead")
        report.check(is_complaint=self.kind is Kind.COMPLAINT)
        if report.done_at > at:
            raise Invalid("Work cannot be done in the future.", code="done_at_in_future")
        if report.done_at < (self.cycle_started_at or self.received_at):
            raise Invalid("Work cannot be done before it was asked for.", code="done_at_before_receipt")
        return self._changed(state=State.RESOLVED, handler=by, resolved_at=report.done_at, closed_at=at)

    def reopen(self, *, by: str, at: datetime) -> "Case":
        """Cycle n+1 starts at the same branch; decided by somebody other than the handler (process step 5)."""
        self._must_be({State.RESOLVED}, "reopened")
        self.must_not_be_handled_by(by)
        return self._changed(
            state=State.IN_PROGRESS,
            cycle=self.cycle + 1,
            cycle_started_at=at,
            handler=None,
            resolved_at=None,
            closed_at=None,
        )

    def must_not_be_handled_by(self, actor: str) -> None:
        if self.handler is not None and self.handler == actor:
            raise Forbidden("Somebody other than the handler decides on this.", code="handler_may_not_decide")

    def cancel(self, *, at: datetime) -> "Case":
        self._must_be(OPEN, "cancelled")
        return self._changed(state=State.CANCELLED, closed_at=at, resumes_as=None, missing=(), asked=None)

    def follow_up(self) -> "Case":
        """The complainant chases: urgency rises while the case is open."""
        severity = self.severity if self.is_closed else self.severity.raised()
        return self._changed(follow_ups=self.follow_ups + 1, severity=severity)

    def correct_contact(self) -> "Case":
        if self.erased:
            raise Conflict("The personal data of this case was erased.", code="erased")
        return self._changed(contact_version=self.contact_version + 1)

    def erase(self) -> "Case":
        """Personal data goes, in any state; the case and every total stay."""
        return self._changed(contact_version=self.contact_version + 1, erased=True)

    def _must_be(self, states: Collection[State], done: str) -> None:
        if self.state not in states:
            raise IllegalTransition(f"A case that is {self.state} cannot be {done}.", state=str(self.state))

    def _must_be_offered(self, done: str) -> None:
        """Routed to a branch, or taken in and classified by the branch itself."""
        self._must_be({State.ROUTED, State.CLASSIFIED}, done)
        if self.is_at_head_office:
            raise IllegalTransition(f"A case in the head-office queue cannot be {done}.", state=str(self.state))

    def _changed(self, **changes: object) -> Self:
        return replace(self, version=self.version + 1, **changes)  # type: ignore[arg-type]
