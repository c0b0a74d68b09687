"""One unit of work: a transaction that knows the time, tells events and writes its audit rows with it."""

from asyncio import CancelledError, Semaphore, timeout
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast
from uuid import UUID

import asyncpg
from pydantic_core import to_json
from sqlalchemy import CursorResult, Executable, Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.contracts.base import CONTACTS, Event
from shared.db.failures import is_session_lost
from shared.kernel.access import SYSTEM, Actor
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, Invalid
from shared.kernel.faults import fault_point
from shared.kernel.ids import uuid7

MAX_EVENT_BYTES = 900_000
LONGEST_WAIT_SECONDS = 10.0  # for a session of the pool
KEPT_FREE = 3  # sessions of the pool that reads for callers leave to everything else
Params = Mapping[str, object] | Sequence[Mapping[str, object]] | None

KEPT = timedelta(hours=24)  # how long an answer is given again under its Idempotency-Key (api.md)

# Writes the audit rows and the kept answers, advances each stream's counter and writes the events with their
# numbers, in one statement; says how many answers were kept: one that has not expired is never overwritten. Counter
# rows are locked in sorted order (no deadlock) and before any identity is drawn, so ids rise with seq within a key.
_WRITE = """
WITH audited AS (
    INSERT INTO {s}.audit (at, actor, action, subject, facts, traceparent)
    SELECT at, actor, action, subject, facts, traceparent FROM jsonb_to_recordset($1::jsonb)
        AS r(at timestamptz, actor text, action text, subject text, facts jsonb, traceparent text)
), kept AS (
    INSERT INTO {s}.idempotency AS kept (actor, key, request_hash, status, answer, created_at)
    SELECT actor, key, decode(request_hash, 'hex'), status, answer, $5::timestamptz
    FROM jsonb_to_recordset($4::jsonb) AS r(actor text, key text, request_hash text, status int, answer jsonb)
    ON CONFLICT (actor, key) DO UPDATE SET request_hash = excluded.request_hash, status = excluded.status,
        answer = excluded.answer, created_at = excluded.created_at
    WHERE kept.created_at <= $6::timestamptz
    RETURNING 1
), told AS (
    SELECT e.*, $3::timestamptz AS recorded_at FROM jsonb_to_recordset($2::jsonb) AS e(
        nr int, event_id uuid, topic text, key text, type text, headers jsonb, payload jsonb)
), counted AS (
    SELECT topic, key, count(*)::int AS n, min(recorded_at) AS began_at FROM told GROUP BY topic, key
), advanced AS (
    INSERT INTO {s}.stream AS s (topic, key, last_seq, began_at)
    SELECT topic, key, n, began_at FROM counted ORDER BY topic, key
    ON CONFLICT (topic, key) DO UPDATE SET last_seq = s.last_seq + excluded.last_seq
    RETURNING s.topic, s.key, s.last_seq, s.began_at
), sent AS (
    INSERT INTO {s}.outbox (event_id, topic, key, seq, type, recorded_at, stream_began_at, headers, payload)
    SELECT t.event_id, t.topic, t.key,
           a.last_seq - c.n + row_number() OVER (PARTITION BY t.topic, t.key ORDER BY t.nr),
           t.type, t.recorded_at, a.began_at, t.headers, t.payload
    FROM told t JOIN counted c USING (topic, key) JOIN advanced a USING (topic, key)
    ORDER BY t.nr
)
SELECT count(*) FROM kept
"""


_READ_CLOCK = text("SELECT clock_timestamp()")


@cache
def in_schema(sql: str, schema: str) -> TextClause:
    """The statement with `{s}` standing for the schema; made once: reading its text costs more than sending it."""
    return text(sql.replace("{s}", schema))


def as_json(value: object) -> str:
    """JSON for a parameter: instants in RFC 3339, dataclasses by field, the rest as its text."""
    return to_json(value, fallback=str).decode()


@dataclass(frozen=True, slots=True)
class _Told:
    topic: str
    key: str
    type: str
    payload: str  # JSON
    traceparent: str | None
    at: datetime

    def as_row(self, nr: int, event_id: UUID) -> str:
        """The row as JSON; the payload goes in as it was written."""
        headers = {"traceparent": self.traceparent} if self.traceparent else {}
        row = {"nr": nr, "event_id": event_id, "topic": self.topic, "key": self.key, "type": self.type}
        return f'{as_json(row | {"headers": headers})[:-1]},"payload":{self.payload}}}'


