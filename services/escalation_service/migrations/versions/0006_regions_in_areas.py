"""A region belongs to an area, never to an office of another kind."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER TABLE escalation.area_region ADD CONSTRAINT area_region_area_check CHECK (area ~ '^D[1-9]$')")
