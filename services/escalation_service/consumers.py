"""What escalation hears: the life of each case from intake, and its clock from sla."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.escalation_service.domain.case_file import CaseFile
from services.escalation_service.domain.holds import HoldMark, Span
from services.escalation_service.domain.ladder import Closure
from services.escalation_service.domain.record import Ladder
from services.escalation_service.store import named_ladders, subjects
from services.escalation_service.use_cases.calendars import keep_calendar
from services.escalation_service.use_cases.folding import fold_breach, fold_case, fold_clock, fold_hold, fold_void
from shared.contracts.base import CaseEvent, Event
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
from shared.messaging.consumer import Handler, Meta
from shared.reference import region_of

METRIC = "resolve"  # the ladder chases the repair; the other clocks have none


async def on_case_registered(tx: Tx, event: CaseRegistered, meta: Meta) -> None:
    def register(file: CaseFile) -> CaseFile:
        file = replace(
            file, number=event.number, channel=event.channel, received_at=event.received_at,
            receiving_region=region_of(event.receiving_office),
        )  # fmt: skip
        return file.name_subject(event.subject, meta.seq).rate(event.severity, meta.seq)

    await fold_case(tx, event, meta.seq, file=register)


async def on_case_classified(tx: Tx, event: CaseClassified, meta: Meta) -> None:
    def classify(file: CaseFile) -> CaseFile:
        return file.name_subject(event.subject, meta.seq).rate(event.severity, meta.seq)

    await fold_case(tx, event, meta.seq, file=classify)


async def on_follow_up_attached(tx: Tx, event: FollowUpAttached, meta: Meta) -> None:
    await fold_case(tx, event, meta.seq, file=lambda f: f.rate(event.severity, meta.seq))


async def on_case_moved(tx: Tx, event: CaseEvent, meta: Meta) -> None:
    """Routed, bounced or reopened: only the responsible office and the cycle matter here."""
    await fold_case(tx, event, meta.seq)


async def _close(tx: Tx, event: CaseEvent, seq: int, closure: Closure, *, repaired: bool | None = None) -> None:
    def close(ladder: Ladder) -> Ladder:
        return ladder.close(closure, seq=seq, repaired=repaired)

    await fold_case(tx, event, seq, ladder=close)


async def on_case_resolved(tx: Tx, event: CaseResolved, meta: Meta) -> None:
    await _close(tx, event, meta.seq, Closure("resolved", event.resolved_at), repaired=event.repaired)


async def on_case_answered(tx: Tx, event: CaseAnswered, meta: Meta) -> None:
    await _close(tx, event, meta.seq, Closure("answered", event.answered_at))


async def on_case_cancelled(tx: Tx, event: CaseCancelled, meta: Meta) -> None:
    await _close(tx, event, meta.seq, Closure("cancelled", event.cancelled_at))


async def on_clock_armed(tx: Tx, event: ClockArmed, meta: Meta) -> None:
    if event.metric == METRIC:
        await fold_clock(tx, event, lambda row: row.learn_due(event.due_at, meta.seq))


async def on_sla_warned(tx: Tx, event: SlaWarned, meta: Meta) -> None:
    if event.metric == METRIC:
        await fold_clock(tx, event, lambda row: row.warn(event.warned_at, meta.seq).learn_due(event.due_at, meta.seq))


async def on_clock_held(tx: Tx, event: ClockHeld, meta: Meta) -> None:
    if event.metric == METRIC:
        await fold_hold(tx, event, HoldMark(meta.seq, True, event.held_at, _spans(event.holds)), lambda row: row)


def _spans(told: Sequence[HeldTime] | None) -> tuple[Span, ...] | None:
    return None if told is None else tuple(Span(one.begin, one.end) for one in told)


async def on_clock_rescheduled(tx: Tx, event: ClockRescheduled, meta: Meta) -> None:
    if event.metric != METRIC:
        return

    def learn(row: Ladder) -> Ladder:
        row = row.learn_due(event.due_at, meta.seq)
        return row.warn(None, meta.seq) if event.warned == () else row

    if event.cause == "resume" or event.holds is not None:
        at = event.resumed_at or event.rescheduled_at
        await fold_hold(tx, event, HoldMark(meta.seq, False, at, _spans(event.holds)), learn)
    else:
        await fold_clock(tx, event, learn)


async def on_clock_recomputed(tx: Tx, event: ClockRecomputed, meta: Meta) -> None:
    """Time after a missed deadline was held, as is known only now: it may move no deadline, but rungs wait by it."""
    if event.metric == METRIC and event.holds is not None:
        mark = HoldMark(meta.seq, False, event.recomputed_at, _spans(event.holds))
        await fold_hold(tx, event, mark, lambda row: row)


async def on_sla_breached(tx: Tx, event: SlaBreached, meta: Meta) -> None:
    if event.metric == METRIC:
        await fold_breach(tx, event, meta.seq)


async def on_breach_voided(tx: Tx, event: BreachVoided, meta: Meta) -> None:
    if event.metric == METRIC:
        await fold_void(tx, event)


async def on_calendar_published(tx: Tx, event: CalendarPublished, meta: Meta) -> None:
    """Keep a copy; ladders whose hours are counted on this calendar are planned again."""
    del meta
    await keep_calendar(tx, event)


async def on_ladder_named(tx: Tx, event: LadderNamed, meta: Meta) -> None:
    """Keep a copy, so that a ladder which is named and not published is missed before a case is late."""
    del meta
    await named_ladders.keep(tx, event)


async def on_subject_published(tx: Tx, event: SubjectPublished, meta: Meta) -> None:
    """Keep a copy: its name is what officers read, and ladders may be for it."""
    del meta
    await subjects.keep(tx, event)


HANDLERS: Mapping[type[Event], Handler] = {
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
    CalendarPublished: on_calendar_published,
    LadderNamed: on_ladder_named,
    SubjectPublished: on_subject_published,
}
