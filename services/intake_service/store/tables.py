"""The tables of intake. Personal data is in `contacts` and `notes` and nowhere else."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    Float,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint

from shared.db.api_keys import api_keys_table
from shared.db.tables import Instant, metadata

SCHEMA = "intake"
TABLES: MetaData = metadata(SCHEMA)
# Thai tone marks and diacritics end a word for pg_trgm: without them every Thai word has trigrams.
TONE_MARKS = "็่้๊๋์ํ๎"
_OPEN = text("closed_at IS NULL")
_HAYSTACK = (
    "lower(translate(coalesce(name, '') || ' ' || coalesce(phone, '') || ' ' || coalesce(place, '') || ' ' || "
    f"coalesce(meter, '') || ' ' || coalesce(account, '') || ' ' || text, '{TONE_MARKS}', ''))"
)


def _belongs_to_case(name: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["case_id"], [f"{SCHEMA}.cases.id"], name=f"{name}_case_id_fkey")


cases = Table(
    "cases",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("number", Text, nullable=False),
    Column("tracking_code", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text),
    Column("dimension", Text),
    Column("severity", Text, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("channel", Text, nullable=False),
    Column("receiving_office", Text, nullable=False),
    Column("receiving_region", SmallInteger),
    Column("office", Text, nullable=False),
    Column("region", SmallInteger),
    Column("received_at", Instant, nullable=False),
    Column("received_on", Date, Computed("(received_at AT TIME ZONE 'Asia/Bangkok')::date", persisted=True)),
    Column("registered_at", Instant, nullable=False),
    Column("contact_version", Integer, nullable=False),
    Column("recorded_kind", Text, nullable=False),
    Column("recorded_dimension", Text),
    Column("origin", Text),
    Column("origin_reference", Text),
    Column("origin_due_at", Instant),
    Column("branch_hint", Text),
    Column("subject_hint", Text),
    Column("cycle", Integer, nullable=False),
    Column("cycle_started_at", Instant),
    Column("follow_ups", Integer, nullable=False),
    Column("missing", JSONB, nullable=False),
    Column("asked", Text),
    Column("resumes_as", Text),
    Column("handler", Text),
    Column("resolved_at", Instant),
    Column("closed_at", Instant),
    Column("erased", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    PrimaryKeyConstraint("id", name="cases_pkey"),
    UniqueConstraint("number", name="cases_number_key"),
    UniqueConstraint("tracking_code", name="cases_tracking_code_key"),
    Index(
        "cases_origin_key",
        "origin",
        "origin_reference",
        unique=True,
        postgresql_where=text("origin_reference IS NOT NULL"),
    ),
    CheckConstraint(
        "state IN ('received', 'awaiting_information', 'classified', 'routed', 'in_progress', 'resolved', "
        "'answered', 'cancelled')",
        name="cases_state_check",
    ),
    CheckConstraint(
        "(closed_at IS NOT NULL) = (state IN ('resolved', 'answered', 'cancelled'))", name="cases_closed_at_check"
    ),
    CheckConstraint("version > 0 AND cycle > 0 AND follow_ups >= 0", name="cases_counters_check"),
    Index("cases_received_at_idx", "received_at", "id"),
    Index("cases_office_idx", "office", "received_at", "id"),
    Index("cases_region_idx", "region", "received_at", "id", postgresql_where=text("region IS NOT NULL")),
    Index("cases_state_idx", "state", "received_at", "id"),
    Index("cases_kind_idx", "kind", "received_at", "id"),
    Index("cases_subject_idx", "subject", "received_at", "id", postgresql_where=text("subject IS NOT NULL")),
    Index("cases_channel_idx", "channel", "received_at", "id"),
    Index("cases_open_office_idx", "office", "received_at", "id", postgresql_where=_OPEN),
    Index("cases_received_on_idx", "received_on"),
    Index("cases_retention_idx", "closed_at", postgresql_where=text("closed_at IS NOT NULL AND NOT erased")),
)

contacts = Table(
    "contacts",
    TABLES,
    Column("case_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("name", Text),
    Column("phone", Text),
    Column("line_id", Text),
    Column("email", Text),
    Column("language", Text, nullable=False),
    Column("consent", Text),
    Column("place", Text),
    Column("meter", Text),
    Column("account", Text),
    Column("text", Text, nullable=False),
    Column("haystack", Text, Computed(_HAYSTACK, persisted=True)),
    Column("erased_at", Instant),
    PrimaryKeyConstraint("case_id", name="contacts_pkey"),
    _belongs_to_case("contacts"),
    *(
        Index(f"contacts_{name}_idx", name, "case_id", postgresql_where=text(f"{name} IS NOT NULL"))
        for name in ("phone", "line_id", "email", "meter", "account")
    ),
    Index("contacts_haystack_idx", "haystack", postgresql_using="gin", postgresql_ops={"haystack": "gin_trgm_ops"}),
)

# What other systems call follow-ups that were attached to a case: the same one again is no second chase.
follow_up_origins = Table(
    "follow_up_origins",
    TABLES,
    Column("origin", Text, nullable=False),
    Column("origin_reference", Text, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("attached_at", Instant, nullable=False),
    PrimaryKeyConstraint("origin", "origin_reference", name="follow_up_origins_pkey"),
    _belongs_to_case("follow_up_origins"),
    Index("follow_up_origins_case_id_idx", "case_id"),
)

notes = Table(
    "notes",
    TABLES,
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("at", Instant, nullable=False),
    Column("author", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("text", Text, nullable=False),
    PrimaryKeyConstraint("id", name="notes_pkey"),
    _belongs_to_case("notes"),
    Index("notes_case_id_idx", "case_id", "id"),
)

timeline = Table(
    "timeline",
    TABLES,
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("at", Instant, nullable=False),
    Column("entry", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("facts", JSONB, nullable=False),
    PrimaryKeyConstraint("id", name="timeline_pkey"),
    _belongs_to_case("timeline"),
    Index("timeline_case_id_idx", "case_id", "id"),
)

number_series = Table(
    "number_series",
    TABLES,
    Column("office", Text, nullable=False),
    Column("fiscal_year", Integer, nullable=False),
    Column("last_number", Integer, nullable=False),
    PrimaryKeyConstraint("office", "fiscal_year", name="number_series_pkey"),
)

subjects = Table(
    "subjects",
    TABLES,
    Column("code", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("dimension", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("closes_at_once", Boolean, nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("valid_to", Instant),
    PrimaryKeyConstraint("code", "valid_from", name="subjects_pkey"),
    ExcludeConstraint(
        ("code", "="), (text("tstzrange(valid_from, valid_to)"), "&&"), name="subjects_one_at_a_time_excl"
    ),
)

classifications = Table(
    "classifications",
    TABLES,
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("suggested", Text),
    Column("confidence", Float, nullable=False),
    Column("candidates", JSONB, nullable=False),
    Column("chosen", Text, nullable=False),
    Column("severity", Text, nullable=False),
    PrimaryKeyConstraint("id", name="classifications_pkey"),
    _belongs_to_case("classifications"),
    Index("classifications_case_id_idx", "case_id", "id"),
)

resolutions = Table(
    "resolutions",
    TABLES,
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("repaired", Boolean, nullable=False),
    Column("cause", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("mister_prapa", Text),
    Column("not_repaired_reason", Text),
    Column("handler", Text, nullable=False),
    Column("resolved_at", Instant, nullable=False),
    Column("reported_at", Instant, nullable=False),
    PrimaryKeyConstraint("case_id", "cycle", name="resolutions_pkey"),
    _belongs_to_case("resolutions"),
)

# What other services know of a case, folded from their events; apart from the case, so that no fold moves an ETag.
case_facts = Table(
    "case_facts",
    TABLES,
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("clock_seq", Integer, nullable=False, server_default=text("0")),
    Column("breach_seq", Integer, nullable=False, server_default=text("0")),
    Column("due_at", Instant),
    Column("held", Boolean, nullable=False, server_default=text("false")),
    Column("stopped_at", Instant),
    Column("verdict", Text),
    Column("warned_at", Instant),
    Column("breached_at", Instant),
    Column("rung", SmallInteger),
    Column("rung_at", Instant),
    Column("acknowledged_at", Instant),
    Column("told_at", Instant),
    Column("told_by", Text),
    Column("notice_failed_at", Instant),
    Column("called_at", Instant),
    Column("call_outcome", Text),
    Column("answered_at", Instant),
    Column("satisfied", Boolean),
    Column("ois_version", Integer),
    Column("ois_accepted", Boolean),
    Column("ois_at", Instant),
    PrimaryKeyConstraint("case_id", "cycle", name="case_facts_pkey"),
    Index(
        "case_facts_due_at_idx",
        "due_at",
        "case_id",
        postgresql_where=text("due_at IS NOT NULL AND stopped_at IS NULL AND NOT held"),
    ),
)

reopen_requests = Table(
    "reopen_requests",
    TABLES,
    Column("id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Text),
    Column("decided_at", Instant),
    PrimaryKeyConstraint("id", name="reopen_requests_pkey"),
    CheckConstraint("state IN ('open', 'approved', 'declined')", name="reopen_requests_state_check"),
    Index("reopen_requests_state_idx", "state", "requested_at", "id"),
    Index("reopen_requests_case_id_idx", "case_id"),
)

api_keys = api_keys_table(TABLES)
