"""What other services told about a case, one row per case and cycle; any order of the events gives the same row."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlalchemy.dialects.postgresql import insert

from services.intake_service.store.tables import case_facts
from shared.db import Tx


async def put(tx: Tx, case_id: UUID, cycle: int, **values: object) -> None:
    """Set these facts of the cycle."""
    row = insert(case_facts).values(case_id=case_id, cycle=cycle, **values)
    await tx.execute(row.on_conflict_do_update(index_elements=["case_id", "cycle"], set_=values))


async def put_clock(tx: Tx, case_id: UUID, cycle: int, seq: int, **values: object) -> None:
    """Set facts of the clock unless a later event of the same stream was applied before."""
    numbered = {**values, "sla_seq": seq}
    row = insert(case_facts).values(case_id=case_id, cycle=cycle, **numbered)
    await tx.execute(
        row.on_conflict_do_update(index_elements=["case_id", "cycle"], set_=numbered, where=case_facts.c.sla_seq < seq)
    )


async def put_first(tx: Tx, case_id: UUID, cycle: int, *, when: Mapping[str, Any], **values: object) -> None:
    """Set instants that the first event of its sort decides; `values` go with the earliest."""
    (name, at), *_ = when.items()
    column = case_facts.c[name]
    row = insert(case_facts).values(case_id=case_id, cycle=cycle, **{name: at}, **values)
    earlier: ColumnElement[bool] = column.is_(None) | (column > at)
    await tx.execute(
        row.on_conflict_do_update(index_elements=["case_id", "cycle"], set_={name: at, **values}, where=earlier)
    )


async def put_highest(tx: Tx, case_id: UUID, cycle: int, *, by: str, **values: object) -> None:
    """Set facts that the highest rung or version decides."""
    row = insert(case_facts).values(case_id=case_id, cycle=cycle, **values)
    higher = func.coalesce(case_facts.c[by], 0) < values[by]
    await tx.execute(row.on_conflict_do_update(index_elements=["case_id", "cycle"], set_=values, where=higher))
