"""The append-only fact log and the queue of cases to be folded again."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import exists, func, select, text, update

from services.reporting_service.store.tables import fact, fold_queue
from shared.contracts.base import CaseEvent, Event
from shared.contracts.registry import registry
from shared.db import Tx
from shared.db.tx import as_json

# Facts and, where they are about a case, their places in the queue; in the order of their arrival.
_APPEND = """
    WITH arrived AS (
        SELECT r.* FROM jsonb_to_recordset($1::jsonb) AS r (
            nr integer, event_id uuid, topic text, key text, seq integer, type text, case_id uuid,
            recorded_at timestamptz, payload jsonb)
    ), kept AS (
        INSERT INTO reporting.fact (event_id, topic, key, seq, type, case_id, recorded_at, payload)
        SELECT event_id, topic, key, seq, type, case_id, recorded_at, payload FROM arrived)
    INSERT INTO reporting.fold_queue (case_id, event_id, recorded_at)
    SELECT case_id, event_id, recorded_at FROM arrived WHERE case_id IS NOT NULL ORDER BY nr"""
# Takes waiting facts in the order of arrival; other workers step over them.
_CLAIM = """
    WITH taken AS (
        DELETE FROM reporting.fold_queue WHERE id IN (
            SELECT id FROM reporting.fold_queue WHERE failed_at IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
        RETURNING id, case_id, event_id, recorded_at)
    SELECT t.case_id, t.event_id, t.recorded_at, f.topic, f.seq, f.type, f.payload::text
    FROM taken t LEFT JOIN reporting.fact f USING (event_id, recorded_at) ORDER BY t.id"""
_SET_ASIDE = """
    INSERT INTO reporting.fold_queue (case_id, event_id, recorded_at, failed_at, problem)
    SELECT case_id, event_id, recorded_at, $2, problem FROM jsonb_to_recordset($1::jsonb)
        AS r (case_id uuid, event_id uuid, recorded_at timestamptz, problem text)"""
_OF_CASES = """
    SELECT case_id, event_id, recorded_at, topic, seq, type, payload::text
    FROM reporting.fact WHERE case_id = ANY($1)"""


@dataclass(frozen=True)
class Fact:
    """One event about a case as it was consumed; `seq` orders the facts of one topic about one case."""

    event_id: UUID
    topic: str
    seq: int
    recorded_at: datetime
    event: CaseEvent


@dataclass(frozen=True)
class Kept:
    """A fact as the log has it; without a topic where it is not in the log at the time that the queue says."""

    case_id: UUID
    event_id: UUID
    recorded_at: datetime
    topic: str | None
    seq: int
    type: str
    payload: str

    def read(self) -> Fact:
        """Raises ValidationError when it breaks its contract; of a type not known here, what all events say counts."""
        if self.topic is None:
            raise LookupError(self.event_id)
        kind = registry().get(self.type, CaseEvent)
        event = cast(CaseEvent, kind.model_validate_json(self.payload))
        return Fact(self.event_id, self.topic, self.seq, self.recorded_at, event)


async def append(tx: Tx, arrived: Sequence[tuple[UUID, int, datetime, Event]]) -> None:
    """Keep events (id, number, time of recording) as facts, and let their cases be folded again."""
    rows = [
        {
            "nr": nr, "event_id": event_id, "topic": event.TOPIC, "key": event.key, "seq": seq, "type": event.TYPE,
            "case_id": event.case_id if isinstance(event, CaseEvent) else None, "recorded_at": recorded_at,
            "payload": event,
        }
        for nr, (event_id, seq, recorded_at, event) in enumerate(arrived)
    ]  # fmt: skip
    await tx.fetch(_APPEND, as_json(rows))


async def is_told_of(tx: Tx, kind: str, key: str) -> bool:
    """Whether something that is about no case was told of."""
    about = (fact.c.case_id.is_(None), fact.c.type == kind, fact.c.key == key)
    return bool(await tx.scalar(select(exists().where(*about))))


async def claim_waiting(tx: Tx, most: int) -> dict[UUID, list[Kept]]:
    """Facts that no case record holds yet, by case, in order of arrival; they leave the queue with this transaction."""
    return _by_case(await tx.fetch(_CLAIM, most))


def _by_case(rows: Iterable[Any]) -> dict[UUID, list[Kept]]:
    found: defaultdict[UUID, list[Kept]] = defaultdict(list)
    for row in rows:
        found[row["case_id"]].append(Kept(**row))
    return dict(found)


async def set_aside(tx: Tx, facts: Iterable[tuple[Kept, str]]) -> None:
    """These facts could not be folded, with the problem; they wait for an operator and stop nobody else's."""
    rows = [
        {"case_id": each.case_id, "event_id": each.event_id, "recorded_at": each.recorded_at, "problem": problem}
        for each, problem in facts
    ]
    await tx.fetch(_SET_ASIDE, as_json(rows), tx.now)


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


async def of_cases(tx: Tx, case_ids: Collection[UUID]) -> dict[UUID, list[Kept]]:
    """Every fact about these cases."""
    return _by_case(await tx.fetch(_OF_CASES, list(case_ids)))


async def make_partitions(tx: Tx, since: date, months: int) -> int:
    """Prepare the months ahead (through a function of the owner's); how many were new."""
    made = await tx.scalar(
        text("SELECT reporting.make_fact_partitions(:since, :months)"), {"since": since, "months": months}
    )
    return int(made)
