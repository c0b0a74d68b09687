"""The fold: a set of facts about one case, in any order of arrival and with repeats, becomes one CaseRecord."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.reporting_service.domain.case import Answers, Breach, Call, CaseRecord, Cycle, Hold, Rung

INTAKE = "pwa.intake.v1"
RESOLVE = "resolve"  # the metric that the published figures judge
NEW_DATE = "extended"  # a notice that tells how long it will take, not how it ended


@dataclass(frozen=True)
class Fact:
    """One event as it was consumed; `seq` orders the facts of one topic about one case."""

    event_id: UUID
    topic: str
    seq: int
    type: str
    recorded_at: datetime
    payload: Mapping[str, Any]


class Draft:
    """The case while it is being folded; never leaves this module."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {"state": "unknown", "kind": "unclassified", "office": "HQ", "region": None}
        self.fields |= {"restricted": False, "number": None, "received_at": None}
        self.before_waiting = "received"
        self.holds: list[Hold] = []
        self.cycles: dict[int, Cycle] = {1: Cycle(1)}

    def cycle(self, payload: Mapping[str, Any]) -> Cycle:
        number = int(payload.get("cycle", 1))
        return self.cycles.get(number, Cycle(number))

    def change(self, payload: Mapping[str, Any], **changes: Any) -> None:
        cycle = self.cycle(payload)
        self.cycles[cycle.number] = replace(cycle, **changes)

    def call(self, payload: Mapping[str, Any]) -> Call:
        return self.cycle(payload).call(payload["purpose"]) or Call(payload["purpose"])

    def keep_call(self, payload: Mapping[str, Any], call: Call) -> None:
        others = [c for c in self.cycle(payload).calls if c.purpose != call.purpose]
        self.change(payload, calls=tuple(sorted([*others, call], key=lambda c: c.purpose)))

    def end_hold(self, at: datetime) -> None:
        if self.holds and self.holds[-1].until is None:
            self.holds[-1] = replace(self.holds[-1], until=at)


Payload = Mapping[str, Any]
Step = Callable[[Draft, Payload], None]


def _at(payload: Payload, name: str) -> datetime:
    return datetime.fromisoformat(payload[name])


def _registered(draft: Draft, p: Payload) -> None:
    draft.fields |= {name: p.get(name) for name in ("number", "receiving_office", "channel", "subject", "dimension")}
    draft.fields |= {"severity": p.get("severity", "normal"), "state": "received"}
    draft.fields |= {"received_at": _at(p, "received_at"), "registered_at": _at(p, "registered_at")}


def _classified(draft: Draft, p: Payload) -> None:
    draft.fields |= {name: p[name] for name in ("subject", "dimension", "severity")}
    if draft.fields["state"] in {"unknown", "received"}:
        draft.fields["state"] = "classified"


def _to(state: str) -> Step:
    def step(draft: Draft, _p: Payload) -> None:
        draft.fields["state"] = state

    return step


def _information_requested(draft: Draft, p: Payload) -> None:
    if draft.fields["state"] != "awaiting_information":
        draft.before_waiting = draft.fields["state"]
        draft.holds.append(Hold(int(p.get("cycle", 1)), _at(p, "requested_at")))
    draft.fields["state"] = "awaiting_information"


def _information_supplied(draft: Draft, p: Payload) -> None:
    draft.end_hold(_at(p, "supplied_at"))
    if draft.fields["state"] == "awaiting_information":
        draft.fields["state"] = draft.before_waiting


def _follow_up(draft: Draft, p: Payload) -> None:
    draft.fields |= {"severity": p["severity"], "follow_ups": p["follow_ups"]}


def _closed(state: str, instant: str) -> Step:
    def step(draft: Draft, p: Payload) -> None:
        draft.end_hold(_at(p, instant))
        draft.fields |= {"state": state, "closed_at": _at(p, instant)}

    return step


def _resolved(draft: Draft, p: Payload) -> None:
    _closed("resolved", "resolved_at")(draft, p)
    told = {name: p.get(name) for name in ("repaired", "cause", "action", "mister_prapa")}
    draft.change(p, resolved_at=_at(p, "resolved_at"), reported_at=_at(p, "reported_at"), **told)


