"""Statements on holds that persons entered; they are rows of the interval ledger under an id of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, insert, select

from services.sla_service.domain.facts import CLOSED, HOLD, Edge
from services.sla_service.store.reads import visible
from services.sla_service.store.tables import case_file, interval
from shared.db import Tx
from shared.kernel.access import Scope
from shared.kernel.ids import uuid7


@dataclass(frozen=True)
class Entered:
    """Who entered one edge of a hold, on what evidence, and why after the fact."""

    by: str
    evidence: str | None = None
    why: str | None = None


async def enter(tx: Tx, case_id: UUID, edge: Edge, entered: Entered) -> None:
    """A hold begins, ends, or both."""
    await tx.execute(
        insert(interval).values(
            source_event=uuid7(tx.now), case_id=case_id, cycle=edge.cycle, seq=edge.seq, kind=HOLD, reason=edge.reason,
            began_at=edge.began_at, ended_at=edge.ended_at, recorded_at=tx.now, hold_id=edge.hold,
            evidence=entered.evidence, entered_by=entered.by, why=entered.why,
        )
    )  # fmt: skip


_begun, _ended, _closing = interval.alias("begun"), interval.alias("ended"), interval.alias("closing")


def _holds(scope: Scope) -> Select[Any]:
    is_its_end = (_ended.c.hold_id == _begun.c.hold_id) & (_ended.c.source_event != _begun.c.source_event)
    return (
        select(
            *(_begun.c[name] for name in ("hold_id", "case_id", "cycle", "reason", "evidence", "began_at", "why")),
            _begun.c.entered_by,
            _begun.c.recorded_at.label("entered_at"),
            case_file.c.number,
            case_file.c.office,
            _ended.c.entered_by.label("ended_by"),
            _ended.c.why.label("end_why"),
            _begun.c.ended_at.label("ended_with_it"),
            _ended.c.ended_at.label("ended_later"),
        )
        .join(case_file, case_file.c.case_id == _begun.c.case_id)
        .outerjoin(_ended, is_its_end)
        .where(_begun.c.hold_id.is_not(None), _begun.c.began_at.is_not(None), visible(scope))
    )


def _ends_with_cycle() -> ColumnElement[bool]:
    """Whether the cycle has ended in which a hold began; a hold outlives none."""
    is_its_own = (_closing.c.case_id == _begun.c.case_id) & (_closing.c.cycle == _begun.c.cycle)
    return (
        select(_closing.c.case_id)
        .where(is_its_own, _closing.c.kind == CLOSED, _closing.c.began_at.is_not(None))
        .exists()
    )


async def find(tx: Tx, scope: Scope, hold_id: UUID) -> Row[Any] | None:
    return await tx.find(_holds(scope).where(_begun.c.hold_id == hold_id))


async def list_holds(
    tx: Tx, *, case_id: UUID | None, is_open: bool | None, after: UUID | None, most: int
) -> Sequence[Row[Any]]:
    """A page of holds that the actor may see, the oldest entered first."""
    query = _holds(tx.actor.scope)
    if case_id is not None:
        query = query.where(_begun.c.case_id == case_id)
    if is_open is not None:
        runs = _begun.c.ended_at.is_(None) & _ended.c.ended_at.is_(None) & ~_ends_with_cycle()
        query = query.where(runs if is_open else ~runs)
    if after is not None:
        query = query.where(_begun.c.hold_id > after)
    return await tx.all(query.order_by(_begun.c.hold_id).limit(most))
