"""What survey makes of intake's facts, of contact cards, and of more time that sla tells."""

from services.survey_service.domain.card import Card
from services.survey_service.domain.case import CaseState, Extension, Place, Resolution, Review
from services.survey_service.domain.known import KnownCase
from services.survey_service.store.batch import lock_all
from services.survey_service.use_cases.facts import save
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
    ContactCard,
    ContactChanged,
    ContactErased,
    FollowUpAttached,
)
from shared.contracts.sla import ClockExtended
from shared.kernel.ids import uuid7
from shared.kernel.words import Metric
from shared.messaging.fold import Fold, Meta


def _placed(case: KnownCase, event: CaseEvent, meta: Meta) -> KnownCase:
    """With what every case event states; severity and subject where the event has them."""
    severity, subject = getattr(event, "severity", None), getattr(event, "subject", None)
    place = Place(event.office, event.region, event.kind, event.restricted, severity, subject)
    return case.placed(place, meta.seq)


def on_case_registered(case: KnownCase, event: CaseRegistered, meta: Meta) -> KnownCase:
    return _placed(case, event, meta).registered(event.number, event.channel, event.contact_version)


def on_case_placed(case: KnownCase, event: CaseEvent, meta: Meta) -> KnownCase:
    """Classified, routed, accepted, bounced, chased: who is responsible and how urgent it is."""
    return _placed(case, event, meta)


def on_case_resolved(case: KnownCase, event: CaseResolved, meta: Meta) -> KnownCase:
    done = Resolution(
        id=uuid7(meta.now),
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
    return _placed(case, event, meta).resolved(done).to_settle(meta.traceparent)


def on_case_reopened(case: KnownCase, event: CaseReopened, meta: Meta) -> KnownCase:
    return _reached(case, event, meta, CaseState.OPEN)


def on_case_answered(case: KnownCase, event: CaseAnswered, meta: Meta) -> KnownCase:
    return _reached(case, event, meta, CaseState.ANSWERED)


def on_case_cancelled(case: KnownCase, event: CaseCancelled, meta: Meta) -> KnownCase:
    return _reached(case, event, meta, CaseState.CANCELLED)


def _reached(case: KnownCase, event: CaseEvent, meta: Meta, state: CaseState) -> KnownCase:
    return _placed(case, event, meta).reached(event.cycle, state).to_settle(meta.traceparent)


def on_contact_changed(case: KnownCase, event: ContactChanged, meta: Meta) -> KnownCase:
    """A newer card, or a tombstone, is on its way: nobody is contacted by the older one."""
    return _placed(case, event, meta).needs_card(event.contact_version).to_settle(meta.traceparent)


def on_contact_card(case: KnownCase, event: ContactCard, meta: Meta) -> KnownCase:
    card = Card(
        event.case_id,
        event.version,
        name=event.name,
        phone=event.phone,
        line_id=event.line_id,
        email=event.email,
        language=event.language,
        place=event.place,
    )
    return case.kept(card, meta.traceparent)


def on_contact_erased(case: KnownCase, event: ContactErased, meta: Meta) -> KnownCase:
    return case.kept(Card(event.case_id, event.version, erased=True), meta.traceparent)


def on_clock_extended(case: KnownCase, event: ClockExtended, meta: Meta) -> KnownCase:
    """Only the date of the repair was ever told to the customer."""
    if event.metric != Metric.RESOLVE or event.due_at is None:
        return case
    granted = Extension(event.extension_id, event.case_id, event.cycle, event.due_at, event.granted_at)
    return case.extended(granted).to_settle(meta.traceparent)


FOLDS = (
    Fold(
        steps={
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
        },
        key=lambda event: event.case_id,
        load=lock_all,
        save=save,
    ),
)
