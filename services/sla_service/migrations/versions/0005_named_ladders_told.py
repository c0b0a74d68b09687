"""When it was told that a policy names a ladder; empty while that, or its new end, is still to be told."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE sla.policy_version ADD COLUMN ladder_told_at timestamptz")
