"""How far a case is folded, so that a new fact costs what it adds; empty for records of the code before."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE reporting.case_record ADD COLUMN folded jsonb")
