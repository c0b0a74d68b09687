"""Clocks of all six metrics: what their facts need, holds by persons, extensions, and every decision on record."""

from alembic import op

revision = "0003"
down_revision = "0002"

_METRICS = "('acknowledge', 'first_contact', 'resolve', 'notify_customer', 'survey_call', 'ois_record')"

_COLUMNS = (
    """ALTER TABLE sla.case_file
    ADD COLUMN registered_at timestamptz,
    ADD COLUMN survey_due_at timestamptz, ADD COLUMN survey_hold_until timestamptz,
    ADD COLUMN reporting_due_at timestamptz, ADD COLUMN reporting_hold_until timestamptz""",
    "ALTER TABLE sla.clock ADD COLUMN pauses jsonb DEFAULT '[]' NOT NULL",
    "CREATE INDEX case_file_survey_due_at_idx ON sla.case_file (survey_due_at) WHERE survey_due_at IS NOT NULL",
    """CREATE INDEX case_file_reporting_due_at_idx ON sla.case_file (reporting_due_at)
    WHERE reporting_due_at IS NOT NULL""",
    """ALTER TABLE sla.interval
    ADD COLUMN hold_id uuid, ADD COLUMN reported_at timestamptz, ADD COLUMN evidence text, ADD COLUMN entered_by text,
    ADD COLUMN why text,
    ADD CONSTRAINT interval_entered_check CHECK (hold_id IS NULL OR entered_by IS NOT NULL)""",
    "CREATE INDEX interval_hold_id_idx ON sla.interval (hold_id) WHERE hold_id IS NOT NULL",
    """ALTER TABLE sla.milestone
    ADD COLUMN role text DEFAULT 'done' NOT NULL,
    ADD CONSTRAINT milestone_role_check CHECK (role IN ('done', 'moot', 'reachable', 'unreachable'))""",
)

_TABLES = (
    f"""CREATE TABLE sla.extension (
    id uuid NOT NULL, case_id uuid NOT NULL, metric text NOT NULL, cycle integer NOT NULL, state text NOT NULL,
    reason text NOT NULL, evidence text NOT NULL, hours integer, until timestamptz, requested_by text NOT NULL,
    requested_at timestamptz NOT NULL, decided_by text, decided_at timestamptz, note text, granted interval,
    previous_due_at timestamptz, due_at timestamptz,
    CONSTRAINT extension_pkey PRIMARY KEY (id),
    CONSTRAINT extension_case_id_fkey FOREIGN KEY(case_id) REFERENCES sla.case_file (case_id),
    CONSTRAINT extension_metric_check CHECK (metric IN {_METRICS}),
    CONSTRAINT extension_state_check CHECK (state IN ('requested', 'approved', 'rejected')),
    CONSTRAINT extension_amount_check CHECK ((hours IS NULL) <> (until IS NULL)),
    CONSTRAINT extension_decided_check CHECK ((state = 'requested') = (decided_by IS NULL)),
    CONSTRAINT extension_granted_check CHECK ((state = 'approved') = (granted IS NOT NULL)),
    CONSTRAINT extension_second_person_check CHECK (decided_by <> requested_by)
)""",
    "CREATE INDEX extension_case_id_idx ON sla.extension (case_id)",
    "CREATE UNIQUE INDEX extension_open_idx ON sla.extension (case_id, metric, cycle) WHERE state = 'requested'",
    "CREATE INDEX extension_requested_at_idx ON sla.extension (requested_at, id) WHERE state = 'requested'",
    """CREATE TABLE sla.decision (
    id bigint GENERATED ALWAYS AS IDENTITY, case_id uuid NOT NULL, metric text, cycle integer, what text NOT NULL,
    reason text, instant timestamptz, decided_at timestamptz NOT NULL,
    CONSTRAINT decision_pkey PRIMARY KEY (id),
    CONSTRAINT decision_case_id_fkey FOREIGN KEY(case_id) REFERENCES sla.case_file (case_id),
    CONSTRAINT decision_what_check CHECK (what IN (
        'armed', 'held', 'rescheduled', 'warned', 'breached', 'very_late', 'voided', 'stopped', 'dropped',
        'held_back'))
)""",
    "CREATE INDEX decision_case_id_idx ON sla.decision (case_id, id)",
    (
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON sla.decision FOR EACH ROW "
        "EXECUTE FUNCTION sla.refuse_change()"
    ),
)


def upgrade() -> None:
    for statement in (*_COLUMNS, *_TABLES):
        op.execute(statement)
