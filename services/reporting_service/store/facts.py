"""The append-only fact log and the queue of cases to be folded again."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, insert, select, text, update

from services.reporting_service.domain.fold import Fact
from services.reporting_service.store.tables import fact, fold_queue
from shared.db import Tx

# The fact and, where it is about a case, its place in the queue; one round trip per event.
_APPEND = text("""
    WITH kept AS (
        INSERT INTO reporting.fact (event_id, topic, key, seq, type, case_id, recorded_at, payload)
        VALUES (:event_id, :topic, :key, :seq, :type, :case_id, :recorded_at, CAST(:payload AS jsonb))
        RETURNING case_id, event_id, recorded_at)
    INSERT INTO reporting.fold_queue (case_id, event_id, recorded_at)
    SELECT case_id, event_id, recorded_at FROM kept WHERE case_id IS NOT NULL""")
# Takes waiting facts in the order of arrival; other workers step over them.
_CLAIM = text("""
    DELETE FROM reporting.fold_queue WHERE id IN (
        SELECT id FROM reporting.fold_queue WHERE failed_at IS NULL ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED)
    RETURNING id, case_id, event_id, recorded_at""")


async def append(tx: Tx, new: Fact, key: str, case_id: UUID | None) -> None:
    """Keep a fact, and let its case be folded again."""
    values = {"event_id": new.event_id, "topic": new.topic, "key": key, "seq": new.seq, "type": new.type}
    payload = json.dumps(dict(new.payload), ensure_ascii=False)
    await tx.execute(_APPEND, {**values, "case_id": case_id, "recorded_at": new.recorded_at, "payload": payload})


async def is_told_of(tx: Tx, kind: str, key: str) -> bool:
    """Whether something that is about no case was told of."""
    about = (fact.c.case_id.is_(None), fact.c.type == kind, fact.c.key == key)
    return bool(await tx.scalar(select(exists().where(*about))))


async def claim_waiting(tx: Tx, most: int) -> dict[UUID, list[UUID]]:
    """Facts that no case record holds yet, by case, in order of arrival; they leave the queue with this transaction."""
    found: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for row in sorted(await tx.all(_CLAIM, {"most": most}), key=lambda each: each.id):
        found[row.case_id].append(row.event_id)
    return dict(found)


async def set_aside(tx: Tx, case_id: UUID, event_ids: Sequence[UUID], problem: str) -> None:
    """These facts could not be folded; they wait for an operator and stop nobody else's."""
    rows = [
        {"case_id": case_id, "event_id": event_id, "recorded_at": tx.now, "failed_at": tx.now, "problem": problem}
        for event_id in event_ids
    ]
    await tx.execute(insert(fold_queue), rows)


async def retry_set_aside(tx: Tx) -> int:
    changed = await tx.execute(
        update(fold_queue).where(fold_queue.c.failed_at.is_not(None)).values(failed_at=None, problem=None)
    )
    return changed.rowcount


async def count_set_aside(tx: Tx) -> int:
    query = select(func.count()).select_from(fold_queue).where(fold_queue.c.failed_at.is_not(None))
    return int(await tx.scalar(query))


async def oldest_waiting(tx: Tx) -> datetime | None:
    """When the oldest fact that waits to be folded was recorded."""
    query = select(func.min(fold_queue.c.recorded_at)).where(fold_queue.c.failed_at.is_(None))
    at: datetime | None = await tx.scalar(query)
    return at


def _fact(row: Any) -> Fact:
    return Fact(row.event_id, row.topic, row.seq, row.type, row.recorded_at, row.payload)


async def of_case(tx: Tx, case_id: UUID) -> list[Fact]:
    """Every fact about a case."""
    return [_fact(row) for row in await tx.all(select(fact).where(fact.c.case_id == case_id))]


async def of_cases(tx: Tx, case_ids: Iterable[UUID]) -> dict[UUID, list[Fact]]:
    found: defaultdict[UUID, list[Fact]] = defaultdict(list)
    for row in await tx.all(select(fact).where(fact.c.case_id.in_(list(case_ids)))):
        found[row.case_id].append(_fact(row))
    return dict(found)


async def first_recorded_at(tx: Tx) -> datetime | None:
    """Since when this service has known anything."""
    at: datetime | None = await tx.scalar(select(func.min(fact.c.recorded_at)))
    return at


async def make_partitions(tx: Tx, since: date, months: int) -> int:
    """Prepare the months ahead (through a function of the owner's); how many were new."""
    made = await tx.scalar(
        text("SELECT reporting.make_fact_partitions(:since, :months)"), {"since": since, "months": months}
    )
    return int(made)