def _reopened(draft: Draft, p: Payload) -> None:
    draft.fields |= {"state": "in_progress", "closed_at": None}
    draft.change(p, reopened_at=_at(p, "reopened_at"), reopen_reason=p["reason"])


def _due(held: bool) -> Step:
    def step(draft: Draft, p: Payload) -> None:
        if p["metric"] == RESOLVE:
            draft.change(p, held=held, **({} if held else {"due_at": _at(p, "due_at")}))

    return step


def _moved(draft: Draft, p: Payload) -> None:
    """More time was given, or a hold of the past was entered: the deadline that counts from now on."""
    if p["metric"] == RESOLVE and p.get("due_at"):
        draft.change(p, due_at=_at(p, "due_at"))


def _stopped(draft: Draft, p: Payload) -> None:
    if p["metric"] == RESOLVE:
        due = {"due_at": _at(p, "due_at")} if p.get("due_at") else {}
        draft.change(p, verdict=p["verdict"], held=draft.cycle(p).held and not due, **due)


def _breached(draft: Draft, p: Payload) -> None:
    if p["metric"] == RESOLVE:
        breach = Breach(p["breach_id"], _at(p, "due_at"), _at(p, "breached_at"), p["generation"])
        draft.change(p, breaches=(*draft.cycle(p).breaches, breach))


def _voided(draft: Draft, p: Payload) -> None:
    breaches = draft.cycle(p).breaches
    draft.change(p, breaches=tuple(replace(b, voided=b.voided or b.breach_id == p["breach_id"]) for b in breaches))


def _rung_fired(draft: Draft, p: Payload) -> None:
    rung = Rung(p["rung"], p["post"], _at(p, "fired_at"))
    draft.change(p, rungs=(*draft.cycle(p).rungs, rung))


def _rung_acknowledged(draft: Draft, p: Payload) -> None:
    at = _at(p, "acknowledged_at")
    rungs = draft.cycle(p).rungs
    draft.change(p, rungs=tuple(replace(r, acknowledged_at=at) if r.rung == p["rung"] else r for r in rungs))


def _told(draft: Draft, p: Payload) -> None:
    if p.get("purpose") == NEW_DATE:
        return
    at, before = _at(p, "told_at"), draft.cycle(p).told_at
    draft.change(p, told_at=min(at, before) if before else at)


def _notice_failed(draft: Draft, p: Payload) -> None:
    if p.get("purpose") == NEW_DATE:
        return
    draft.change(p, notice_failed_at=_at(p, "failed_at"))


def _call_opened(draft: Draft, p: Payload) -> None:
    """Opened again when a number came after it had ended for want of one: it is no call without a phone then."""
    call = draft.call(p)
    again: dict[str, Any] = {"outcome": None, "closed_at": None, "outcomes": call.outcomes - {"no_phone"}}
    draft.keep_call(p, replace(call, opened_at=_at(p, "opened_at"), **(again if call.closed_at else {})))


def _call_attempted(draft: Draft, p: Payload) -> None:
    call = draft.call(p)
    seen = call.outcomes | {p["outcome"]}
    draft.keep_call(p, replace(call, attempts=max(call.attempts, p["attempt"]), outcomes=seen))


def _call_closed(draft: Draft, p: Payload) -> None:
    call = draft.call(p)
    ended = {"outcome": p["outcome"], "closed_at": _at(p, "closed_at"), "outcomes": call.outcomes | {p["outcome"]}}
    draft.keep_call(p, replace(call, attempts=max(call.attempts, p["attempts"]), **ended))


def _answered(draft: Draft, p: Payload) -> None:
    scores = ("channel_convenience", "channel_variety", "speed", "repair", "contact_center", "fixed")
    answers = Answers(
        answered_at=_at(p, "answered_at"),
        channel=p["channel"],
        satisfied=p["satisfied"],
        mister_prapa=bool(p.get("mister_prapa")),
        called_back=bool(p.get("called_back_by_contact_center")),
        **{name: p.get(name) for name in scores},
    )
    draft.keep_call(p, replace(draft.call(p), answers=answers))


