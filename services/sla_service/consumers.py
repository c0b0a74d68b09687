"""What the SLA service hears from intake, survey and reporting: each event becomes facts of the case's ledger."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.domain.facts import (
    ANSWERED,
    BY_POLICY,
    CANCELLED,
    CLOSED,
    DONE,
    ELSEWHERE,
    HOLD,
    MOOT,
    REACHABLE,
    RESOLVED,
    UNREACHABLE,
    Classification,
    Edge,
    Fact,
    Milestone,
)
from services.sla_service.domain.metrics import (
    ACKNOWLEDGE,
    FIRST_CONTACT,
    NOTIFY_CUSTOMER,
    OIS_RECORD,
    SURVEY_CALL,
)
from services.sla_service.domain.policy import UNCLASSIFIED
from services.sla_service.store import subjects
from services.sla_service.use_cases.settling import Settling, load, save
from shared.contracts.base import CaseEvent
from shared.contracts.intake import (
    CaseAccepted,
    CaseAnswered,
    CaseBounced,
    CaseCancelled,
    CaseClassified,
    CaseRegistered,
    CaseReopened,
    CaseResolved,
    CaseRouted,
    ContactChanged,
    FollowUpAttached,
    InformationRequested,
    InformationSupplied,
    SubjectPublished,
)
from shared.contracts.reporting import OisAcknowledged
from shared.contracts.survey import CallClosed, CallOpened, CustomerTold, NoticeFailed
from shared.db import Tx
from shared.kernel.words import CallOutcome, CallPurpose, Tells, tells
from shared.messaging.fold import Fold, Meta, case_of, keeping


def _seen(event: CaseEvent, meta: Meta) -> CaseFile:
    """The case as an event saw it."""
    return CaseFile(
        case_id=event.case_id,
        office=event.office,
        region=event.region,
        kind=event.kind,
        restricted=event.restricted,
        cycle=event.cycle,
        last_seq=meta.seq,
    )


def _fold(case: Settling, event: CaseEvent, meta: Meta, *facts: Fact) -> Settling:
    return case.take_in(_seen(event, meta), meta, facts)


def on_case_registered(case: Settling, event: CaseRegistered, meta: Meta) -> Settling:
    seen = replace(
        _seen(event, meta),
        number=event.number,
        channel=event.channel,
        receiving_office=event.receiving_office,
        received_at=event.received_at,
        registered_at=event.registered_at,
    )
    is_known = event.kind != UNCLASSIFIED and event.subject is not None
    kind, subject = (event.kind, event.subject) if is_known else (None, None)
    facts: list[Fact] = [Classification(event.cycle, meta.seq, event.received_at, kind, subject, event.severity)]
    if not (event.reachable or event.has_phone):
        facts.append(Milestone(FIRST_CONTACT, 0, meta.seq, event.received_at, UNREACHABLE))
    return case.take_in(seen, meta, facts)


def on_case_classified(case: Settling, event: CaseClassified, meta: Meta) -> Settling:
    known = Classification(event.cycle, meta.seq, event.classified_at, event.kind, event.subject, event.severity)
    return _fold(case, event, meta, known)


def on_follow_up_attached(case: Settling, event: FollowUpAttached, meta: Meta) -> Settling:
    at = event.attached_at
    return _fold(case, event, meta, Classification(event.cycle, meta.seq, at, severity=event.severity))


def on_case_moved(case: Settling, event: CaseRouted | CaseBounced, meta: Meta) -> Settling:
    """Routed or bounced: who is responsible changes, the clock never does."""
    return _fold(case, event, meta)


def on_case_accepted(case: Settling, event: CaseAccepted, meta: Meta) -> Settling:
    return _fold(case, event, meta, Milestone(ACKNOWLEDGE, event.cycle, meta.seq, event.accepted_at))


def on_information_requested(case: Settling, event: InformationRequested, meta: Meta) -> Settling:
    reason, at = f"information_from_{event.asked}", event.requested_at
    facts: list[Fact] = [Edge(HOLD, event.cycle, meta.seq, reason, began_at=at)]
    if event.asked == "complainant":
        facts.append(Milestone(FIRST_CONTACT, event.cycle, meta.seq, at))
    return _fold(case, event, meta, *facts)


def on_information_supplied(case: Settling, event: InformationSupplied, meta: Meta) -> Settling:
    return _fold(case, event, meta, Edge(HOLD, event.cycle, meta.seq, "information", ended_at=event.supplied_at))


def on_case_answered(case: Settling, event: CaseAnswered, meta: Meta) -> Settling:
    return _fold(case, event, meta, Edge(CLOSED, event.cycle, meta.seq, ANSWERED, began_at=event.answered_at))


def on_case_resolved(case: Settling, event: CaseResolved, meta: Meta) -> Settling:
    done = Edge(CLOSED, event.cycle, meta.seq, RESOLVED, event.resolved_at, reported_at=event.reported_at)
    return _fold(case, event, meta, done)


def on_case_reopened(case: Settling, event: CaseReopened, meta: Meta) -> Settling:
    mode = event.mode or BY_POLICY
    return _fold(case, event, meta, Edge(CLOSED, event.cycle, meta.seq, mode, ended_at=event.reopened_at))


def on_case_cancelled(case: Settling, event: CaseCancelled, meta: Meta) -> Settling:
    return _fold(case, event, meta, Edge(CLOSED, event.cycle, meta.seq, CANCELLED, began_at=event.cancelled_at))


def on_contact_changed(case: Settling, event: ContactChanged, meta: Meta) -> Settling:
    role = REACHABLE if event.reachable or event.has_phone else UNREACHABLE
    return _fold(case, event, meta, Milestone(FIRST_CONTACT, 0, meta.seq, event.changed_at, role))


def _heard(case: Settling, event: CaseEvent, meta: Meta, *facts: Fact) -> Settling:
    """Facts of another stream: their numbers say nothing about where the case lies."""
    return case.take_in(replace(_seen(event, meta), last_seq=ELSEWHERE), meta, facts)


def _done(metric: str, event: CaseEvent, at: datetime, role: str = DONE) -> Milestone:
    return Milestone(metric, event.cycle, ELSEWHERE, at, role)


def on_customer_told(case: Settling, event: CustomerTold, meta: Meta) -> Settling:
    """Told of the outcome, or of a new date: either is a contact, only the first ends the notice's clock."""
    facts = [_done(FIRST_CONTACT, event, event.told_at)]
    if tells(event.purpose) is Tells.OUTCOME:
        facts.append(_done(NOTIFY_CUSTOMER, event, event.told_at))
    return _heard(case, event, meta, *facts)


