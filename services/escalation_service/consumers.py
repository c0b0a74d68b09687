"""What escalation hears: the life of each case from intake, and its clock from sla."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.escalation_service.domain.case_file import CaseFile, Seen
from services.escalation_service.domain.chased import ChasedCase, Noted
from services.escalation_service.domain.holds import HoldMark, Span
from services.escalation_service.domain.ladder import Closure
from services.escalation_service.domain.record import Ladder
from services.escalation_service.store import named_ladders, subjects
from services.escalation_service.store.batch import lock_all
from services.escalation_service.use_cases.calendars import keep_calendar
from services.escalation_service.use_cases.folding import save
from shared.contracts.base import CaseEvent
from shared.contracts.intake import (
    CaseAnswered,
    CaseBounced,
    CaseCancelled,
    CaseClassified,
    CaseRegistered,
    CaseReopened,
    CaseResolved,
    CaseRouted,
    FollowUpAttached,
    SubjectPublished,
)  # fmt: skip
from shared.contracts.sla import (
    BreachVoided,
    CalendarPublished,
    ClockArmed,
    ClockHeld,
    ClockRecomputed,
    ClockRescheduled,
    HeldTime,
    LadderNamed,
    SlaBreached,
    SlaWarned,
)  # fmt: skip
from shared.db import Tx
from shared.kernel.words import Metric
from shared.messaging.fold import Fold, Meta, case_of, keeping
from shared.reference import region_of

METRIC = Metric.RESOLVE  # the ladder chases the repair; the other clocks have none


def _seen(event: CaseEvent, meta: Meta) -> Seen:
    return Seen(meta.seq, event.cycle, event.office, event.region, event.kind, event.restricted)


def on_case_registered(case: ChasedCase, event: CaseRegistered, meta: Meta) -> ChasedCase:
    def register(file: CaseFile) -> CaseFile:
        file = replace(
            file, number=event.number, channel=event.channel, received_at=event.received_at,
            receiving_region=region_of(event.receiving_office),
        )  # fmt: skip
        return file.name_subject(event.subject, meta.seq).rate(event.severity, meta.seq)

    return case.told(_seen(event, meta), meta.traceparent, file=register)


def on_case_classified(case: ChasedCase, event: CaseClassified, meta: Meta) -> ChasedCase:
    def classify(file: CaseFile) -> CaseFile:
        return file.name_subject(event.subject, meta.seq).rate(event.severity, meta.seq)

    return case.told(_seen(event, meta), meta.traceparent, file=classify)


def on_follow_up_attached(case: ChasedCase, event: FollowUpAttached, meta: Meta) -> ChasedCase:
    return case.told(_seen(event, meta), meta.traceparent, file=lambda file: file.rate(event.severity, meta.seq))


def on_case_moved(case: ChasedCase, event: CaseEvent, meta: Meta) -> ChasedCase:
    """Routed, bounced or reopened: only the responsible office and the cycle matter here."""
    return case.told(_seen(event, meta), meta.traceparent)


def _close(
    case: ChasedCase, event: CaseEvent, meta: Meta, closure: Closure, *, repaired: bool | None = None
) -> ChasedCase:
    def close(ladder: Ladder) -> Ladder:
        return ladder.close(closure, seq=meta.seq, repaired=repaired)

    return case.told(_seen(event, meta), meta.traceparent, ladder=close)


def on_case_resolved(case: ChasedCase, event: CaseResolved, meta: Meta) -> ChasedCase:
    return _close(case, event, meta, Closure("resolved", event.resolved_at), repaired=event.repaired)


def on_case_answered(case: ChasedCase, event: CaseAnswered, meta: Meta) -> ChasedCase:
    return _close(case, event, meta, Closure("answered", event.answered_at))


def on_case_cancelled(case: ChasedCase, event: CaseCancelled, meta: Meta) -> ChasedCase:
    return _close(case, event, meta, Closure("cancelled", event.cancelled_at))


def on_clock_armed(case: ChasedCase, event: ClockArmed, meta: Meta) -> ChasedCase:
    if event.metric != METRIC:
        return case
    return case.clocked(_seen(event, meta), meta.traceparent, lambda row: row.learn_due(event.due_at, meta.seq))


def on_sla_warned(case: ChasedCase, event: SlaWarned, meta: Meta) -> ChasedCase:
    if event.metric != METRIC:
        return case

    def warn(row: Ladder) -> Ladder:
        return row.warn(event.warned_at, meta.seq).learn_due(event.due_at, meta.seq)

    return case.clocked(_seen(event, meta), meta.traceparent, warn)


def on_clock_held(case: ChasedCase, event: ClockHeld, meta: Meta) -> ChasedCase:
    if event.metric != METRIC:
        return case
    mark = HoldMark(meta.seq, True, event.held_at, _spans(event.holds))
    return case.clocked(_seen(event, meta), meta.traceparent, _as_it_is).marked(event.cycle, mark)


def _as_it_is(row: Ladder) -> Ladder:
    return row


def _spans(told: Sequence[HeldTime] | None) -> tuple[Span, ...] | None:
    return None if told is None else tuple(Span(one.begin, one.end) for one in told)


def on_clock_rescheduled(case: ChasedCase, event: ClockRescheduled, meta: Meta) -> ChasedCase:
    if event.metric != METRIC:
        return case

    def learn(row: Ladder) -> Ladder:
        row = row.learn_due(event.due_at, meta.seq)
        return row.warn(None, meta.seq) if event.warned == () else row

    learned = case.clocked(_seen(event, meta), meta.traceparent, learn)
    if event.cause != "resume" and event.holds is None:
        return learned
    at = event.resumed_at or event.rescheduled_at
    return learned.marked(event.cycle, HoldMark(meta.seq, False, at, _spans(event.holds)))


def on_clock_recomputed(case: ChasedCase, event: ClockRecomputed, meta: Meta) -> ChasedCase:
    """Time after a missed deadline was held, as is known only now: it may move no deadline, but rungs wait by it."""
    if event.metric != METRIC or event.holds is None:
        return case
    mark = HoldMark(meta.seq, False, event.recomputed_at, _spans(event.holds))
    return case.clocked(_seen(event, meta), meta.traceparent, _as_it_is).marked(event.cycle, mark)


def on_sla_breached(case: ChasedCase, event: SlaBreached, meta: Meta) -> ChasedCase:
    if event.metric != METRIC:
        return case
    values = {
        "generation": event.generation, "due_at": event.due_at, "breached_at": event.breached_at,
        "cause": event.cause, "noted_at": meta.now, "ladder": event.ladder, "policy": event.policy,
    }  # fmt: skip
    known = case.clocked(_seen(event, meta), meta.traceparent, lambda row: row.learn_due(event.due_at, meta.seq))
    return known.breached(Noted(event.breach_id, event.cycle, values))


def on_breach_voided(case: ChasedCase, event: BreachVoided, meta: Meta) -> ChasedCase:
    if event.metric != METRIC:
        return case
    values = {"voided_at": event.voided_at, "void_reason": event.reason}
    known = case.clocked(_seen(event, meta), meta.traceparent, _as_it_is)
    return known.without_breach(Noted(event.breach_id, event.cycle, values))


async def keep_calendars(tx: Tx, published: Sequence[tuple[CalendarPublished, Meta]]) -> None:
    """Keep copies; ladders whose hours are counted on these calendars are planned again."""
    for event, _ in published:
        await keep_calendar(tx, event)


async def keep_named_ladders(tx: Tx, named: Sequence[tuple[LadderNamed, Meta]]) -> None:
    """Keep copies, so that a ladder which is named and not published is missed before a case is late."""
    for event, _ in named:
        await named_ladders.keep(tx, event)


async def keep_subjects(tx: Tx, published: Sequence[tuple[SubjectPublished, Meta]]) -> None:
    """Keep copies: their names are what officers read, and ladders may be for them."""
    for event, _ in published:
        await subjects.keep(tx, event)


FOLDS: Sequence[Fold[Any, Any]] = (
    Fold(
        steps={
            CaseRegistered: on_case_registered,
            CaseClassified: on_case_classified,
            FollowUpAttached: on_follow_up_attached,
            CaseRouted: on_case_moved,
            CaseBounced: on_case_moved,
            CaseReopened: on_case_moved,
            CaseResolved: on_case_resolved,
            CaseAnswered: on_case_answered,
            CaseCancelled: on_case_cancelled,
            ClockArmed: on_clock_armed,
            SlaWarned: on_sla_warned,
            ClockHeld: on_clock_held,
            ClockRescheduled: on_clock_rescheduled,
            ClockRecomputed: on_clock_recomputed,
            SlaBreached: on_sla_breached,
            BreachVoided: on_breach_voided,
        },
        key=case_of,
        load=lock_all,
        save=save,
    ),
    keeping(CalendarPublished, save=keep_calendars),
    keeping(LadderNamed, save=keep_named_ladders),
    keeping(SubjectPublished, save=keep_subjects),
)
