"""Entries: what daily packs count, each in exactly one of them."""

from alembic import op

revision = "0002"
down_revision = "0001"

_TABLE = """CREATE TABLE reporting.pack_entry (
    case_id uuid NOT NULL, what text NOT NULL, cycle integer NOT NULL, part smallint NOT NULL,
    happened_at timestamptz NOT NULL, pack_day date, region smallint,
    CONSTRAINT pack_entry_pkey PRIMARY KEY (case_id, what, cycle, part))"""
_INDEXES = (
    "CREATE INDEX pack_entry_waiting_idx ON reporting.pack_entry (happened_at) WHERE pack_day IS NULL",
    "CREATE INDEX pack_entry_day_idx ON reporting.pack_entry (pack_day, region, case_id)",
)
# What is known already. The packs made so far counted what happened before the end of their newest day.
_KNOWN = """
    WITH known AS (
        SELECT case_id, region, received_at, state, closed_at, body,
            (SELECT max((c ->> 'number')::integer) FROM jsonb_array_elements(body -> 'cycles') c) AS newest
        FROM reporting.case_record WHERE number IS NOT NULL AND received_at IS NOT NULL),
    cycle AS (
        SELECT k.case_id, k.region, (c ->> 'number')::integer AS number, c,
            (SELECT s FROM jsonb_array_elements(c -> 'calls') s WHERE s ->> 'purpose' = 'satisfaction') AS call
        FROM known k, jsonb_array_elements(k.body -> 'cycles') c),
    entry AS (
        SELECT case_id, region, 'received' AS what, 1 AS cycle, 0 AS part, received_at AS at FROM known
        UNION ALL SELECT case_id, region, state, newest, 0, closed_at FROM known
            WHERE state IN ('answered', 'cancelled')
        UNION ALL SELECT case_id, region, 'reopened', number, 0, (c ->> 'reopened_at')::timestamptz FROM cycle
        UNION ALL SELECT case_id, region, 'resolved', number, 0, (c ->> 'resolved_at')::timestamptz FROM cycle
        UNION ALL SELECT case_id, region, 'call_opened', number, 0, (call ->> 'opened_at')::timestamptz FROM cycle
        UNION ALL SELECT case_id, region, 'call_closed', number, 0, (call ->> 'closed_at')::timestamptz FROM cycle
        UNION ALL SELECT case_id, region, 'call_answered', number, 0,
            (call -> 'answers' ->> 'answered_at')::timestamptz FROM cycle
        UNION ALL SELECT case_id, region, 'rung', number, (r ->> 'rung')::integer, (r ->> 'fired_at')::timestamptz
            FROM cycle, jsonb_array_elements(c -> 'rungs') r),
    made AS (SELECT max(day) AS day FROM reporting.pack_day)
    INSERT INTO reporting.pack_entry (case_id, what, cycle, part, happened_at, pack_day, region)
    SELECT case_id, what, cycle, part, at, CASE WHEN counted THEN made.day END, CASE WHEN counted THEN region END
    FROM entry, made,
        LATERAL (SELECT at < (made.day + 1)::timestamp AT TIME ZONE 'Asia/Bangkok' AS counted) c
    WHERE at IS NOT NULL
    ON CONFLICT DO NOTHING"""
# A counted entry stays where it was counted.
_GUARD = """CREATE TRIGGER pack_entry_frozen BEFORE UPDATE OR DELETE ON reporting.pack_entry
    FOR EACH ROW WHEN (OLD.pack_day IS NOT NULL) EXECUTE FUNCTION reporting.refuse_change()"""


def upgrade() -> None:
    for statement in (_TABLE, *_INDEXES, _KNOWN, _GUARD):
        op.execute(statement)
