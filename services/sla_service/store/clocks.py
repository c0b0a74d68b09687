"""Statements on clocks and breaches: read what was recorded, save what was decided."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import ARRAY, Select, Uuid, any_, bindparam, func, select

from services.sla_service.domain.changes import (
    AT_DUE,
    Breached,
    Decision,
    Key,
    Overdue,
    Recorded,
    StandingBreach,
    Voided,
)
from services.sla_service.domain.evaluate import NOTHING_LEFT, Clock
from services.sla_service.store.tables import breach, clock
from shared.db import Tx
from shared.db.bulk import changing, inserting, own_columns, putting
from shared.db.tx import as_json


def clock_id(case_id: UUID, metric: str, cycle: int) -> UUID:
    """The identity of a clock follows from what it measures."""
    return uuid5(case_id, f"{metric}/{cycle}")


@dataclass(frozen=True)
class Kept(Recorded):
    """A clock as it was last saved, with its row, so that one that is as it was is not written again."""

    row: Mapping[str, Any] = field(default_factory=dict)


async def read_recorded(tx: Tx, case_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[Key, Kept]]:
    """The clocks of these cases as last saved, each with the breaches that stand."""
    found: dict[UUID, dict[Key, Kept]] = {case_id: {} for case_id in case_ids}
    for row in await tx.all(_RECORDED, {"case_ids": list(case_ids)}):
        standing = tuple(
            StandingBreach(UUID(one["id"]), one["level"], one["generation"], datetime.fromisoformat(one["due_at"]))
            for one in row.standing or ()
        )
        found[row.case_id][row.metric, row.cycle] = Kept(
            policy=row.policy_version_id,
            calendar=row.calendar_version_id,
            due_at=row.due_at,
            held_at=row.held_at,
            stopped_at=row.stopped_at,
            verdict=row.verdict,
            remaining=row.remaining,
            warned=frozenset(row.warned),
            standing=standing,
            generations=row.generations,
            pauses=tuple(
                (datetime.fromisoformat(begin), end and datetime.fromisoformat(end)) for begin, end in row.pauses
            ),
            row={name: getattr(row, name) for name in _COLUMNS},
        )
    return found


_COLUMNS = own_columns(clock)
_COMPARED = [c.name for c in clock.c if c.name not in ("id", "case_id", "metric", "cycle", "updated_at")]


def _recorded() -> Select[Any]:
    is_its_own = breach.c.clock_id == clock.c.id
    generations = select(func.coalesce(func.max(breach.c.generation), 0)).where(is_its_own, breach.c.level == AT_DUE)
    one = func.json_build_object(
        "id", breach.c.id, "level", breach.c.level, "generation", breach.c.generation, "due_at", breach.c.due_at
    )
    standing = select(func.json_agg(one)).where(is_its_own, breach.c.voided_at.is_(None))
    return select(
        clock, standing.scalar_subquery().label("standing"), generations.scalar_subquery().label("generations")
    ).where(clock.c.case_id == any_(bindparam("case_ids", type_=ARRAY(Uuid))))


_RECORDED = _recorded()  # built once: it is asked for every event


def clock_row(case_id: UUID, one: Clock, warned: frozenset[str], now: datetime) -> dict[str, Any]:
    """A clock as its row. What has been used is kept once it stopped; before that it is a matter of the instant."""
    is_over = one.stopped_at is not None
    return {
        "id": clock_id(case_id, one.metric, one.cycle),
        "case_id": case_id,
        "metric": one.metric,
        "cycle": one.cycle,
        "policy_version_id": one.policy.id,
        "calendar_version_id": one.calendar.id,
        "repinned_at": one.repinned_at,
        "started_at": one.started_at,
        "budget": one.budget,
        "due_at": one.due_at,
        "held_at": one.held_at,
        "remaining": one.remaining,
        "pauses": [[_iso(begin), end and _iso(end)] for begin, end in one.pauses],
        "stopped_at": one.stopped_at,
        "verdict": one.verdict,
        "consumed": one.consumed if is_over else None,
        "gross": one.gross if is_over else None,
        "overrun": one.overrun if is_over else None,
        "warned": sorted(warned),
        "updated_at": now,
    }


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def recorded_after(
    case_id: UUID, recorded: Mapping[Key, Kept], decision: Decision, now: datetime
) -> Mapping[Key, Kept]:
    """The clocks as they are once a decision is carried out; what it declares is seen when it is read again."""
    void = {change.breach_id for change in decision.changes if isinstance(change, Voided)}
    after = {key: _without(was, void) for key, was in recorded.items()}
    for one in decision.dropped:
        after[one.key] = _ended(after[one.key], now)
    for clock_ in decision.clocks:
        key = (clock_.metric, clock_.cycle)
        row = clock_row(case_id, clock_, decision.warned[key], now)
        known = after.get(key)
        after[key] = Kept(
            policy=clock_.policy.id,
            calendar=clock_.calendar.id,
            due_at=clock_.due_at,
            held_at=clock_.held_at,
            stopped_at=clock_.stopped_at,
            verdict=clock_.verdict,
            remaining=clock_.remaining,
            warned=decision.warned[key],
            standing=known.standing if known else (),
            generations=known.generations if known else 0,
            pauses=clock_.pauses,
            row=row,
        )
    return after


def _without(kept: Kept, void: Collection[UUID]) -> Kept:
    return replace(kept, standing=tuple(breach for breach in kept.standing if breach.id not in void))


def _ended(kept: Kept, now: datetime) -> Kept:
    """A clock for which there is no target any more."""
    ended: Mapping[str, Any] = {
        "due_at": None, "held_at": None, "remaining": None, "stopped_at": now, "verdict": NOTHING_LEFT,
    }  # fmt: skip
    return replace(kept, **ended, row={**kept.row, **ended, "updated_at": now})


def changed_rows(before: Mapping[Key, Kept], after: Mapping[Key, Kept]) -> Iterator[Mapping[str, Any]]:
    """The rows of clocks that do not say what they said already."""
    for key, kept in after.items():
        was = before.get(key)
        if was is None or any(was.row[name] != kept.row[name] for name in _COMPARED):
            yield kept.row


async def save_clocks(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert or replace."""
    if rows:
        await tx.fetch(_UPSERT, as_json(rows))


