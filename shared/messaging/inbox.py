"""Every SQL statement of the receiving side: inbox, per-key numbers, parked events, watermarks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import TextClause

from shared.contracts.base import COMPACTED
from shared.contracts.envelope import Envelope, read
from shared.db.tx import Tx, as_json, in_schema

StreamKey = tuple[str, str]
MOST_AHEAD = timedelta(minutes=15)  # how far the clocks of two services may differ: what says more is not believed
IN_ORDER = frozenset({"poison", "queued", "gap"})  # the key waits behind these


@dataclass
class Position:
    """How far one (topic, key) has been taken in. `last` 0: never seen."""

    last: int
    baseline: bool = False
    changed: bool = False

    def advance(self, seq: int, *, baseline: bool = False) -> None:
        self.last, self.baseline, self.changed = seq, self.baseline or baseline, True


@dataclass
class Parked:
    """An event that was set aside; `id` is None until it is written. `body` None: not kept here."""

    id: int | None
    event_id: UUID
    topic: str
    key: str
    seq: int | None
    type: str | None
    reason: str
    body: str | None

    @property
    def stream(self) -> StreamKey:
        return self.topic, self.key

    @property
    def number(self) -> int:
        return self.seq or 0

    @property
    def is_in_order(self) -> bool:
        return self.reason in IN_ORDER

    def envelope(self) -> Envelope:
        """Raises Unreadable."""
        return read(self.topic, self.key, (self.body or "{}").encode(), {})


@dataclass
class Notes:
    """What a batch has to write about events set aside, kept until its end."""

    parked: dict[UUID, Parked] = field(default_factory=dict)
    errors: dict[UUID, str] = field(default_factory=dict)
    forgotten: list[UUID] = field(default_factory=list)  # only their publisher can bring them back: let in again
    settled: list[dict[str, object]] = field(default_factory=list)
    failed: list[dict[str, object]] = field(default_factory=list)

    def park(self, envelope: Envelope, reason: str, error: str = "", *, keep_body: bool = True) -> Parked:
        """Set an event aside with its reason; the body stays out where it would be personal data."""
        is_kept = keep_body and envelope.topic not in COMPACTED
        body = (envelope.body() or b"null").decode() if is_kept else None
        place = (envelope.event_id, envelope.topic, envelope.key, envelope.seq, envelope.type)
        row = self.parked[envelope.event_id] = Parked(None, *place, reason, body)
        self.errors[envelope.event_id] = error
        if envelope.topic in COMPACTED and keep_body:
            self.forgotten.append(envelope.event_id)
        return row

    def settle(self, row: Parked, state: str, why: str) -> None:
        """It was applied or discarded; what was set aside only a moment ago is not written at all."""
        if row.id is None:
            del self.parked[row.event_id]
        else:
            self.settled.append({"id": row.id, "state": state, "why": why})

    def failed_again(self, row: Parked, error: str) -> None:
        if row.id is None:
            row.reason, self.errors[row.event_id] = "poison", error
        else:
            self.failed.append({"id": row.id, "error": error})


def _sql(tx: Tx, statement: str) -> TextClause:
    return in_schema(statement, tx.schema)


async def accept(tx: Tx, envelopes: Sequence[Envelope]) -> set[UUID]:
    """Enter events in the inbox; the ids that were not there yet. This alone decides what is a duplicate."""
    rows = [{"i": e.event_id, "t": e.topic, "k": e.key, "q": e.seq} for e in envelopes]
    statement = """
        INSERT INTO {s}.inbox (event_id, topic, key, seq, received_at)
        SELECT i, t, k, q, $2::timestamptz
        FROM jsonb_to_recordset($1::jsonb) AS r(i uuid, t text, k text, q int) ORDER BY i
        ON CONFLICT (event_id) DO NOTHING RETURNING event_id"""
    return {row["event_id"] for row in await tx.fetch(statement, as_json(rows), tx.now)}


async def lock_positions(tx: Tx, keys: Iterable[StreamKey]) -> dict[StreamKey, Position]:
    """The positions of these streams, locked in one order so that two consumers cannot deadlock."""
    wanted = sorted(set(keys))
    topics, names = [topic for topic, _ in wanted], [key for _, key in wanted]
    await tx.fetch(
        """INSERT INTO {s}.inbox_stream (topic, key, last_seq)
        SELECT t, k, 0 FROM unnest($1::text[], $2::text[]) AS w(t, k) ON CONFLICT DO NOTHING""",
        topics,
        names,
    )
    statement = """
        SELECT s.topic, s.key, s.last_seq, s.baseline
        FROM {s}.inbox_stream s JOIN unnest($1::text[], $2::text[]) AS w(t, k) ON s.topic = w.t AND s.key = w.k
        ORDER BY s.topic, s.key FOR UPDATE OF s"""
    rows = await tx.fetch(statement, topics, names)
    await tx.read_clock()
    return {(row["topic"], row["key"]): Position(row["last_seq"], row["baseline"]) for row in rows}


async def save_positions(tx: Tx, positions: Mapping[StreamKey, Position]) -> None:
    rows = [
        {"t": topic, "k": key, "q": position.last, "b": position.baseline}
        for (topic, key), position in positions.items()
        if position.changed
    ]
    if rows:
        statement = """
            UPDATE {s}.inbox_stream s SET last_seq = r.q, baseline = r.b
            FROM jsonb_to_recordset($1::jsonb) AS r(t text, k text, q int, b boolean)
            WHERE s.topic = r.t AND s.key = r.k"""
        await tx.fetch(statement, as_json(rows))


async def began_at(tx: Tx, topic: str) -> datetime:
    """When this service first subscribed to the topic (recorded by the first call)."""
    await tx.execute(
        _sql(tx, "INSERT INTO {s}.subscription (topic, began_at) VALUES (:topic, :now) ON CONFLICT DO NOTHING"),
        {"topic": topic, "now": tx.now},
    )
    began: datetime = await tx.scalar(
        _sql(tx, "SELECT began_at FROM {s}.subscription WHERE topic = :topic"), {"topic": topic}
    )
    return began


async def waiting(tx: Tx, keys: Iterable[StreamKey]) -> dict[StreamKey, dict[int, Parked]]:
    """What is parked in order (poison, queued, gap) in these streams, by number."""
    wanted = sorted(set(keys))
    statement = """
        SELECT p.id, p.event_id, p.topic, p.key, p.seq, p.type, p.reason, p.envelope::text AS body
        FROM {s}.parked p JOIN unnest($1::text[], $2::text[]) AS w(t, k) ON p.topic = w.t AND p.key = w.k
        WHERE p.state = 'parked' AND p.reason IN ('poison', 'queued', 'gap') AND p.seq IS NOT NULL"""
    by_stream: dict[StreamKey, dict[int, Parked]] = {}
    for row in await tx.fetch(statement, [topic for topic, _ in wanted], [key for _, key in wanted]):
        parked = Parked(**row)
        by_stream.setdefault(parked.stream, {})[parked.number] = parked
    return by_stream


async def write(tx: Tx, notes: Notes) -> None:
    """Write down what was set aside, settled and tried again; one statement of each sort."""
    if notes.parked:
        rows = [vars(row) | {"error": notes.errors[event_id]} for event_id, row in notes.parked.items()]
        await tx.fetch(_PARK, as_json(rows), tx.now)
    if notes.forgotten:
        await tx.fetch("DELETE FROM {s}.inbox WHERE event_id = ANY($1::uuid[])", notes.forgotten)
    if notes.settled:
        await tx.fetch(_SETTLE, as_json(notes.settled), tx.now, tx.actor.id)
    if notes.failed:
        await tx.fetch(_FAILED_AGAIN, as_json(notes.failed))


# The body stays out where it would be personal data.
_PARK = """
INSERT INTO {s}.parked AS p (event_id, topic, key, seq, type, reason, error, envelope, parked_at)
SELECT event_id, topic, key, seq, type, reason, error, body::jsonb, $2::timestamptz FROM jsonb_to_recordset($1::jsonb)
    AS r(event_id uuid, topic text, key text, seq int, type text, reason text, error text, body text)
