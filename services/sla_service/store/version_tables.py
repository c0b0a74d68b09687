"""The tables of schema sla about changing the rules: told calendars, previews and applications, what-if runs."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.sla_service.store.tables import TABLES, Instant

ALL_TABLES = TABLES  # with those of this module
_STATES = "state IN ('running', 'done', 'failed')"
_FINISHED = "(state = 'running') = (finished_at IS NULL)"


def _counter(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=text("0"))


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


# Which published calendar versions other services have been told of.
calendar_told = Table(
    "calendar_told",
    TABLES,
    Column("calendar_version_id", Uuid, nullable=False),
    Column("told_at", Instant, nullable=False),
    PrimaryKeyConstraint("calendar_version_id", name="calendar_told_pkey"),
    ForeignKeyConstraint(
        ["calendar_version_id"], ["sla.calendar_version.id"], name="calendar_told_calendar_version_id_fkey"
    ),
)

# A preview or an application of a calendar version, worked off in batches; `reached` is the last case looked at.
calendar_run = Table(
    "calendar_run",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("calendar_version_id", Uuid, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'running'")),
    Column("reached", Uuid),
    Column("open_clocks", Integer),
    *(_counter(name) for name in ("examined", "changed", "voided", "breached", "skipped", "troubled")),
    Column("problem", Text),
    Column("started_at", Instant, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("finished_at", Instant),
    PrimaryKeyConstraint("id", name="calendar_run_pkey"),
    ForeignKeyConstraint(
        ["calendar_version_id"],
        ["sla.calendar_version.id"],
        name="calendar_run_calendar_version_id_fkey",
        ondelete="CASCADE",
    ),
    CheckConstraint("kind IN ('preview', 'apply')", name="calendar_run_kind_check"),
    CheckConstraint(_STATES, name="calendar_run_state_check"),
    CheckConstraint(_FINISHED, name="calendar_run_finished_check"),
    Index(
        "calendar_run_running_idx",
        "calendar_version_id",
        "kind",
        unique=True,
        postgresql_where=text("state = 'running'"),
    ),
)

# What a calendar version would do (preview) or did (apply) to one open clock.
calendar_change = Table(
    "calendar_change",
    TABLES,
    Column("run_id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("metric", Text, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("old_due_at", Instant),
    Column("new_due_at", Instant),
    Column("voided", Boolean, nullable=False),
    Column("breached", Boolean, nullable=False),
    PrimaryKeyConstraint("run_id", "case_id", "metric", "cycle", name="calendar_change_pkey"),
    ForeignKeyConstraint(["run_id"], ["sla.calendar_run.id"], name="calendar_change_run_id_fkey", ondelete="CASCADE"),
)

# A replay of a past period under drafts, which are kept here as they were when it was asked for.
what_if_run = Table(
    "what_if_run",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("from_at", Instant, nullable=False),
    Column("to_at", Instant, nullable=False),
    Column("region", SmallInteger),
    Column("office", Text),
    Column("policies", JSONB, nullable=False),
    Column("calendar", JSONB),
    Column("state", Text, nullable=False, server_default=text("'running'")),
    Column("reached", Uuid),
    Column("case_files", Integer),
    *(_counter(name) for name in ("examined", "replayed", "troubled")),
    Column("problem", Text),
    Column("started_at", Instant, nullable=False),
    Column("started_by", Text, nullable=False),
    Column("finished_at", Instant),
    PrimaryKeyConstraint("id", name="what_if_run_pkey"),
    CheckConstraint("to_at > from_at", name="what_if_run_period_check"),
    CheckConstraint(_STATES, name="what_if_run_state_check"),
    CheckConstraint(_FINISHED, name="what_if_run_finished_check"),
    Index("what_if_run_running_idx", "id", postgresql_where=text("state = 'running'")),
)

# Per office and metric: what really happened, and what would have.
what_if_office = Table(
    "what_if_office",
    TABLES,
    Column("run_id", Uuid, nullable=False),
    Column("office", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("region", SmallInteger),
    *(_count(f"{side}{name}") for side in ("real_", "") for name in ("clocks", "judged", "on_time", "breaches")),
    PrimaryKeyConstraint("run_id", "office", "metric", name="what_if_office_pkey"),
    ForeignKeyConstraint(["run_id"], ["sla.what_if_run.id"], name="what_if_office_run_id_fkey", ondelete="CASCADE"),
)

# Per office and day: how often the timer fired, and how often it would have.
what_if_load = Table(
    "what_if_load",
    TABLES,
    Column("run_id", Uuid, nullable=False),
    Column("office", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("region", SmallInteger),
    *(_count(f"{side}{name}") for side in ("real_", "") for name in ("warnings", "breaches", "very_late")),
    PrimaryKeyConstraint("run_id", "office", "day", name="what_if_load_pkey"),
    ForeignKeyConstraint(["run_id"], ["sla.what_if_run.id"], name="what_if_load_run_id_fkey", ondelete="CASCADE"),
)
