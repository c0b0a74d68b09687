"""Statements on clocks and breaches: read what was recorded, save what was decided."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import ARRAY, Select, Uuid, any_, bindparam, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import Insert, insert

from services.sla_service.domain.changes import AT_DUE, Breached, Dropped, Key, Recorded, StandingBreach, Voided
from services.sla_service.domain.evaluate import NOTHING_LEFT, Clock
from services.sla_service.store.tables import breach, clock
from shared.db import Tx


def clock_id(case_id: UUID, metric: str, cycle: int) -> UUID:
    """The identity of a clock follows from what it measures."""
    return uuid5(case_id, f"{metric}/{cycle}")


async def read_recorded(tx: Tx, case_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[Key, Recorded]]:
    """The clocks of these cases as last saved, each with the breach that stands."""
    found: dict[UUID, dict[Key, Recorded]] = {case_id: {} for case_id in case_ids}
    for row in await tx.all(_RECORDED, {"case_ids": list(case_ids)}):
        found[row.case_id][row.metric, row.cycle] = Recorded(
            policy=row.policy_version_id,
            calendar=row.calendar_version_id,
            due_at=row.due_at,
            held_at=row.held_at,
            stopped_at=row.stopped_at,
            verdict=row.verdict,
            warned=frozenset(row.warned),
            breach=StandingBreach(row.breach_id) if row.breach_id else None,
            generations=row.generations,
        )
    return found


def _recorded() -> Select[Any]:
    standing = breach.alias("standing")
    generations = select(func.coalesce(func.max(breach.c.generation), 0)).where(
        breach.c.clock_id == clock.c.id, breach.c.level == AT_DUE
    )
    is_its_own = (standing.c.clock_id == clock.c.id) & (standing.c.level == AT_DUE) & standing.c.voided_at.is_(None)
    return (
        select(clock, standing.c.id.label("breach_id"), generations.scalar_subquery().label("generations"))
        .outerjoin(standing, is_its_own)
        .where(clock.c.case_id == any_(bindparam("case_ids", type_=ARRAY(Uuid))))
    )


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
        "stopped_at": one.stopped_at,
        "verdict": one.verdict,
        "consumed": one.consumed if is_over else None,
        "gross": one.gross if is_over else None,
        "overrun": one.overrun if is_over else None,
        "warned": sorted(warned),
        "updated_at": now,
    }


async def save_clocks(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert or replace; a clock that is as it was is not written."""
    await tx.execute(_UPSERT, list(rows))


def _upsert() -> Insert:
    statement = insert(clock)
    names = [column.name for column in clock.c if column.name not in ("id", "case_id", "metric", "cycle")]
    fresh = {name: statement.excluded[name] for name in names}
    compared = [name for name in names if name != "updated_at"]
    old, new = tuple_(*(clock.c[name] for name in compared)), tuple_(*(fresh[name] for name in compared))
    return statement.on_conflict_do_update(index_elements=["id"], set_=fresh, where=old.is_distinct_from(new))


_UPSERT = _upsert()


async def drop_clocks(tx: Tx, case_id: UUID, dropped: Iterable[Dropped]) -> None:
    """End the clocks for which there is no target any more."""
    for one in dropped:
        await tx.execute(
            update(clock)
            .where(clock.c.id == clock_id(case_id, *one.key))
            .values(
                due_at=None, held_at=None, remaining=None, stopped_at=tx.now, verdict=NOTHING_LEFT, updated_at=tx.now
            )
        )


def breach_id(case_id: UUID, change: Breached) -> UUID:
    """The identity of a breach follows from its clock, level and generation."""
    return uuid5(clock_id(case_id, change.clock.metric, change.clock.cycle), f"{AT_DUE}/{change.generation}")


def breach_row(case_id: UUID, change: Breached, now: datetime) -> dict[str, Any]:
    return {
        "id": breach_id(case_id, change),
        "clock_id": clock_id(case_id, change.clock.metric, change.clock.cycle),
        "case_id": case_id,
        "level": AT_DUE,
        "generation": change.generation,
        "due_at": change.due_at,
        "breached_at": change.breached_at,
        "declared_at": now,
        "cause": change.cause,
    }


async def save_breaches(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
    await tx.execute(insert(breach), list(rows))


async def void_breaches(tx: Tx, voided: Sequence[Voided]) -> None:
    """Breaches that a recomputation has shown not to have happened; the rows stay."""
    statement = update(breach).where(breach.c.id == bindparam("breach_id"))
    values = {"voided_at": tx.now, "void_reason": bindparam("reason")}
    await tx.execute(statement.values(values), [{"breach_id": v.breach_id, "reason": v.reason} for v in voided])
