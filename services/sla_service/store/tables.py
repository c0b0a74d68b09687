"""The tables of schema sla: versions of calendars and policies, case files with their ledger, clocks and breaches."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Interval,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, ExcludeConstraint

from services.sla_service.domain.policy import METRICS
from shared.db.tables import metadata

SCHEMA = "sla"
TABLES = metadata(SCHEMA)
Instant = DateTime(timezone=True)
_METRIC = "metric IN ('" + "', '".join(METRICS) + "')"

# One row: changes whenever something is published, so that processes know when to read the versions again.
book = Table(
    "book",
    TABLES,
    Column("id", SmallInteger, nullable=False, autoincrement=False),
    Column("revision", Uuid, nullable=False),
    PrimaryKeyConstraint("id", name="book_pkey"),
    CheckConstraint("id = 1", name="book_id_check"),
)

# Never changed once published (a trigger refuses it); `horizon_on` is the last day whose closures are known,
# `revision` counts the changes of a draft.
calendar_version = Table(
    "calendar_version",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("code", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("name_th", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("weekly", JSONB, nullable=False),
    Column("exceptions", JSONB, nullable=False),
    Column("horizon_on", Date),
    Column("based_on", Integer),
    Column("revision", Integer, nullable=False, server_default=text("1")),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("published_at", Instant),
    Column("published_by", Text),
    PrimaryKeyConstraint("id", name="calendar_version_pkey"),
    UniqueConstraint("code", "version", name="calendar_version_code_version_key"),
    CheckConstraint("(published_at IS NULL) = (published_by IS NULL)", name="calendar_version_published_check"),
)

# Never changed once published, but for the end of its range. No two live ones can have the same selector.
policy_version = Table(
    "policy_version",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("code", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("name_th", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("office", Text, nullable=False),
    Column("effective_from", Instant),
    Column("effective_to", Instant),
    Column("targets", JSONB, nullable=False),
    Column("warnings", JSONB, nullable=False),
    Column("pause_reasons", ARRAY(Text), nullable=False),
    Column("pause_budget_hours", Integer),
    Column("reopen_mode", Text, nullable=False),
    Column("ladder", Text),
    Column("very_late", ARRAY(Integer), nullable=False, server_default=text("'{2,3}'")),
    Column("based_on", Integer),
    Column("revision", Integer, nullable=False, server_default=text("1")),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("published_at", Instant),
    Column("published_by", Text),
    Column("ladder_told_at", Instant),
    PrimaryKeyConstraint("id", name="policy_version_pkey"),
    UniqueConstraint("code", "version", name="policy_version_code_version_key"),
    CheckConstraint("effective_to > effective_from", name="policy_version_effective_check"),
    CheckConstraint("reopen_mode IN ('continue', 'new_cycle', 'count_all')", name="policy_version_reopen_mode_check"),
    CheckConstraint("(published_at IS NULL) = (published_by IS NULL)", name="policy_version_published_check"),
    CheckConstraint("published_at IS NULL OR effective_from IS NOT NULL", name="policy_version_in_force_check"),
    CheckConstraint("pause_budget_hours > 0", name="policy_version_pause_budget_check"),
    ExcludeConstraint(
        ("kind", "="),
        ("subject", "="),
        ("severity", "="),
        ("channel", "="),
        ("office", "="),
        (func.tstzrange(text("effective_from"), text("effective_to")), "&&"),
        where=text("published_at IS NOT NULL"),
        using="gist",
        name="policy_version_no_tie",
    ),
)

# The aggregate: locked first by every handler and by the firing. `next_due_at` is the earliest instant at which
# anything of the case wants attention that intake's news alone decides, the others what needs survey's or reporting's
# too; `hold_fire_until` keeps a case that cannot be settled yet out of all claims, the others out of their own.
case_file = Table(
    "case_file",
    TABLES,
    Column("case_id", Uuid, nullable=False),
    Column("office", Text, nullable=False),
    Column("region", SmallInteger),
    Column("kind", Text, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("number", Text),
    Column("channel", Text, nullable=False, server_default=text("''")),
    Column("receiving_office", Text, nullable=False, server_default=text("''")),
    Column("received_at", Instant),
    Column("next_due_at", Instant),
    Column("hold_fire_until", Instant),
    Column("trouble", Text),
    Column("registered_at", Instant),
    Column("survey_due_at", Instant),
    Column("survey_hold_until", Instant),
    Column("reporting_due_at", Instant),
    Column("reporting_hold_until", Instant),
    PrimaryKeyConstraint("case_id", name="case_file_pkey"),
    Index("case_file_next_due_at_idx", "next_due_at", postgresql_where=text("next_due_at IS NOT NULL")),
    Index("case_file_survey_due_at_idx", "survey_due_at", postgresql_where=text("survey_due_at IS NOT NULL")),
    Index("case_file_reporting_due_at_idx", "reporting_due_at", postgresql_where=text("reporting_due_at IS NOT NULL")),
)

# The ledger of held and closed time, append-only: one row per source event says that an interval begins, ends, or both.
# What a person entered has a `hold_id`, which its end repeats; `why` is given for what is entered after the fact.
interval = Table(
    "interval",
    TABLES,
    Column("source_event", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("began_at", Instant),
    Column("ended_at", Instant),
    Column("recorded_at", Instant, nullable=False),
    Column("hold_id", Uuid),
    Column("reported_at", Instant),
    Column("evidence", Text),
    Column("entered_by", Text),
    Column("why", Text),
    PrimaryKeyConstraint("source_event", name="interval_pkey"),
    ForeignKeyConstraint(["case_id"], ["sla.case_file.case_id"], name="interval_case_id_fkey"),
    CheckConstraint("kind IN ('hold', 'closed')", name="interval_kind_check"),
    CheckConstraint("began_at IS NOT NULL OR ended_at IS NOT NULL", name="interval_edge_check"),
    CheckConstraint("hold_id IS NULL OR entered_by IS NOT NULL", name="interval_entered_check"),
    Index("interval_case_id_idx", "case_id"),
    Index("interval_hold_id_idx", "hold_id", postgresql_where=text("hold_id IS NOT NULL")),
)

# What kind, subject and severity the case was given, append-only; decides which policy it runs under.
classification = Table(
    "classification",
    TABLES,
    Column("source_event", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", Text),
    Column("subject", Text),
    Column("severity", Text),
    Column("classified_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    PrimaryKeyConstraint("source_event", name="classification_pkey"),
    ForeignKeyConstraint(["case_id"], ["sla.case_file.case_id"], name="classification_case_id_fkey"),
    Index("classification_case_id_idx", "case_id"),
)

# What was done that ends the clock of one metric, or whether the complainant can be reached; append-only.
milestone = Table(
    "milestone",
    TABLES,
    Column("source_event", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("metric", Text, nullable=False),
    Column("reached_at", Instant, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("role", Text, nullable=False, server_default=text("'done'")),
    PrimaryKeyConstraint("source_event", "metric", name="milestone_pkey"),
    ForeignKeyConstraint(["case_id"], ["sla.case_file.case_id"], name="milestone_case_id_fkey"),
    CheckConstraint(_METRIC, name="milestone_metric_check"),
    CheckConstraint("role IN ('done', 'moot', 'reachable', 'unreachable')", name="milestone_role_check"),
    Index("milestone_case_id_idx", "case_id"),
)

# The outcome of evaluating the ledger under pinned versions; can be computed again at any time.
clock = Table(
    "clock",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("metric", Text, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("policy_version_id", Uuid, nullable=False),
    Column("calendar_version_id", Uuid, nullable=False),
    Column("repinned_at", Instant),
    Column("started_at", Instant, nullable=False),
    Column("budget", Interval, nullable=False),
    Column("due_at", Instant),
    Column("held_at", Instant),
    Column("remaining", Interval),
    # Held time of the cycle as it was told: [begin, end or null], in order.
    Column("pauses", JSONB, nullable=False, server_default=text("'[]'")),
    Column("stopped_at", Instant),
    Column("verdict", Text),
    Column("consumed", Interval),
    Column("gross", Interval),
    Column("overrun", Interval),
    Column("warned", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("updated_at", Instant, nullable=False),
    PrimaryKeyConstraint("id", name="clock_pkey"),
    UniqueConstraint("case_id", "metric", "cycle", name="clock_case_id_metric_cycle_key"),
    ForeignKeyConstraint(["case_id"], ["sla.case_file.case_id"], name="clock_case_id_fkey"),
    ForeignKeyConstraint(["policy_version_id"], ["sla.policy_version.id"], name="clock_policy_version_id_fkey"),
    ForeignKeyConstraint(["calendar_version_id"], ["sla.calendar_version.id"], name="clock_calendar_version_id_fkey"),
    CheckConstraint(_METRIC, name="clock_metric_check"),
    CheckConstraint("verdict IN ('met', 'breached', 'cancelled')", name="clock_verdict_check"),
    CheckConstraint("(stopped_at IS NULL) = (verdict IS NULL)", name="clock_stopped_check"),
    Index("clock_open_calendar_idx", "calendar_version_id", "case_id", postgresql_where=text("stopped_at IS NULL")),
)

# A missed deadline (level 1) or a multiple of the budget (its level) that was reached: a fact that a recomputation may
# void (a later real one is the next generation), never erased.
breach = Table(
    "breach",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("clock_id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("breached_at", Instant, nullable=False),
    Column("declared_at", Instant, nullable=False),
    Column("cause", Text, nullable=False),
    Column("voided_at", Instant),
    Column("void_reason", Text),
    PrimaryKeyConstraint("id", name="breach_pkey"),
    UniqueConstraint("clock_id", "level", "generation", name="breach_clock_id_level_generation_key"),
    ForeignKeyConstraint(["clock_id"], ["sla.clock.id"], name="breach_clock_id_fkey"),
    ForeignKeyConstraint(["case_id"], ["sla.case_file.case_id"], name="breach_case_id_fkey"),
    CheckConstraint("cause IN ('elapsed', 'retarget', 'calendar')", name="breach_cause_check"),
    CheckConstraint("(voided_at IS NULL) = (void_reason IS NULL)", name="breach_voided_check"),
    Index("breach_breached_at_idx", "breached_at", "id"),
    Index("breach_standing_idx", "clock_id", "level", unique=True, postgresql_where=text("voided_at IS NULL")),
)
