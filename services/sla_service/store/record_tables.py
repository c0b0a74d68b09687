"""The tables of schema sla about why: extensions that persons decided on, every decision taken, subjects told."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Interval,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from services.sla_service.domain.policy import METRICS
from services.sla_service.store.tables import TABLES, Instant

_METRIC = "metric IN ('" + "', '".join(METRICS) + "')"

# More time for a clock: one person asks, another decides. `granted` is open time of the clock's calendar.
extension = Table(
    "extension",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("metric", Text, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("hours", Integer),
    Column("until", Instant),
    Column("requested_by", Text, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", Instant),
    Column("note", Text),
    Column("granted", Interval),
    Column("previous_due_at", Instant),
    Column("due_at", Instant),
    PrimaryKeyConstraint("id", name="extension_pkey"),
    ForeignKeyConstraint(["case_id"], ["sla.case_file.case_id"], name="extension_case_id_fkey"),
    CheckConstraint(_METRIC, name="extension_metric_check"),
    CheckConstraint("state IN ('requested', 'approved', 'rejected')", name="extension_state_check"),
    CheckConstraint("(hours IS NULL) <> (until IS NULL)", name="extension_amount_check"),
    CheckConstraint("(state = 'requested') = (decided_by IS NULL)", name="extension_decided_check"),
    CheckConstraint("(state = 'approved') = (granted IS NOT NULL)", name="extension_granted_check"),
    CheckConstraint("decided_by <> requested_by", name="extension_second_person_check"),
    Index("extension_case_id_idx", "case_id"),
    Index(
        "extension_open_idx", "case_id", "metric", "cycle", unique=True, postgresql_where=text("state = 'requested'")
    ),
    Index("extension_requested_at_idx", "requested_at", "id", postgresql_where=text("state = 'requested'")),
)

# What was decided about each clock, and when: append-only, so that "why did it fire, why not" has an answer later.
decision = Table(
    "decision",
    TABLES,
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("metric", Text),
    Column("cycle", Integer),
    Column("what", Text, nullable=False),
    Column("reason", Text),
    Column("instant", Instant),
    Column("decided_at", Instant, nullable=False),
    PrimaryKeyConstraint("id", name="decision_pkey"),
    ForeignKeyConstraint(["case_id"], ["sla.case_file.case_id"], name="decision_case_id_fkey"),
    CheckConstraint(
        "what IN ('armed', 'held', 'rescheduled', 'warned', 'breached', 'very_late', 'voided', 'stopped', 'dropped', "
        "'held_back')",
        name="decision_what_check",
    ),
    Index("decision_case_id_idx", "case_id", "id"),
)

# Subjects as intake published them after the shipped ones: a version over time, which the next one ends.
subject = Table(
    "subject",
    TABLES,
    Column("code", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("valid_to", Instant),
    PrimaryKeyConstraint("code", "valid_from", name="subject_pkey"),
)
