"""The tables of the survey schema. Every change of a case's rows locks its `case_file` row first."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.tables import metadata

TABLES = metadata("survey")
Instant = DateTime(timezone=True)
FALSE, ZERO = text("false"), text("0")


case_file = Table(
    "case_file",
    TABLES,
    Column("case_id", Uuid, nullable=False),
    Column("office", Text),
    Column("region", Integer),
    Column("kind", Text, nullable=False, server_default=text("'unclassified'")),
    Column("restricted", Boolean, nullable=False, server_default=FALSE),
    Column("number", Text),
    Column("channel", Text),
    Column("subject", Text),
    Column("severity", Text, nullable=False, server_default=text("'normal'")),
    Column("cycle", Integer, nullable=False, server_default=text("1")),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("contact_version", Integer, nullable=False, server_default=ZERO),
    Column("facts_seq", Integer, nullable=False, server_default=ZERO),
    PrimaryKeyConstraint("case_id", name="case_file_pkey"),
    CheckConstraint("state IN ('open', 'resolved', 'answered', 'cancelled')", name="case_file_state_check"),
)

# The only personal data of this schema; emptied by the tombstone.
contact_card = Table(
    "contact_card",
    TABLES,
    Column("case_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("erased", Boolean, nullable=False, server_default=FALSE),
    Column("name", Text),
    Column("phone", Text),
    Column("line_id", Text),
    Column("email", Text),
    Column("language", Text, nullable=False, server_default=text("'th'")),
    Column("place", Text),
    PrimaryKeyConstraint("case_id", name="contact_card_pkey"),
)

resolution = Table(
    "resolution",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("repaired", Boolean, nullable=False),
    Column("action", Text, nullable=False),
    Column("not_repaired_reason", Text),
    Column("mister_prapa", Text),
    Column("handler", Text, nullable=False),
    Column("subject", Text),
    Column("contact_version", Integer, nullable=False),
    Column("resolved_at", Instant, nullable=False),
    Column("reported_at", Instant, nullable=False),
    Column("review", Text, nullable=False),
    Column("released_by", Text),
    Column("released_at", Instant),
    PrimaryKeyConstraint("id", name="resolution_pkey"),
    UniqueConstraint("case_id", "cycle", name="resolution_case_id_cycle_key"),
    CheckConstraint("review IN ('none', 'waiting', 'released', 'superseded')", name="resolution_review_check"),
    Index("resolution_reported_at_idx", "reported_at"),
    Index("resolution_waiting_idx", "id", postgresql_where=text("review = 'waiting'")),
)

# More time that was given to a case, as sla told it.
extension = Table(
    "extension",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("granted_at", Instant, nullable=False),
    PrimaryKeyConstraint("id", name="extension_pkey"),
    Index("extension_case_id_idx", "case_id"),
)

notice = Table(
    "notice",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("opened_at", Instant, nullable=False),
    Column("told_at", Instant),
    Column("told_channel", Text),
    Column("evidence", Text),
    Column("extension_id", Uuid),
    PrimaryKeyConstraint("id", name="notice_pkey"),
    CheckConstraint("(extension_id IS NOT NULL) = (purpose = 'extended')", name="notice_extension_check"),
    Index(
        "notice_case_id_cycle_purpose_key",
        "case_id",
        "cycle",
        "purpose",
        unique=True,
        postgresql_where=text("extension_id IS NULL"),
    ),
    Index("notice_extension_id_key", "extension_id", unique=True, postgresql_where=text("extension_id IS NOT NULL")),
    CheckConstraint(
        "state IN ('pending', 'accepted', 'unknown', 'told', 'phone', 'failed', 'superseded', 'cancelled')",
        name="notice_state_check",
    ),
    CheckConstraint("(told_at IS NOT NULL) = (state = 'told')", name="notice_told_check"),
    Index("notice_unknown_idx", "id", postgresql_where=text("state = 'unknown'")),
)

delivery = Table(
    "delivery",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("notice_id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=ZERO),
    Column("in_doubt", Boolean, nullable=False, server_default=FALSE),
    Column("due_at", Instant),
    Column("give_up_at", Instant),
    Column("first_sent_at", Instant),
    Column("sending_at", Instant),
    Column("accepted_at", Instant),
    Column("receipt_due_at", Instant),
    Column("reason", Text),
    Column("recipient", Text),  # masked
    Column("recipient_hash", Text),  # keyed
    PrimaryKeyConstraint("id", name="delivery_pkey"),
    UniqueConstraint("notice_id", "channel", name="delivery_notice_id_channel_key"),
    CheckConstraint(
        "state IN ('waiting', 'due', 'sending', 'accepted', 'delivered', 'unknown', 'failed', 'cancelled')",
        name="delivery_state_check",
    ),
    CheckConstraint("(due_at IS NOT NULL) = (state = 'due')", name="delivery_due_check"),
    Index("delivery_notice_id_idx", "notice_id"),
    Index("delivery_due_at_idx", "due_at", postgresql_where=text("state = 'due'")),
    Index("delivery_sending_at_idx", "sending_at", postgresql_where=text("state = 'sending'")),
    Index("delivery_receipt_due_at_idx", "receipt_due_at", postgresql_where=text("state = 'accepted'")),
)

receipt = Table(
    "receipt",
    TABLES,
    Column("provider", Text, nullable=False),
    Column("receipt_id", Text, nullable=False),
    Column("delivery_id", Uuid),
    Column("status", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    PrimaryKeyConstraint("provider", "receipt_id", name="receipt_pkey"),
    Index("receipt_received_at_idx", "received_at"),
)

# The breaker of each provider: closed while failures are few, half open when `open_until` has passed.
provider = Table(
    "provider",
    TABLES,
    Column("channel", Text, nullable=False),
    Column("failures", Integer, nullable=False, server_default=ZERO),
    Column("open_until", Instant),
    PrimaryKeyConstraint("channel", name="provider_pkey"),
)

phone_task = Table(
    "phone_task",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("notice_id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", Text),
    Column("closed_at", Instant),
    Column("claimed_by", Text),
    Column("claimed_until", Instant),
    PrimaryKeyConstraint("id", name="phone_task_pkey"),
    UniqueConstraint("notice_id", name="phone_task_notice_id_key"),
    CheckConstraint("state IN ('open', 'claimed', 'closed')", name="phone_task_state_check"),
    Index("phone_task_case_id_idx", "case_id"),
    Index("phone_task_open_idx", "id", postgresql_where=text("state <> 'closed'")),
)

call_task = Table(
    "call_task",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("handler", Text),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=ZERO),
    Column("reached", Boolean, nullable=False, server_default=FALSE),
    Column("outcome", Text),
    Column("closed_at", Instant),
    Column("claimed_by", Text),
    Column("claimed_until", Instant),
    Column("sample_id", Uuid),
    Column("checklist", Text),
    PrimaryKeyConstraint("id", name="call_task_pkey"),
    UniqueConstraint("case_id", "cycle", "purpose", name="call_task_case_id_cycle_purpose_key"),
    CheckConstraint("state IN ('open', 'claimed', 'closed')", name="call_task_state_check"),
    CheckConstraint("purpose IN ('satisfaction', 'sample')", name="call_task_purpose_check"),
    Index("call_task_due_at_idx", "due_at", "id", postgresql_where=text("state <> 'closed'")),
    Index("call_task_open_idx", "id", postgresql_where=text("state <> 'closed'")),
)

call_attempt = Table(
    "call_attempt",
    TABLES,
    Column("call_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("attempted_by", Text, nullable=False),
    Column("attempted_at", Instant, nullable=False),
    PrimaryKeyConstraint("call_id", "number", name="call_attempt_pkey"),
)

answer = Table(
    "answer",
    TABLES,
    Column("call_id", Uuid, nullable=False),
    Column("questionnaire", Text, nullable=False),
    Column("channel_convenience", Integer),
    Column("channel_variety", Integer),
    Column("speed", Integer),
    Column("repair", Integer),
    Column("contact_center", Integer),
    Column("fixed", Boolean, nullable=False),
    Column("satisfied", Boolean, nullable=False),
    Column("called_back_by_contact_center", Boolean, nullable=False),
    Column("answered_by", Text, nullable=False),
    Column("answered_at", Instant, nullable=False),
    PrimaryKeyConstraint("call_id", name="answer_pkey"),
    CheckConstraint(
        "least(channel_convenience, channel_variety, speed, repair, contact_center) >= 1"
        " AND greatest(channel_convenience, channel_variety, speed, repair, contact_center) <= 5",
        name="answer_scale_check",
    ),
)

checklist_mark = Table(
    "checklist_mark",
    TABLES,
    Column("call_id", Uuid, nullable=False),
    Column("item", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("passed", Boolean),
    PrimaryKeyConstraint("call_id", "item", name="checklist_mark_pkey"),
)

sample = Table(
    "sample",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("region", Integer, nullable=False),
    Column("month", Text, nullable=False),
    Column("frame", Integer, nullable=False),
    Column("frame_hash", Text, nullable=False),
    Column("quota", Integer, nullable=False),
    Column("precision", Text, nullable=False),
    Column("seed", Text, nullable=False),
    Column("checklist", Text, nullable=False),
    Column("drawn_by", Text, nullable=False),
    Column("drawn_at", Instant, nullable=False),
    PrimaryKeyConstraint("id", name="sample_pkey"),
    UniqueConstraint("region", "month", name="sample_region_month_key"),
    CheckConstraint("quota BETWEEN 1 AND frame", name="sample_quota_check"),
)

sample_member = Table(
    "sample_member",
    TABLES,
    Column("sample_id", Uuid, nullable=False),
    Column("position", Integer, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("replaces", Integer),
    Column("call_id", Uuid),
    Column("reason", Text),
    PrimaryKeyConstraint("sample_id", "position", name="sample_member_pkey"),
    UniqueConstraint("sample_id", "case_id", name="sample_member_sample_id_case_id_key"),
    CheckConstraint(
        "state IN ('reserve', 'chosen', 'calling', 'completed', 'unreached')", name="sample_member_state_check"
    ),
    Index("sample_member_call_id_idx", "call_id", postgresql_where=text("call_id IS NOT NULL")),
    Index("sample_member_chosen_idx", "sample_id", "position", postgresql_where=text("state = 'chosen'")),
)

rule_book = Table(
    "rule_book",
    TABLES,
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("effective_from", Instant, nullable=False),
    Column("made_by", Text, nullable=False),
    PrimaryKeyConstraint("name", "version", name="rule_book_pkey"),
)
