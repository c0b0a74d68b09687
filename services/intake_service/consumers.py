"""What intake keeps of other services' events: due, breached, rung, told, called, acknowledged by OIS."""

from collections.abc import Sequence

from services.intake_service.domain.facts import CaseFacts, ReopenRequest
from services.intake_service.store.facts import Key, lock_all, save_all
from shared.contracts.base import CaseEvent
from shared.contracts.escalation import RungAcknowledged, RungFired
from shared.contracts.reporting import OisAcknowledged
from shared.contracts.sla import (
    BreachVoided,
    ClockArmed,
    ClockHeld,
    ClockRescheduled,
    ClockStopped,
    SlaBreached,
    SlaWarned,
)
from shared.contracts.survey import CallClosed, CustomerTold, NoticeFailed, ReopenRequested, SurveyAnswered
from shared.db import Tx
from shared.kernel.words import CallPurpose, Metric, Tells, tells
from shared.messaging.fold import Change, Fold, Meta


def on_clock_armed(facts: CaseFacts, event: ClockArmed, meta: Meta) -> CaseFacts:
    if event.metric != Metric.RESOLVE:
        return facts
    running = {"due_at": event.due_at, "held": False, "stopped_at": None, "verdict": None}
    return facts.newest("clock_seq", clock_seq=meta.seq, **running)


def on_clock_held(facts: CaseFacts, event: ClockHeld, meta: Meta) -> CaseFacts:
    if event.metric != Metric.RESOLVE:
        return facts
    return facts.newest("clock_seq", clock_seq=meta.seq, due_at=None, held=True)


def on_clock_rescheduled(facts: CaseFacts, event: ClockRescheduled, meta: Meta) -> CaseFacts:
    if event.metric != Metric.RESOLVE:
        return facts
    return facts.newest("clock_seq", clock_seq=meta.seq, due_at=event.due_at, held=False)


def on_clock_stopped(facts: CaseFacts, event: ClockStopped, meta: Meta) -> CaseFacts:
    if event.metric != Metric.RESOLVE:
        return facts
    stopped = {"stopped_at": event.stopped_at, "due_at": event.due_at, "held": False, "verdict": event.verdict}
    return facts.newest("clock_seq", clock_seq=meta.seq, **stopped)


def on_warned(facts: CaseFacts, event: SlaWarned, _meta: Meta) -> CaseFacts:
    return facts.first("warned_at", event.warned_at) if event.metric == Metric.RESOLVE else facts


def on_breached(facts: CaseFacts, event: SlaBreached, meta: Meta) -> CaseFacts:
    if event.metric != Metric.RESOLVE:
        return facts
    breached = facts.newest("breach_seq", breach_seq=meta.seq, breached_at=event.breached_at)
    return breached.entered(meta.recorded_at, "breached", due_at=event.due_at.isoformat(), cause=event.cause)


def on_breach_voided(facts: CaseFacts, event: BreachVoided, meta: Meta) -> CaseFacts:
    if event.metric != Metric.RESOLVE:
        return facts
    voided = facts.newest("breach_seq", breach_seq=meta.seq, breached_at=None)
    return voided.entered(meta.recorded_at, "breach_voided", reason=event.reason)


def on_rung_fired(facts: CaseFacts, event: RungFired, meta: Meta) -> CaseFacts:
    fired = facts.newest("rung", rung=event.rung, rung_at=event.fired_at)
    post = {"post": event.post, "post_office": event.post_office}
    return fired.entered(meta.recorded_at, "escalated", rung=event.rung, **post)


def on_rung_acknowledged(facts: CaseFacts, event: RungAcknowledged, meta: Meta) -> CaseFacts:
    taken = facts.first("acknowledged_at", event.acknowledged_at)
    return taken.entered(meta.recorded_at, "rung_acknowledged", rung=event.rung, by=event.acknowledged_by)


def on_customer_told(facts: CaseFacts, event: CustomerTold, meta: Meta) -> CaseFacts:
    evidence = {"channel": event.channel, "evidence": event.evidence}
    match tells(event.purpose):
        case Tells.OUTCOME:
            told = facts.first("told_at", event.told_at, told_by=event.channel)
            return told.entered(meta.recorded_at, "customer_told", **evidence)
        case Tells.NEW_DATE:
            return facts.entered(meta.recorded_at, "customer_told_new_date", **evidence)
    return facts


def on_notice_failed(facts: CaseFacts, event: NoticeFailed, meta: Meta) -> CaseFacts:
    if tells(event.purpose) is not Tells.OUTCOME:
        return facts
    failed = facts.first("notice_failed_at", event.failed_at)
    return failed.entered(meta.recorded_at, "notice_failed", phone_task=event.phone_task)


def on_call_closed(facts: CaseFacts, event: CallClosed, meta: Meta) -> CaseFacts:
    if event.purpose != CallPurpose.SATISFACTION:
        return facts
    called = facts.first("called_at", event.closed_at, call_outcome=event.outcome)
    return called.entered(meta.recorded_at, "customer_called", outcome=event.outcome, attempts=event.attempts)


def on_survey_answered(facts: CaseFacts, event: SurveyAnswered, _meta: Meta) -> CaseFacts:
    if event.purpose != CallPurpose.SATISFACTION:
        return facts
    return facts.first("answered_at", event.answered_at, satisfied=event.satisfied)


def on_reopen_requested(facts: CaseFacts, event: ReopenRequested, meta: Meta) -> CaseFacts:
    requested = facts.requested(ReopenRequest(event.request_id, event.reason, event.requested_at))
    return requested.entered(meta.recorded_at, "reopening_requested", reason=event.reason, cycle=event.cycle)


def on_ois_acknowledged(facts: CaseFacts, event: OisAcknowledged, _meta: Meta) -> CaseFacts:
    taken = {"ois_version": event.version, "ois_accepted": event.accepted, "ois_at": event.acknowledged_at}
    return facts.newest("ois_version", **taken)


def cycle_of(event: CaseEvent) -> Key:
    return event.case_id, event.cycle


async def save(tx: Tx, changes: Sequence[Change[CaseFacts]]) -> None:
    await save_all(tx, [change.after for change in changes])


FOLDS = (
    Fold(
        steps={
            ClockArmed: on_clock_armed,
            ClockHeld: on_clock_held,
            ClockRescheduled: on_clock_rescheduled,
            ClockStopped: on_clock_stopped,
            SlaWarned: on_warned,
            SlaBreached: on_breached,
            BreachVoided: on_breach_voided,
            RungFired: on_rung_fired,
            RungAcknowledged: on_rung_acknowledged,
            CustomerTold: on_customer_told,
            NoticeFailed: on_notice_failed,
            CallClosed: on_call_closed,
            SurveyAnswered: on_survey_answered,
            ReopenRequested: on_reopen_requested,
            OisAcknowledged: on_ois_acknowledged,
        },
        key=cycle_of,
        load=lock_all,
        save=save,
    ),
)
