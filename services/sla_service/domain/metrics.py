"""The six metrics: from where each counts, what ends it, and whose news decides (ADR 0021)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.sla_service.domain.facts import (
    ANSWERED,
    CANCELLED,
    DONE,
    MOOT,
    RESOLVED,
    SUPERSEDED,
    UNREACHABLE,
    CaseFacts,
    Stop,
)

ACKNOWLEDGE = "acknowledge"
FIRST_CONTACT = "first_contact"
RESOLVE = "resolve"
NOTIFY_CUSTOMER = "notify_customer"
SURVEY_CALL = "survey_call"
OIS_RECORD = "ois_record"

# Whose news can still change a clock: a lane is fired only as far as the watermarks of all its topics have come.
INTAKE_LANE = "intake"
SURVEY_LANE = "survey"
REPORTING_LANE = "reporting"
LANES = (INTAKE_LANE, SURVEY_LANE, REPORTING_LANE)

Stops = Callable[[CaseFacts, str, int], Iterator[Stop]]
Begins = Callable[[CaseFacts, int], datetime | None]


@dataclass(frozen=True)
class Rule:
    """How one metric is measured."""

    lane: str
    begins: Begins
    stops: Stops
    every_cycle: bool = True
    is_paused: bool = False  # by holds of the case


def _receipt(facts: CaseFacts, _cycle: int) -> datetime | None:
    return facts.received_at


def _report(facts: CaseFacts, cycle: int) -> datetime | None:
    """The branch's report of completion; the day on which the work was done may lie before it."""
    closing = facts.closing(cycle)
    return (closing.reported_at or closing.at) if closing and closing.reason == RESOLVED else None


def _receipt_of_the_reachable(facts: CaseFacts, _cycle: int) -> datetime | None:
    """Nobody is owed a contact before there is a way to them."""
    return facts.reachable_from(facts.received_at) if facts.received_at else None


def _report_to_tell(facts: CaseFacts, cycle: int) -> datetime | None:
    """The report, or later, when a way to the complainant was found."""
    reported_at = _report(facts, cycle)
    return facts.reachable_from(reported_at) if reported_at else None


def _report_to_call(facts: CaseFacts, cycle: int) -> datetime | None:
    """The report, or later, when the number that was missing came."""
    reported_at = _report(facts, cycle)
    return (facts.possible_from(SURVEY_CALL, cycle) or reported_at) if reported_at else None


def _opening(facts: CaseFacts, cycle: int) -> datetime | None:
    """Registration, later the reopening: nobody can record what has not been entered."""
    reopening = facts.reopening(cycle)
    return (reopening.ended_at if reopening else None) if cycle > 1 else facts.registered_at or facts.received_at


def _reached(facts: CaseFacts, metric: str, cycle: int) -> Iterator[Stop]:
    possible_from = facts.possible_from(metric, cycle)
    for one in facts.milestones:
        if (one.metric, one.cycle) != (metric, cycle) or one.role not in (DONE, MOOT):
            continue
        if one.role == DONE or possible_from is None or one.at > possible_from:
            yield Stop(one.at, one.seq, one.role)


def _with_the_case(facts: CaseFacts, metric: str, cycle: int) -> Iterator[Stop]:
    """Its own milestone, or the end of the cycle."""
    yield from _reached(facts, metric, cycle)
    if closing := facts.closing(cycle):
        yield closing


def _by_contact(facts: CaseFacts, metric: str, _cycle: int) -> Iterator[Stop]:
    """Whoever spoke with the complainant, in any cycle; an answer is a contact, a repair is none."""
    for cycle in facts.cycles:
        yield from _reached(facts, metric, cycle)
        closing = facts.closing(cycle)
        if closing and closing.reason in (ANSWERED, CANCELLED):
            yield closing
    yield from _unreachable(facts)


def _after_the_report(facts: CaseFacts, metric: str, cycle: int) -> Iterator[Stop]:
    """Not the closing, which begins it; a reopening makes it void, the next closing has a clock of its own."""
    yield from _reached(facts, metric, cycle)
    reopening = facts.reopening(cycle + 1)
    if reopening and reopening.ended_at:
        yield Stop(reopening.ended_at, reopening.seq, SUPERSEDED)


def _by_telling(facts: CaseFacts, metric: str, cycle: int) -> Iterator[Stop]:
    yield from _after_the_report(facts, metric, cycle)
    yield from _unreachable(facts)


def _unreachable(facts: CaseFacts) -> Iterator[Stop]:
    """Nobody can be told when the newest word about the contact says so."""
    if (newest := facts.newest_contact) and newest.role == UNREACHABLE:
        yield Stop(newest.at, newest.seq, MOOT)


def _by_record(facts: CaseFacts, metric: str, cycle: int) -> Iterator[Stop]:
    """OIS took a record of this cycle, or of a later one, which says more."""
    for later in range(cycle, facts.last_cycle + 1):
        yield from _reached(facts, metric, later)


RULES: Mapping[str, Rule] = {
    ACKNOWLEDGE: Rule(INTAKE_LANE, _receipt, _with_the_case, every_cycle=False, is_paused=True),
    FIRST_CONTACT: Rule(SURVEY_LANE, _receipt_of_the_reachable, _by_contact, every_cycle=False),
    RESOLVE: Rule(INTAKE_LANE, _receipt, _with_the_case, is_paused=True),
    NOTIFY_CUSTOMER: Rule(SURVEY_LANE, _report_to_tell, _by_telling),
    SURVEY_CALL: Rule(SURVEY_LANE, _report_to_call, _after_the_report),
    OIS_RECORD: Rule(REPORTING_LANE, _opening, _by_record),
}
EMPTY = frozenset({MOOT, CANCELLED, SUPERSEDED})  # ends after which there was nothing left to measure


def lane_of(metric: str) -> str:
    """Whose news a metric waits for."""
    return RULES[metric].lane


def stop_of(facts: CaseFacts, metric: str, cycle: int) -> Stop | None:
    """What ended the clock of a metric; the first end counts."""
    ends = RULES[metric].stops(facts, metric, cycle)
    return min(ends, key=lambda stop: (stop.at, stop.seq), default=None)
