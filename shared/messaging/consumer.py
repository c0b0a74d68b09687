"""The consumer: one transaction per batch; each event once, in order per key, poison set aside (reliability.md)."""

import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import ValidationError
from sqlalchemy import Row

from shared.contracts.base import COMPACTED, Event, registry
from shared.contracts.envelope import Envelope, Unreadable, read, read_headers
from shared.contracts.intake import ContactErased
from shared.db.failures import is_infrastructure
from shared.db.tx import Database, Tx
from shared.kernel.faults import fault_point
from shared.messaging import inbox
from shared.messaging.inbox import Position, StreamKey, parked_keys, parked_streams, watermark, watermarks
from shared.messaging.port import WATERMARK, Message

__all__ = ["Consumer", "Handler", "Meta", "parked_keys", "parked_streams", "watermark", "watermarks"]
# A publisher's watermark does not pass its own running transactions: long ones keep other services' timers waiting.
LONGEST_SECONDS, LEAST, MOST = 0.1, 10, 500
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Meta:
    """What a handler may want to know about an event besides its content."""

    event_id: UUID
    seq: int
    recorded_at: datetime
    traceparent: str | None


Handler = Callable[[Tx, Any, Meta], Awaitable[None]]


class Poison(Exception):
    """This event cannot be applied; the next try would fail too."""


@dataclass
class _Batch:
    """The state of one batch inside its transaction."""

    tx: Tx
    positions: dict[StreamKey, Position]
    waiting: dict[StreamKey, dict[int, Row[Any]]]
    careful: bool


