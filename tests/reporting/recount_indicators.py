"""The indicators counted record by record, in plain Python: what the aggregates of the store must come to."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from services.reporting_service.domain.case import Answers, Call, CaseRecord, Cycle
from services.reporting_service.domain.indicators import Period
from services.reporting_service.domain.judgement import ended_before, is_on_time
from services.reporting_service.domain.statistics import Estimate, Scores, mean, share

VIEWS = ("headline", "first_cycle", "last_cycle")
SATISFACTION = "satisfaction"
CONTACT_CENTER = "contact_center_1662"


def holds(period: Period, at: datetime | None) -> bool:
    return at is not None and period.since <= at < period.until


def _judged(case: CaseRecord, view: str) -> tuple[datetime | None, bool]:
    if view == "headline":
        return case.whole_deadline, is_on_time(case)
    cycle = case.first if view == "first_cycle" else case.last
    return cycle.deadline, cycle.on_time


def _calls(case: CaseRecord, view: str) -> list[tuple[Cycle, Call]]:
    cycles = {"headline": case.cycles, "first_cycle": case.cycles[:1], "last_cycle": case.cycles[-1:]}[view]
    found = ((cycle, cycle.call(SATISFACTION)) for cycle in cycles)
    return [(cycle, call) for cycle, call in found if call is not None]


@dataclass
class Reach:
    """What stands beside every satisfaction figure: cases asked, reached, answered, without a phone."""

    asked: int = 0
    reached: int = 0
    answered: int = 0
    no_phone: int = 0

    def add(self, calls: Iterable[Call], answered: bool) -> None:
        tried = list(calls)
        if tried:
            self.asked += 1
            self.reached += any(call.reached for call in tried)
            self.answered += answered
            self.no_phone += all(call.no_phone for call in tried)


@dataclass
class DueTally:
    """O1 in one view."""

    due: int = 0
    on_time: int = 0
    on_time_not_repaired: int = 0
    resolved: int = 0
    resolved_on_time: int = 0

    def figures(self) -> dict[str, Any]:
        return {**asdict(self), **estimate(share(self.on_time, self.due))}


@dataclass
class AnswerTally:
    """Everything that answers say in one view."""

    convenience: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    variety: list[int] = field(default_factory=list)
    speed: list[int] = field(default_factory=list)
    prapa: list[int] = field(default_factory=list)
    center: list[int] = field(default_factory=list)
    reach: Reach = field(default_factory=Reach)
    prapa_reach: Reach = field(default_factory=Reach)
    center_reach: Reach = field(default_factory=Reach)

    def add(self, case: CaseRecord, view: str, period: Period) -> None:
        tried = [(cycle, call) for cycle, call in _calls(case, view) if holds(period, call.began_at)]
        given = [call.answers for _, call in tried if call.answers and call.answers.answered_at < period.until]
        self.reach.add((call for _, call in tried), bool(given))
        for scores, name in ((self.variety, "channel_variety"), (self.speed, "speed")):
            scores.extend(_least(given, name))
        self.convenience[case.channel or "unknown"].extend(_least(given, "channel_convenience"))
        if any(cycle.mister_prapa for cycle, _ in tried):
            self.prapa_reach.add((call for _, call in tried), bool(given))
            self.prapa.extend(_least(given, "repair"))
        if case.channel == CONTACT_CENTER or any(answer.called_back for answer in given):
            self.center_reach.add((call for _, call in tried), bool(given))
            self.center.extend(_least(given, "contact_center"))


def _least(answers: Iterable[Answers], name: str) -> list[int]:
    """The least favourable of a case's answers to one question: none or one."""
    scores = [score for answer in answers if (score := getattr(answer, name)) is not None]
    return [min(scores)] if scores else []


def estimate(figure: Estimate) -> dict[str, Any]:
    return {name: value for name, value in asdict(figure).items() if name != "method"}


def _satisfied(scores: list[int]) -> dict[str, Any]:
    hits = sum(score >= 4 for score in scores)
    return {"satisfied": hits, **estimate(share(hits, len(scores)))}


class Indicators:
    """Adds cases one by one and tells the figures at the end; nothing is kept but tallies."""

    def __init__(self, period: Period) -> None:
        self.period = period
        self.due = {view: DueTally() for view in VIEWS}
        self.answers = {view: AnswerTally() for view in VIEWS}
        self.without_clock = 0

    def add(self, case: CaseRecord) -> None:
        if case.kind != "complaint" or case.number is None:
            return
        self._add_due(case)
        for view, tally in self.answers.items():
            tally.add(case, view, self.period)

    def _add_due(self, case: CaseRecord) -> None:
        if case.first.due_at is None and case.state != "cancelled" and holds(self.period, case.received_at):
            self.without_clock += 1
        for view, tally in self.due.items():
            deadline, on_time = _judged(case, view)
            if ended_before(case, deadline):
                continue
            if deadline is not None and holds(self.period, deadline) and deadline <= self.period.end:
                tally.due += 1
                tally.on_time += on_time
                tally.on_time_not_repaired += on_time and case.last.repaired is False
            resolved = (case.first if view == "first_cycle" else case.last).resolved_at
            if holds(self.period, resolved):
                tally.resolved += 1
                tally.resolved_on_time += on_time

    def figures(self) -> dict[str, dict[str, Any]]:
        """By indicator, then by view."""
        return {name: {view: tell(self, view) for view in VIEWS} for name, tell in _TELL.items()}


def _o1(all_: Indicators, view: str) -> dict[str, Any]:
    return all_.due[view].figures()


def _o2(all_: Indicators, view: str) -> dict[str, Any]:
    tally = all_.answers[view]
    channels = {channel: scores for channel, scores in sorted(tally.convenience.items()) if scores}
    every = [score for scores in channels.values() for score in scores]
    return {
        "convenience": estimate(mean(Scores.of(every))),
        "convenience_by_channel": {channel: estimate(mean(Scores.of(scores))) for channel, scores in channels.items()},
        "variety": estimate(mean(Scores.of(tally.variety))),
        **asdict(tally.reach),
    }


def _o3(all_: Indicators, view: str) -> dict[str, Any]:
    tally = all_.answers[view]
    return {**estimate(mean(Scores.of(tally.speed))), **asdict(tally.reach)}


def _p1(all_: Indicators, view: str) -> dict[str, Any]:
    tally = all_.answers[view]
    return {**_satisfied(tally.prapa), **asdict(tally.prapa_reach)}


def _p2(all_: Indicators, view: str) -> dict[str, Any]:
    tally = all_.answers[view]
    return {**_satisfied(tally.center), **asdict(tally.center_reach)}


_TELL: dict[str, Callable[[Indicators, str], dict[str, Any]]] = {"O1": _o1, "O2": _o2, "O3": _o3, "P1": _p1, "P2": _p2}
