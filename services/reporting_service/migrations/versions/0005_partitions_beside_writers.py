"""A month gets its partition when nobody writes facts: one whose facts stand in the default partition keeps it."""

from alembic import op

revision = "0005"
down_revision = "0004"

_LOCK = "LOCK TABLE reporting.fact IN SHARE ROW EXCLUSIVE MODE;  -- what is being written is seen by what follows"


def _function(lock: str) -> str:
    return f"""CREATE OR REPLACE FUNCTION reporting.make_fact_partitions(since date, months integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = reporting, pg_temp AS $$
    DECLARE
        first date := date_trunc('month', since);
        made integer := 0;
        name text;
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtext('reporting.make_fact_partitions'));
        FOR n IN 0 .. least(months, 24) - 1 LOOP
            name := 'fact_' || to_char(first + make_interval(months => n), 'YYYY_MM');
            CONTINUE WHEN to_regclass('reporting.' || name) IS NOT NULL;
            {lock}
            CONTINUE WHEN EXISTS (
                SELECT FROM reporting.fact_default
                WHERE recorded_at >= ((first + make_interval(months => n))::timestamp AT TIME ZONE 'UTC')
                AND recorded_at < ((first + make_interval(months => n + 1))::timestamp AT TIME ZONE 'UTC'));
            EXECUTE format('CREATE TABLE reporting.%I PARTITION OF reporting.fact FOR VALUES FROM (%L) TO (%L)', name,
                (first + make_interval(months => n))::timestamp AT TIME ZONE 'UTC',
                (first + make_interval(months => n + 1))::timestamp AT TIME ZONE 'UTC');
            made := made + 1;
        END LOOP;
        RETURN made;
    END $$"""  # noqa: S608 - no value of anybody


def upgrade() -> None:
    op.execute(_function(_LOCK))


def downgrade() -> None:
    op.execute(_function(""))
