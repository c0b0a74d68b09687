"""First tables: versions of calendars and policies, case files with their ledger, clocks and breaches."""

from alembic import op

from shared.db.ddl import install_core

revision = "0001"
down_revision = None

_TABLES = (
    """CREATE TABLE sla.book (
    id smallint NOT NULL, revision uuid NOT NULL,
    CONSTRAINT book_pkey PRIMARY KEY (id),
    CONSTRAINT book_id_check CHECK (id = 1)
)""",
    """CREATE TABLE sla.calendar_version (
    id uuid NOT NULL, code text NOT NULL, version integer NOT NULL, name_th text NOT NULL, zone text NOT NULL,
    weekly jsonb NOT NULL, exceptions jsonb NOT NULL, horizon_on date, created_at timestamptz NOT NULL,
    created_by text NOT NULL, published_at timestamptz, published_by text,
    CONSTRAINT calendar_version_pkey PRIMARY KEY (id),
    CONSTRAINT calendar_version_code_version_key UNIQUE (code, version),
    CONSTRAINT calendar_version_published_check CHECK ((published_at IS NULL) = (published_by IS NULL))
)""",
    """CREATE TABLE sla.policy_version (
    id uuid NOT NULL, code text NOT NULL, version integer NOT NULL, name_th text NOT NULL, kind text NOT NULL,
    subject text NOT NULL, severity text NOT NULL, channel text NOT NULL, office text NOT NULL,
    effective_from timestamptz NOT NULL, effective_to timestamptz, targets jsonb NOT NULL,
    warnings jsonb NOT NULL, pause_reasons text[] NOT NULL, reopen_mode text NOT NULL,
    created_at timestamptz NOT NULL, created_by text NOT NULL, published_at timestamptz, published_by text,
    CONSTRAINT policy_version_pkey PRIMARY KEY (id),
    CONSTRAINT policy_version_code_version_key UNIQUE (code, version),
    CONSTRAINT policy_version_effective_check CHECK (effective_to > effective_from),
    CONSTRAINT policy_version_reopen_mode_check CHECK (reopen_mode IN ('continue', 'new_cycle', 'count_all')),
    CONSTRAINT policy_version_published_check CHECK ((published_at IS NULL) = (published_by IS NULL)),
    CONSTRAINT policy_version_no_tie EXCLUDE USING gist (
        kind WITH =, subject WITH =, severity WITH =, channel WITH =, office WITH =,
        tstzrange(effective_from, effective_to) WITH &&) WHERE (published_at IS NOT NULL)
)""",
    """CREATE TABLE sla.case_file (
    case_id uuid NOT NULL, office text NOT NULL, region smallint, kind text NOT NULL,
    restricted boolean NOT NULL, cycle integer NOT NULL, last_seq integer NOT NULL, number text,
    channel text DEFAULT '' NOT NULL, receiving_office text DEFAULT '' NOT NULL, received_at timestamptz,
    next_due_at timestamptz, hold_fire_until timestamptz, trouble text,
    CONSTRAINT case_file_pkey PRIMARY KEY (case_id)
)""",
    "CREATE INDEX case_file_next_due_at_idx ON sla.case_file (next_due_at) WHERE next_due_at IS NOT NULL",
    """CREATE TABLE sla.interval (
    source_event uuid NOT NULL, case_id uuid NOT NULL, cycle integer NOT NULL, seq integer NOT NULL,
    kind text NOT NULL, reason text NOT NULL, began_at timestamptz, ended_at timestamptz,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT interval_pkey PRIMARY KEY (source_event),
    CONSTRAINT interval_case_id_fkey FOREIGN KEY(case_id) REFERENCES sla.case_file (case_id),
    CONSTRAINT interval_kind_check CHECK (kind IN ('hold', 'closed')),
    CONSTRAINT interval_edge_check CHECK (began_at IS NOT NULL OR ended_at IS NOT NULL)
)""",
    "CREATE INDEX interval_case_id_idx ON sla.interval (case_id)",
    """CREATE TABLE sla.classification (
    source_event uuid NOT NULL, case_id uuid NOT NULL, cycle integer NOT NULL, seq integer NOT NULL, kind text,
    subject text, severity text, classified_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL,
    CONSTRAINT classification_pkey PRIMARY KEY (source_event),
    CONSTRAINT classification_case_id_fkey FOREIGN KEY(case_id) REFERENCES sla.case_file (case_id)
)""",
    "CREATE INDEX classification_case_id_idx ON sla.classification (case_id)",
    """CREATE TABLE sla.milestone (
    source_event uuid NOT NULL, case_id uuid NOT NULL, cycle integer NOT NULL, seq integer NOT NULL,
    metric text NOT NULL, reached_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL,
    CONSTRAINT milestone_pkey PRIMARY KEY (source_event, metric),
    CONSTRAINT milestone_case_id_fkey FOREIGN KEY(case_id) REFERENCES sla.case_file (case_id),
    CONSTRAINT milestone_metric_check CHECK (
        metric IN ('acknowledge', 'first_contact', 'resolve', 'notify_customer', 'survey_call', 'ois_record'))
)""",
    "CREATE INDEX milestone_case_id_idx ON sla.milestone (case_id)",
    """CREATE TABLE sla.clock (
    id uuid NOT NULL, case_id uuid NOT NULL, metric text NOT NULL, cycle integer NOT NULL,
    policy_version_id uuid NOT NULL, calendar_version_id uuid NOT NULL, repinned_at timestamptz,
    started_at timestamptz NOT NULL, budget interval NOT NULL, due_at timestamptz, held_at timestamptz,
    remaining interval, stopped_at timestamptz, verdict text, consumed interval, gross interval,
    overrun interval, warned text[] DEFAULT '{}' NOT NULL, updated_at timestamptz NOT NULL,
    CONSTRAINT clock_pkey PRIMARY KEY (id),
    CONSTRAINT clock_case_id_metric_cycle_key UNIQUE (case_id, metric, cycle),
    CONSTRAINT clock_case_id_fkey FOREIGN KEY(case_id) REFERENCES sla.case_file (case_id),
    CONSTRAINT clock_policy_version_id_fkey FOREIGN KEY(policy_version_id) REFERENCES sla.policy_version (id),
    CONSTRAINT clock_calendar_version_id_fkey FOREIGN KEY(calendar_version_id) REFERENCES sla.calendar_version (id),
    CONSTRAINT clock_metric_check CHECK (
        metric IN ('acknowledge', 'first_contact', 'resolve', 'notify_customer', 'survey_call', 'ois_record')),
    CONSTRAINT clock_verdict_check CHECK (verdict IN ('met', 'breached', 'cancelled')),
    CONSTRAINT clock_stopped_check CHECK ((stopped_at IS NULL) = (verdict IS NULL))
)""",
    """CREATE TABLE sla.breach (
    id uuid NOT NULL, clock_id uuid NOT NULL, case_id uuid NOT NULL, level smallint NOT NULL,
    generation integer NOT NULL, due_at timestamptz NOT NULL, breached_at timestamptz NOT NULL,
    declared_at timestamptz NOT NULL, cause text NOT NULL, voided_at timestamptz, void_reason text,
    CONSTRAINT breach_pkey PRIMARY KEY (id),
    CONSTRAINT breach_clock_id_level_generation_key UNIQUE (clock_id, level, generation),
    CONSTRAINT breach_clock_id_fkey FOREIGN KEY(clock_id) REFERENCES sla.clock (id),
    CONSTRAINT breach_case_id_fkey FOREIGN KEY(case_id) REFERENCES sla.case_file (case_id),
    CONSTRAINT breach_cause_check CHECK (cause IN ('elapsed', 'retarget', 'calendar')),
    CONSTRAINT breach_voided_check CHECK ((voided_at IS NULL) = (void_reason IS NULL))
)""",
    "CREATE INDEX breach_breached_at_idx ON sla.breach (breached_at, id)",
    "CREATE UNIQUE INDEX breach_standing_idx ON sla.breach (clock_id, level) WHERE voided_at IS NULL",
)

# What was published or entered stays as it is: only a policy's end and an unpublished version may still change.
_IMMUTABLE = """CREATE FUNCTION sla.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of sla.% are not changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$"""
_TRIGGERS = (
    *(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON sla.{table} FOR EACH ROW "
        "EXECUTE FUNCTION sla.refuse_change()"
        for table in ("interval", "classification", "milestone")
    ),
    (
        "CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON sla.calendar_version FOR EACH ROW "
        "WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION sla.refuse_change()"
    ),
    (
        "CREATE TRIGGER immutable BEFORE DELETE OR UPDATE OF id, code, version, kind, subject, severity, channel, "
        "office, effective_from, targets, warnings, pause_reasons, reopen_mode, published_at ON sla.policy_version "
        "FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION sla.refuse_change()"
    ),
)


def upgrade() -> None:
    install_core(op, "sla")
    for statement in (*_TABLES, _IMMUTABLE, *_TRIGGERS):
        op.execute(statement)
