"""Statements for readers: each takes the scope that says which rows they may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, select, tuple_

from services.sla_service.domain.case_file import CaseFile
from services.sla_service.store.cases import COLUMNS, as_file
from services.sla_service.store.tables import breach, case_file, clock
from shared.db import Tx
from shared.db.visibility import visible_rows
from shared.kernel.access import Scope


@dataclass(frozen=True)
class BreachFilter:
    """What a reader of breaches asks for; None means: does not matter."""

    office: str | None = None
    region: int | None = None
    metric: str | None = None
    standing: bool | None = None
    level: int | None = None


visible = partial(visible_rows, case_file.c)


async def find_case(tx: Tx, scope: Scope, case_id: UUID) -> CaseFile | None:
    row = await tx.find(select(*COLUMNS).where(case_file.c.case_id == case_id, visible(scope)))
    return as_file(row) if row else None


async def breaches_of(tx: Tx, scope: Scope, case_id: UUID) -> Sequence[Row[Any]]:
    """Every breach of a case, voided ones too."""
    return await tx.all(_breaches(scope).where(breach.c.case_id == case_id).order_by(breach.c.breached_at, breach.c.id))


async def list_breaches(
    tx: Tx, scope: Scope, wanted: BreachFilter, *, after: tuple[datetime, UUID] | None, most: int
) -> Sequence[Row[Any]]:
    """A page of breaches, the newest first."""
    query = _breaches(scope).where(*_conditions(wanted))
    if after is not None:
        query = query.where(tuple_(breach.c.breached_at, breach.c.id) < tuple_(*after))
    return await tx.all(query.order_by(breach.c.breached_at.desc(), breach.c.id.desc()).limit(most))


def _breaches(scope: Scope) -> Select[Any]:
    about = [case_file.c[name] for name in ("number", "office", "region", "kind", "restricted")]
    return (
        select(breach, clock.c.metric, clock.c.cycle, clock.c.stopped_at, *about)
        .join(clock, clock.c.id == breach.c.clock_id)
        .join(case_file, case_file.c.case_id == breach.c.case_id)
        .where(visible(scope))
    )


def _conditions(wanted: BreachFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.office is not None:
        found.append(case_file.c.office == wanted.office)
    if wanted.region is not None:
        found.append(case_file.c.region == wanted.region)
    if wanted.metric is not None:
        found.append(clock.c.metric == wanted.metric)
    if wanted.level is not None:
        found.append(breach.c.level == wanted.level)
    if wanted.standing is not None:
        found.append(breach.c.voided_at.is_(None) if wanted.standing else breach.c.voided_at.is_not(None))
    return found
