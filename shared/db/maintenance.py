"""Upkeep by the owner role: partitions of the archive made ahead and dropped behind, old keys removed."""

from datetime import UTC, date, datetime, timedelta

import asyncpg
from sqlalchemy.engine import make_url

WEEKS_AHEAD = 4
ARCHIVE_DAYS = 35
INBOX_DAYS = 70  # longer than the archive from which replays come
IDEMPOTENCY_HOURS = 24
_BATCH = 10_000


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def partition_name(monday: date) -> str:
    """outbox_sent_20260202: the week that begins on that Monday (UTC)."""
    return f"outbox_sent_{monday:%Y%m%d}"


async def maintain(owner_url: str, schema: str, *, today: date | None = None) -> dict[str, int]:
    """Do all upkeep of one schema; what was made, dropped and removed. Safe to repeat and to run at the same time."""
    today = today or datetime.now(UTC).date()
    dsn = make_url(owner_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SET lock_timeout = '5s'")
        await connection.execute("SELECT pg_advisory_lock(hashtext('pwa.maintenance'), hashtext($1))", schema)
        made = await _make_ahead(connection, schema, today)
        dropped = await _drop_behind(connection, schema, today - timedelta(days=ARCHIVE_DAYS))
        removed = await _remove(connection, f"{schema}.inbox", "received_at", today - timedelta(days=INBOX_DAYS))
        yesterday = datetime.now(UTC) - timedelta(hours=IDEMPOTENCY_HOURS)
        removed += await _remove(connection, f"{schema}.idempotency", "created_at", yesterday)
        return {"partitions_made": made, "partitions_dropped": dropped, "rows_removed": removed}
    finally:
        await connection.close()


async def _partitions(connection: asyncpg.Connection, schema: str) -> set[str]:
    rows = await connection.fetch(
        """SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = to_regclass($1)""",
        f"{schema}.outbox_sent",
    )
    return {row["relname"] for row in rows}


async def _make_ahead(connection: asyncpg.Connection, schema: str, today: date) -> int:
    """Only future weeks: the running one may have rows in the default partition already."""
    existing = await _partitions(connection, schema)
    made = 0
    for week in range(1, WEEKS_AHEAD + 1):
        monday = _monday(today) + timedelta(weeks=week)
        name = partition_name(monday)
        if name not in existing:
            bounds = f"FROM ('{monday}T00:00Z') TO ('{monday + timedelta(weeks=1)}T00:00Z')"
            await connection.execute(
                f"CREATE TABLE {schema}.{name} PARTITION OF {schema}.outbox_sent FOR VALUES {bounds}"
            )
            made += 1
    return made


async def _drop_behind(connection: asyncpg.Connection, schema: str, before: date) -> int:
    kept = partition_name(_monday(before))
    old = {name for name in await _partitions(connection, schema) if name[12:].isdigit() and name < kept}
    for name in sorted(old):
        await connection.execute(f"DROP TABLE {schema}.{name}")
    return len(old) + await _remove(connection, f"{schema}.outbox_sent_default", "sent_at", before)


async def _remove(connection: asyncpg.Connection, table: str, column: str, before: date) -> int:
    some = f"SELECT ctid FROM {table} WHERE {column} < $1 LIMIT {_BATCH} FOR UPDATE SKIP LOCKED"  # noqa: S608
    sql = f"DELETE FROM {table} WHERE ctid = ANY(ARRAY({some}))"  # noqa: S608
    moment = before if isinstance(before, datetime) else datetime.combine(before, datetime.min.time(), UTC)
    removed = 0
    while True:
        count = int((await connection.execute(sql, moment)).split()[-1])
        removed += count
        if count < _BATCH:
            return removed
