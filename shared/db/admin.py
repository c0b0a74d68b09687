"""Makes what a migration takes for granted: the login roles, and databases with their rights and extensions."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

# A copy has its template's contents but not its rights: the statements that give it those.
_RIGHTS_OF_A_COPY = r"""
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC; ', $2::text)
       || string_agg(format('GRANT %s ON DATABASE %I TO %I', privilege_type, $2::text, grantee::regrole), '; ')
FROM pg_database, aclexplode(datacl) WHERE datname = $1 AND grantee <> 0
"""
SCRIPTS = Path(__file__).resolve().parents[2] / "deploy" / "postgres"


@asynccontextmanager
async def _connection(url: str, database: str | None = None) -> AsyncIterator[asyncpg.Connection]:
    target = make_url(url).set(drivername="postgresql")
    if database is not None:
        target = target.set(database=database)
    connection = await asyncpg.connect(target.render_as_string(hide_password=False))
    try:
        yield connection
    finally:
        await connection.close()


def _script(name: str) -> str:
    return (SCRIPTS / name).read_text(encoding="utf-8")


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def ensure_roles(admin_url: str, password: Callable[[str], str] | None = None) -> None:
    """Creates the login roles that are missing; with `password`, sets each role's to `password(role)`."""
    async with _connection(admin_url) as connection:
        await connection.execute(_script("roles.sql"))
        if password is None:
            return
        roles = await connection.fetch(r"SELECT rolname FROM pg_roles WHERE rolname LIKE 'pwa\_%' AND rolcanlogin")
        for (role,) in roles:
            secret = password(role).replace("'", "''")
            await connection.execute(f"ALTER ROLE {_identifier(role)} PASSWORD '{secret}'")


async def ensure_database(admin_url: str, name: str) -> None:
    """Creates the database unless it is there, and brings its rights and extensions up to date."""
    async with _connection(admin_url) as connection:
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
            await connection.execute(f"CREATE DATABASE {_identifier(name)}")
    async with _connection(admin_url, name) as connection:
        await connection.execute(_script("database.sql"))


async def create_database(admin_url: str, name: str, template: str | None = None) -> None:
    """Creates a database, empty or as a copy of `template` (nobody may be connected to that one meanwhile)."""
    if template is None:
        return await ensure_database(admin_url, name)
    async with _connection(admin_url) as connection:
        await connection.execute(
            f"CREATE DATABASE {_identifier(name)} TEMPLATE {_identifier(template)} STRATEGY FILE_COPY"
        )
        await connection.execute(await connection.fetchval(_RIGHTS_OF_A_COPY, template, name))
    return None


async def drop_database(admin_url: str, name: str) -> None:
    """Drops the database if it exists, and ends whoever is still connected to it."""
    async with _connection(admin_url) as connection:
        await connection.execute(f"DROP DATABASE IF EXISTS {_identifier(name)} WITH (FORCE)")
