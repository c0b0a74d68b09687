"""Who else reported: indexes on what names a person, a place's meter and an account; references of follow-ups."""

from alembic import op

revision = "0002"
down_revision = "0001"

_NAMED = ("phone", "line_id", "email", "meter", "account")
_ORIGINS = """CREATE TABLE intake.follow_up_origins (
    origin text NOT NULL, origin_reference text NOT NULL, case_id uuid NOT NULL, attached_at timestamptz NOT NULL,
    CONSTRAINT follow_up_origins_pkey PRIMARY KEY (origin, origin_reference),
    CONSTRAINT follow_up_origins_case_id_fkey FOREIGN KEY (case_id) REFERENCES intake.cases (id))"""


def upgrade() -> None:
    op.execute(_ORIGINS)
    op.execute("CREATE INDEX follow_up_origins_case_id_idx ON intake.follow_up_origins (case_id)")
    with op.get_context().autocommit_block():  # receipts go on while these are made
        for name in _NAMED:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS intake.contacts_{name}_idx")
            op.execute(
                f"CREATE INDEX CONCURRENTLY contacts_{name}_idx ON intake.contacts ({name}, case_id) "
                f"WHERE {name} IS NOT NULL"
            )
