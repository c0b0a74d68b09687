"""Ladders that policies of sla name; ladders that are climbed only where they are named."""

from alembic import op

revision = "0005"
down_revision = "0004"

_STATEMENTS = (
    """CREATE TABLE escalation.named_ladder (
        policy text NOT NULL,
        version integer NOT NULL,
        ladder text NOT NULL,
        valid_from timestamptz NOT NULL,
        valid_to timestamptz,
        told_at timestamptz NOT NULL,
        CONSTRAINT named_ladder_pkey PRIMARY KEY (policy, version)
    )""",
    "ALTER TABLE escalation.ladder_policy ADD COLUMN named_only boolean DEFAULT false NOT NULL",
    """ALTER TABLE escalation.ladder_policy ADD CONSTRAINT ladder_policy_named_only_check CHECK (
        NOT named_only OR (kind = '*' AND subject = '*' AND severity = '*'))""",
    "ALTER TABLE escalation.ladder_policy DROP CONSTRAINT ladder_policy_no_tie",
    """ALTER TABLE escalation.ladder_policy ADD CONSTRAINT ladder_policy_no_tie EXCLUDE USING gist
        (queue WITH =, kind WITH =, subject WITH =, severity WITH =, tstzrange(valid_from, valid_to) WITH &&)
        WHERE (published_at IS NOT NULL AND NOT named_only)""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
