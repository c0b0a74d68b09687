"""Escalation's tables about cases: files, ladders with breaches, holds, rungs and decisions, the chase log."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Identity,
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

TABLES = metadata("escalation")
Instant = DateTime(timezone=True)

CASE_FILE = Table(
    "case_file",
    TABLES,
    Column("case_id", Uuid, nullable=False),
    Column("number", Text),
    Column("receiving_region", Integer),
    Column("channel", Text),
    Column("received_at", Instant),
    Column("subject", Text),
    Column("severity", Text),
    Column("subject_seq", Integer, nullable=False),
    Column("severity_seq", Integer, nullable=False),
    Column("office", Text, nullable=False),
    Column("region", Integer),
    Column("kind", Text, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("seen_seq", Integer, nullable=False),
    Column("last_region", Integer),
    Column("last_region_seq", Integer, nullable=False),
    PrimaryKeyConstraint("case_id", name="case_file_pkey"),
)

LADDER = Table(
    "ladder",
    TABLES,
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'quiet'")),
    # The earliest instant at which this ladder wants attention; the timer and the aggregate are one row.
    Column("next_due_at", Instant),
    Column("next_rung", Integer),
    Column("next_scheduled_at", Instant),
    Column("due_at", Instant),
    Column("due_seq", Integer, nullable=False, server_default=text("0")),
    Column("warned_at", Instant),
    Column("warned_seq", Integer, nullable=False, server_default=text("0")),
    Column("breached_at", Instant),
    Column("last_rung", Integer, nullable=False, server_default=text("0")),
    Column("last_fired_at", Instant),
    Column("last_acknowledged_at", Instant),
    Column("promised_at", Instant),
    Column("closed_at", Instant),
    Column("closed_reason", Text),
    Column("closed_seq", Integer),
    Column("repaired", Boolean),
    Column("ended_at", Instant),
    Column("ended_reason", Text),
    Column("next_chase_on", Date),
    Column("last_chased_at", Instant),
    Column("stalled", Text),
    # What the next rung's hours are counted on.
    Column("calendar", Text),
    PrimaryKeyConstraint("case_id", "cycle", name="ladder_pkey"),
    CheckConstraint(
        "state IN ('quiet', 'climbing', 'held', 'waiting', 'complete', 'ended')", name="ladder_state_check"
    ),
    Index("ladder_next_due_at_idx", "next_due_at", postgresql_where=text("next_due_at IS NOT NULL")),
    Index(
        "ladder_follow_up_idx",
        "due_at",
        "case_id",
        "cycle",
        postgresql_where=text(
            "due_at IS NOT NULL AND ((closed_at IS NULL AND (breached_at IS NOT NULL OR warned_at IS NOT NULL))"
            " OR NOT repaired)"
        ),
    ),
    Index("ladder_stalled_idx", "stalled", postgresql_where=text("stalled IS NOT NULL")),
)

BREACH = Table(
    "breach",
    TABLES,
    Column("breach_id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("generation", Integer),
    Column("due_at", Instant),
    Column("breached_at", Instant),
    Column("cause", Text),
    Column("noted_at", Instant),
    Column("voided_at", Instant),
    Column("void_reason", Text),
    # What the policy of the case says: its name, and the ladder that it names.
    Column("policy", Text),
    Column("ladder", Text),
    PrimaryKeyConstraint("breach_id", name="breach_pkey"),
    ForeignKeyConstraint(["case_id", "cycle"], ["ladder.case_id", "ladder.cycle"], name="breach_ladder_fkey"),
    Index("breach_ladder_idx", "case_id", "cycle"),
)

HOLD_MARK = Table(
    "hold_mark",
    TABLES,
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    # All held time up to this mark, [begin, end or null] each; null where the publisher told only this one change.
    Column("spans", JSONB(none_as_null=True)),
    PrimaryKeyConstraint("case_id", "cycle", "seq", name="hold_mark_pkey"),
    ForeignKeyConstraint(["case_id", "cycle"], ["ladder.case_id", "ladder.cycle"], name="hold_mark_ladder_fkey"),
)

RUNG = Table(
    "rung",
    TABLES,
    Column("rung_id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("rung", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("breach_id", Uuid, nullable=False),
    Column("post", Text, nullable=False),
    Column("post_office", Text, nullable=False),
    Column("office", Text, nullable=False),
    Column("ladder", Text, nullable=False),
    Column("ladder_version", Integer, nullable=False),
    Column("officer_code", Text),
    Column("officer_name", Text),
    Column("officer_phone", Text),
    Column("officer_email", Text),
    Column("acting", Boolean, nullable=False, server_default=text("false")),
    Column("scheduled_at", Instant),
    Column("fired_at", Instant),
    Column("lapsed_at", Instant),
    Column("lapsed_reason", Text),
    Column("acknowledged_at", Instant),
    Column("acknowledged_by", Text),
    Column("deferred_until", Instant),
    Column("promised_at", Instant),
    Column("note", Text),
    Column("reason", Text),
    Column("absent_code", Text),
    Column("review", Boolean, nullable=False, server_default=text("false")),
    Column("ready_at", Instant),
    Column("calendar", Text),
    Column("calendar_version", Integer),
    # The breach was voided after the rung had fired; the rung stays on record.
    Column("corrected_at", Instant),
    Column("corrected_reason", Text),
    # No answer is awaited any more: the cycle was closed, or the breach voided.
    Column("settled_at", Instant),
    # Who took the rung over, or was handed it; null: the officer whom it called upon.
    Column("in_charge", Text),
    Column("in_charge_name", Text),
    PrimaryKeyConstraint("rung_id", name="rung_pkey"),
    UniqueConstraint("case_id", "cycle", "rung", name="rung_case_id_cycle_rung_key"),
    ForeignKeyConstraint(["case_id", "cycle"], ["ladder.case_id", "ladder.cycle"], name="rung_ladder_fkey"),
    CheckConstraint(
        "(state = 'fired' AND fired_at IS NOT NULL AND scheduled_at IS NOT NULL AND fired_at >= scheduled_at)"
        " OR (state = 'lapsed' AND fired_at IS NULL AND lapsed_at IS NOT NULL)",
        name="rung_state_check",
    ),
    CheckConstraint("reason IN ('holder', 'acting', 'vacant', 'on_leave')", name="rung_reason_check"),
    Index(
        "rung_unanswered_idx",
        "fired_at",
        "rung_id",
        postgresql_where=text("state = 'fired' AND acknowledged_at IS NULL AND settled_at IS NULL"),
    ),
)

DECISION = Table(
    "decision",
    TABLES,
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("what", Text, nullable=False),
    Column("rung", Integer),
    Column("scheduled_at", Instant),
    Column("fires_at", Instant),
    Column("facts", JSONB, nullable=False),
    PrimaryKeyConstraint("id", name="decision_pkey"),
    Index("decision_case_idx", "case_id", "cycle", "id"),
)

CHASE = Table(
    "chase",
    TABLES,
    Column("chase_id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("whom", Text, nullable=False),
    Column("means", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("next_chase_on", Date),
    Column("promised_at", Instant),
    Column("chased_by", Text, nullable=False),
    Column("chased_at", Instant, nullable=False),
    PrimaryKeyConstraint("chase_id", name="chase_pkey"),
    ForeignKeyConstraint(["case_id", "cycle"], ["ladder.case_id", "ladder.cycle"], name="chase_ladder_fkey"),
    Index("chase_case_idx", "case_id", "cycle", "chased_at"),
)
