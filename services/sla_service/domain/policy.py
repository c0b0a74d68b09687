"""Policies: which targets a case has, chosen by what is known about it (design note sla.md, "Data")."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from shared.kernel.errors import Invalid
from shared.kernel.working_time import WorkingTime

METRICS = ("acknowledge", "first_contact", "resolve", "notify_customer", "survey_call", "ois_record")
UNITS = ("wall", "office", "working_day", "calendar_day")
REOPEN_MODES = ("continue", "new_cycle", "count_all")
RESOLVE = "resolve"
ANY = "*"
UNCLASSIFIED = "unclassified"


@dataclass(frozen=True)
class Target:
    """What is promised for one metric; an amount of 0 means no clock. `wall` hours count on an always-open calendar."""

    metric: str
    amount: int
    unit: str
    calendar: str

    def budget(self, working: WorkingTime, start: datetime) -> timedelta:
        """Open time between `start` and the deadline that the target gives when nothing is held."""
        if self.unit in ("wall", "office"):
            return timedelta(hours=self.amount)
        if self.unit == "working_day":
            return working.used(start, working.working_days(start, self.amount))
        if self.unit == "calendar_day":
            return working.used(start, working.calendar_days(start, self.amount))
        raise Invalid("A target's unit is wall, office, working_day or calendar_day.", code="bad_unit")


@dataclass(frozen=True)
class Warn:
    """When to warn: at a fraction of the budget, or some working time before the deadline."""

    level: str
    fraction: float | None = None
    before: timedelta | None = None


@dataclass(frozen=True)
class Traits:
    """What is known about a case when its policy is chosen. Channel and office are those of the receipt."""

    kind: str
    subject: str | None
    severity: str
    channel: str
    office: str


@dataclass(frozen=True)
class Selector:
    """Which cases a policy is for; `*` matches all. The more specific wins: subject before severity before channel …"""

    kind: str = ANY
    subject: str = ANY
    severity: str = ANY
    channel: str = ANY
    office: str = ANY

    def matches(self, traits: Traits) -> bool:
        kind = traits.kind if traits.subject else UNCLASSIFIED
        return (
            self.kind in (ANY, kind)
            and self.subject in (ANY, traits.subject)
            and self.severity in (ANY, traits.severity)
            and self.channel in (ANY, traits.channel)
            and self.office in (ANY, traits.office)
        )

    @property
    def rank(self) -> tuple[bool, ...]:
        """Order of precedence. Two selectors of one rank that match one case are equal, which the tables exclude."""
        return tuple(part != ANY for part in (self.subject, self.severity, self.channel, self.office, self.kind))


@dataclass(frozen=True)
class PolicyVersion:
    """One immutable version of a policy, in force for cases that start in [effective_from, effective_to)."""

    id: UUID
    code: str
    version: int
    selector: Selector
    effective_from: datetime
    effective_to: datetime | None
    targets: tuple[Target, ...]
    warnings: tuple[Warn, ...] = ()
    pause_reasons: frozenset[str] = field(default_factory=frozenset)
    reopen_mode: str = "continue"
    pause_budget_hours: int | None = None  # of the target's calendar; None: pauses have no end of their own
    very_late: tuple[int, ...] = (2, 3)  # multiples of the budget
    ladder: str | None = None  # the one that late cases climb; None: as the ladders' own selectors choose

    @property
    def name(self) -> str:
        """As events and people write it."""
        return f"{self.code}/{self.version}"

    @property
    def pause_budget(self) -> timedelta | None:
        return None if self.pause_budget_hours is None else timedelta(hours=self.pause_budget_hours)

    def is_live(self, at: datetime) -> bool:
        return self.effective_from <= at and (self.effective_to is None or at < self.effective_to)


def by_precedence(policies: Iterable[PolicyVersion], traits: Traits) -> list[PolicyVersion]:
    """The policies, of whatever time, that are for a case like this; the most specific first."""
    fitting = [one for one in policies if one.selector.matches(traits)]
    return sorted(fitting, key=lambda one: one.selector.rank, reverse=True)
