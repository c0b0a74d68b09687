"""Subjects that intake publishes: so that one without a policy is missed."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        """CREATE TABLE sla.subject (
    code text NOT NULL, kind text NOT NULL, severity text NOT NULL,
    valid_from timestamptz NOT NULL, valid_to timestamptz,
    CONSTRAINT subject_pkey PRIMARY KEY (code, valid_from)
)"""
    )
