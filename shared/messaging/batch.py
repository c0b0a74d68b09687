"""A batch inside its transaction: decides by number, applies purely, sets aside what fails (reliability.md)."""

import logging
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from shared.contracts.base import COMPACTED, Event
from shared.contracts.envelope import Envelope, Unreadable
from shared.contracts.intake import ContactErased
from shared.contracts.registry import registry
from shared.db.failures import is_infrastructure
from shared.db.tx import Tx
from shared.messaging import inbox
from shared.messaging.fold import Arrived, Fold, Meta, Workspace
from shared.messaging.inbox import IN_ORDER, Notes, Parked, Position, StreamKey

log = logging.getLogger(__name__)


class Poison(Exception):
    """Something of this batch cannot be loaded or saved; event by event it will be seen what."""


@dataclass(frozen=True)
class Subscriptions:
    """Which fold takes which event, and since when each topic is read."""

    folds: Mapping[type[Event], Fold[Any, Any]]
    began: dict[str, datetime] = field(default_factory=dict)

    def is_older(self, envelope: Envelope) -> bool:
        """Whether the event's stream began before this service subscribed."""
        began = self.began.get(envelope.topic)
        return began is not None and envelope.stream_began_at < began

    def arrived(self, envelope: Envelope, now: datetime) -> Arrived:
        """The event of an envelope; raises ValidationError when it breaks its contract."""
        kind = event_type(envelope)
        if kind is None:
            raise LookupError(envelope.type)
        data = envelope.data if envelope.data is not None else {"case_id": envelope.key, "version": envelope.seq}
        meta = Meta(envelope.event_id, envelope.seq, envelope.recorded_at, envelope.traceparent, now)
        return Arrived(self.folds.get(kind), kind.model_validate(data), meta)


