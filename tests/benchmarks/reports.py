"""Quarterly report and evaluation over many records, beside hand-written SQL of the headline figures."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median

import asyncpg

from services.reporting_service.domain.report import Plan, evaluation_plan, quarterly_plan
from services.reporting_service.store.figures import count
from shared.db import Database
from shared.db.embedded import EmbeddedPostgres
from shared.testing import postgres
from tests.benchmarks.place import plain

ROUNDS = 3
YEARS = 5  # over which the records are spread, up to the end of the evaluated year
KNOWN = datetime(2026, 10, 2, 2, tzinfo=UTC)
# Deadlines, rungs, calls and answers by plain arithmetic on the number.
_FILL = """
INSERT INTO reporting.case_cycle (case_id, cycle, is_first, is_last, kind, channel, dimension, subject, region,
    received_at, resolved_at, repaired, cause, rungs, open_since, open_until, due_at, judged, on_time, whole_due_at,
    whole_judged, whole_on_time, last_not_repaired, without_clock, call_began_at, call_reached, call_no_phone,
    answered_at, convenience, variety, speed, repair, contact_center, called_back, named_prapa)
SELECT md5(n::text)::uuid, 1, true, true, CASE WHEN n % 5 = 0 THEN 'incident_report' ELSE 'complaint' END,
    (ARRAY['website', 'line', 'contact_center_1662', 'facebook'])[1 + n % 4], 'D' || n % 6, 'Q' || n % 30,
    nullif(n % 11, 0), at, done, n % 20 > 0, 'cause ' || n % 200,
    CASE WHEN n % 10 = 0 THEN ARRAY[at + '24 h', CASE WHEN n % 20 = 0 THEN at + '48 h' END] END,
    at, done, at + '24 h', true, n % 10 > 0, at + '24 h', true, n % 10 > 0, n % 20 = 0, false,
    CASE WHEN done IS NOT NULL THEN done + '1 h' END, n % 3 > 0, n % 17 = 0,
    CASE WHEN n % 3 > 0 AND done IS NOT NULL THEN done + '2 h' END, 1 + n % 5, 1 + n % 4, 1 + n % 5, 1 + n % 5,
    1 + n % 5, n % 9 = 0, n % 7 = 0
FROM (SELECT n, at, CASE WHEN n % 100 > 0 THEN at + make_interval(hours => 2 + n % 40) END AS done
    FROM (SELECT n, $3::timestamptz - make_interval(secs => ($2 - n) * $4::float) AS at
        FROM generate_series($1::integer, $2::integer) n) s) r"""
_BY_HAND = """
SELECT (SELECT count(*) FILTER (WHERE whole_on_time) FROM reporting.case_cycle
        WHERE is_first AND kind = 'complaint' AND whole_due_at >= $1 AND whole_due_at < $2),
    (SELECT avg(speed) FROM reporting.case_cycle
        WHERE kind = 'complaint' AND call_began_at >= $1 AND call_began_at < $2),
    (SELECT count(*) FROM reporting.case_cycle WHERE is_first AND received_at >= $1 AND received_at < $2),
    (SELECT count(*) FROM reporting.case_cycle WHERE resolved_at >= $1 AND resolved_at < $2),
    (SELECT count(*) FROM reporting.case_cycle
        WHERE open_since < $2 AND (open_until >= $2 OR open_until IS NULL))"""


async def show(server: EmbeddedPostgres, records: int, tell: Callable[[str], None] = print) -> None:
    """Fill a database, count for each report, and count by hand; medians, in turns."""
    database = await postgres.create(server)
    db = Database(database.url("reporting"), schema="reporting")
    admin = await asyncpg.connect(plain(database.admin_url))
    try:
        apart = YEARS * 365 * 86400 / records
        await admin.execute("SET synchronous_commit = off")
        for last in range(500_000, records + 500_000, 500_000):
            end = min(last, records)
            at = datetime.fromtimestamp(KNOWN.timestamp() - (records - end) * apart, UTC)
            await admin.execute(_FILL, last - 499_999, end, at, apart, timeout=900)
        await admin.execute("VACUUM (ANALYZE) reporting.case_cycle", timeout=900)
        tell(f"\nreports over {records} records, beside hand-written SQL of their headline figures (seconds, medians)")
        tell(f"  {'':12}{'product':>9}{'by hand':>9}{'longest transaction':>21}")
        plans = {"quarterly": quarterly_plan(2569, 3, KNOWN), "evaluation": _evaluation()}
        for name, plan in plans.items():
            tell(f"  {name:12}{await _compare(db, admin, plan)}")
    finally:
        await admin.close()
        await db.dispose()
        await postgres.drop(database)


def _evaluation() -> Plan:
    return evaluation_plan(2569, datetime(2026, 8, 31, tzinfo=UTC).date(), "september", KNOWN)


async def _compare(db: Database, admin: asyncpg.Connection, plan: Plan) -> str:
    product, by_hand, longest = [], [], 0.0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for period in (plan.period, *plan.compared.values()):
            opened = time.perf_counter()
            async with db.transaction() as tx:
                await count(tx, period)
            longest = max(longest, time.perf_counter() - opened)
        product.append(time.perf_counter() - began)
        began = time.perf_counter()
        for period in (plan.period, *plan.compared.values()):
            await admin.fetch(_BY_HAND, period.since, period.until)
        by_hand.append(time.perf_counter() - began)
    return (
        f"{median(product):9.2f}{median(by_hand):9.2f}{longest:21.2f}  ({median(product) / median(by_hand):.1f} times)"
    )
