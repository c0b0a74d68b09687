"""Customers are told a new date: extensions, and a notice for each."""

from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
    """CREATE TABLE survey.extension (
        id uuid NOT NULL,
        case_id uuid NOT NULL,
        cycle integer NOT NULL,
        due_at timestamptz NOT NULL,
        granted_at timestamptz NOT NULL,
        CONSTRAINT extension_pkey PRIMARY KEY (id)
    )""",
    "CREATE INDEX extension_case_id_idx ON survey.extension (case_id)",
    """ALTER TABLE survey.notice
        ADD COLUMN extension_id uuid,
        DROP CONSTRAINT notice_case_id_cycle_purpose_key,
        ADD CONSTRAINT notice_extension_check CHECK ((extension_id IS NOT NULL) = (purpose = 'extended'))""",
    """CREATE UNIQUE INDEX notice_case_id_cycle_purpose_key ON survey.notice (case_id, cycle, purpose)
        WHERE extension_id IS NULL""",
    """CREATE UNIQUE INDEX notice_extension_id_key ON survey.notice (extension_id)
        WHERE extension_id IS NOT NULL""",
    """ALTER TABLE survey.delivery
        DROP CONSTRAINT delivery_case_id_cycle_purpose_channel_key,
        ADD CONSTRAINT delivery_notice_id_channel_key UNIQUE (notice_id, channel)""",
)


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
