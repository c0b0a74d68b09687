"""Runs one service's Alembic migrations as the owner role, inside that service's schema only."""

from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

OWNER = "pwa_owner"


def _script(folder: Path) -> tuple[Config, ScriptDirectory]:
    config = Config()
    config.set_main_option("script_location", str(folder))
    return config, ScriptDirectory(str(folder))


def _prepare(connection: Connection, schema: str) -> None:
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {OWNER}"))
    connection.execute(text(f"SET search_path = {schema}, public"))
    connection.commit()


def _grant(connection: Connection, schema: str) -> None:
    role = f"pwa_{schema}"
    for statement in (
        f"GRANT USAGE ON SCHEMA {schema} TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
        f"REVOKE UPDATE, DELETE ON {schema}.audit FROM {role}",
        f"REVOKE INSERT, UPDATE, DELETE ON {schema}.alembic_version FROM {role}",
    ):
        connection.execute(text(statement))
    connection.commit()


def _upgrade(connection: Connection, schema: str, folder: Path) -> None:
    config, script = _script(folder)
    _prepare(connection, schema)

    def steps(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs("head", revision)  # noqa: SLF001 - as alembic.command does

    with EnvironmentContext(config, script, fn=steps, as_sql=False, destination_rev="head") as environment:
        environment.configure(connection=connection, version_table_schema=schema, transaction_per_migration=True)
        with environment.begin_transaction():
            environment.run_migrations()
    connection.commit()
    _grant(connection, schema)


async def upgrade(owner_url: str, schema: str, folder: Path) -> None:
    """Bring the schema to the newest revision in `folder`; harmless when it is there already."""
    engine = create_async_engine(owner_url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade, schema, folder)
    finally:
        await engine.dispose()


def head(folder: Path) -> str | None:
    """The newest revision that this code knows."""
    return _script(folder)[1].get_current_head()


async def differences(owner_url: str, tables: MetaData) -> list[Any]:
    """What Alembic finds different between a schema and the tables that the code uses (for a test)."""

    partitioned = [t.name for t in tables.tables.values() if t.dialect_options["postgresql"]["partition_by"]]
    left_out = ("alembic_version", *(f"{name}_" for name in partitioned))  # partitions come and go

    def compare(connection: Connection) -> list[Any]:
        options = {
            "compare_type": True,
            "include_schemas": True,
            "include_name": lambda name, kind, parents: kind != "schema" or name == tables.schema,
            "include_object": lambda thing, name, kind, reflected, other: (
                not (kind == "table" and reflected and name.startswith(left_out))
            ),
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables))

    engine = create_async_engine(owner_url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(compare)
    finally:
        await engine.dispose()
