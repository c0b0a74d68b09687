"""What an operator may do: look at parked events, replay or discard them, send history again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from shared.db.tx import Tx
from shared.messaging.consumer import Consumer
from shared.messaging.inbox import Parked


@dataclass(frozen=True)
class Which:
    """Which parked events are meant; every given part narrows. At least one part must be given to change anything."""

    ids: Sequence[int] = ()
    topic: str | None = None
    key: str | None = None
    reason: str | None = None

    @property
    def is_everything(self) -> bool:
        return not self.ids and not (self.topic or self.key or self.reason)


_PARKED = """
SELECT * FROM {s}.parked
WHERE state = :state AND id > :after
  AND (CAST(:ids AS bigint[]) IS NULL OR id = ANY(CAST(:ids AS bigint[])))
  AND (CAST(:topic AS text) IS NULL OR topic = :topic)
  AND (CAST(:key AS text) IS NULL OR key = :key)
  AND (CAST(:reason AS text) IS NULL OR reason = :reason)
ORDER BY id LIMIT :limit"""
# The same fact keeps its id and number for ever: consumers that have it ignore it, those that miss it fill their gap.
_SEND_AGAIN = """
INSERT INTO {s}.outbox (event_id, topic, key, seq, type, recorded_at, stream_began_at, headers, payload)
SELECT event_id, topic, key, seq, type, recorded_at, stream_began_at, headers, payload FROM (
    SELECT DISTINCT ON (event_id) * FROM {s}.outbox_sent
    WHERE topic = :topic AND (CAST(:key AS text) IS NULL OR key = :key)
      AND (CAST(:since AS timestamptz) IS NULL OR recorded_at >= :since)
      AND (CAST(:until AS timestamptz) IS NULL OR recorded_at < :until)
      AND (CAST(:first AS int) IS NULL OR seq >= :first) AND (CAST(:last AS int) IS NULL OR seq <= :last)
    ORDER BY event_id) AS history
ORDER BY topic, key, seq
ON CONFLICT DO NOTHING"""


async def list_parked(
    tx: Tx, which: Which, *, state: str = "parked", after: int = 0, limit: int = 50
) -> Sequence[Row[Any]]:
    """Parked events by id, oldest first; `after` is the last id of the page before."""
    params = {
        "state": state, "after": after, "limit": limit, "ids": list(which.ids) or None,
        "topic": which.topic, "key": which.key, "reason": which.reason,
    }  # fmt: skip
    return await tx.all(text(_PARKED.replace("{s}", tx.schema)), params)


def _parked(row: Row[Any]) -> Parked:
    body = json.dumps(row.envelope) if row.envelope is not None else None
    return Parked(row.id, row.event_id, row.topic, row.key, row.seq, row.type, row.reason, body)


async def replay_parked(tx: Tx, consumer: Consumer, which: Which, *, limit: int = 1000) -> tuple[int, int]:
    """Apply parked events again, in order per key: how many were applied and how many failed again."""
    rows = await list_parked(tx, which, limit=limit)
    applied, failed = await consumer.replay(tx, [_parked(row) for row in rows])
    await tx.audit("parked.replayed", which.key or which.reason or "ids", applied=applied, failed=failed)
    return applied, failed


async def discard_parked(tx: Tx, consumer: Consumer, which: Which, why: str, *, limit: int = 1000) -> int:
    """Give parked events up for good, with the reason; how many."""
    rows = await list_parked(tx, which, limit=limit)
    count = await consumer.skip(tx, [_parked(row) for row in rows], why)
    await tx.audit("parked.discarded", which.key or which.reason or "ids", count=count, why=why)
    return count


async def rebase_stream(tx: Tx, consumer: Consumer, stream: tuple[str, str], seq: int, why: str) -> None:
    """Declare that a (topic, key) is complete up to `seq`: what was lost will never come, what waits goes on."""
    await consumer.rebase(tx, stream, seq)
    await tx.audit("stream.rebased", stream[1], topic=stream[0], seq=seq, why=why)


@dataclass(frozen=True)
class History:
    """Which part of a topic's archive is meant: a key, a time of recording [since, until), numbers [first, last]."""

    topic: str
    key: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    first: int | None = None
    last: int | None = None


async def replay_sent(tx: Tx, history: History) -> int:
    """Put archived events back into the outbox with their ids and numbers; how many."""
    result = await tx.execute(text(_SEND_AGAIN.replace("{s}", tx.schema)), vars(history))
    await tx.audit("outbox.replayed", history.topic, key=history.key, count=result.rowcount)
    return result.rowcount


async def counts(tx: Tx) -> dict[str, int]:
    """Backlogs of this schema: pending outbox rows, the age of the oldest in seconds, and parked events."""
    sql = """
        SELECT (SELECT count(*) FROM {s}.outbox) AS pending,
               (SELECT count(*) FROM {s}.parked WHERE state = 'parked') AS parked,
               (SELECT coalesce(extract(epoch FROM CAST(:now AS timestamptz) - min(recorded_at)), 0)::int
                FROM {s}.outbox) AS oldest_seconds"""
    [row] = await tx.all(text(sql.replace("{s}", tx.schema)), {"now": tx.now})
    return {"pending": row.pending, "parked": row.parked, "oldest_seconds": row.oldest_seconds}
