"""The consumer: one transaction per batch; each event once, in order per key, poison set aside (reliability.md)."""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from shared.contracts.envelope import Envelope, Unreadable, instant_of, read, read_headers, storable_text
from shared.db.tx import Database, Tx
from shared.kernel.faults import fault_point
from shared.messaging import inbox
from shared.messaging.batch import Batch, Poison, Subscriptions
from shared.messaging.fold import Fold, Meta
from shared.messaging.inbox import Parked, StreamKey, parked_keys, parked_streams, watermark, watermarks
from shared.messaging.port import WATERMARK, Message

__all__ = ["Consumer", "Meta", "parked_keys", "parked_streams", "watermark", "watermarks"]
# A publisher's watermark does not pass its own running transactions: long ones keep other services' timers waiting.
LONGEST_SECONDS, LEAST, MOST = 0.1, 10, 500
MOST_PARTITIONS = 10_000  # of a topic
log = logging.getLogger(__name__)


@dataclass
class Consumer:
    """Takes messages in for one service."""

    db: Database
    folds: Sequence[Fold[Any, Any]] = ()
    watermarks: frozenset[str] = frozenset()
    on_received: Callable[[], None] = lambda: None
    most: int = 50  # messages in one transaction

    def __post_init__(self) -> None:
        taken_by = {kind: fold for fold in self.folds for kind in fold.steps}
        self._subscriptions = Subscriptions(taken_by)

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(kind.TOPIC for kind in self._subscriptions.folds) | self.watermarks

    async def begin(self) -> None:
        """Record when this service subscribed, so that older streams are told from gaps."""
        async with self.db.transaction(edge="subscribe") as tx:
            for topic in sorted(self.topics):
                self._subscriptions.began[topic] = await inbox.began_at(tx, topic)

    async def receive(self, messages: Sequence[Message]) -> None:
        """Apply messages, as many in one transaction as take no longer than is good for the timers that wait for it.

        Raises only when the infrastructure fails: then what was not applied comes again, and what was is known.
        """
        waiting = [each for each in messages if not _is_mark(each) or each.topic in self.watermarks]
        while waiting:
            part, waiting = waiting[: self.most], waiting[self.most :]
            began_at = time.monotonic()
            try:
                await self._receive(part, careful=False)
            except Poison:
                await self._receive(part, careful=True)
            self.most = _fitting(self.most, len(part), time.monotonic() - began_at)
            if not all(map(_is_mark, part)):
                self.on_received()

    async def _receive(self, messages: Sequence[Message], *, careful: bool) -> None:
        async with self.db.transaction(edge="consumer") as tx:
            envelopes = await self._sort(tx, messages)
            fresh = await self._fresh(tx, envelopes)
            await fault_point("consumer.inboxed")
            if fresh:
                batch = await self._open(tx, {(e.topic, e.key) for e in fresh}, careful=careful)
                await batch.prepare(fresh)
                for envelope in fresh:
                    await batch.take(envelope)
                await batch.close()
            await self._marks(tx, messages)

    async def _open(self, tx: Tx, streams: Collection[StreamKey], *, careful: bool = True) -> Batch:
        return await Batch.open(tx, self._subscriptions, streams, careful=careful)

    async def _sort(self, tx: Tx, messages: Sequence[Message]) -> list[Envelope]:
        envelopes = []
        for message in messages:
            if _is_mark(message):
                continue
            try:
                envelopes.append(read(message.topic, message.key, message.value, message.headers))
            except Unreadable as problem:
                await self._unreadable(tx, message, str(problem))
        return envelopes

    async def _unreadable(self, tx: Tx, message: Message, error: str) -> None:
        """A broken body still blocks its key when the headers tell its number; otherwise it stands alone."""
        log.error("unreadable message set aside", extra={"topic": message.topic, "offset": message.offset})
        try:
            known = read_headers(message.topic, message.key, message.headers)
        except Unreadable:
            await inbox.park_unreadable(tx, _place(message), message.topic, storable_text(message.key), error)
            return
        await inbox.lock_positions(tx, [(known.topic, known.key)])
        notes = inbox.Notes()
        notes.park(known, "poison", error, keep_body=False)
        await inbox.write(tx, notes)

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

    async def _marks(self, tx: Tx, messages: Sequence[Message]) -> None:
        newest: dict[tuple[str, int], tuple[int, datetime]] = {}
        for message in messages:
            if _is_mark(message) and (mark := _mark_of(message, tx.now)):
                newest[message.topic, message.partition] = mark
        if newest:
            await inbox.raise_watermarks(tx, newest)

    async def replay(self, tx: Tx, rows: Sequence[Parked]) -> tuple[int, int]:
        """Try parked events again inside the operator's transaction: how many were applied, how many failed."""
        batch = await self._open(tx, {row.stream for row in rows})
        applied = [await _replay_one(batch, row) for row in sorted(rows, key=_by_stream)]
        await batch.close()
        return applied.count(True), applied.count(False)

    async def skip(self, tx: Tx, rows: Sequence[Parked], why: str) -> int:
        """Give parked events up, with the reason; what waited behind them goes on."""
        batch = await self._open(tx, {row.stream for row in rows})
        for row in sorted(rows, key=_by_stream):
            batch.notes.settle(row, "discarded", why)
            batch.waiting.get(row.stream, {}).pop(row.number, None)
            if row.is_in_order and row.seq == batch.positions[row.stream].last + 1:
                batch.positions[row.stream].advance(row.seq)
                await batch.release(row.stream)
        await batch.close()
        return len(rows)

    async def rebase(self, tx: Tx, stream: StreamKey, seq: int) -> None:
        """An operator's word that everything up to `seq` will never come: what waits behind it goes on."""
        batch = await self._open(tx, [stream])
        if seq > batch.positions[stream].last:
            batch.positions[stream].advance(seq, baseline=True)
        await batch.release(stream)
        await batch.close()


