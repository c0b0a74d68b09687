"""A warning counts until a later fact takes it back."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("ALTER TABLE escalation.ladder ADD COLUMN warned_seq integer NOT NULL DEFAULT 0")
