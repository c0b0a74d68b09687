"""The indicators of process step 10 over case records: O1, O2, O3, P1, P2, each whole, first and last cycle."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from services.reporting_service.domain.statistics import Estimate, Scores, mean, share

VIEWS = ("headline", "first_cycle", "last_cycle")
METHOD = {
    "O1": "Complaints whose deadline lies in the period and has passed; late or still open = not on time; cancelled "
    "ones count only when they were late already. on_time_not_repaired: reported done in time, but not repaired. The "
    "headline judges the whole case: one reopened as not fixed or dissatisfied is on time only if its last resolution "
    "lies within the first deadline, which only true holds move.",
    "resolved": "Complaints resolved in the period, whenever they were due; resolved_on_time by the same judgement.",
    "satisfaction": "Satisfaction calls opened in the period, answers given before its end. The headline counts each "
    "case once, with its least favourable answer.",
    "mean": "arithmetic mean, 95 % interval by Student's t, cut to 1-5",
    "share": "proportion, 95 % interval by Wilson's score method",
    "reached": "the customer spoke with us: answered or refused",
}


@dataclass(frozen=True)
class Period:
    """Half-open span of time; `known_until` is the instant up to which deadlines can have passed."""

    since: datetime
    until: datetime
    known_until: datetime

    @property
    def end(self) -> datetime:
        return min(self.until, self.known_until)


@dataclass
class Reach:
    """What stands beside every satisfaction figure: cases asked, reached, answered, without a phone."""

    asked: int = 0
    reached: int = 0
    answered: int = 0
    no_phone: int = 0

    def add(self, more: "Reach") -> None:
        self.asked += more.asked
        self.reached += more.reached
        self.answered += more.answered
        self.no_phone += more.no_phone


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
    """Everything that answers say in one view: each case once, with the least favourable answer to each question."""

    convenience: dict[str, Scores] = field(default_factory=dict)
    variety: Scores = field(default_factory=Scores)
    speed: Scores = field(default_factory=Scores)
    prapa: Scores = field(default_factory=Scores)
    center: Scores = field(default_factory=Scores)
    reach: Reach = field(default_factory=Reach)
    prapa_reach: Reach = field(default_factory=Reach)
    center_reach: Reach = field(default_factory=Reach)

    def add(self, channel: str, more: "AnswerTally") -> None:
        """What cases of one channel say."""
        self.convenience[channel] = more.convenience[channel]
        self.variety += more.variety
        self.speed += more.speed
        self.prapa += more.prapa
        self.center += more.center
        self.reach.add(more.reach)
        self.prapa_reach.add(more.prapa_reach)
        self.center_reach.add(more.center_reach)


def estimate(figure: Estimate) -> dict[str, Any]:
    return {name: value for name, value in asdict(figure).items() if name != "method"}


def _satisfied(scores: Scores) -> dict[str, Any]:
    return {"satisfied": scores.satisfied, **estimate(share(scores.satisfied, scores.n))}


@dataclass
class Indicators:
    """What the figures of one period are told from."""

    due: dict[str, DueTally] = field(default_factory=lambda: {view: DueTally() for view in VIEWS})
    answers: dict[str, AnswerTally] = field(default_factory=lambda: {view: AnswerTally() for view in VIEWS})
    without_clock: int = 0

    def figures(self) -> dict[str, dict[str, Any]]:
        """By indicator, then by view."""
        return {name: {view: tell(self, view) for view in VIEWS} for name, tell in _TELL.items()}


def _o1(all_: Indicators, view: str) -> dict[str, Any]:
    return all_.due[view].figures()


def _o2(all_: Indicators, view: str) -> dict[str, Any]:
    tally = all_.answers[view]
    channels = {channel: scores for channel, scores in sorted(tally.convenience.items()) if scores.n}
    every = sum(channels.values(), Scores())
    return {
        "convenience": estimate(mean(every)),
        "convenience_by_channel": {channel: estimate(mean(scores)) for channel, scores in channels.items()},
        "variety": estimate(mean(tally.variety)),
        **asdict(tally.reach),
    }


def _o3(all_: Indicators, view: str) -> dict[str, Any]:
    tally = all_.answers[view]
    return {**estimate(mean(tally.speed)), **asdict(tally.reach)}


def _p1(all_: Indicators, view: str) -> dict[str, Any]:
    tally = all_.answers[view]
    return {**_satisfied(tally.prapa), **asdict(tally.prapa_reach)}


def _p2(all_: Indicators, view: str) -> dict[str, Any]:
    tally = all_.answers[view]
    return {**_satisfied(tally.center), **asdict(tally.center_reach)}


_TELL: dict[str, Callable[[Indicators, str], dict[str, Any]]] = {"O1": _o1, "O2": _o2, "O3": _o3, "P1": _p1, "P2": _p2}


def headline_value(name: str, figures: dict[str, Any]) -> float | None:
    """The one number of an indicator that is held against a target and the year before."""
    source = figures["convenience"] if name == "O2" else figures
    value: float | None = source["value"]
    return value
