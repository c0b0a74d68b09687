"""The shared tables and the toys' notebook, in whichever schema is being migrated."""

from alembic import op

from shared.db.ddl import install_core

revision = "0001"
down_revision = None


def upgrade() -> None:
    schema = op.get_bind().exec_driver_sql("SELECT current_schema()").scalar_one()
    install_core(op, schema)
    op.execute("CREATE TABLE seen (nr bigserial PRIMARY KEY, key text, seq int, type text, note text)")
    op.execute("CREATE TABLE switch (name text PRIMARY KEY)")
    op.execute("CREATE TABLE card (case_id uuid PRIMARY KEY, version int, phone text)")
