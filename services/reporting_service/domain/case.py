"""What reporting knows about one case: a value folded from facts, with the questions that figures ask of it."""

from dataclasses import dataclass
from datetime import datetime

CLOSED = frozenset({"resolved", "answered", "cancelled"})


@dataclass(frozen=True)
class Breach:
    """A missed deadline as sla declared it; voided ones stay on record."""

    breach_id: str
    due_at: datetime
    breached_at: datetime
    generation: int
    voided: bool = False


@dataclass(frozen=True)
class Rung:
    """An officer was called upon."""

    rung: int
    post: str
    fired_at: datetime
    acknowledged_at: datetime | None = None


@dataclass(frozen=True)
class Answers:
    """One customer's answers on the 1-5 scale; a question not asked is None."""

    answered_at: datetime
    channel: str
    satisfied: bool
    mister_prapa: bool = False
    called_back: bool = False
    channel_convenience: int | None = None
    channel_variety: int | None = None
    speed: int | None = None
    repair: int | None = None
    contact_center: int | None = None
    fixed: bool | None = None


@dataclass(frozen=True)
class Call:
    """A call task of one purpose in one cycle."""

    purpose: str
    opened_at: datetime | None = None
    attempts: int = 0
    outcomes: frozenset[str] = frozenset()
    outcome: str | None = None
    closed_at: datetime | None = None
    answers: Answers | None = None

    @property
    def began_at(self) -> datetime | None:
        return self.opened_at or self.closed_at or (self.answers.answered_at if self.answers else None)

    @property
    def reached(self) -> bool:
        """Somebody spoke with the customer: an answer or a refusal. Wrong numbers and silence are not reached."""
        return self.answers is not None or bool(self.outcomes & {"answered", "refused"})

    @property
    def no_phone(self) -> bool:
        return not self.reached and "no_phone" in self.outcomes


@dataclass(frozen=True)
class Cycle:
    """One run of the case from (re)opening to resolution."""

    number: int
    reopened_at: datetime | None = None
    reopen_reason: str | None = None
    resolved_at: datetime | None = None
    reported_at: datetime | None = None
    repaired: bool | None = None
    cause: str | None = None
    action: str | None = None
    mister_prapa: str | None = None
    due_at: datetime | None = None
    held: bool = False
    verdict: str | None = None
    told_at: datetime | None = None
    notice_failed_at: datetime | None = None
    breaches: tuple[Breach, ...] = ()
    rungs: tuple[Rung, ...] = ()
    calls: tuple[Call, ...] = ()

    @property
    def breach(self) -> Breach | None:
        """The first breach that stands."""
        return min((b for b in self.breaches if not b.voided), key=lambda b: (b.due_at, b.generation), default=None)

    @property
    def deadline(self) -> datetime | None:
        """The instant this cycle is judged by: of a standing breach, else of the clock; None while held or unclocked.

        A clock that stopped while held was met (sla.md, semantics 3): its deadline lay no earlier than the resolution.
        """
        if self.breach:
            return self.breach.due_at
        if self.held and self.due_at is not None:
            return max(self.due_at, self.resolved_at) if self.resolved_at else None
        return self.due_at

    @property
    def on_time(self) -> bool:
        """Resolved at or before the deadline, and no breach stands (sla.md, semantics 3 to 5)."""
        if self.breach or self.resolved_at is None or self.deadline is None:
            return False
        return self.resolved_at <= self.deadline

    def call(self, purpose: str) -> Call | None:
        return next((call for call in self.calls if call.purpose == purpose), None)


@dataclass(frozen=True)
class Hold:
    """A time in which the case waited for the complainant; `until` None = it still waits."""

    cycle: int
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class CaseRecord:
    """The folded state of one case. `number` is None until the registration has arrived."""

    case_id: str
    number: str | None
    state: str
    kind: str
    office: str
    region: int | None
    restricted: bool
    received_at: datetime | None
    receiving_office: str | None = None
    channel: str | None = None
    subject: str | None = None
    dimension: str | None = None
    severity: str | None = None
    registered_at: datetime | None = None
    closed_at: datetime | None = None
    follow_ups: int = 0
    holds: tuple[Hold, ...] = ()
    cycles: tuple[Cycle, ...] = (Cycle(1),)
    first_recorded_at: datetime | None = None
    changed_at: datetime | None = None
    facts: int = 0

    @property
    def first(self) -> Cycle:
        return self.cycles[0]

    @property
    def last(self) -> Cycle:
        return self.cycles[-1]

    @property
    def whole_deadline(self) -> datetime | None:
        """The first deadline, moved only by true holds of later cycles that began before it (sla.md, semantics 6)."""
        deadline = self.first.deadline
        if deadline is None:
            return None
        for hold in sorted((h for h in self.holds if h.cycle > 1), key=lambda h: h.since):
            if hold.since < deadline:
                if hold.until is None:
                    return None
                deadline += hold.until - hold.since
        return deadline

    @property
    def matters_until(self) -> datetime | None:
        """Figures of periods that begin after this instant do not depend on the case, unless it is open."""
        deadlines = [self.whole_deadline, *(cycle.deadline for cycle in self.cycles)]
        return max((at for at in (self.changed_at, *deadlines) if at is not None), default=None)

    def may_matter_in(self, since: datetime, until: datetime) -> bool:
        """Whether figures over [since, until) can depend on the case."""
        if self.received_at is None or self.received_at >= until:
            return False
        return self.is_open or self.matters_until is None or self.matters_until >= since

    @property
    def is_open(self) -> bool:
        return self.state not in CLOSED

    def is_open_at(self, at: datetime) -> bool:
        """Whether work was outstanding at an instant, from the facts known now."""
        if self.received_at is None or self.received_at >= at:
            return False
        if self.state in {"answered", "cancelled"} and self.closed_at is not None and self.closed_at < at:
            return False
        begun = [c for c in self.cycles if c.number == 1 or (c.reopened_at is not None and c.reopened_at < at)]
        done = begun[-1].resolved_at
        return done is None or done >= at

    def cycle_at(self, at: datetime) -> Cycle:
        """The cycle the case was in at an instant."""
        return [c for c in self.cycles if c.number == 1 or (c.reopened_at is not None and c.reopened_at < at)][-1]

    def is_over_at(self, at: datetime) -> bool:
        """Open and past its deadline at an instant."""
        deadline = self.cycle_at(at).deadline
        return self.is_open_at(at) and deadline is not None and deadline < at
