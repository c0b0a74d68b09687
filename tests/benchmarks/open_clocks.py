"""Open cases with an armed clock each, entered in bulk: as the events of intake would have left them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4, uuid5

import asyncpg

BUDGET = timedelta(hours=24)
SUBJECT = "BENCH"
POLICY = uuid5(UUID(int=0), "benchmark/policy")
# A policy of its own, so that a case has one clock and no warnings, whatever else is promised.
_POLICY = """
INSERT INTO sla.policy_version (id, code, version, name_th, kind, subject, severity, channel, office, effective_from,
    targets, warnings, pause_reasons, reopen_mode, created_at, created_by, published_at, published_by)
VALUES ($1, 'benchmark', 1, 'benchmark', '*', $2, '*', '*', '*', '2020-01-01',
    '[{"metric": "resolve", "amount": 24, "unit": "wall", "calendar": "always"}]', '[]', '{}', 'continue',
    now(), 'benchmark', now(), 'benchmark') ON CONFLICT DO NOTHING
"""
_CALENDAR = "SELECT id FROM sla.calendar_version WHERE code = 'always' AND published_at IS NOT NULL"
_FAR_AWAY = """
CREATE TEMP TABLE fresh ON COMMIT DROP AS
SELECT gen_random_uuid() AS case_id, $1::timestamptz + n * interval '1 millisecond' AS due_at
FROM generate_series(1, $2::int) AS n
"""
_FILES = """
INSERT INTO sla.case_file (case_id, office, region, kind, restricted, cycle, last_seq, number, channel,
    receiving_office, received_at, next_due_at)
SELECT case_id, '1102', 1, 'complaint', false, 1, 1, '1102-2569-000001', 'website', '1102',
    due_at - interval '24 hours', due_at FROM fresh
"""
_CLASSES = """
INSERT INTO sla.classification (source_event, case_id, cycle, seq, kind, subject, severity, classified_at, recorded_at)
SELECT gen_random_uuid(), case_id, 1, 1, 'complaint', $1, 'normal', due_at - interval '24 hours', now() FROM fresh
"""
_CLOCKS = """
INSERT INTO sla.clock (id, case_id, metric, cycle, policy_version_id, calendar_version_id, started_at, budget, due_at,
    updated_at)
SELECT gen_random_uuid(), case_id, 'resolve', 1, $1, $2, due_at - interval '24 hours', '24 hours', due_at, now()
FROM fresh
"""
_FILE_COLUMNS = (
    "case_id", "office", "region", "kind", "restricted", "cycle", "last_seq", "number", "channel", "receiving_office",
    "received_at", "next_due_at",
)  # fmt: skip
_CLASS_COLUMNS = (
    "source_event", "case_id", "cycle", "seq", "kind", "subject", "severity", "classified_at", "recorded_at",
)  # fmt: skip
_CLOCK_COLUMNS = (
    "id", "case_id", "metric", "cycle", "policy_version_id", "calendar_version_id", "started_at", "budget", "due_at",
    "updated_at",
)  # fmt: skip


@dataclass(frozen=True)
class Deadlines:
    """So many, the first at an instant, the others a step apart each."""

    count: int
    first_at: datetime
    step: timedelta


async def add_policy(connection: asyncpg.Connection) -> None:
    """Enter the policy and let the services know; their own seeds must be there."""
    await connection.execute(_POLICY, POLICY, SUBJECT)
    await connection.execute("UPDATE sla.book SET revision = gen_random_uuid()")


async def add_far_away(connection: asyncpg.Connection, count: int, *, at_once: int = 500_000) -> None:
    """Cases whose deadline lies weeks ahead: they are open and nothing more. Analysed afterwards."""
    [[calendar]] = await connection.fetch(_CALENDAR)
    later = datetime.now(UTC) + timedelta(days=30)
    for start in range(0, count, at_once):
        async with connection.transaction():
            first = later + timedelta(milliseconds=start)
            await connection.execute(_FAR_AWAY, first, min(at_once, count - start), timeout=600)
            await connection.execute(_FILES, timeout=600)
            await connection.execute(_CLASSES, SUBJECT, timeout=600)
            await connection.execute(_CLOCKS, POLICY, calendar, timeout=600)
    for table in ("case_file", "classification", "clock"):
        await connection.execute(f"VACUUM (ANALYZE) sla.{table}", timeout=600)


async def add_deadlines(connection: asyncpg.Connection, deadlines: Deadlines) -> list[UUID]:
    """Cases that are breached one after the other; their ids."""
    [[calendar]] = await connection.fetch(_CALENDAR)
    files, classes, clocks = [], [], []
    now = datetime.now(UTC)
    for number in range(deadlines.count):
        case, due_at = uuid4(), deadlines.first_at + number * deadlines.step
        at = due_at - BUDGET
        files.append((case, "1102", 1, "complaint", False, 1, 1, "1102-2569-000001", "website", "1102", at, due_at))
        classes.append((uuid4(), case, 1, 1, "complaint", SUBJECT, "normal", at, now))
        clocks.append((uuid5(case, "resolve/1"), case, "resolve", 1, POLICY, calendar, at, BUDGET, due_at, now))
    tables = (("classification", _CLASS_COLUMNS, classes), ("clock", _CLOCK_COLUMNS, clocks))
    async with connection.transaction():
        await connection.copy_records_to_table("case_file", records=files, columns=_FILE_COLUMNS, schema_name="sla")
        for table, columns, rows in tables:
            await connection.copy_records_to_table(table, records=rows, columns=columns, schema_name="sla")
    return [row[0] for row in files]