def breach_id(case_id: UUID, change: Breached | Overdue, level: int = AT_DUE) -> UUID:
    """The identity of a breach follows from its clock, level and generation."""
    return uuid5(clock_id(case_id, change.clock.metric, change.clock.cycle), f"{level}/{change.generation}")


def breach_row(case_id: UUID, change: Breached | Overdue, now: datetime) -> dict[str, Any]:
    """A missed deadline, or a multiple of the budget that was reached, as its row."""
    if isinstance(change, Overdue):
        own: dict[str, Any] = {"level": change.tier, "due_at": change.tier_at, "breached_at": change.reached_at}
    else:
        own = {"level": AT_DUE, "due_at": change.due_at, "breached_at": change.breached_at}
    return own | {
        "id": breach_id(case_id, change, own["level"]),
        "clock_id": clock_id(case_id, change.clock.metric, change.clock.cycle),
        "case_id": case_id,
        "generation": change.generation,
        "declared_at": now,
        "cause": change.cause,
    }


async def save_breaches(tx: Tx, declared: Sequence[tuple[UUID, Breached | Overdue]]) -> None:
    """Missed deadlines, and multiples of a budget that were reached, each with its case."""
    if declared:
        await tx.fetch(_DECLARE, as_json([breach_row(case_id, change, tx.now) for case_id, change in declared]))


async def void_breaches(tx: Tx, voided: Sequence[Voided]) -> None:
    """Breaches that a recomputation has shown not to have happened; the rows stay."""
    if voided:
        rows = [{"id": one.breach_id, "void_reason": one.reason, "voided_at": tx.now} for one in voided]
        await tx.fetch(_VOID, as_json(rows))


_UPSERT = putting(clock)
_DECLARE = inserting(breach)
_VOID = changing(breach, ("id", "voided_at", "void_reason"))
