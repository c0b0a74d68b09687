"""The shared tables as DDL for migrations; frozen per version, compared with tables.py by a test."""

from typing import Any, Protocol


class Executes(Protocol):
    """What is needed of `alembic.op`."""

    def execute(self, sqltext: Any, /) -> None: ...


_EVENT_COLUMNS = """
    event_id uuid NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    seq integer NOT NULL,
    type text NOT NULL,
    recorded_at timestamptz NOT NULL,
    stream_began_at timestamptz NOT NULL,
    headers jsonb NOT NULL DEFAULT '{}'::jsonb,
    payload jsonb NOT NULL"""

_CORE_V1 = (
    """CREATE TABLE {s}.stream (
    topic text NOT NULL, key text NOT NULL, last_seq integer NOT NULL, began_at timestamptz NOT NULL,
    CONSTRAINT stream_pkey PRIMARY KEY (topic, key))""",
    # CACHE 1 is part of the proof that ids rise with seq within a key.
    """CREATE TABLE {s}.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1),"""
    + _EVENT_COLUMNS
    + """,
    CONSTRAINT outbox_pkey PRIMARY KEY (id),
    CONSTRAINT outbox_event_id_key UNIQUE (event_id),
    CONSTRAINT outbox_topic_key_seq_key UNIQUE (topic, key, seq),
    CONSTRAINT outbox_seq_check CHECK (seq > 0)
    ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)""",
    "CREATE TABLE {s}.outbox_sent (\n    id bigint NOT NULL,"
    + _EVENT_COLUMNS
    + """,
    sent_at timestamptz NOT NULL) PARTITION BY RANGE (sent_at)""",
    "CREATE INDEX outbox_sent_key_idx ON {s}.outbox_sent (topic, key, seq)",
    "CREATE INDEX outbox_sent_event_id_idx ON {s}.outbox_sent (event_id)",
    "CREATE TABLE {s}.outbox_sent_default PARTITION OF {s}.outbox_sent DEFAULT",
    """CREATE TABLE {s}.outbox_ack (
    id bigint NOT NULL, target text NOT NULL, CONSTRAINT outbox_ack_pkey PRIMARY KEY (id, target))""",
    """CREATE TABLE {s}.subscription (
    topic text NOT NULL, began_at timestamptz NOT NULL, CONSTRAINT subscription_pkey PRIMARY KEY (topic))""",
    """CREATE TABLE {s}.inbox (
    event_id uuid NOT NULL, topic text NOT NULL, key text NOT NULL, seq integer NOT NULL,
    received_at timestamptz NOT NULL, CONSTRAINT inbox_pkey PRIMARY KEY (event_id))""",
    "CREATE INDEX inbox_received_at_idx ON {s}.inbox (received_at)",
    """CREATE TABLE {s}.inbox_stream (
    topic text NOT NULL, key text NOT NULL, last_seq integer NOT NULL, baseline boolean NOT NULL DEFAULT false,
    CONSTRAINT inbox_stream_pkey PRIMARY KEY (topic, key))""",
    """CREATE TABLE {s}.parked (
    id bigint GENERATED ALWAYS AS IDENTITY, event_id uuid NOT NULL, topic text NOT NULL, key text NOT NULL,
    seq integer, type text, reason text NOT NULL, error text NOT NULL DEFAULT '', envelope jsonb,
    state text NOT NULL DEFAULT 'parked', attempts integer NOT NULL DEFAULT 0, parked_at timestamptz NOT NULL,
    settled_at timestamptz, settled_by text, settled_why text,
    CONSTRAINT parked_pkey PRIMARY KEY (id),
    CONSTRAINT parked_event_id_key UNIQUE (event_id),
    CONSTRAINT parked_state_check CHECK (state IN ('parked', 'applied', 'discarded')),
    CONSTRAINT parked_reason_check CHECK (
        reason IN ('poison', 'queued', 'gap', 'unknown_type', 'sequence_reused', 'unreadable')))""",
    "CREATE INDEX parked_open_idx ON {s}.parked (topic, key, seq) WHERE state = 'parked'",
    """CREATE TABLE {s}.watermark (
    topic text NOT NULL, partition integer NOT NULL, partitions integer NOT NULL, until timestamptz NOT NULL,
    CONSTRAINT watermark_pkey PRIMARY KEY (topic, partition)) WITH (fillfactor = 50)""",
    """CREATE TABLE {s}.audit (
    id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, actor text NOT NULL, action text NOT NULL,
    subject text NOT NULL, facts jsonb NOT NULL, traceparent text, CONSTRAINT audit_pkey PRIMARY KEY (id))""",
    "CREATE INDEX audit_subject_idx ON {s}.audit (subject, id)",
    """CREATE TABLE {s}.idempotency (
    actor text NOT NULL, key text NOT NULL, request_hash bytea NOT NULL, status integer NOT NULL,
    answer jsonb NOT NULL, created_at timestamptz NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (actor, key))""",
    "CREATE INDEX idempotency_created_at_idx ON {s}.idempotency (created_at)",
)


def install_core(op: Executes, schema: str) -> None:
    """Create the shared tables (version 1) in a service's schema; called first by its migration 0001."""
    for statement in _CORE_V1:
        op.execute(statement.replace("{s}", schema))
