"""The tables every service's schema has: outbox, inbox, parked events, audit, idempotency keys (reliability.md)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB

Instant = DateTime(timezone=True)


def metadata(schema: str) -> MetaData:
    """The schema's metadata, already holding the shared tables; a store adds its own."""
    tables = MetaData(schema=schema)
    _outgoing(tables)
    _incoming(tables)
    _edges(tables)
    return tables


def _event_columns() -> list[Column[object]]:
    return [
        Column("event_id", Uuid, nullable=False),
        Column("topic", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("seq", Integer, nullable=False),
        Column("type", Text, nullable=False),
        Column("recorded_at", Instant, nullable=False),
        Column("stream_began_at", Instant, nullable=False),
        Column("headers", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
        Column("payload", JSONB, nullable=False),
    ]


def _outgoing(tables: MetaData) -> None:
    Table(
        "stream",
        tables,
        Column("topic", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("last_seq", Integer, nullable=False),
        Column("began_at", Instant, nullable=False),
        PrimaryKeyConstraint("topic", "key", name="stream_pkey"),
    )
    Table(
        "outbox",
        tables,
        Column("id", BigInteger, Identity(always=True, cache=1), nullable=False),
        *_event_columns(),
        PrimaryKeyConstraint("id", name="outbox_pkey"),
        UniqueConstraint("event_id", name="outbox_event_id_key"),
        UniqueConstraint("topic", "key", "seq", name="outbox_topic_key_seq_key"),
        CheckConstraint("seq > 0", name="outbox_seq_check"),
    )
    Table(
        "outbox_sent",
        tables,
        Column("id", BigInteger, nullable=False),
        *_event_columns(),
        Column("sent_at", Instant, nullable=False),
        Index("outbox_sent_key_idx", "topic", "key", "seq"),
        Index("outbox_sent_event_id_idx", "event_id"),
        postgresql_partition_by="RANGE (sent_at)",
    )
    Table(
        "outbox_ack",
        tables,
        Column("id", BigInteger, nullable=False),
        Column("target", Text, nullable=False),
        PrimaryKeyConstraint("id", "target", name="outbox_ack_pkey"),
    )


def _incoming(tables: MetaData) -> None:
    Table(
        "subscription",
        tables,
        Column("topic", Text, nullable=False),
        Column("began_at", Instant, nullable=False),
        PrimaryKeyConstraint("topic", name="subscription_pkey"),
    )
    Table(
        "inbox",
        tables,
        Column("event_id", Uuid, nullable=False),
        Column("topic", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("seq", Integer, nullable=False),
        Column("received_at", Instant, nullable=False),
        PrimaryKeyConstraint("event_id", name="inbox_pkey"),
        Index("inbox_received_at_idx", "received_at"),
    )
    Table(
        "inbox_stream",
        tables,
        Column("topic", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("last_seq", Integer, nullable=False),
        Column("baseline", Boolean, nullable=False, server_default=text("false")),
        PrimaryKeyConstraint("topic", "key", name="inbox_stream_pkey"),
    )
    Table(
        "parked",
        tables,
        Column("id", BigInteger, Identity(always=True), nullable=False),
        Column("event_id", Uuid, nullable=False),
        Column("topic", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("seq", Integer),
        Column("type", Text),
        Column("reason", Text, nullable=False),
        Column("error", Text, nullable=False, server_default=text("''")),
        Column("envelope", JSONB),
        Column("state", Text, nullable=False, server_default=text("'parked'")),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("parked_at", Instant, nullable=False),
        Column("settled_at", Instant),
        Column("settled_by", Text),
        Column("settled_why", Text),
        PrimaryKeyConstraint("id", name="parked_pkey"),
        UniqueConstraint("event_id", name="parked_event_id_key"),
        CheckConstraint("state IN ('parked', 'applied', 'discarded')", name="parked_state_check"),
        CheckConstraint(
            "reason IN ('poison', 'queued', 'gap', 'unknown_type', 'sequence_reused', 'unreadable')",
            name="parked_reason_check",
        ),
        Index("parked_open_idx", "topic", "key", "seq", postgresql_where=text("state = 'parked'")),
    )
    Table(
        "watermark",
        tables,
        Column("topic", Text, nullable=False),
        Column("partition", Integer, nullable=False),
        Column("partitions", Integer, nullable=False),
        Column("until", Instant, nullable=False),
        PrimaryKeyConstraint("topic", "partition", name="watermark_pkey"),
    )


def _edges(tables: MetaData) -> None:
    Table(
        "audit",
        tables,
        Column("id", BigInteger, Identity(always=True), nullable=False),
        Column("at", Instant, nullable=False),
        Column("actor", Text, nullable=False),
        Column("action", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("facts", JSONB, nullable=False),
        Column("traceparent", Text),
        PrimaryKeyConstraint("id", name="audit_pkey"),
        Index("audit_subject_idx", "subject", "id"),
    )
    Table(
        "idempotency",
        tables,
        Column("actor", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("request_hash", LargeBinary, nullable=False),
        Column("status", Integer, nullable=False),
        Column("answer", JSONB, nullable=False),
        Column("created_at", Instant, nullable=False),
        PrimaryKeyConstraint("actor", "key", name="idempotency_pkey"),
        Index("idempotency_created_at_idx", "created_at"),
    )