def on_notice_failed(case: Settling, event: NoticeFailed, meta: Meta) -> Settling:
    """With a phone task somebody still tries; without one nobody can be told."""
    if tells(event.purpose) is not Tells.OUTCOME or event.phone_task:
        return case
    return _heard(case, event, meta, _done(NOTIFY_CUSTOMER, event, event.failed_at, MOOT))


def on_call_opened(case: Settling, event: CallOpened, meta: Meta) -> Settling:
    """Opened once more when the number comes that was missing: from then on there is a call to make."""
    if event.purpose != CallPurpose.SATISFACTION:
        return case
    return _heard(case, event, meta, _done(SURVEY_CALL, event, event.opened_at, REACHABLE))


def on_call_closed(case: Settling, event: CallClosed, meta: Meta) -> Settling:
    """A customer without a telephone number is counted apart: there was no call to make."""
    if event.purpose != CallPurpose.SATISFACTION:
        return case
    role = MOOT if event.outcome == CallOutcome.NO_PHONE else DONE
    facts = [_done(SURVEY_CALL, event, event.closed_at, role)]
    if event.outcome == CallOutcome.ANSWERED:
        facts.append(_done(FIRST_CONTACT, event, event.closed_at))
    return _heard(case, event, meta, *facts)


def on_ois_acknowledged(case: Settling, event: OisAcknowledged, meta: Meta) -> Settling:
    if not event.accepted:
        return case
    return _heard(case, event, meta, _done(OIS_RECORD, event, event.acknowledged_at))


async def keep_subjects(tx: Tx, published: Sequence[tuple[SubjectPublished, Meta]]) -> None:
    """A case of a subject needs a policy: from now on one is missed."""
    names = ("code", "kind", "severity", "valid_from", "valid_to")
    await subjects.keep(tx, [{name: getattr(event, name) for name in names} for event, _ in published])


FOLDS: Sequence[Fold[Any, Any]] = (
    Fold(
        steps={
            CaseRegistered: on_case_registered,
            CaseClassified: on_case_classified,
            FollowUpAttached: on_follow_up_attached,
            CaseRouted: on_case_moved,
            CaseBounced: on_case_moved,
            CaseAccepted: on_case_accepted,
            InformationRequested: on_information_requested,
            InformationSupplied: on_information_supplied,
            CaseAnswered: on_case_answered,
            CaseResolved: on_case_resolved,
            CaseReopened: on_case_reopened,
            CaseCancelled: on_case_cancelled,
            ContactChanged: on_contact_changed,
            CustomerTold: on_customer_told,
            NoticeFailed: on_notice_failed,
            CallOpened: on_call_opened,
            CallClosed: on_call_closed,
            OisAcknowledged: on_ois_acknowledged,
        },
        key=case_of,
        load=load,
        save=save,
    ),
    keeping(SubjectPublished, save=keep_subjects),
)
