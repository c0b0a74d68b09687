"""The five indicators computed again from the sources' own tables, by code that shares nothing with reporting."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from asyncpg import Record

from shared.testing.system import System

_RESOLUTIONS = """
    SELECT c.id, r.cycle, r.resolved_at, r.mister_prapa
    FROM intake.cases c JOIN intake.resolutions r ON r.case_id = c.id
    WHERE c.kind = 'complaint' ORDER BY r.cycle"""
_DEADLINES = """
    SELECT k.case_id, k.cycle, coalesce(min(b.due_at) FILTER (WHERE b.voided_at IS NULL), k.due_at) AS due_at,
           bool_or(b.id IS NOT NULL AND b.voided_at IS NULL) AS breached
    FROM sla.clock k LEFT JOIN sla.breach b ON b.clock_id = k.id
    WHERE k.metric = 'resolve' GROUP BY k.case_id, k.cycle, k.due_at"""
_CASES = "SELECT id, state, channel, closed_at FROM intake.cases WHERE kind = 'complaint'"
_REOPENED = "SELECT case_id, facts->>'reason' AS reason FROM intake.timeline WHERE entry = 'reopened'"
_CALLS = """
    SELECT t.case_id, t.cycle, t.opened_at, t.outcome, a.answered_at, a.channel_convenience, a.channel_variety, a.speed,
           a.repair, a.contact_center, a.called_back_by_contact_center AS called_back,
           array(SELECT outcome FROM survey.call_attempt WHERE call_id = t.id) AS tried
    FROM survey.call_task t LEFT JOIN survey.answer a ON a.call_id = t.id WHERE t.purpose = 'satisfaction'"""
Span = tuple[datetime, datetime]


async def on_time(system: System, span: Span) -> tuple[int, int]:
    """(due, on time) of O1 as sla.md, semantics 6, has it. Knows no holds in later cycles."""
    since, until = span
    clocks = await system.sql(_DEADLINES)
    first_due = {r["case_id"]: r for r in clocks if r["cycle"] == 1}
    breached = {r["case_id"] for r in clocks if r["breached"]}
    done: defaultdict[Any, dict[int, datetime]] = defaultdict(dict)
    for row in await system.sql(_RESOLUTIONS):
        done[row["id"]][row["cycle"]] = row["resolved_at"]
    reopened = {row["case_id"] for row in await system.sql(_REOPENED) if row["reason"] in ("not_fixed", "dissatisfied")}
    due = good = 0
    for case in await system.sql(_CASES):
        clock, work = first_due.get(case["id"]), done[case["id"]]
        if clock is None or not since <= clock["due_at"] < until:
            continue
        if case["state"] == "cancelled" and case["closed_at"] <= clock["due_at"] and case["id"] not in breached:
            continue
        due += 1
        judged = [work.get(1)]
        if case["id"] in reopened:
            judged.append(work.get(max(work)) if case["state"] == "resolved" else None)
        good += not clock["breached"] and all(at is not None and at <= clock["due_at"] for at in judged)
    return due, good


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The two shares that lie exactly 1.96 standard errors from what was seen, found by halving."""
    seen = hits / n

    def bound(low: float, high: float, outside: bool) -> float:
        for _ in range(80):
            middle = (low + high) / 2
            far = abs(seen - middle) > 1.959963984540054 * math.sqrt(middle * (1 - middle) / n)
            low, high = (middle, high) if far == outside else (low, middle)
        return low

    return (bound(0.0, seen, True) if hits else 0.0), (bound(seen, 1.0, False) if hits < n else 1.0)


class Answers:
    """What the satisfaction calls brought, per case."""

    def __init__(self, rows: Iterable[Record], cases: Mapping[Any, str], prapa: set[tuple[Any, int]]) -> None:
        self.by_case: defaultdict[Any, list[Record]] = defaultdict(list)
        for row in rows:
            if row["case_id"] in cases:
                self.by_case[row["case_id"]].append(row)
        self.channel = cases
        self.prapa = prapa

    @classmethod
    async def of(cls, system: System, span: Span) -> "Answers":
        rows = [row for row in await system.sql(_CALLS) if span[0] <= row["opened_at"] < span[1]]
        cases = {row["id"]: row["channel"] for row in await system.sql(_CASES)}
        prapa = {(row["id"], row["cycle"]) for row in await system.sql(_RESOLUTIONS) if row["mister_prapa"]}
        return cls(rows, cases, prapa)

    def worst(self, question: str, among: Iterable[Any] | None = None) -> dict[Any, int]:
        """Each case's least favourable answer to a question."""
        found = {}
        for case_id in self.by_case if among is None else among:
            scores = [row[question] for row in self.by_case[case_id] if row[question] is not None]
            if scores:
                found[case_id] = min(scores)
        return found

    def with_prapa(self) -> list[Any]:
        return [case for case, rows in self.by_case.items() if any((case, r["cycle"]) in self.prapa for r in rows)]

    def with_1662(self) -> list[Any]:
        return [
            case
            for case, rows in self.by_case.items()
            if self.channel[case] == "contact_center_1662" or any(row["called_back"] for row in rows)
        ]

    def reach(self, among: Iterable[Any] | None = None) -> dict[str, int]:
        chosen = [rows for case, rows in self.by_case.items() if among is None or case in set(among)]
        spoke = {"answered", "refused"}
        reached = [any(r["answered_at"] or spoke & {*r["tried"], r["outcome"]} for r in rows) for rows in chosen]
        silent = [all(r["outcome"] == "no_phone" for r in rows) for rows in chosen]
        answered = [any(r["answered_at"] for r in rows) for rows in chosen]
        return {"asked": len(chosen), "reached": sum(reached), "answered": sum(answered), "no_phone": sum(silent)}
