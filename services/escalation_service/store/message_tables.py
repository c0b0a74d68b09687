"""Escalation's tables about telling officers: messages, the mailings that carry them, attempts, receipts, answers."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)  # fmt: skip

from services.escalation_service.store.tables import TABLES

Instant = DateTime(timezone=True)

# One thing to tell one officer about one rung. Carried by a mailing, alone or with others.
MESSAGE = Table(
    "message",
    TABLES,
    Column("message_id", Uuid, nullable=False),
    Column("rung_id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("rung", Integer, nullable=False),
    Column("breach_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    # What makes it one of its kind: the rung's firing, the void breach or the hand-over.
    Column("occasion", Uuid, nullable=False),
    Column("recipient", Text),  # staff code; null until somebody is found who stands in for a vacant post
    Column("recipient_name", Text),
    Column("stands_in", Boolean, nullable=False, server_default=text("false")),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("created_at", Instant, nullable=False),
    Column("ready_at", Instant, nullable=False),
    Column("held_at", Instant),
    Column("held_by", Text),
    Column("held_reason", Text),
    Column("decided_at", Instant),
    Column("decided_by", Text),
    Column("decided_reason", Text),
    Column("voided_at", Instant),
    Column("mailing_id", Uuid),
    Column("told_at", Instant),
    Column("told_by", Text),
    Column("evidence", Text),
    PrimaryKeyConstraint("message_id", name="message_pkey"),
    UniqueConstraint("rung_id", "kind", "occasion", "recipient", name="message_once_key"),
    ForeignKeyConstraint(["rung_id"], ["rung.rung_id"], name="message_rung_fkey"),
    CheckConstraint("kind IN ('call', 'correction', 'hand_over')", name="message_kind_check"),
    CheckConstraint(
        "state IN ('waiting', 'held', 'rejected', 'withdrawn', 'sending', 'accepted', 'delivered', 'unknown',"
        " 'not_told')",
        name="message_state_check",
    ),
    CheckConstraint("state <> 'held' OR held_at IS NOT NULL", name="message_held_check"),
    CheckConstraint(
        "state NOT IN ('accepted', 'delivered') OR (told_at IS NOT NULL AND mailing_id IS NOT NULL)",
        name="message_told_check",
    ),
    Index("message_case_idx", "case_id", "cycle", "rung"),
    Index("message_mailing_idx", "mailing_id"),
    Index("message_waiting_idx", "recipient", "kind", "ready_at", postgresql_where=text("state = 'waiting'")),
    Index(
        "message_state_idx", "state", "message_id", postgresql_where=text("state IN ('held', 'unknown', 'not_told')")
    ),
)

# What goes to an officer in one piece: one message, or a digest of many.
MAILING = Table(
    "mailing",
    TABLES,
    Column("mailing_id", Uuid, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("recipient_name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("created_at", Instant, nullable=False),
    Column("told_at", Instant),
    Column("told_by", Text),
    Column("evidence", Text),
    PrimaryKeyConstraint("mailing_id", name="mailing_pkey"),
    CheckConstraint(
        "state IN ('pending', 'accepted', 'delivered', 'unknown', 'not_told', 'withdrawn')",
        name="mailing_state_check",
    ),
    CheckConstraint("size > 0", name="mailing_size_check"),
    Index("mailing_recipient_idx", "recipient", "kind", "created_at"),
)

# One means of bringing a mailing through, with the address as it was; tried in the order of `position`.
MAILING_DELIVERY = Table(
    "mailing_delivery",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("mailing_id", Uuid, nullable=False),
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("in_doubt", Boolean, nullable=False, server_default=text("false")),
    Column("due_at", Instant),
    Column("give_up_at", Instant),
    Column("first_sent_at", Instant),
    Column("sending_at", Instant),
    Column("accepted_at", Instant),
    Column("receipt_due_at", Instant),
    Column("reason", Text),
    PrimaryKeyConstraint("id", name="mailing_delivery_pkey"),
    UniqueConstraint("mailing_id", "channel", name="mailing_delivery_channel_key"),
    ForeignKeyConstraint(["mailing_id"], ["mailing.mailing_id"], name="mailing_delivery_mailing_fkey"),
    CheckConstraint("channel IN ('email', 'line', 'webhook')", name="mailing_delivery_channel_check"),
    CheckConstraint(
        "state IN ('waiting', 'due', 'sending', 'accepted', 'delivered', 'unknown', 'failed', 'cancelled')",
        name="mailing_delivery_state_check",
    ),
    CheckConstraint("(due_at IS NOT NULL) = (state = 'due')", name="mailing_delivery_due_check"),
    Index("mailing_delivery_due_idx", "due_at", postgresql_where=text("state = 'due'")),
    Index("mailing_delivery_sending_idx", "sending_at", postgresql_where=text("state = 'sending'")),
)

MAILING_ATTEMPT = Table(
    "mailing_attempt",
    TABLES,
    Column("delivery_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", Text),
    Column("reason", Text),
    Column("provider_id", Text),
    PrimaryKeyConstraint("delivery_id", "number", name="mailing_attempt_pkey"),
    ForeignKeyConstraint(["delivery_id"], ["mailing_delivery.id"], name="mailing_attempt_delivery_fkey"),
    CheckConstraint("outcome IN ('accepted', 'refused', 'failed', 'unknown')", name="mailing_attempt_outcome_check"),
    Index("mailing_attempt_started_idx", "channel", "started_at"),
)

MAILING_RECEIPT = Table(
    "mailing_receipt",
    TABLES,
    Column("receipt_id", Text, nullable=False),
    Column("delivery_id", Uuid),
    Column("status", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    PrimaryKeyConstraint("receipt_id", name="mailing_receipt_pkey"),
    Index("mailing_receipt_received_idx", "received_at"),
)

# What officers and กสส. answered to a rung; append-only.
ANSWER = Table(
    "answer",
    TABLES,
    Column("answer_id", Uuid, nullable=False),
    Column("rung_id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("rung", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("answered_by", Text, nullable=False),
    Column("answered_at", Instant, nullable=False),
    Column("promised_at", Instant),
    Column("deferred_until", Instant),
    Column("note", Text),
    Column("from_code", Text),
    Column("to_code", Text),
    Column("to_name", Text),
    PrimaryKeyConstraint("answer_id", name="answer_pkey"),
    ForeignKeyConstraint(["rung_id"], ["rung.rung_id"], name="answer_rung_fkey"),
    CheckConstraint("kind IN ('acknowledge', 'promise', 'hand_over', 'take_over')", name="answer_kind_check"),
    CheckConstraint("kind <> 'promise' OR promised_at IS NOT NULL", name="answer_promise_check"),
    CheckConstraint("(kind IN ('hand_over', 'take_over')) = (to_code IS NOT NULL)", name="answer_to_check"),
    Index("answer_case_idx", "case_id", "cycle", "answered_at"),
)
