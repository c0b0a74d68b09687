"""What the SLA service hears from intake, survey and reporting: each event becomes facts of the case's ledger."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

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
from services.sla_service.store.ledger import Fact
from services.sla_service.use_cases.settling import take_in
from shared.contracts.base import CaseEvent, Event
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
from shared.messaging.consumer import Handler, Meta

OUTCOMES = frozenset({"resolved", "not_repaired"})  # purposes of the notices that tell how a cycle ended
SATISFACTION = "satisfaction"
NO_PHONE = "no_phone"


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


async def _fold(tx: Tx, event: CaseEvent, meta: Meta, *facts: Fact) -> None:
    await take_in(tx, _seen(event, meta), meta.event_id, facts)


async def on_case_registered(tx: Tx, event: CaseRegistered, meta: Meta) -> None:
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
    await take_in(tx, seen, meta.event_id, facts)


async def on_case_classified(tx: Tx, event: CaseClassified, meta: Meta) -> None:
    at = event.classified_at
    await _fold(tx, event, meta, Classification(event.cycle, meta.seq, at, event.kind, event.subject, event.severity))


async def on_follow_up_attached(tx: Tx, event: FollowUpAttached, meta: Meta) -> None:
    at = event.attached_at
    await _fold(tx, event, meta, Classification(event.cycle, meta.seq, at, severity=event.severity))


async def on_case_moved(tx: Tx, event: CaseRouted | CaseBounced, meta: Meta) -> None:
    """Routed or bounced: who is responsible changes, the clock never does."""
    await _fold(tx, event, meta)


async def on_case_accepted(tx: Tx, event: CaseAccepted, meta: Meta) -> None:
    await _fold(tx, event, meta, Milestone(ACKNOWLEDGE, event.cycle, meta.seq, event.accepted_at))


async def on_information_requested(tx: Tx, event: InformationRequested, meta: Meta) -> None:
    reason, at = f"information_from_{event.asked}", event.requested_at
    facts: list[Fact] = [Edge(HOLD, event.cycle, meta.seq, reason, began_at=at)]
    if event.asked == "complainant":
        facts.append(Milestone(FIRST_CONTACT, event.cycle, meta.seq, at))
    await _fold(tx, event, meta, *facts)


async def on_information_supplied(tx: Tx, event: InformationSupplied, meta: Meta) -> None:
    await _fold(tx, event, meta, Edge(HOLD, event.cycle, meta.seq, "information", ended_at=event.supplied_at))


async def on_case_answered(tx: Tx, event: CaseAnswered, meta: Meta) -> None:
    await _fold(tx, event, meta, Edge(CLOSED, event.cycle, meta.seq, ANSWERED, began_at=event.answered_at))


async def on_case_resolved(tx: Tx, event: CaseResolved, meta: Meta) -> None:
    done = Edge(CLOSED, event.cycle, meta.seq, RESOLVED, event.resolved_at, reported_at=event.reported_at)
    await _fold(tx, event, meta, done)


async def on_case_reopened(tx: Tx, event: CaseReopened, meta: Meta) -> None:
    mode = event.mode or BY_POLICY
    await _fold(tx, event, meta, Edge(CLOSED, event.cycle, meta.seq, mode, ended_at=event.reopened_at))


async def on_case_cancelled(tx: Tx, event: CaseCancelled, meta: Meta) -> None:
    await _fold(tx, event, meta, Edge(CLOSED, event.cycle, meta.seq, CANCELLED, began_at=event.cancelled_at))


async def on_contact_changed(tx: Tx, event: ContactChanged, meta: Meta) -> None:
    role = REACHABLE if event.reachable or event.has_phone else UNREACHABLE
    await _fold(tx, event, meta, Milestone(FIRST_CONTACT, 0, meta.seq, event.changed_at, role))


async def _heard(tx: Tx, event: CaseEvent, meta: Meta, *facts: Fact) -> None:
    """Facts of another stream: their numbers say nothing about where the case lies."""
    await take_in(tx, replace(_seen(event, meta), last_seq=ELSEWHERE), meta.event_id, facts)


def _done(metric: str, event: CaseEvent, at: datetime, role: str = DONE) -> Milestone:
    return Milestone(metric, event.cycle, ELSEWHERE, at, role)


async def on_customer_told(tx: Tx, event: CustomerTold, meta: Meta) -> None:
    """Told of the outcome, or of a new date: either is a contact, only the first ends the notice's clock."""
    facts = [_done(FIRST_CONTACT, event, event.told_at)]
    if event.purpose in OUTCOMES:
        facts.append(_done(NOTIFY_CUSTOMER, event, event.told_at))
    await _heard(tx, event, meta, *facts)


async def on_notice_failed(tx: Tx, event: NoticeFailed, meta: Meta) -> None:
    """With a phone task somebody still tries; without one nobody can be told."""
    if event.purpose in OUTCOMES and not event.phone_task:
        await _heard(tx, event, meta, _done(NOTIFY_CUSTOMER, event, event.failed_at, MOOT))


async def on_call_opened(tx: Tx, event: CallOpened, meta: Meta) -> None:
    """Opened once more when the number comes that was missing: from then on there is a call to make."""
    if event.purpose == SATISFACTION:
        await _heard(tx, event, meta, _done(SURVEY_CALL, event, event.opened_at, REACHABLE))


async def on_call_closed(tx: Tx, event: CallClosed, meta: Meta) -> None:
    """A customer without a telephone number is counted apart: there was no call to make."""
    if event.purpose != SATISFACTION:
        return
    facts = [_done(SURVEY_CALL, event, event.closed_at, MOOT if event.outcome == NO_PHONE else DONE)]
    if event.outcome == ANSWERED:
        facts.append(_done(FIRST_CONTACT, event, event.closed_at))
    await _heard(tx, event, meta, *facts)


async def on_ois_acknowledged(tx: Tx, event: OisAcknowledged, meta: Meta) -> None:
    if event.accepted:
        await _heard(tx, event, meta, _done(OIS_RECORD, event, event.acknowledged_at))


async def on_subject_published(tx: Tx, event: SubjectPublished, _meta: Meta) -> None:
    """A case of it needs a policy: from now on one is missed."""
    names = ("code", "kind", "severity", "valid_from", "valid_to")
    await subjects.keep(tx, {name: getattr(event, name) for name in names})


HANDLERS: Mapping[type[Event], Handler] = {
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
    SubjectPublished: on_subject_published,
}
