"""What is known about a case, kept as facts: whatever order they arrive in, they mean the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID

from services.sla_service.domain.policy import Traits
from shared.kernel.working_time import Hold

HOLD = "hold"
CLOSED = "closed"
RESOLVED = "resolved"
ANSWERED = "answered"
CANCELLED = "cancelled"
SUPERSEDED = "superseded"
BY_POLICY = "policy"  # a reopening that leaves its mode to the policy
DONE = "done"
MOOT = "moot"
REACHABLE = "reachable"
UNREACHABLE = "unreachable"
ELSEWHERE = 0  # the number of a fact that another stream than intake's told


@dataclass(frozen=True)
class Edge:
    """One fact of the interval ledger: a hold or a closing begins, ends, or both. `seq` is intake's order.

    `hold` names a hold that a person entered, so that its end finds it; `reported_at` is when a closing was told.
    """

    kind: str
    cycle: int
    seq: int
    reason: str
    began_at: datetime | None = None
    ended_at: datetime | None = None
    hold: UUID | None = None
    reported_at: datetime | None = None


@dataclass(frozen=True)
class Classification:
    """Kind, subject or severity were settled; what is None stays as it was."""

    cycle: int
    seq: int
    at: datetime
    kind: str | None = None
    subject: str | None = None
    severity: str | None = None


@dataclass(frozen=True)
class Milestone:
    """Something was done that ends the clock of one metric (accepted ends `acknowledge`, say).

    `moot`: it ended without being done; `reachable` in the same cycle, later: it can be done after all. In cycle 0
    `reachable` and `unreachable` tell whether there is anybody to tell.
    """

    metric: str
    cycle: int
    seq: int
    at: datetime
    role: str = DONE


Fact = Edge | Classification | Milestone


@dataclass(frozen=True)
class Extension:
    """More time that two persons gave to the clock of a metric."""

    metric: str
    cycle: int
    at: datetime
    amount: timedelta


@dataclass(frozen=True)
class Stop:
    """Why and when a clock has nothing more to measure."""

    at: datetime
    seq: int
    reason: str
    reported_at: datetime | None = None


@dataclass(frozen=True)
class Pin:
    """The calendar version that a clock counts by, and when it was put in the place of the first one."""

    calendar: UUID
    since: datetime | None = None


@dataclass(frozen=True)
class Registration:
    """How a case came in; `received_at` is None until its registration has arrived."""

    received_at: datetime | None
    channel: str
    receiving_office: str
    registered_at: datetime | None


@dataclass(frozen=True)
class CaseFacts:
    """The ledger of one case. `received_at` None: the registration has not arrived yet."""

    received_at: datetime | None
    channel: str = ""
    receiving_office: str = ""
    edges: tuple[Edge, ...] = ()
    classifications: tuple[Classification, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    pins: Mapping[tuple[str, int], Pin] = field(default_factory=dict)
    registered_at: datetime | None = None
    extensions: tuple[Extension, ...] = ()

    def known(self, registration: "Registration", more: Iterable[Fact]) -> "CaseFacts":
        """With facts that have just come."""
        new = list(more)
        return replace(
            self,
            received_at=registration.received_at,
            channel=registration.channel,
            receiving_office=registration.receiving_office,
            registered_at=registration.registered_at,
            edges=(*self.edges, *(fact for fact in new if isinstance(fact, Edge))),
            classifications=(*self.classifications, *(fact for fact in new if isinstance(fact, Classification))),
            milestones=(*self.milestones, *(fact for fact in new if isinstance(fact, Milestone))),
        )

    @property
    def start(self) -> datetime:
        if self.received_at is None:
            raise LookupError("the registration has not arrived")
        return self.received_at

    @cached_property
    def last_cycle(self) -> int:
        return max((edge.cycle for edge in self.edges if edge.kind == CLOSED and edge.ended_at), default=1)

    @property
    def cycles(self) -> range:
        return range(1, self.last_cycle + 1)

    @cached_property
    def newest_contact(self) -> Milestone | None:
        """The last word on whether the complainant can be reached; None: nothing says that they cannot."""
        return self._contacts[-1] if self._contacts else None

    @cached_property
    def _contacts(self) -> list[Milestone]:
        told = [one for one in self.milestones if one.cycle == 0 and one.role in (REACHABLE, UNREACHABLE)]
        return sorted(told, key=lambda one: one.seq)

    def reachable_from(self, at: datetime) -> datetime:
        """From when there was somebody to tell: at once, or when a way was found to whom there was none at `at`."""
        known = [one for one in self._contacts if one.at <= at]
        if not known or known[-1].role == REACHABLE:
            return at
        return next((one.at for one in self._contacts if one.at > at and one.role == REACHABLE), at)

    def possible_from(self, metric: str, cycle: int) -> datetime | None:
        """Since when something can be done that was moot before; None: it never was, or still is."""
        own = [one for one in self.milestones if (one.metric, one.cycle) == (metric, cycle)]
        given_up = min((one.at for one in own if one.role == MOOT), default=None)
        found = [one.at for one in own if one.role == REACHABLE and given_up is not None and one.at > given_up]
        return max(found, default=None)

    def reopening(self, cycle: int) -> Edge | None:
        """The fact that began a cycle after the first."""
        return next((e for e in self.edges if e.kind == CLOSED and e.ended_at and e.cycle == cycle), None)

    def closing(self, cycle: int) -> Stop | None:
        """The fact that ended a cycle: resolved, answered or cancelled."""
        ends = [Stop(e.began_at, e.seq, e.reason, e.reported_at) for e in self.edges if _ends(e, cycle) and e.began_at]
        return min(ends, key=lambda stop: (stop.at, stop.seq), default=None)

    def traits(self, cycle: int, before: int | None) -> Iterable[tuple[datetime | None, Traits]]:
        """What was known about the case in a cycle, and since when; nothing told after `before` (a number) counts."""
        known = Traits("unclassified", None, "normal", self.channel, self.receiving_office)
        yield None, known
        for one in sorted(self.classifications, key=lambda one: one.seq):
            if one.cycle > cycle or (before is not None and one.seq > before and one.cycle == cycle):
                continue
            known = replace(
                known,
                kind=one.kind or known.kind,
                subject=one.subject or known.subject,
                severity=one.severity or known.severity,
            )
            yield one.at, known

    def holds(self, cycle: int, pause_reasons: frozenset[str]) -> list[Hold]:
        """The held time that counts for a cycle: its pauses and those of the cycles before it."""
        pauses = [e for e in self.edges if e.kind == HOLD and e.cycle <= cycle and e.reason in pause_reasons]
        held = [(edge.began_at, self._end_of(edge)) for edge in pauses if edge.began_at]
        return sorted(held, key=lambda hold: (hold[0], hold[1] is None, hold[1] or hold[0]))

    def reason_at(self, at: datetime) -> str | None:
        """Why the case was held at an instant."""
        held = [edge for edge in self.edges if edge.kind == HOLD and edge.began_at and edge.began_at <= at]
        covering = [edge for edge in held if (end := self._end_of(edge)) is None or at < end]
        return max(covering, key=lambda edge: (edge.began_at == at, edge.seq)).reason if covering else None

    def closed_before(self, cycle: int) -> Hold | None:
        """The stretch in which the case was closed between the cycle before and this one."""
        stop, reopening = self.closing(cycle - 1), self.reopening(cycle)
        return (stop.at, reopening.ended_at) if stop and reopening else None

    def until(self, at: datetime) -> "CaseFacts":
        """The facts as of an instant, by their own times. A calendar applied later counts as if from the start."""
        edges = [
            replace(e, ended_at=e.ended_at if e.ended_at and e.ended_at <= at else None)
            for e in self.edges
            if (e.began_at or e.ended_at or at) <= at
        ]
        return replace(
            self,
            received_at=self.received_at if self.received_at and self.received_at <= at else None,
            edges=tuple(edges),
            classifications=tuple(c for c in self.classifications if c.at <= at),
            milestones=tuple(m for m in self.milestones if m.at <= at),
            extensions=tuple(e for e in self.extensions if e.at <= at),
            pins={key: pin if pin.since and pin.since <= at else Pin(pin.calendar) for key, pin in self.pins.items()},
        )

    def _end_of(self, edge: Edge) -> datetime | None:
        """When a hold ended: by its own end, by the case's next, or with the cycle."""
        stop = self.closing(edge.cycle)
        ends = [at for at in (edge.ended_at or self._told_end(edge), stop.at if stop else None) if at]
        return min(ends, default=None)

    def _told_end(self, edge: Edge) -> datetime | None:
        ends = [e for e in self.edges if e.kind == HOLD and e.ended_at and e.hold == edge.hold and e is not edge]
        if edge.hold is None:
            ends = [e for e in ends if e.cycle == edge.cycle and e.seq > edge.seq]
        return min(ends, key=lambda e: e.seq).ended_at if ends else None


def _ends(edge: Edge, cycle: int) -> bool:
    return edge.kind == CLOSED and edge.cycle == cycle