class Tx:
    """An open transaction. Use cases take one and never commit; only the edge that opened it does."""

    def __init__(
        self, connection: AsyncConnection, schema: str, *, actor: Actor, traceparent: str | None, clock: Clock | None
    ) -> None:
        self.connection = connection
        self.schema = schema
        self.actor = actor
        self.traceparent = traceparent
        self._clock = clock
        self._driver: Any = None
        self._now: datetime | None = None
        self._told: list[_Told] = []
        self._audited: list[dict[str, object]] = []
        self._kept: list[Mapping[str, object]] = []
        self._after: list[Callable[[], None]] = []

    @property
    def now(self) -> datetime:
        """The database's clock (UTC), as read at the start and again after each lock."""
        if self._now is None:
            raise RuntimeError("the clock has not been read")
        return self._now

    async def begin(self) -> None:
        """The first statement opens the transaction: what goes to the driver directly comes after it."""
        at = (await self.connection.execute(_READ_CLOCK)).scalar_one()
        self._now = at if self._clock is None else self._clock.now()

    async def read_clock(self) -> datetime:
        """Read the clock again: facts written after waiting for a lock must not run backwards."""
        if self._clock is not None:
            self._now = self._clock.now()
        else:
            self._now = (await self.fetch("SELECT clock_timestamp()"))[0][0]
        return self._now

    async def execute(self, statement: Executable, params: Params = None) -> CursorResult[Any]:
        return cast(CursorResult[Any], await self.connection.execute(statement, params))

    async def find(self, statement: Executable, params: Params = None) -> Row[Any] | None:
        return (await self.connection.execute(statement, params)).first()

    async def all(self, statement: Executable, params: Params = None) -> Sequence[Row[Any]]:
        return (await self.connection.execute(statement, params)).all()

    async def batches(self, statement: Executable, size: int) -> AsyncIterator[Sequence[Row[Any]]]:
        """The rows of one statement a few at a time, through a cursor of the server: for answers without a bound."""
        async with self.connection.stream(statement) as result:
            async for batch in result.partitions(size):
                yield batch

    async def scalar(self, statement: Executable, params: Params = None) -> Any:
        return (await self.connection.execute(statement, params)).scalar()

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Rows of a statement with $1 ..., straight from the driver, `{s}` standing for the schema.

        For the few statements that every request or event runs: SQLAlchemy's way to the driver costs more than they do.
        """
        if self._driver is None:
            self._driver = (await self.connection.get_raw_connection()).driver_connection
        rows: list[asyncpg.Record] = await self._driver.fetch(sql.replace("{s}", self.schema), *arguments)
        return rows

    async def lock(self, statement: Executable, params: Params = None) -> Row[Any] | None:
        """Run a FOR UPDATE statement, then read the clock, which may have moved while waiting."""
        row = (await self.connection.execute(statement, params)).first()
        await self.read_clock()
        return row

    async def publish(self, event: Event, *, traceparent: str | None = None) -> None:
        """Tell a fact: it is written with its number just before the commit and sent after it.

        `traceparent`: the trace of the event that caused it, where the transaction takes in those of many.
        """
        self._tell(event.TOPIC, event.key, event.TYPE, event.model_dump_json(), traceparent or self.traceparent)

    async def publish_card(self, case_id: UUID, version: int) -> None:
        """Tell that a contact card changed. Only its key and version are written; the relay reads the card."""
        pointer = as_json({"case_id": case_id, "version": version})
        self._tell(CONTACTS, str(case_id), "pwa.intake.contact-card.v1", pointer, self.traceparent)

    def _tell(self, topic: str, key: str, type_name: str, payload: str, traceparent: str | None) -> None:
        if len(payload.encode()) > MAX_EVENT_BYTES:
            raise Invalid("This is more than one event may carry.", code="event_too_large", limit=MAX_EVENT_BYTES)
        self._told.append(_Told(topic, key, type_name, payload, traceparent, self.now))

    async def audit(self, action: str, subject: str, **facts: object) -> None:
        """Record who did what; append-only, free of personal data."""
        self._audited.append(
            {
                "at": self.now, "actor": self.actor.id, "action": action, "subject": subject,
                "facts": facts, "traceparent": self.traceparent,
            }
        )  # fmt: skip

    def keep(self, answer: Mapping[str, object]) -> None:
        """Keep an answer under its idempotency key: a row of `idempotency`, the hash of its request in hex."""
        self._kept.append(answer)

    def after_commit(self, call: Callable[[], None]) -> None:
        """Run `call` once the transaction has been committed."""
        self._after.append(call)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """A part that may fail alone: its changes, events and audit rows are undone together."""
        told, audited, kept, after = len(self._told), len(self._audited), len(self._kept), len(self._after)
        try:
            async with self.connection.begin_nested():
                yield
        except BaseException:
            del self._told[told:], self._audited[audited:], self._kept[kept:], self._after[after:]
            raise

    async def flush(self) -> bool:
        """Write what was told, audited and kept; called once, by the edge. Says whether there is something to send.

        Raises Conflict when another transaction has answered under one of the keys meanwhile.
        """
        if not self._told and not self._audited and not self._kept:
            return False
        rows = (told.as_row(nr, uuid7(self.now)) for nr, told in enumerate(self._told))
        # As old as the oldest fact in it: a watermark must not pass a fact that is told but not yet sent.
        told_at = min((told.at for told in self._told), default=self.now)
        answers = as_json(self._kept), self.now, self.now - KEPT
        ((kept,),) = await self.fetch(_WRITE, as_json(self._audited), f"[{','.join(rows)}]", told_at, *answers)
        if kept != len(self._kept):
            raise Conflict("A request with this key has just been answered.", code="key_in_progress")
        return bool(self._told)

    def committed(self) -> None:
        """Run what waited for the commit; called by the edge."""
        for call in self._after:
            call()


class Database:
    """One service's access to its own schema, as its own role."""

    def __init__(self, url: str, *, schema: str, clock: Clock | None = None, pool_size: int = 8) -> None:
        self.url = url
        self.schema = schema
        self.clock = clock
        self.on_publish: Callable[[], None] = lambda: None
        self._reads = Semaphore(max(1, pool_size - KEPT_FREE))
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=LONGEST_WAIT_SECONDS,
            hide_parameters=True,
            connect_args={
                "timeout": 10,
                "server_settings": {
                    "search_path": f"{schema},public",
                    "application_name": f"pwa-{schema}",
                    "idle_in_transaction_session_timeout": "60000",
                    "statement_timeout": "30000",
                },
            },
        )

    @asynccontextmanager
    async def transaction(
        self, *, actor: Actor = SYSTEM, traceparent: str | None = None, edge: str = "job", reads_only: bool = False
    ) -> AsyncIterator[Tx]:
        """Open, yield, write events and audit rows, commit. `edge` names the fault points around the commit.

        Transactions that only read for a caller have a share of the sessions: slow ones keep neither writes nor probes
        waiting. Raises TimeoutError when none becomes free.

        A timer that finds nothing to do commits too; `telling` and `told` are the points around a commit with events.
        """
        async with self._turn(reads_only), self._session() as connection:
            async with connection.begin():
                tx = Tx(connection, self.schema, actor=actor, traceparent=traceparent, clock=self.clock)
                await tx.begin()
                yield tx
                has_told = await tx.flush()
                await fault_point(f"{edge}.before_commit")
                if has_told:
                    await fault_point(f"{edge}.telling")
            await fault_point(f"{edge}.after_commit")
            if has_told:
                await fault_point(f"{edge}.told")
        tx.committed()
        if has_told:
            self.on_publish()

    @asynccontextmanager
    async def _turn(self, reads_only: bool) -> AsyncIterator[None]:
        if not reads_only:
            yield
            return
        async with timeout(LONGEST_WAIT_SECONDS):
            await self._reads.acquire()
        try:
            yield
        finally:
            self._reads.release()

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[AsyncConnection]:
        """A session of the pool; one that was lost is thrown away, and with it those that lay idle beside it."""
        pool = self.engine.pool
        async with self.engine.connect() as connection:
            try:
                yield connection
            except BaseException as error:
                if is_session_lost(error):
                    await connection.invalidate()
                    if not isinstance(error, CancelledError) and self.engine.pool is pool:
                        await self.engine.dispose()
                raise

    async def dispose(self) -> None:
        await self.engine.dispose()