def _by_stream(row: Parked) -> tuple[str, str, int]:
    return (*row.stream, row.seq or 0)


async def _replay_one(batch: Batch, row: Parked) -> bool:
    position = batch.positions[row.stream]
    if row.body is None or (row.is_in_order and row.seq != position.last + 1):
        return row.is_in_order and row.seq is not None and row.seq <= position.last
    before = position.last
    if not await batch.apply_parked(row):
        return False
    position.last = max(before, position.last) if row.is_in_order else before
    batch.waiting.get(row.stream, {}).pop(row.number, None)
    await batch.release(row.stream)
    return True


def _fitting(most: int, count: int, seconds: float) -> int:
    """How many messages the next transaction may have, after one with so many that took so long."""
    if seconds > LONGEST_SECONDS:
        return max(LEAST, count * 3 // 4)
    return min(MOST, most * 2) if count == most and seconds < LONGEST_SECONDS / 3 else most


def _is_mark(message: Message) -> bool:
    return message.headers.get("ce_type") == WATERMARK


def _mark_of(message: Message, now: datetime) -> tuple[int, datetime] | None:
    """(number of partitions, instant) that a mark tells; None for one that no publisher of ours can have sent."""
    try:
        partitions, until = int(message.headers["partitions"]), instant_of(message.headers["until"])
    except (KeyError, ValueError):
        partitions, until = 0, now
    if 0 < partitions <= MOST_PARTITIONS and until <= now + inbox.MOST_AHEAD:
        return partitions, until
    log.warning("watermark ignored", extra={"topic": message.topic, "offset": message.offset})
    return None


def _place(message: Message) -> UUID:
    """The same for a message that comes again, and for no other."""
    said = sha256(f"{message.headers}".encode(errors="replace") + (message.value or b"")).hexdigest()
    key = storable_text(message.key)
    return uuid5(NAMESPACE_URL, f"{message.topic}/{message.partition}/{message.offset}/{key}/{said}")
