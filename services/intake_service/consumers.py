"""What intake keeps of other services' events: due, breached, rung, told, called, acknowledged by OIS."""

from collections.abc import Mapping

from services.intake_service.use_cases.noting import (
    CLOCK_SHOWN,
    enter,
    note_first,
    note_newest,
    note_reopen_request,
)
from shared.contracts.base import Event
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
from shared.messaging.consumer import Handler, Meta

NEW_DATE = "extended"  # a notice that tells how long it will take, not how it ended


async def on_clock_armed(tx: Tx, event: ClockArmed, meta: Meta) -> None:
    if event.metric == CLOCK_SHOWN:
        running = {"due_at": event.due_at, "held": False, "stopped_at": None, "verdict": None}
        await note_newest(tx, event, "clock_seq", clock_seq=meta.seq, **running)


async def on_clock_held(tx: Tx, event: ClockHeld, meta: Meta) -> None:
    if event.metric == CLOCK_SHOWN:
        await note_newest(tx, event, "clock_seq", clock_seq=meta.seq, due_at=None, held=True)


async def on_clock_rescheduled(tx: Tx, event: ClockRescheduled, meta: Meta) -> None:
    if event.metric == CLOCK_SHOWN:
        await note_newest(tx, event, "clock_seq", clock_seq=meta.seq, due_at=event.due_at, held=False)


async def on_clock_stopped(tx: Tx, event: ClockStopped, meta: Meta) -> None:
    if event.metric == CLOCK_SHOWN:
        stopped = {"stopped_at": event.stopped_at, "due_at": event.due_at, "held": False, "verdict": event.verdict}
        await note_newest(tx, event, "clock_seq", clock_seq=meta.seq, **stopped)


async def on_warned(tx: Tx, event: SlaWarned, meta: Meta) -> None:
    if event.metric == CLOCK_SHOWN:
        await note_first(tx, event, "warned_at", event.warned_at)


async def on_breached(tx: Tx, event: SlaBreached, meta: Meta) -> None:
    if event.metric == CLOCK_SHOWN:
        await note_newest(tx, event, "breach_seq", breach_seq=meta.seq, breached_at=event.breached_at)
        await enter(tx, event.case_id, "breached", due_at=event.due_at.isoformat(), cause=event.cause)


async def on_breach_voided(tx: Tx, event: BreachVoided, meta: Meta) -> None:
    if event.metric == CLOCK_SHOWN:
        await note_newest(tx, event, "breach_seq", breach_seq=meta.seq, breached_at=None)
        await enter(tx, event.case_id, "breach_voided", reason=event.reason)


async def on_rung_fired(tx: Tx, event: RungFired, meta: Meta) -> None:
    await note_newest(tx, event, "rung", rung=event.rung, rung_at=event.fired_at)
    await enter(tx, event.case_id, "escalated", rung=event.rung, post=event.post, post_office=event.post_office)


async def on_rung_acknowledged(tx: Tx, event: RungAcknowledged, meta: Meta) -> None:
    await note_first(tx, event, "acknowledged_at", event.acknowledged_at)
    await enter(tx, event.case_id, "rung_acknowledged", rung=event.rung, by=event.acknowledged_by)


async def on_customer_told(tx: Tx, event: CustomerTold, meta: Meta) -> None:
    if event.purpose == NEW_DATE:
        await enter(tx, event.case_id, "customer_told_new_date", channel=event.channel, evidence=event.evidence)
        return
    await note_first(tx, event, "told_at", event.told_at, told_by=event.channel)
    await enter(tx, event.case_id, "customer_told", channel=event.channel, evidence=event.evidence)


async def on_notice_failed(tx: Tx, event: NoticeFailed, meta: Meta) -> None:
    if event.purpose == NEW_DATE:
        return
    await note_first(tx, event, "notice_failed_at", event.failed_at)
    await enter(tx, event.case_id, "notice_failed", phone_task=event.phone_task)


async def on_call_closed(tx: Tx, event: CallClosed, meta: Meta) -> None:
    if event.purpose == "satisfaction":
        await note_first(tx, event, "called_at", event.closed_at, call_outcome=event.outcome)
        await enter(tx, event.case_id, "customer_called", outcome=event.outcome, attempts=event.attempts)


async def on_survey_answered(tx: Tx, event: SurveyAnswered, meta: Meta) -> None:
    if event.purpose == "satisfaction":
        await note_first(tx, event, "answered_at", event.answered_at, satisfied=event.satisfied)


async def on_reopen_requested(tx: Tx, event: ReopenRequested, meta: Meta) -> None:
    await note_reopen_request(tx, event)


async def on_ois_acknowledged(tx: Tx, event: OisAcknowledged, meta: Meta) -> None:
    taken = {"ois_version": event.version, "ois_accepted": event.accepted, "ois_at": event.acknowledged_at}
    await note_newest(tx, event, "ois_version", **taken)


HANDLERS: Mapping[type[Event], Handler] = {
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
}
