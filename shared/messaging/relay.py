"""The relay: one leader per schema sends the pending outbox rows in order and archives what was taken over."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from shared.contracts.base import COMPACTED, ContactLike
from shared.contracts.envelope import Envelope
from shared.db.failures import DATABASE_ERRORS, is_infrastructure
from shared.kernel.back_off import back_off
from shared.kernel.clock import Clock
from shared.kernel.faults import fault_point
from shared.messaging.port import Fenced, Message, Target
from shared.messaging.waiting import channel_of

BATCH = 500
MARK_EVERY_SECONDS = 1.0
DELIVERY_TIMEOUT_SECONDS = 30.0
LONGEST_WAIT_SECONDS = 0.1
FIRST_PAUSE_SECONDS, LARGEST_PAUSE_SECONDS = 0.1, 10.0
log = logging.getLogger(__name__)

Cards = Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, ContactLike | None]]]

Mark = tuple[Sequence[str], datetime | None]  # which topics, and until when if that is known


@dataclass
class Lane:
    """One target's progress. A lane that fails pauses alone, twice as long each time."""

    target: Target
    always: bool = False
    failures: int = 0
    most: int = BATCH // 10  # rows at once: more while the target is quick, fewer when it is slow or fails
    resumes_at: float = 0.0
    marked: datetime | None = None
    marked_at: float = float("-inf")
    wished: set[str] = field(default_factory=set)  # topics whose mark somebody waits for

    def wants(self, topic: str) -> bool:
        return self.target.topics is None or topic in self.target.topics

    def take_marks(self, topics: Sequence[str]) -> list[str]:
        """The topics whose mark the target should hear now: all once a second (a hand-moved clock: always), and those
        that somebody waits for. Whoever cannot tell it puts them back into `wished`."""
        now = time.monotonic()
        if self.always or now - self.marked_at >= MARK_EVERY_SECONDS:
            self.marked_at = now
        else:
            topics = [topic for topic in topics if topic in self.wished]
        mine = [topic for topic in topics if self.wants(topic) and topic not in COMPACTED]
        self.wished.difference_update(mine)
        return mine

    @property
    def is_paused(self) -> bool:
        return time.monotonic() < self.resumes_at

    def failed(self) -> None:
        self.failures += 1
        self.most = max(1, self.most // 2)
        self.resumes_at = time.monotonic() + back_off(self.failures, FIRST_PAUSE_SECONDS, LARGEST_PAUSE_SECONDS)

    def succeeded(self, seconds: float = 0.0) -> None:
        self.failures, self.resumes_at = 0, 0.0
        if seconds < DELIVERY_TIMEOUT_SECONDS / 30:
            self.most = min(BATCH, self.most * 2)
        elif seconds > DELIVERY_TIMEOUT_SECONDS / 6:
            self.most = max(1, self.most // 2)


@dataclass
class Outgoing:
    """How the relay of one schema reaches its database: raw asyncpg on the session that holds the leader's lock."""

    dsn: str
    schema: str
    connection: asyncpg.Connection | None = None
    leads: bool = False
    on_wish: Callable[[str], None] = lambda _topic: None

    async def lead(self) -> bool:
        """Hold (or try to get) the schema's session lock; the lock and the deletes are on one session."""
        if self.connection is None or self.connection.is_closed():
            self.leads = False
            self.connection = await asyncpg.connect(
                self.dsn, timeout=10, server_settings={"application_name": f"pwa-relay-{self.schema}"}
            )
        if not self.leads:
            sql = "SELECT pg_try_advisory_lock(hashtext('pwa.relay'), hashtext($1))"
            self.leads = bool(await self.connection.fetchval(sql, self.schema))
            if self.leads:
                await self.connection.add_listener(channel_of(self.schema), lambda *said: self.on_wish(said[-1]))
        return self.leads

    async def resign(self) -> None:
        """Give the lock up by ending the session."""
        connection, self.connection, self.leads = self.connection, None, False
        if connection is not None:
            try:
                await connection.close(timeout=2)
            except (OSError, TimeoutError, *DATABASE_ERRORS):
                connection.terminate()

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        if self.connection is None:
            raise ConnectionError("the relay has no session")
        rows: list[asyncpg.Record] = await self.connection.fetch(sql.replace("{s}", self.schema), *arguments)
        return rows


# Every pending row that this target has not acknowledged yet, oldest first.
_PENDING = """
SELECT * FROM {s}.outbox o
WHERE NOT EXISTS (SELECT 1 FROM {s}.outbox_ack a WHERE a.id = o.id AND a.target = $1)
ORDER BY id LIMIT $2
"""
# Rows taken over by everybody leave the set of pending rows and become history.
_ARCHIVE = """
WITH gone AS (DELETE FROM {s}.outbox WHERE id = ANY($1) RETURNING *),
     acks AS (DELETE FROM {s}.outbox_ack WHERE id = ANY($1))
INSERT INTO {s}.outbox_sent
    (id, event_id, topic, key, seq, type, recorded_at, stream_began_at, headers, payload, sent_at)
SELECT id, event_id, topic, key, seq, type, recorded_at, stream_began_at, headers, payload, clock_timestamp() FROM gone
"""
_ACKNOWLEDGE = """
INSERT INTO {s}.outbox_ack (id, target) SELECT id, $2 FROM {s}.outbox WHERE id = ANY($1::bigint[])
ON CONFLICT DO NOTHING"""
_ACKNOWLEDGED = "SELECT id, array_agg(target) AS targets FROM {s}.outbox_ack WHERE id = ANY($1) GROUP BY id"
# Read before the pending rows: whatever commits in between is either seen there or recorded after this instant.
_RUNNING_SINCE = """
SELECT least(min(xact_start), statement_timestamp()) FROM pg_stat_activity
WHERE usename = current_user AND datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
"""
_OLDEST = """
SELECT t.target, (SELECT min(recorded_at) FROM {s}.outbox o WHERE topic = ANY($2)
    AND NOT EXISTS (SELECT 1 FROM {s}.outbox_ack a WHERE a.id = o.id AND a.target = t.target)) AS at
FROM unnest($1::text[]) AS t(target)
"""


@dataclass
class Relay:
    """Sends one schema's outbox. `step` is the loop's body: once in a test, for ever in production."""

    outgoing: Outgoing
    topics: Sequence[str]
    targets: Callable[[], Sequence[Target]]
    cards: Cards | None = None
    clock: Clock | None = None
    on_wish: Callable[[], None] = lambda: None
    _lanes: dict[str, Lane] = field(default_factory=dict)
    _busy: dict[str, "asyncio.Task[set[int]]"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.outgoing.on_wish = self._wish

    def _wish(self, topic: str) -> None:
        """A timer somewhere waits for this topic's mark."""
        for lane in self._lanes.values():
            lane.wished.add(topic)
        self.on_wish()

    async def step(self) -> int:
        """Send what is pending to every target that is ready. 0: nothing moved and nothing is on its way."""
        try:
            if not await self.outgoing.lead():
                return 0
            taken = await self._send()
            return taken + await self._mark() + len(self._busy)
        except Fenced:
            log.error("relay fenced by a newer leader", extra={"schema": self.outgoing.schema})
            raise
        except Exception as error:
            if is_infrastructure(error):
                await self.outgoing.resign()
            raise

    def problems(self) -> list[str]:
        """Which targets do not take what is sent to them."""
        return [f"delivery to {lane.target.name} fails" for lane in self._lanes.values() if lane.failures > 2]

    def retries_at(self) -> list[float]:
        """When each lane that failed last tries again, in seconds of the monotonic clock."""
        return [lane.resumes_at for lane in self._lanes.values() if lane.failures]

    async def close(self) -> None:
        for task in self._busy.values():
            task.cancel()
        await asyncio.gather(*self._busy.values(), return_exceptions=True)
        await self.outgoing.resign()

    def _ready(self) -> list[Lane]:
        for target in self.targets():
            lane = self._lanes.setdefault(target.name, Lane(target, self.clock is not None))
            lane.target = target
        return [lane for name, lane in self._lanes.items() if name not in self._busy and not lane.is_paused]

    async def _send(self) -> int:
        lanes = self._ready()
        if not self._busy and not await self.outgoing.fetch("SELECT 1 FROM {s}.outbox LIMIT 1"):
            return 0
        marks = {lane.target.name: lane.take_marks(self.topics) for lane in lanes}
        known_until = await self._known_until() if any(marks.values()) else None
        rows: dict[int, asyncpg.Record] = {}
        made: dict[int, Message] = {}
        # While no target lags behind another, one read serves them all.
        shared = None
        if not await self.outgoing.fetch("SELECT 1 FROM {s}.outbox_ack LIMIT 1"):
            shared = await self.outgoing.fetch(_PENDING, "", BATCH)
            rows.update((row["id"], row) for row in shared)
        for lane in lanes:
            pending = await self.outgoing.fetch(_PENDING, lane.target.name, BATCH) if shared is None else shared
            rows.update((row["id"], row) for row in pending)
            mark = (marks[lane.target.name], known_until if len(pending) < BATCH else None)
            self._busy[lane.target.name] = asyncio.create_task(self._serve(lane, pending, made, mark))
        await fault_point("relay.selected")
        if self._busy:
            # Nobody waits for a slow subscriber: it is left to finish on its own, its acknowledgement counts later.
            await asyncio.wait(self._busy.values(), timeout=LONGEST_WAIT_SECONDS)
        return await self._settle(rows)

    async def _serve(
        self, lane: Lane, rows: Sequence[asyncpg.Record], made: dict[int, Message], mark: Mark
    ) -> set[int]:
        """Deliver rows to one target; the ids it took, per key only an unbroken prefix.

        A target that took all that was pending hears its mark at once: a slower neighbour does not hold it back.
        """
        taken = await self._deliver(lane, rows, made)
        topics, until = mark
        if until is not None and len(taken) == len(rows):
            await self._tell(lane, topics, until)
        else:
            lane.wished.update(topics)
        return taken

    async def _deliver(self, lane: Lane, rows: Sequence[asyncpg.Record], made: dict[int, Message]) -> set[int]:
        wanted = [row for row in rows if lane.wants(row["topic"])]
        taken = {row["id"] for row in rows} - {row["id"] for row in wanted}
        wanted = wanted[: lane.most]
        if not wanted:
            return taken
        began_at = time.monotonic()
        try:
            messages = await self._messages(wanted, made)
            flags = await asyncio.wait_for(lane.target.deliver(messages), DELIVERY_TIMEOUT_SECONDS)
        except Fenced:
            raise
        except Exception as error:  # noqa: BLE001 - one target's failure must not stop the others
            lane.failed()
            log.warning("delivery failed", extra={"target": lane.target.name, "problem": type(error).__name__})
            return taken
        broken: set[tuple[str, str]] = set()
        for row, flag in zip(wanted, flags, strict=True):
            stream = (row["topic"], row["key"])
            if flag and stream not in broken:
                taken.add(row["id"])
            else:
                broken.add(stream)
        lane.failed() if broken else lane.succeeded(time.monotonic() - began_at)
        return taken

    async def _settle(self, rows: Mapping[int, asyncpg.Record]) -> int:
        """Archive what every target has; remember what only some have."""
        newly: dict[int, set[str]] = {identity: set() for identity in rows}
        for name in [name for name, task in self._busy.items() if task.done()]:
            for identity in self._busy.pop(name).result():
                newly.setdefault(identity, set()).add(name)
        if not newly:
            return 0
        await fault_point("relay.acked")
        complete = {identity for identity, by in newly.items() if by >= self._lanes.keys()}
        complete |= await self._remember({i: by for i, by in newly.items() if by and i not in complete})
        if complete:
            await self.outgoing.fetch(_ARCHIVE, list(complete))
            await fault_point("relay.archived")
        return sum(1 for by in newly.values() if by) or len(complete)

    async def _remember(self, partial: Mapping[int, set[str]]) -> set[int]:
        """Keep who has taken rows that others have not; the rows that are complete with what was known before."""
        if not partial:
            return set()
        known = {row["id"]: set(row["targets"]) for row in await self.outgoing.fetch(_ACKNOWLEDGED, list(partial))}
        complete = {i for i, by in partial.items() if by | known.get(i, set()) >= self._lanes.keys()}
        for name in self._lanes:
            ids = [i for i, by in partial.items() if name in by and i not in complete]
            if ids:
                await self.outgoing.fetch(_ACKNOWLEDGE, ids, name)
        return complete

    async def _messages(self, rows: Sequence[asyncpg.Record], made: dict[int, Message]) -> list[Message]:
        """The rows as messages; each is made once for all targets."""
        new = [row for row in rows if row["id"] not in made]
        pointers = [UUID(row["key"]) for row in new if row["topic"] in COMPACTED]
        cards = await self.cards(pointers) if pointers and self.cards else {}
        made.update((row["id"], self._message(row, cards)) for row in new)
        return [made[row["id"]] for row in rows]

    def _message(self, row: asyncpg.Record, cards: Mapping[UUID, ContactLike | None]) -> Message:
        data: str | None = row["payload"]
        if row["topic"] in COMPACTED:
            card = cards.get(UUID(row["key"]))
            data = card.model_dump_json() if card is not None else None
        envelope = Envelope(
            event_id=row["event_id"],
            type=row["type"],
            topic=row["topic"],
            key=row["key"],
            seq=row["seq"],
            recorded_at=row["recorded_at"],
            stream_began_at=row["stream_began_at"],
            source=f"/pwa/{self.outgoing.schema}",
            traceparent=json.loads(row["headers"]).get("traceparent"),
            data=None,
        )
        body = envelope.around(data) if data is not None else None
        return Message(envelope.topic, envelope.key, body, envelope.headers())

    async def _mark(self) -> int:
        """Tell the targets that shall hear it up to which instant they have everything; read once for all of them."""
        ready = self._ready()
        marks = {lane.target.name: lane.take_marks(self.topics) for lane in ready}
        if not any(marks.values()):
            return 0
        sent = await self._sent_until([name for name, topics in marks.items() if topics])
        moved = 0
        for lane in ready:
            if topics := marks[lane.target.name]:
                moved += await self._tell(lane, topics, sent[lane.target.name])
        return moved if self.clock is not None else 0  # the time alone keeps no loop busy

    async def _tell(self, lane: Lane, topics: Sequence[str], until: datetime) -> bool:
        """Whether the target heard something new; a mark that does not arrive only delays."""
        if lane.marked == until and lane.always:
            return False
        try:
            for topic in topics:
                await asyncio.wait_for(lane.target.mark(topic, until), DELIVERY_TIMEOUT_SECONDS)
        except Fenced:
            raise
        except Exception as error:  # noqa: BLE001 - the next one may arrive
            lane.failed()
            log.warning("watermark failed", extra={"target": lane.target.name, "problem": type(error).__name__})
            return False
        lane.marked = until
        return True

    async def _known_until(self) -> datetime:
        """Whatever is recorded before this instant can be seen by now: read before what is pending."""
        [[running_since]] = await self.outgoing.fetch(_RUNNING_SINCE)
        known: datetime = self.clock.now() if self.clock is not None else running_since
        return known

    async def _sent_until(self, targets: Sequence[str]) -> dict[str, datetime]:
        known_until = await self._known_until()
        topics = [topic for topic in self.topics if topic not in COMPACTED]
        oldest = {row["target"]: row["at"] for row in await self.outgoing.fetch(_OLDEST, list(targets), topics)}
        return {name: min(known_until, at) if at is not None else known_until for name, at in oldest.items()}