@dataclass
class Batch:
    """The streams that a batch is about, locked. Without a workspace each event is loaded and saved by itself."""

    tx: Tx
    subscriptions: Subscriptions
    positions: dict[StreamKey, Position]
    waiting: dict[StreamKey, dict[int, Parked]]
    workspace: Workspace | None
    notes: Notes = field(default_factory=Notes)
    _prepared: dict[UUID, Arrived | Exception] = field(default_factory=dict)

    @classmethod
    async def open(
        cls, tx: Tx, subscriptions: Subscriptions, streams: Collection[StreamKey], *, careful: bool
    ) -> "Batch":
        positions = await inbox.lock_positions(tx, streams)
        workspace = None if careful else Workspace(tx)
        return cls(tx, subscriptions, positions, await inbox.waiting(tx, streams), workspace)

    async def prepare(self, fresh: Sequence[Envelope]) -> None:
        """Load what the events are about, and what those are about that they may release. Raises Poison."""
        if self.workspace is None:
            return
        for envelope in [*fresh, *self._releasable()]:
            try:
                self._prepared[envelope.event_id] = self.subscriptions.arrived(envelope, self.tx.now)
            except (ValidationError, LookupError) as problem:
                self._prepared[envelope.event_id] = problem
        await _or_poison(self.workspace.load(one for one in self._prepared.values() if isinstance(one, Arrived)))

    def _releasable(self) -> Iterable[Envelope]:
        for row in (row for rows in self.waiting.values() for row in rows.values()):
            try:
                if row.reason != "poison" and row.body is not None:
                    yield row.envelope()
            except Unreadable:
                continue

    async def close(self) -> None:
        """Save what changed and what was set aside. Raises Poison when something cannot be saved."""
        if self.workspace is not None:
            await _or_poison(self.workspace.save())
        await inbox.write(self.tx, self.notes)
        await inbox.save_positions(self.tx, self.positions)

    async def take(self, envelope: Envelope) -> None:
        """Decide by number, then apply or set aside."""
        position = self.positions[envelope.topic, envelope.key]
        if envelope.topic in COMPACTED:
            if envelope.seq > position.last:
                await self._apply(envelope)
        elif envelope.seq <= position.last:
            self._park(envelope, "sequence_reused", "this number was used before by another event")
        elif envelope.seq == position.last + 1:
            await self._apply_and_release(envelope)
        elif position.last == 0 and self.subscriptions.is_older(envelope):
            position.advance(envelope.seq - 1, baseline=True)
            await self._apply_and_release(envelope)
        else:
            rows = self.waiting.get((envelope.topic, envelope.key), {})
            behind_poison = any(row.reason == "poison" for row in rows.values())
            self._park(envelope, "queued" if behind_poison else "gap")

    async def _apply_and_release(self, envelope: Envelope) -> None:
        if await self._apply(envelope):
            await self.release((envelope.topic, envelope.key))

    async def release(self, stream: StreamKey) -> None:
        """Apply what waits behind a number that has come, in order, as far as it goes."""
        position, rows = self.positions[stream], self.waiting.get(stream, {})
        while (row := rows.get(position.last + 1)) is not None and row.reason != "poison":
            if not await self.apply_parked(row):
                return
            del rows[row.number]

    async def apply_parked(self, row: Parked) -> bool:
        """Apply one event that had been set aside; leaves it there, as poison, when it fails again."""
        try:
            problem = await self._attempt(row.envelope())
        except Unreadable as unreadable:
            problem = str(unreadable)
        if problem is None:
            self.notes.settle(row, "applied", "released")
        else:
            self.notes.failed_again(row, problem)
        return problem is None

    async def _apply(self, envelope: Envelope) -> bool:
        if event_type(envelope) is None:
            self._park(envelope, "unknown_type", "no such type or version is known here")
            self.positions[envelope.topic, envelope.key].advance(envelope.seq)
            return True
        problem = await self._attempt(envelope)
        if problem is not None:
            self._park(envelope, "poison", problem)
            return False
        self._settle_older(envelope)
        return True

    def _settle_older(self, envelope: Envelope) -> None:
        """What was set aside without its body is settled by the event itself, or by a newer card of its key."""
        rows = self.waiting.get((envelope.topic, envelope.key), {})
        for row in [row for row in rows.values() if row.body is None and row.number <= envelope.seq]:
            self.notes.settle(row, "applied", "came again")
            del rows[row.number]

    async def _attempt(self, envelope: Envelope) -> str | None:
        """Apply an event; None when it went well, else what kind of problem it was (never its text)."""
        try:
            await self._run(envelope)
        except Exception as error:
            if is_infrastructure(error) or isinstance(error, Poison):
                raise
            log.exception("event set aside", extra={"type": envelope.type, "event_id": str(envelope.event_id)})
            return _kind_of(error)
        self.positions[envelope.topic, envelope.key].advance(envelope.seq)
        return None

    async def _run(self, envelope: Envelope) -> None:
        arrived = self._prepared.get(envelope.event_id) or self.subscriptions.arrived(envelope, self.tx.now)
        if isinstance(arrived, Exception):
            raise arrived
        if self.workspace is None:
            async with self.tx.savepoint():
                await apply_alone(self.tx, arrived)
        else:
            self.workspace.apply(arrived)

    def _park(self, envelope: Envelope, reason: str, error: str = "") -> None:
        row = self.notes.park(envelope, reason, error)
        if reason in IN_ORDER:
            self.waiting.setdefault((envelope.topic, envelope.key), {})[envelope.seq] = row


async def apply_alone(tx: Tx, arrived: Arrived) -> None:
    """Load, apply and save one event by itself: slow, and tells which event it is that cannot be saved."""
    workspace = Workspace(tx)
    await workspace.load([arrived])
    workspace.apply(arrived)
    await workspace.save()


async def _or_poison(work: Awaitable[None]) -> None:
    try:
        await work
    except Exception as error:
        if is_infrastructure(error):
            raise
        raise Poison from error


def event_type(envelope: Envelope) -> type[Event] | None:
    """The class of an event, None when its type or version is not known here."""
    if envelope.data is None and envelope.topic in COMPACTED:
        return ContactErased
    return registry().get(envelope.type)


def _kind_of(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fields = sorted({".".join(map(str, item["loc"])) for item in error.errors(include_input=False)})
        return f"breaks its contract at: {', '.join(fields)[:300]}"
    return f"step failed: {type(error).__name__}"
