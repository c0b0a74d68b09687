"""Escalation's tables about people and rules: offices, officers and their posts, ladder policies, calendar copies."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    func,
    literal_column,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint

from services.escalation_service.store.tables import TABLES

Instant = DateTime(timezone=True)
_RANGE = func.tstzrange(literal_column("valid_from"), literal_column("valid_to"))
_IS_PUBLISHED = text("published_at IS NOT NULL")

OFFICE = Table(
    "office",
    TABLES,
    Column("code", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("name_th", Text, nullable=False),
    Column("region", Integer),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("valid_to", Instant),
    Column("valid_from", Instant, nullable=False, server_default=text("'2025-09-30 17:00+00'")),
    PrimaryKeyConstraint("code", name="office_pkey"),
    CheckConstraint("kind IN ('branch', 'region', 'area', 'head_office')", name="office_kind_check"),
    CheckConstraint("valid_to > valid_from", name="office_range_check"),
)

# A branch belongs to a region from then on, until its next move; before the first one to that of its office row.
BRANCH_MOVE = Table(
    "branch_move",
    TABLES,
    Column("office", Text, nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("region", Integer, nullable=False),
    Column("entered_at", Instant, nullable=False),
    Column("entered_by", Text, nullable=False),
    PrimaryKeyConstraint("office", "valid_from", name="branch_move_pkey"),
    ForeignKeyConstraint(["office"], ["office.code"], name="branch_move_office_fkey"),
)

POST = Table(
    "post",
    TABLES,
    Column("office", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("changed_at", Instant, nullable=False),
    PrimaryKeyConstraint("office", "post", name="post_pkey"),
    ForeignKeyConstraint(["office"], ["office.code"], name="post_office_fkey"),
)

OFFICER = Table(
    "officer",
    TABLES,
    Column("staff_code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", Text),
    Column("email", Text),
    Column("line_id", Text),
    Column("webhook_url", Text),
    Column("preferred", Text),
    Column("digest", Text, nullable=False, server_default=text("'when_many'")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("changed_at", Instant, nullable=False),
    PrimaryKeyConstraint("staff_code", name="officer_pkey"),
    CheckConstraint("preferred IN ('email', 'line', 'webhook')", name="officer_preferred_check"),
    CheckConstraint("digest IN ('when_many', 'always', 'never')", name="officer_digest_check"),
)

POSTING = Table(
    "posting",
    TABLES,
    Column("posting_id", Uuid, nullable=False),
    Column("office", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("staff_code", Text, nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("valid_to", Instant),
    PrimaryKeyConstraint("posting_id", name="posting_pkey"),
    ForeignKeyConstraint(["office", "post"], ["post.office", "post.post"], name="posting_post_fkey"),
    ForeignKeyConstraint(["staff_code"], ["officer.staff_code"], name="posting_officer_fkey"),
    CheckConstraint("valid_to > valid_from", name="posting_range_check"),
    ExcludeConstraint(("office", "="), ("post", "="), (_RANGE, "&&"), name="posting_one_holder", using="gist"),
    Index("posting_staff_code_idx", "staff_code"),
)

ACTING = Table(
    "acting",
    TABLES,
    Column("acting_id", Uuid, nullable=False),
    Column("office", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("staff_code", Text, nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("valid_to", Instant),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("acting_id", name="acting_pkey"),
    ForeignKeyConstraint(["office", "post"], ["post.office", "post.post"], name="acting_post_fkey"),
    ForeignKeyConstraint(["staff_code"], ["officer.staff_code"], name="acting_officer_fkey"),
    CheckConstraint("valid_to > valid_from", name="acting_range_check"),
    CheckConstraint("reason IN ('vacancy', 'leave')", name="acting_reason_check"),
    ExcludeConstraint(("office", "="), ("post", "="), (_RANGE, "&&"), name="acting_one_at_a_time", using="gist"),
    Index("acting_staff_code_idx", "staff_code"),
)

LEAVE = Table(
    "leave",
    TABLES,
    Column("leave_id", Uuid, nullable=False),
    Column("staff_code", Text, nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("valid_to", Instant, nullable=False),
    PrimaryKeyConstraint("leave_id", name="leave_pkey"),
    ForeignKeyConstraint(["staff_code"], ["officer.staff_code"], name="leave_officer_fkey"),
    CheckConstraint("valid_to > valid_from", name="leave_range_check"),
    ExcludeConstraint(("staff_code", "="), (_RANGE, "&&"), name="leave_once_at_a_time", using="gist"),
)

AREA_REGION = Table(
    "area_region",
    TABLES,
    Column("region", Integer, nullable=False),
    Column("valid_from", Instant, nullable=False),
    # Null: from then on the region belongs to no area.
    Column("area", Text),
    PrimaryKeyConstraint("region", "valid_from", name="area_region_pkey"),
    ForeignKeyConstraint(["area"], ["office.code"], name="area_region_area_fkey"),
    CheckConstraint("area ~ '^D[1-9]$'", name="area_region_area_check"),
)

LADDER_POLICY = Table(
    "ladder_policy",
    TABLES,
    Column("ladder", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("valid_from", Instant),
    Column("minimum_gap_hours", Integer, nullable=False),
    Column("longest_deferral_hours", Integer, nullable=False),
    Column("name_th", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("kind", Text, nullable=False, server_default=text("'*'")),
    Column("subject", Text, nullable=False, server_default=text("'*'")),
    Column("severity", Text, nullable=False, server_default=text("'*'")),
    Column("valid_to", Instant),
    Column("named_only", Boolean, nullable=False, server_default=text("false")),
    Column("note", Text),
    Column("revision", Integer, nullable=False, server_default=text("1")),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("published_at", Instant),
    Column("published_by", Text),
    PrimaryKeyConstraint("ladder", "version", name="ladder_policy_pkey"),
    CheckConstraint("ladder ~ '^[a-z][a-z0-9_]{0,39}$'", name="ladder_policy_ladder_check"),
    CheckConstraint("queue IN ('branch', 'head_office')", name="ladder_policy_queue_check"),
    CheckConstraint("minimum_gap_hours > 0", name="ladder_policy_gap_check"),
    CheckConstraint(
        "NOT named_only OR (kind = '*' AND subject = '*' AND severity = '*')", name="ladder_policy_named_only_check"
    ),
    CheckConstraint("longest_deferral_hours BETWEEN 0 AND 24", name="ladder_policy_deferral_check"),
    CheckConstraint("valid_to > valid_from", name="ladder_policy_range_check"),
    CheckConstraint(
        "(published_at IS NULL) = (published_by IS NULL) AND (published_at IS NULL OR valid_from IS NOT NULL)",
        name="ladder_policy_published_check",
    ),
    ExcludeConstraint(
        ("ladder", "="), (_RANGE, "&&"), name="ladder_policy_one_version_at_a_time", using="gist", where=_IS_PUBLISHED
    ),
    ExcludeConstraint(
        ("queue", "="), ("kind", "="), ("subject", "="), ("severity", "="), (_RANGE, "&&"),
        name="ladder_policy_no_tie", using="gist", where=text("published_at IS NOT NULL AND NOT named_only"),
    ),
)  # fmt: skip

RUNG_DEFINITION = Table(
    "rung_definition",
    TABLES,
    Column("ladder", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("rung", Integer, nullable=False),
    Column("post", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("offset_hours", Integer, nullable=False),
    Column("calendar", Text, nullable=False, server_default=text("'always'")),
    Column("review", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("ladder", "version", "rung", name="rung_definition_pkey"),
    ForeignKeyConstraint(
        ["ladder", "version"], ["ladder_policy.ladder", "ladder_policy.version"], name="rung_definition_policy_fkey"
    ),
    CheckConstraint("rung BETWEEN 1 AND 9", name="rung_definition_rung_check"),
    CheckConstraint("place IN ('own', 'region', 'area', 'head_office')", name="rung_definition_place_check"),
    CheckConstraint("offset_hours >= 0", name="rung_definition_offset_check"),
    CheckConstraint("calendar ~ '^[a-z][a-z0-9_]{0,39}$'", name="rung_definition_calendar_check"),
)

CALENDAR_COPY = Table(
    "calendar_copy",
    TABLES,
    Column("code", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("name_th", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("weekly", JSONB, nullable=False),
    Column("exceptions", JSONB, nullable=False),
    Column("horizon_on", Date),
    Column("published_at", Instant, nullable=False),
    PrimaryKeyConstraint("code", "version", name="calendar_copy_pkey"),
)
