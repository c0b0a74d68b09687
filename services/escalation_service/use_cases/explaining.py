"""Explains the ladders of a case at an instant: from what was recorded and decided, and the rules themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.escalation_service.domain.explain import Explained, Why, explain, facts_at, standing_at
from services.escalation_service.domain.holds import Span, held_spans
from services.escalation_service.domain.ladder import Breach, Facts, LadderRules
from services.escalation_service.domain.offices import Chart, post_office
from services.escalation_service.domain.record import Ladder
from services.escalation_service.store import decisions, ladders, offices
from services.escalation_service.use_cases.firing import PUBLISHERS
from services.escalation_service.use_cases.follow_ups import CaseView, view_case
from services.escalation_service.use_cases.planning import rule_book, rules_of
from shared.db import Row, Tx
from shared.messaging.consumer import watermarks

_STALLED = {"parked": Why.PARKED, "failed": Why.FAILED}


@dataclass(frozen=True)
class RungWhy:
    """One rung: the reason, whose post it is, its record where there is one, and who must be heard first."""

    said: Explained
    post_office: str
    record: Row[Any] | None
    unheard: Sequence[str] = ()


@dataclass(frozen=True)
class CycleWhy:
    """One cycle of a case at an instant."""

    ladder: Ladder
    rules: LadderRules
    breach: Breach | None
    held: Sequence[Span]
    rungs: Sequence[RungWhy]
    decisions: Sequence[Row[Any]]


@dataclass(frozen=True)
class _Known:
    """What all cycles of a case are explained from."""

    view: CaseView
    at: datetime
    chart: Chart
    decided: Sequence[Row[Any]]
    unheard: Sequence[str]


async def explain_case(tx: Tx, case_id: UUID, at: datetime | None) -> tuple[datetime, list[CycleWhy]]:
    """Why each rung of each cycle had fired, or had not, at an instant."""
    view, until = await view_case(tx, case_id), min(at or tx.now, tx.now)
    facts = await ladders.facts_of(tx, view.ladders)
    book, chart = await rule_book(tx), await offices.chart(tx, until)
    marks = await watermarks(tx, PUBLISHERS)
    unheard = sorted(
        topic for topic in PUBLISHERS if (marks.get(topic) or datetime.min.replace(tzinfo=until.tzinfo)) <= until
    )
    known = _Known(view, until, chart, await decisions.of_case(tx, case_id, until), unheard)
    return until, [
        _cycle(known, ladder, facts[ladder.key], rules_of(book, view.file, facts[ladder.key], until))
        for ladder in view.ladders
    ]


def _cycle(known: _Known, ladder: Ladder, facts: Facts, rules: LadderRules) -> CycleWhy:
    rows = [row for row in known.view.rungs if row.cycle == ladder.cycle]
    then = facts_at(facts, rows, known.at)
    vacant = frozenset(row.rung for row in rows if row.fired_at is not None and row.officer_code is None)
    decided = [row for row in known.decided if row.cycle == ladder.cycle]
    rungs = [_rung(known, said, rows, decided) for said in explain(then, rules, vacant, known.at)]
    return CycleWhy(ladder, rules, standing_at(then), held_spans(then.marks), rungs, decided)


def _rung(known: _Known, said: Explained, rows: Sequence[Row[Any]], decided: Sequence[Row[Any]]) -> RungWhy:
    fired = [row for row in rows if row.rung == said.rule.rung and row.fired_at and row.fired_at <= known.at]
    record = fired[0] if fired else None
    office = record.post_office if record else post_office(said.rule.place, known.view.file, known.chart)
    if said.why is not Why.DUE:
        return RungWhy(said, office, record)
    stalled = _STALLED.get(decided[-1].what) if decided else None
    if stalled is not None:
        return RungWhy(replace(said, why=stalled), office, record)
    if known.unheard:
        return RungWhy(replace(said, why=Why.WATERMARK), office, record, known.unheard)
    return RungWhy(said, office, record)
