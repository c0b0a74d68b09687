"""What each event does to a case record: functions on event classes, pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from services.reporting_service.domain.case import Answers, Breach, Call, Hold, Rung
from services.reporting_service.domain.folded import Folded
from shared.contracts import escalation, intake, sla, survey
from shared.contracts.base import Event
from shared.kernel.words import Metric, Tells, tells

Step = Callable[[Folded, Any], Folded]


def registered(folded: Folded, event: intake.CaseRegistered) -> Folded:
    return folded.about(
        number=event.number, receiving_office=event.receiving_office, channel=event.channel, subject=event.subject,
        dimension=event.dimension, severity=event.severity, state="received", received_at=event.received_at,
        registered_at=event.registered_at,
    )  # fmt: skip


def classified(folded: Folded, event: intake.CaseClassified) -> Folded:
    state = "classified" if folded.case.state in {"unknown", "received"} else folded.case.state
    return folded.about(subject=event.subject, dimension=event.dimension, severity=event.severity, state=state)


def routed(folded: Folded, _event: intake.CaseRouted) -> Folded:
    return folded.about(state="routed")


def accepted(folded: Folded, _event: intake.CaseAccepted) -> Folded:
    return folded.about(state="in_progress")


def bounced(folded: Folded, _event: intake.CaseBounced) -> Folded:
    return folded.about(state="classified")


def information_requested(folded: Folded, event: intake.InformationRequested) -> Folded:
    if folded.case.state == "awaiting_information":
        return folded
    holds = (*folded.case.holds, Hold(event.cycle, event.requested_at))
    waiting = replace(folded, before_waiting=folded.case.state)
    return waiting.about(holds=holds, state="awaiting_information")


def information_supplied(folded: Folded, event: intake.InformationSupplied) -> Folded:
    supplied = folded.hold_ended(event.supplied_at)
    if folded.case.state != "awaiting_information":
        return supplied
    return supplied.about(state=folded.before_waiting)


def follow_up_attached(folded: Folded, event: intake.FollowUpAttached) -> Folded:
    return folded.about(severity=event.severity, follow_ups=event.follow_ups)


def answered(folded: Folded, event: intake.CaseAnswered) -> Folded:
    return folded.hold_ended(event.answered_at).about(state="answered", closed_at=event.answered_at)


def cancelled(folded: Folded, event: intake.CaseCancelled) -> Folded:
    return folded.hold_ended(event.cancelled_at).about(state="cancelled", closed_at=event.cancelled_at)


def resolved(folded: Folded, event: intake.CaseResolved) -> Folded:
    closed = folded.hold_ended(event.resolved_at).about(state="resolved", closed_at=event.resolved_at)
    return closed.in_cycle(
        event.cycle, resolved_at=event.resolved_at, reported_at=event.reported_at, repaired=event.repaired,
        cause=event.cause, action=event.action, mister_prapa=event.mister_prapa,
    )  # fmt: skip


def reopened(folded: Folded, event: intake.CaseReopened) -> Folded:
    opened = folded.about(state="in_progress", closed_at=None)
    return opened.in_cycle(event.cycle, reopened_at=event.reopened_at, reopen_reason=event.reason)


def clock_runs(folded: Folded, event: sla.ClockArmed | sla.ClockRescheduled) -> Folded:
    if event.metric != Metric.RESOLVE:
        return folded
    return folded.in_cycle(event.cycle, held=False, due_at=event.due_at)


def clock_held(folded: Folded, event: sla.ClockHeld) -> Folded:
    return folded.in_cycle(event.cycle, held=True) if event.metric == Metric.RESOLVE else folded


def deadline_moved(folded: Folded, event: sla.ClockExtended | sla.ClockRecomputed) -> Folded:
    """More time was given, or a hold of the past was entered: the deadline that counts from now on."""
    if event.metric != Metric.RESOLVE or event.due_at is None:
        return folded
    return folded.in_cycle(event.cycle, due_at=event.due_at)


def clock_stopped(folded: Folded, event: sla.ClockStopped) -> Folded:
    if event.metric != Metric.RESOLVE:
        return folded
    cycle = folded.cycle(event.cycle)
    due_at = event.due_at or cycle.due_at
    return folded.in_cycle(event.cycle, verdict=event.verdict, held=cycle.held and event.due_at is None, due_at=due_at)


def breached(folded: Folded, event: sla.SlaBreached) -> Folded:
    if event.metric != Metric.RESOLVE:
        return folded
    breach = Breach(str(event.breach_id), event.due_at, event.breached_at, event.generation)
    return folded.in_cycle(event.cycle, breaches=(*folded.cycle(event.cycle).breaches, breach))


def breach_voided(folded: Folded, event: sla.BreachVoided) -> Folded:
    breach_id, known = str(event.breach_id), folded.cycle(event.cycle).breaches
    breaches = tuple(replace(b, voided=b.voided or b.breach_id == breach_id) for b in known)
    return folded.in_cycle(event.cycle, breaches=breaches)


def rung_fired(folded: Folded, event: escalation.RungFired) -> Folded:
    rungs = (*folded.cycle(event.cycle).rungs, Rung(event.rung, event.post, event.fired_at))
    return folded.in_cycle(event.cycle, rungs=tuple(sorted(rungs, key=lambda rung: rung.rung)))


def rung_acknowledged(folded: Folded, event: escalation.RungAcknowledged) -> Folded:
    at, known = event.acknowledged_at, folded.cycle(event.cycle).rungs
    rungs = tuple(replace(rung, acknowledged_at=at) if rung.rung == event.rung else rung for rung in known)
    return folded.in_cycle(event.cycle, rungs=rungs)


def customer_told(folded: Folded, event: survey.CustomerTold) -> Folded:
    if tells(event.purpose) is not Tells.OUTCOME:
        return folded
    before = folded.cycle(event.cycle).told_at
    return folded.in_cycle(event.cycle, told_at=min(event.told_at, before) if before else event.told_at)


def notice_failed(folded: Folded, event: survey.NoticeFailed) -> Folded:
    if tells(event.purpose) is not Tells.OUTCOME:
        return folded
    return folded.in_cycle(event.cycle, notice_failed_at=event.failed_at)


def call_opened(folded: Folded, event: survey.CallOpened) -> Folded:
    """Opened again when a number came after it had ended for want of one: it is no call without a phone then."""
    call = replace(folded.call(event.cycle, event.purpose), opened_at=event.opened_at)
    if call.closed_at is not None:
        call = replace(call, outcome=None, closed_at=None, outcomes=call.outcomes - {"no_phone"})
    return folded.with_call(event.cycle, call)


def call_attempted(folded: Folded, event: survey.CallAttempted) -> Folded:
    call = _tried(folded.call(event.cycle, event.purpose), event.attempt, event.outcome)
    return folded.with_call(event.cycle, call)


def call_closed(folded: Folded, event: survey.CallClosed) -> Folded:
    call = _tried(folded.call(event.cycle, event.purpose), event.attempts, event.outcome)
    return folded.with_call(event.cycle, replace(call, outcome=event.outcome, closed_at=event.closed_at))


def _tried(call: Call, attempts: int, outcome: str) -> Call:
    return replace(call, attempts=max(call.attempts, attempts), outcomes=call.outcomes | {outcome})


def survey_answered(folded: Folded, event: survey.SurveyAnswered) -> Folded:
    answers = Answers(
        answered_at=event.answered_at, channel=event.channel, satisfied=event.satisfied,
        mister_prapa=bool(event.mister_prapa), called_back=event.called_back_by_contact_center,
        channel_convenience=event.channel_convenience, channel_variety=event.channel_variety, speed=event.speed,
        repair=event.repair, contact_center=event.contact_center, fixed=event.fixed,
    )  # fmt: skip
    return folded.with_call(event.cycle, replace(folded.call(event.cycle, event.purpose), answers=answers))


STEPS: Mapping[type[Event], Step] = {
    intake.CaseRegistered: registered,
    intake.CaseClassified: classified,
    intake.CaseRouted: routed,
    intake.CaseAccepted: accepted,
    intake.CaseBounced: bounced,
    intake.InformationRequested: information_requested,
    intake.InformationSupplied: information_supplied,
    intake.FollowUpAttached: follow_up_attached,
    intake.CaseAnswered: answered,
    intake.CaseCancelled: cancelled,
    intake.CaseResolved: resolved,
    intake.CaseReopened: reopened,
    sla.ClockArmed: clock_runs,
    sla.ClockHeld: clock_held,
    sla.ClockRescheduled: clock_runs,
    sla.ClockExtended: deadline_moved,
    sla.ClockRecomputed: deadline_moved,
    sla.ClockStopped: clock_stopped,
    sla.SlaBreached: breached,
    sla.BreachVoided: breach_voided,
    escalation.RungFired: rung_fired,
    escalation.RungAcknowledged: rung_acknowledged,
    survey.CustomerTold: customer_told,
    survey.NoticeFailed: notice_failed,
    survey.CallOpened: call_opened,
    survey.CallAttempted: call_attempted,
    survey.CallClosed: call_closed,
    survey.SurveyAnswered: survey_answered,
}
# Kept in the log, without influence on the record.
WITHOUT_EFFECT: frozenset[type[Event]] = frozenset(
    {
        intake.ContactChanged,
        intake.ReopenDeclined,
        intake.SubjectPublished,
        sla.CalendarPublished,
        sla.LadderNamed,
        sla.VeryLate,
        sla.SlaWarned,
        escalation.DatePromised,
        escalation.RungHandedOver,
        escalation.OfficerTold,
        escalation.LadderEnded,
        survey.NoticeAccepted,
        survey.ReopenRequested,
        survey.SampleDrawn,
    }
)