@dataclass
class Consumer:
    """Takes messages in for one service."""

    db: Database
    handlers: Mapping[type[Event], Handler]
    watermarks: frozenset[str] = frozenset()
    on_received: Callable[[], None] = lambda: None
    _most: int = 50  # messages in one transaction
    _began: dict[str, datetime] = field(default_factory=dict)

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(kind.TOPIC for kind in self.handlers) | self.watermarks

    async def begin(self) -> None:
        """Record when this service subscribed, so that older streams are told from gaps."""
        async with self.db.transaction(edge="subscribe") as tx:
            for topic in sorted(self.topics):
                self._began[topic] = await inbox.began_at(tx, topic)

    async def receive(self, messages: Sequence[Message]) -> None:
        """Apply messages, as many in one transaction as take no longer than is good for the timers that wait for it.

        Raises only when the infrastructure fails: then what was not applied comes again, and what was is known.
        """
        waiting = [each for each in messages if not _is_mark(each) or each.topic in self.watermarks]
        while waiting:
            part, waiting = waiting[: self._most], waiting[self._most :]
            began_at = time.monotonic()
            try:
                await self._receive(part, careful=False)
            except Poison:
                await self._receive(part, careful=True)
            self._most = _fitting(self._most, len(part), time.monotonic() - began_at)
            if not all(map(_is_mark, part)):
                self.on_received()

    async def _receive(self, messages: Sequence[Message], *, careful: bool) -> None:
        async with self.db.transaction(edge="consumer") as tx:
            envelopes = await self._sort(tx, messages)
            fresh = await self._fresh(tx, envelopes)
            await fault_point("consumer.inboxed")
            if fresh:
                keys = {(e.topic, e.key) for e in fresh}
                batch = _Batch(tx, await inbox.lock_positions(tx, keys), await inbox.waiting(tx, keys), careful)
                for envelope in fresh:
                    await self._take(batch, envelope)
                await _do_deferred(batch)
                await inbox.save_positions(tx, batch.positions)
            await self._marks(tx, messages)

    async def _sort(self, tx: Tx, messages: Sequence[Message]) -> list[Envelope]:
        envelopes = []
        for message in messages:
            if _is_mark(message):
                continue
            try:
                envelopes.append(read(message.topic, message.key, message.value, message.headers))
            except Unreadable as problem:
                place = uuid5(NAMESPACE_URL, f"{message.topic}/{message.partition}/{message.offset}/{message.key}")
                await self._unreadable(tx, message, place, str(problem))
        return envelopes

    async def _unreadable(self, tx: Tx, message: Message, place: UUID, error: str) -> None:
        """A broken body still blocks its key when the headers tell its number; otherwise it stands alone."""
        log.error("unreadable message set aside", extra={"topic": message.topic, "offset": message.offset})
        try:
            known = read_headers(message.topic, message.key, message.headers)
        except Unreadable:
            await inbox.park_unreadable(tx, place, message.topic, message.key, error)
            return
        await inbox.lock_positions(tx, [(known.topic, known.key)])
        await inbox.park(tx, known, "poison", error, keep_body=False)

    async def _fresh(self, tx: Tx, envelopes: Sequence[Envelope]) -> list[Envelope]:
        if not envelopes:
            return []
        new = await inbox.accept(tx, envelopes)
        fresh, seen = [], set[UUID]()
        for envelope in envelopes:
            if envelope.event_id in new and envelope.event_id not in seen:
                seen.add(envelope.event_id)
                fresh.append(envelope)
        return fresh

    async def _take(self, batch: _Batch, envelope: Envelope) -> None:
        """Decide by number (the table in reliability.md), then apply or set aside."""
        position = batch.positions[envelope.topic, envelope.key]
        if envelope.topic in COMPACTED:
            if envelope.seq > position.last:
                await self._apply(batch, envelope)
            return
        if envelope.seq <= position.last:
            await self._park(batch, envelope, "sequence_reused", "this number was used before by another event")
        elif envelope.seq == position.last + 1:
            await self._apply_and_release(batch, envelope)
        elif position.last == 0 and self._is_older_than_subscription(envelope):
            position.advance(envelope.seq - 1, baseline=True)
            await self._apply_and_release(batch, envelope)
        else:
            rows = batch.waiting.get((envelope.topic, envelope.key), {})
            behind_poison = any(row.reason == "poison" for row in rows.values())
            await self._park(batch, envelope, "queued" if behind_poison else "gap")

    def _is_older_than_subscription(self, envelope: Envelope) -> bool:
        began = self._began.get(envelope.topic)
        return began is not None and envelope.stream_began_at < began

    async def _apply_and_release(self, batch: _Batch, envelope: Envelope) -> None:
        if await self._apply(batch, envelope):
            await self.release(batch, (envelope.topic, envelope.key))

    async def release(self, batch: _Batch, stream: StreamKey) -> None:
        """Apply what waits behind a number that has come, in order, as far as it goes."""
        position, rows = batch.positions[stream], batch.waiting.get(stream, {})
        while (row := rows.get(position.last + 1)) is not None and row.reason != "poison":
            if not await self.apply_parked(batch, row):
                return
            del rows[row.seq]

    async def apply_parked(self, batch: _Batch, row: Row[Any]) -> bool:
        """Apply one event that had been set aside; leaves it there, as poison, when it fails again."""
        try:
            problem = await self._attempt(batch, self._of_parked(row))
        except Unreadable as unreadable:
            problem = str(unreadable)
        if problem is None:
            await inbox.settle(batch.tx, row.id, "applied", "released")
            return True
        await inbox.failed_again(batch.tx, row.id, problem)
        return False

    @staticmethod
    def _of_parked(row: Row[Any]) -> Envelope:
        body = row.envelope
        value = json.dumps(body).encode() if body is not None else b"{}"
        return read(row.topic, row.key, value, {})

    async def _apply(self, batch: _Batch, envelope: Envelope) -> bool:
        if self._event_type(envelope) is None:
            await self._park(batch, envelope, "unknown_type", "no such type or version is known here")
            batch.positions[envelope.topic, envelope.key].advance(envelope.seq)
            return True
        problem = await self._attempt(batch, envelope)
        if problem is not None:
            await self._park(batch, envelope, "poison", problem)
            return False
        await self._settle_older(batch, envelope)
        return True

    @staticmethod
    async def _settle_older(batch: _Batch, envelope: Envelope) -> None:
        """What was set aside without its body is settled by the event itself, or by a newer card of its key."""
        rows = batch.waiting.get((envelope.topic, envelope.key), {})
        for row in [row for row in rows.values() if row.envelope is None and row.seq <= envelope.seq]:
            await inbox.settle(batch.tx, row.id, "applied", "came again")
            del rows[row.seq]

    @staticmethod
    def _event_type(envelope: Envelope) -> type[Event] | None:
        if envelope.data is None and envelope.topic in COMPACTED:
            return ContactErased
        return registry().get(envelope.type)

    async def _attempt(self, batch: _Batch, envelope: Envelope) -> str | None:
        """Run the handler; None when it went well, else what kind of problem it was (never its text)."""
        try:
            if batch.careful:
                async with batch.tx.savepoint():
                    await self._handle(batch.tx, envelope)
            else:
                await self._handle(batch.tx, envelope)
        except Exception as error:
            if is_infrastructure(error):
                raise
            if not batch.careful:
                raise Poison from error
            log.exception("event set aside", extra={"type": envelope.type, "event_id": str(envelope.event_id)})
            return _kind_of(error)
        batch.positions[envelope.topic, envelope.key].advance(envelope.seq)
        return None

    async def _handle(self, tx: Tx, envelope: Envelope) -> None:
        kind = self._event_type(envelope)
        if kind is None:
            raise LookupError(envelope.type)
        handler = self.handlers.get(kind)
        if handler is None:
            return
        data = envelope.data if envelope.data is not None else {"case_id": envelope.key, "version": envelope.seq}
        event = kind.model_validate(data)
        tx.traceparent = envelope.traceparent
        await handler(tx, event, Meta(envelope.event_id, envelope.seq, envelope.recorded_at, envelope.traceparent))

    async def _park(self, batch: _Batch, envelope: Envelope, reason: str, error: str = "") -> None:
        row = await inbox.park(batch.tx, envelope, reason, error, keep_body=envelope.topic not in COMPACTED)
        if envelope.topic in COMPACTED:
            await inbox.forget(batch.tx, envelope.event_id)
        if reason in ("poison", "queued", "gap"):
            batch.waiting.setdefault((envelope.topic, envelope.key), {})[envelope.seq] = row

    async def _marks(self, tx: Tx, messages: Sequence[Message]) -> None:
        newest: dict[tuple[str, int], tuple[int, datetime]] = {}
        for message in messages:
            if _is_mark(message):
                until, partitions = datetime.fromisoformat(message.headers["until"]), int(message.headers["partitions"])
                newest[message.topic, message.partition] = (partitions, until)
        if newest:
            await inbox.raise_watermarks(tx, newest)

    async def replay(self, tx: Tx, rows: Sequence[Row[Any]]) -> tuple[int, int]:
        """Try parked events again inside the operator's transaction: how many were applied, how many failed."""
        keys = {(row.topic, row.key) for row in rows}
        batch = _Batch(tx, await inbox.lock_positions(tx, keys), await inbox.waiting(tx, keys), careful=True)
        applied = failed = 0
        for row in sorted(rows, key=lambda each: (each.topic, each.key, each.seq or 0)):
            if await self._replay_one(batch, row):
                applied += 1
            else:
                failed += 1
        await inbox.save_positions(tx, batch.positions)
        return applied, failed

    async def _replay_one(self, batch: _Batch, row: Row[Any]) -> bool:
        stream = (row.topic, row.key)
        position = batch.positions[stream]
        in_order = row.reason in ("poison", "queued", "gap")
        if row.envelope is None or (in_order and row.seq != position.last + 1):
            return in_order and row.seq is not None and row.seq <= position.last
        before = position.last
        if not await self.apply_parked(batch, row):
            return False
        position.last = max(before, position.last) if in_order else before
        batch.waiting.get(stream, {}).pop(row.seq, None)
        await self.release(batch, stream)
        return True

    async def skip(self, tx: Tx, rows: Sequence[Row[Any]], why: str) -> int:
        """Give parked events up, with the reason; what waited behind them goes on."""
        keys = {(row.topic, row.key) for row in rows}
        batch = _Batch(tx, await inbox.lock_positions(tx, keys), await inbox.waiting(tx, keys), careful=True)
        for row in sorted(rows, key=lambda each: (each.topic, each.key, each.seq or 0)):
            await inbox.settle(tx, row.id, "discarded", why)
            stream = (row.topic, row.key)
            batch.waiting.get(stream, {}).pop(row.seq, None)
            if row.seq == batch.positions[stream].last + 1 and row.reason in ("poison", "queued", "gap"):
                batch.positions[stream].advance(row.seq)
                await self.release(batch, stream)
        await inbox.save_positions(tx, batch.positions)
        return len(rows)

    async def rebase(self, tx: Tx, stream: StreamKey, seq: int) -> None:
        """An operator's word that everything up to `seq` will never come: what waits behind it goes on."""
        batch = _Batch(tx, await inbox.lock_positions(tx, [stream]), await inbox.waiting(tx, [stream]), careful=True)
        if seq > batch.positions[stream].last:
            batch.positions[stream].advance(seq, baseline=True)
        await self.release(batch, stream)
        await inbox.save_positions(tx, batch.positions)


async def _do_deferred(batch: _Batch) -> None:
    """What handlers put off to do it for the whole batch at once; a careful batch has none left."""
    try:
        await batch.tx.do_deferred()
    except Exception as error:
        if is_infrastructure(error) or batch.careful:
            raise
        raise Poison from error


def _fitting(most: int, count: int, seconds: float) -> int:
    """How many messages the next transaction may have, after one with so many that took so long."""
    if seconds > LONGEST_SECONDS:
        return max(LEAST, count * 3 // 4)
    return min(MOST, most * 2) if count == most and seconds < LONGEST_SECONDS / 3 else most


def _is_mark(message: Message) -> bool:
    return message.headers.get("ce_type") == WATERMARK


def _kind_of(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fields = sorted({".".join(map(str, item["loc"])) for item in error.errors(include_input=False)})
        return f"breaks its contract at: {', '.join(fields)[:300]}"
    return f"handler failed: {type(error).__name__}"
