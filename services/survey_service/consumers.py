"""What survey makes of intake's facts, of contact cards, and of more time that sla tells."""

from collections.abc import Mapping

from services.survey_service.domain.card import Card
from services.survey_service.domain.case import CaseFile, CaseState, Extension, Place, Resolution, Review
from services.survey_service.store import cases
from services.survey_service.use_cases import facts
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
    ContactCard,
    ContactChanged,
    ContactErased,
    FollowUpAttached,
)
from shared.contracts.sla import ClockExtended
from shared.db import Tx
from shared.kernel.ids import uuid7
from shared.messaging.consumer import Handler, Meta

PROMISED = "resolve"


async def _placed(tx: Tx, event: CaseEvent, meta: Meta) -> CaseFile:
    """The locked case with what every case event states; severity and subject where the event has them."""
    place = Place(
        event.office,
        event.region,
        event.kind,
        event.restricted,
        getattr(event, "severity", None),
        getattr(event, "subject", None),
    )
    return (await cases.lock_case(tx, event.case_id)).placed(place, meta.seq)


async def on_case_registered(tx: Tx, event: CaseRegistered, meta: Meta) -> None:
    case = (await _placed(tx, event, meta)).registered(event.number, event.channel)
    await cases.save_case(tx, case.needs_card(event.contact_version))


async def on_case_placed(tx: Tx, event: CaseEvent, meta: Meta) -> None:
    """Classified, routed, accepted, bounced, chased: who is responsible and how urgent it is."""
    await cases.save_case(tx, await _placed(tx, event, meta))


async def on_case_resolved(tx: Tx, event: CaseResolved, meta: Meta) -> None:
    case = (await _placed(tx, event, meta)).reached(event.cycle, CaseState.RESOLVED)
    done = Resolution(
        id=uuid7(tx.now),
        case_id=event.case_id,
        cycle=event.cycle,
        kind=event.kind,
        channel=event.channel,
        repaired=event.repaired,
        action=event.action,
        not_repaired_reason=event.not_repaired_reason,
        mister_prapa=event.mister_prapa,
        handler=event.handler,
        subject=event.subject,
        contact_version=event.contact_version,
        resolved_at=event.resolved_at,
        reported_at=event.reported_at,
        review=Review.NONE if event.repaired else Review.WAITING,
    )
    await facts.report(tx, case.needs_card(event.contact_version), done)


async def on_case_reopened(tx: Tx, event: CaseReopened, meta: Meta) -> None:
    await _reached(tx, event, meta, CaseState.OPEN)


async def on_case_answered(tx: Tx, event: CaseAnswered, meta: Meta) -> None:
    await _reached(tx, event, meta, CaseState.ANSWERED)


async def on_case_cancelled(tx: Tx, event: CaseCancelled, meta: Meta) -> None:
    await _reached(tx, event, meta, CaseState.CANCELLED)


async def _reached(tx: Tx, event: CaseEvent, meta: Meta, state: CaseState) -> None:
    case = (await _placed(tx, event, meta)).reached(event.cycle, state)
    await cases.save_case(tx, case)
    await facts.settle(tx, case)


async def on_contact_changed(tx: Tx, event: ContactChanged, meta: Meta) -> None:
    """A newer card, or a tombstone, is on its way: nobody is contacted by the older one."""
    case = (await _placed(tx, event, meta)).needs_card(event.contact_version)
    await cases.save_case(tx, case)
    await facts.settle(tx, case)


async def on_contact_card(tx: Tx, event: ContactCard, _meta: Meta) -> None:
    await facts.keep_card(
        tx,
        Card(
            event.case_id,
            event.version,
            name=event.name,
            phone=event.phone,
            line_id=event.line_id,
            email=event.email,
            language=event.language,
            place=event.place,
        ),
    )


async def on_contact_erased(tx: Tx, event: ContactErased, _meta: Meta) -> None:
    await facts.forget_card(tx, event.case_id, event.version)


async def on_clock_extended(tx: Tx, event: ClockExtended, _meta: Meta) -> None:
    """Only the date of the repair was ever told to the customer."""
    if event.metric == PROMISED and event.due_at is not None:
        granted = Extension(event.extension_id, event.case_id, event.cycle, event.due_at, event.granted_at)
        await facts.extend(tx, granted)


HANDLERS: Mapping[type[Event], Handler] = {
    CaseRegistered: on_case_registered,
    CaseClassified: on_case_placed,
    CaseRouted: on_case_placed,
    CaseAccepted: on_case_placed,
    CaseBounced: on_case_placed,
    FollowUpAttached: on_case_placed,
    CaseResolved: on_case_resolved,
    CaseReopened: on_case_reopened,
    CaseAnswered: on_case_answered,
    CaseCancelled: on_case_cancelled,
    ContactChanged: on_contact_changed,
    ContactCard: on_contact_card,
    ContactErased: on_contact_erased,
    ClockExtended: on_clock_extended,
}
