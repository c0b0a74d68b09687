"""What the SLA service hears from intake: each event becomes facts of the case's ledger."""

from collections.abc import Mapping
from dataclasses import replace

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.domain.facts import (
    ANSWERED,
    CANCELLED,
    CLOSED,
    HOLD,
    RESOLVED,
    Classification,
    Edge,
    Milestone,
)
from services.sla_service.domain.policy import UNCLASSIFIED
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
    FollowUpAttached,
    InformationRequested,
    InformationSupplied,
)
from shared.db import Tx
from shared.messaging.consumer import Handler, Meta


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
    )
    is_known = event.kind != UNCLASSIFIED and event.subject is not None
    kind, subject = (event.kind, event.subject) if is_known else (None, None)
    first = Classification(event.cycle, meta.seq, event.received_at, kind, subject, event.severity)
    await take_in(tx, seen, meta.event_id, [first])


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
    await _fold(tx, event, meta, Milestone("acknowledge", event.cycle, meta.seq, event.accepted_at))


async def on_information_requested(tx: Tx, event: InformationRequested, meta: Meta) -> None:
    reason, at = f"information_from_{event.asked}", event.requested_at
    facts: list[Fact] = [Edge(HOLD, event.cycle, meta.seq, reason, began_at=at)]
    if event.asked == "complainant":
        facts.append(Milestone("first_contact", event.cycle, meta.seq, at))
    await _fold(tx, event, meta, *facts)


async def on_information_supplied(tx: Tx, event: InformationSupplied, meta: Meta) -> None:
    await _fold(tx, event, meta, Edge(HOLD, event.cycle, meta.seq, "information", ended_at=event.supplied_at))


async def on_case_answered(tx: Tx, event: CaseAnswered, meta: Meta) -> None:
    await _fold(tx, event, meta, Edge(CLOSED, event.cycle, meta.seq, ANSWERED, began_at=event.answered_at))


async def on_case_resolved(tx: Tx, event: CaseResolved, meta: Meta) -> None:
    await _fold(tx, event, meta, Edge(CLOSED, event.cycle, meta.seq, RESOLVED, began_at=event.resolved_at))


async def on_case_reopened(tx: Tx, event: CaseReopened, meta: Meta) -> None:
    await _fold(tx, event, meta, Edge(CLOSED, event.cycle, meta.seq, event.mode, ended_at=event.reopened_at))


async def on_case_cancelled(tx: Tx, event: CaseCancelled, meta: Meta) -> None:
    await _fold(tx, event, meta, Edge(CLOSED, event.cycle, meta.seq, CANCELLED, began_at=event.cancelled_at))


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
}
