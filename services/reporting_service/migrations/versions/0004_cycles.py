"""What figures are counted from: a row for each case and cycle. Those of records that are there follow in steps."""

from alembic import op

revision = "0004"
down_revision = "0003"

_TABLE = """CREATE TABLE reporting.case_cycle (
    case_id uuid NOT NULL, cycle integer NOT NULL, is_first boolean NOT NULL, is_last boolean NOT NULL,
    kind text NOT NULL, channel text, dimension text, subject text, region smallint,
    received_at timestamptz, ended_at timestamptz, ended_as text, reopened_at timestamptz, resolved_at timestamptz,
    repaired boolean, cause text, rungs timestamptz[], open_since timestamptz, open_until timestamptz,
    due_at timestamptz, judged boolean NOT NULL, on_time boolean NOT NULL, whole_due_at timestamptz,
    whole_judged boolean NOT NULL, whole_on_time boolean NOT NULL, last_not_repaired boolean NOT NULL,
    without_clock boolean NOT NULL, call_began_at timestamptz, call_reached boolean, call_no_phone boolean,
    answered_at timestamptz, convenience smallint, variety smallint, speed smallint, repair smallint,
    contact_center smallint, called_back boolean, named_prapa boolean NOT NULL,
    CONSTRAINT case_cycle_pkey PRIMARY KEY (case_id, cycle))"""
_INDEXES = (
    "CREATE INDEX case_cycle_received_idx ON reporting.case_cycle (received_at) WHERE is_first",
    "CREATE INDEX case_cycle_ended_idx ON reporting.case_cycle (ended_at) WHERE ended_at IS NOT NULL",
    "CREATE INDEX case_cycle_reopened_idx ON reporting.case_cycle (reopened_at) WHERE reopened_at IS NOT NULL",
    "CREATE INDEX case_cycle_resolved_idx ON reporting.case_cycle (resolved_at) WHERE resolved_at IS NOT NULL",
    "CREATE INDEX case_cycle_open_until_idx ON reporting.case_cycle (open_until)",
    "CREATE INDEX case_cycle_due_idx ON reporting.case_cycle (due_at) WHERE kind = 'complaint'",
    """CREATE INDEX case_cycle_whole_due_idx ON reporting.case_cycle (whole_due_at)
    WHERE is_first AND kind = 'complaint'""",
    "CREATE INDEX case_cycle_call_idx ON reporting.case_cycle (call_began_at) WHERE kind = 'complaint'",
    *(
        f"CREATE INDEX case_cycle_rung_{n}_idx ON reporting.case_cycle ((rungs[{n}])) WHERE rungs IS NOT NULL"
        for n in (1, 2, 3)
    ),
)
# Counts up with each row set derived from the body; code that writes the body and no rows makes it empty again.
_DERIVED = "ALTER TABLE reporting.case_record ADD COLUMN derived integer"
_OUTDATED = """CREATE FUNCTION reporting.outdate_cycles() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.derived := NULL;
        RETURN NEW;
    END $$"""
_TRIGGER = """CREATE TRIGGER case_record_outdated BEFORE UPDATE ON reporting.case_record FOR EACH ROW
    WHEN (NEW.derived IS NOT DISTINCT FROM OLD.derived AND NEW.body IS DISTINCT FROM OLD.body)
    EXECUTE FUNCTION reporting.outdate_cycles()"""
_UNDERIVED = """CREATE INDEX CONCURRENTLY IF NOT EXISTS case_record_underived_idx
    ON reporting.case_record (case_id) WHERE derived IS NULL AND number IS NOT NULL"""


def upgrade() -> None:
    for statement in (_TABLE, *_INDEXES, _DERIVED, _OUTDATED, _TRIGGER):
        op.execute(statement)
    with op.get_context().autocommit_block():
        op.execute(_UNDERIVED)