ON CONFLICT (event_id) DO UPDATE SET
    reason = CASE WHEN p.state = 'parked' THEN excluded.reason ELSE p.reason END,
    error = CASE WHEN p.state = 'parked' THEN excluded.error ELSE p.error END"""
# The row stays as the record of what happened to the event.
_SETTLE = """
UPDATE {s}.parked p SET state = r.state, settled_at = $2, settled_by = $3, settled_why = r.why
FROM jsonb_to_recordset($1::jsonb) AS r(id bigint, state text, why text) WHERE p.id = r.id"""
_FAILED_AGAIN = """
UPDATE {s}.parked p SET attempts = attempts + 1, error = r.error,
    reason = CASE WHEN reason IN ('gap', 'queued') THEN 'poison' ELSE reason END
FROM jsonb_to_recordset($1::jsonb) AS r(id bigint, error text) WHERE p.id = r.id"""


async def park_unreadable(tx: Tx, event_id: UUID, topic: str, key: str, error: str) -> None:
    """Set aside what is not an event of ours at all; nothing can wait behind it."""
    statement = """
        INSERT INTO {s}.parked (event_id, topic, key, reason, error, parked_at)
        VALUES (:event_id, :topic, :key, 'unreadable', :error, :now) ON CONFLICT (event_id) DO NOTHING"""
    params = {"event_id": event_id, "topic": topic, "key": key, "error": error, "now": tx.now}
    await tx.execute(_sql(tx, statement), params)


async def raise_watermarks(tx: Tx, marks: Mapping[tuple[str, int], tuple[int, datetime]]) -> None:
    """How far each (topic, partition) has been sent: (number of partitions, instant).

    It never goes back, but from an instant that cannot be: one was believed once.
    """
    rows = [
        {"t": topic, "p": partition, "n": partitions, "u": until}
        for (topic, partition), (partitions, until) in sorted(marks.items())
    ]
    # Marks of a broker with more partitions, used here before, would hold the watermark back for ever.
    statement = """
        WITH r AS (
            SELECT * FROM jsonb_to_recordset($1::jsonb) AS r(t text, p int, n int, u timestamptz)
        ), gone AS (
            DELETE FROM {s}.watermark w USING r WHERE w.topic = r.t AND w.partition >= r.n
        )
        INSERT INTO {s}.watermark AS w (topic, partition, partitions, until) SELECT t, p, n, u FROM r ORDER BY t, p
        ON CONFLICT (topic, partition) DO UPDATE
        SET partitions = excluded.partitions,
            until = CASE WHEN w.until > $2 THEN excluded.until ELSE greatest(w.until, excluded.until) END"""
    await tx.fetch(statement, as_json(rows), tx.now + MOST_AHEAD)


async def raise_watermark(tx: Tx, topic: str, partition: int, partitions: int, until: datetime) -> None:
    await raise_watermarks(tx, {(topic, partition): (partitions, until)})


async def watermarks(tx: Tx, topics: Sequence[str]) -> dict[str, datetime | None]:
    """For each topic: everything its publisher recorded before this instant has arrived; None until that is known."""
    statement = """
        SELECT topic, CASE WHEN count(*) >= max(partitions) AND max(until) <= $2 THEN min(until) END AS until
        FROM {s}.watermark
        WHERE topic = ANY($1::text[]) AND partition < partitions GROUP BY topic"""
    found = {row["topic"]: row["until"] for row in await tx.fetch(statement, list(topics), tx.now + MOST_AHEAD)}
    return {topic: found.get(topic) for topic in topics}


async def watermark(tx: Tx, topic: str) -> datetime | None:
    """The same of one topic."""
    return (await watermarks(tx, [topic]))[topic]


async def parked_keys(tx: Tx, topic: str, keys: Sequence[str]) -> set[str]:
    """Which of these keys have an event set aside (of any reason): their picture is not complete."""
    statement = """
        SELECT DISTINCT key FROM {s}.parked
        WHERE state = 'parked' AND topic = $1 AND key = ANY($2::text[])"""
    return {row["key"] for row in await tx.fetch(statement, topic, list(keys))}


async def parked_streams(tx: Tx, topics: Sequence[str], keys: Sequence[str]) -> set[StreamKey]:
    """As `parked_keys`, of several topics at once."""
    statement = """
        SELECT DISTINCT topic, key FROM {s}.parked
        WHERE state = 'parked' AND topic = ANY($1::text[]) AND key = ANY($2::text[])"""
    return {(row["topic"], row["key"]) for row in await tx.fetch(statement, list(topics), list(keys))}
