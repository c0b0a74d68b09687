"""Drafts of calendars and policies, previews and applications of a calendar version, and what-if runs."""

from alembic import op

revision = "0002"
down_revision = "0001"

_STATE = "CHECK (state IN ('running', 'done', 'failed'))"

_COLUMNS = (
    "ALTER TABLE sla.calendar_version ADD COLUMN based_on integer, ADD COLUMN revision integer DEFAULT 1 NOT NULL",
    """ALTER TABLE sla.policy_version
    ADD COLUMN based_on integer, ADD COLUMN revision integer DEFAULT 1 NOT NULL,
    ADD COLUMN pause_budget_hours integer, ADD COLUMN ladder text,
    ADD COLUMN very_late integer[] DEFAULT '{2,3}' NOT NULL,
    ALTER COLUMN effective_from DROP NOT NULL,
    ADD CONSTRAINT policy_version_in_force_check CHECK (published_at IS NULL OR effective_from IS NOT NULL),
    ADD CONSTRAINT policy_version_pause_budget_check CHECK (pause_budget_hours > 0)""",
    # A published version stays as it is, the new columns too: only the end of a policy's range may still be set.
    "DROP TRIGGER immutable ON sla.policy_version",
    (
        "CREATE TRIGGER immutable BEFORE DELETE OR UPDATE OF id, code, version, kind, subject, severity, channel, "
        "office, effective_from, targets, warnings, pause_reasons, pause_budget_hours, reopen_mode, ladder, "
        "very_late, published_at ON sla.policy_version "
        "FOR EACH ROW WHEN (OLD.published_at IS NOT NULL) EXECUTE FUNCTION sla.refuse_change()"
    ),
)

_TABLES = (
    """CREATE TABLE sla.calendar_told (
    calendar_version_id uuid NOT NULL, told_at timestamptz NOT NULL,
    CONSTRAINT calendar_told_pkey PRIMARY KEY (calendar_version_id),
    CONSTRAINT calendar_told_calendar_version_id_fkey FOREIGN KEY(calendar_version_id)
        REFERENCES sla.calendar_version (id)
)""",
    f"""CREATE TABLE sla.calendar_run (
    id uuid NOT NULL, kind text NOT NULL, calendar_version_id uuid NOT NULL, revision integer NOT NULL,
    state text DEFAULT 'running' NOT NULL, reached uuid, open_clocks integer,
    examined integer DEFAULT 0 NOT NULL, changed integer DEFAULT 0 NOT NULL, voided integer DEFAULT 0 NOT NULL,
    breached integer DEFAULT 0 NOT NULL, skipped integer DEFAULT 0 NOT NULL, troubled integer DEFAULT 0 NOT NULL,
    problem text, started_at timestamptz NOT NULL, started_by text NOT NULL, finished_at timestamptz,
    CONSTRAINT calendar_run_pkey PRIMARY KEY (id),
    CONSTRAINT calendar_run_calendar_version_id_fkey FOREIGN KEY(calendar_version_id)
        REFERENCES sla.calendar_version (id) ON DELETE CASCADE,
    CONSTRAINT calendar_run_kind_check CHECK (kind IN ('preview', 'apply')),
    CONSTRAINT calendar_run_state_check {_STATE},
    CONSTRAINT calendar_run_finished_check CHECK ((state = 'running') = (finished_at IS NULL))
)""",
    (
        "CREATE UNIQUE INDEX calendar_run_running_idx ON sla.calendar_run (calendar_version_id, kind) "
        "WHERE state = 'running'"
    ),
    """CREATE TABLE sla.calendar_change (
    run_id uuid NOT NULL, case_id uuid NOT NULL, metric text NOT NULL, cycle integer NOT NULL,
    old_due_at timestamptz, new_due_at timestamptz, voided boolean NOT NULL, breached boolean NOT NULL,
    CONSTRAINT calendar_change_pkey PRIMARY KEY (run_id, case_id, metric, cycle),
    CONSTRAINT calendar_change_run_id_fkey FOREIGN KEY(run_id) REFERENCES sla.calendar_run (id) ON DELETE CASCADE
)""",
    f"""CREATE TABLE sla.what_if_run (
    id uuid NOT NULL, from_at timestamptz NOT NULL, to_at timestamptz NOT NULL, region smallint, office text,
    policies jsonb NOT NULL, calendar jsonb, state text DEFAULT 'running' NOT NULL, reached uuid,
    case_files integer, examined integer DEFAULT 0 NOT NULL, replayed integer DEFAULT 0 NOT NULL,
    troubled integer DEFAULT 0 NOT NULL, problem text, started_at timestamptz NOT NULL, started_by text NOT NULL,
    finished_at timestamptz,
    CONSTRAINT what_if_run_pkey PRIMARY KEY (id),
    CONSTRAINT what_if_run_period_check CHECK (to_at > from_at),
    CONSTRAINT what_if_run_state_check {_STATE},
    CONSTRAINT what_if_run_finished_check CHECK ((state = 'running') = (finished_at IS NULL))
)""",
    "CREATE INDEX what_if_run_running_idx ON sla.what_if_run (id) WHERE state = 'running'",
    """CREATE TABLE sla.what_if_office (
    run_id uuid NOT NULL, office text NOT NULL, metric text NOT NULL, region smallint,
    real_clocks integer NOT NULL, real_judged integer NOT NULL, real_on_time integer NOT NULL,
    real_breaches integer NOT NULL, clocks integer NOT NULL, judged integer NOT NULL, on_time integer NOT NULL,
    breaches integer NOT NULL,
    CONSTRAINT what_if_office_pkey PRIMARY KEY (run_id, office, metric),
    CONSTRAINT what_if_office_run_id_fkey FOREIGN KEY(run_id) REFERENCES sla.what_if_run (id) ON DELETE CASCADE
)""",
    """CREATE TABLE sla.what_if_load (
    run_id uuid NOT NULL, office text NOT NULL, day date NOT NULL, region smallint,
    real_warnings integer NOT NULL, real_breaches integer NOT NULL, real_very_late integer NOT NULL,
    warnings integer NOT NULL, breaches integer NOT NULL, very_late integer NOT NULL,
    CONSTRAINT what_if_load_pkey PRIMARY KEY (run_id, office, day),
    CONSTRAINT what_if_load_run_id_fkey FOREIGN KEY(run_id) REFERENCES sla.what_if_run (id) ON DELETE CASCADE
)""",
)


_INDEX = "CREATE INDEX CONCURRENTLY {} ON sla.clock (calendar_version_id, case_id) WHERE stopped_at IS NULL"


def upgrade() -> None:
    with op.get_context().autocommit_block():  # first, and harmless when repeated; clocks go on while it is made
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS sla.clock_open_calendar_idx")
        op.execute(_INDEX.format("clock_open_calendar_idx"))
    for statement in (*_COLUMNS, *_TABLES):
        op.execute(statement)
