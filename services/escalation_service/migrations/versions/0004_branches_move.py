"""Offices begin; branches move from one region to another."""

from alembic import op

revision = "0004"
down_revision = "0003"

_STATEMENTS = (
    "ALTER TABLE escalation.office ADD COLUMN valid_from timestamptz DEFAULT '2025-09-30 17:00+00' NOT NULL",
    # Offices that were closed before that day had begun earlier.
    "UPDATE escalation.office SET valid_from = valid_to - interval '1 day' WHERE valid_to <= valid_from",
    "ALTER TABLE escalation.office ADD CONSTRAINT office_range_check CHECK (valid_to > valid_from)",
    """CREATE TABLE escalation.branch_move (
        office text NOT NULL,
        valid_from timestamptz NOT NULL,
        region integer NOT NULL,
        entered_at timestamptz NOT NULL,
        entered_by text NOT NULL,
        CONSTRAINT branch_move_pkey PRIMARY KEY (office, valid_from),
        CONSTRAINT branch_move_office_fkey FOREIGN KEY(office) REFERENCES escalation.office (code)
    )""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