STEPS: Mapping[str, Step] = {
    "pwa.intake.case-registered.v1": _registered,
    "pwa.intake.case-classified.v1": _classified,
    "pwa.intake.case-routed.v1": _to("routed"),
    "pwa.intake.case-accepted.v1": _to("in_progress"),
    "pwa.intake.case-bounced.v1": _to("classified"),
    "pwa.intake.information-requested.v1": _information_requested,
    "pwa.intake.information-supplied.v1": _information_supplied,
    "pwa.intake.follow-up-attached.v1": _follow_up,
    "pwa.intake.case-answered.v1": _closed("answered", "answered_at"),
    "pwa.intake.case-cancelled.v1": _closed("cancelled", "cancelled_at"),
    "pwa.intake.case-resolved.v1": _resolved,
    "pwa.intake.case-reopened.v1": _reopened,
    "pwa.sla.clock-armed.v1": _due(held=False),
    "pwa.sla.clock-held.v1": _due(held=True),
    "pwa.sla.clock-rescheduled.v1": _due(held=False),
    "pwa.sla.clock-extended.v1": _moved,
    "pwa.sla.recomputed.v1": _moved,
    "pwa.sla.clock-stopped.v1": _stopped,
    "pwa.sla.breached.v1": _breached,
    "pwa.sla.breach-voided.v1": _voided,
    "pwa.escalation.rung-fired.v1": _rung_fired,
    "pwa.escalation.rung-acknowledged.v1": _rung_acknowledged,
    "pwa.survey.customer-told.v1": _told,
    "pwa.survey.notice-failed.v1": _notice_failed,
    "pwa.survey.call-opened.v1": _call_opened,
    "pwa.survey.call-attempted.v1": _call_attempted,
    "pwa.survey.call-closed.v1": _call_closed,
    "pwa.survey.answered.v1": _answered,
}
# Kept in the log, without influence on the projection.
WITHOUT_EFFECT = frozenset(
    {
        "pwa.intake.contact-changed.v1",
        "pwa.intake.reopen-declined.v1",
        "pwa.intake.subject-published.v1",
        "pwa.sla.calendar-published.v1",
        "pwa.sla.ladder-named.v1",
        "pwa.sla.very-late.v1",
        "pwa.sla.warned.v1",
        "pwa.escalation.date-promised.v1",
        "pwa.escalation.rung-handed-over.v1",
        "pwa.escalation.officer-told.v1",
        "pwa.escalation.ladder-ended.v1",
        "pwa.survey.notice-accepted.v1",
        "pwa.survey.reopen-requested.v1",
        "pwa.survey.sample-drawn.v1",
    }
)


def fold(case_id: UUID, facts: Iterable[Fact]) -> CaseRecord:
    """The state of one case after these facts. Only the set counts: order of arrival and repeats do not."""
    ordered = sorted({fact.event_id: fact for fact in facts}.values(), key=lambda f: (f.topic, f.seq, str(f.event_id)))
    draft = Draft()
    for fact in ordered:
        step = STEPS.get(fact.type)
        if step:
            step(draft, fact.payload)
    draft.fields |= _responsible(ordered)
    recorded = [fact.recorded_at for fact in ordered]
    return CaseRecord(
        case_id=str(case_id),
        holds=tuple(draft.holds),
        cycles=_ordered_cycles(draft.cycles),
        first_recorded_at=min(recorded, default=None),
        changed_at=max(recorded, default=None),
        facts=len(ordered),
        **draft.fields,
    )


def _responsible(ordered: list[Fact]) -> dict[str, Any]:
    """Office, region, kind and restriction by the newest word of intake; of the others only while intake is silent."""
    spoken = [f for f in ordered if f.topic == INTAKE] or ordered
    if not spoken:
        return {}
    newest = spoken[-1].payload
    return {name: newest[name] for name in ("office", "region", "kind", "restricted") if name in newest}


def _ordered_cycles(cycles: Mapping[int, Cycle]) -> tuple[Cycle, ...]:
    tidy = (replace(c, rungs=tuple(sorted(c.rungs, key=lambda r: r.rung))) for c in cycles.values())
    return tuple(sorted(tidy, key=lambda c: c.number))
