"""A durable server of the benchmark's own, with a migrated template, and copies of it to measure on."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from services.catalogue import SERVICES
from shared.db import admin
from shared.db.embedded import EmbeddedPostgres
from shared.db.migrate import OWNER, upgrade
from shared.runtime.settings import RuntimeSettings
from shared.testing.postgres import TEMPLATE


def default_data() -> Path:
    """Beside the product's own data: on the disk that production on this machine would use."""
    return RuntimeSettings().data / f"benchmark-{os.getpid()}"


def plain(url: str) -> str:
    """The same address for asyncpg and libpq."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def durable_server(data: Path) -> Iterator[EmbeddedPostgres]:
    """As `make up` runs it, but it also notes when each transaction was committed; removed at the end."""
    server = EmbeddedPostgres(data, durable=True)
    try:
        server.start()
        asyncio.run(_note_commit_times(server))
        server.stop()
        server.start()
        asyncio.run(_migrate(server))
        yield server
    finally:
        server.destroy()


async def _note_commit_times(server: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(plain(server.admin_url()))
    try:
        await connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    finally:
        await connection.close()


async def _migrate(server: EmbeddedPostgres) -> None:
    await admin.ensure_database(server.admin_url(), TEMPLATE)
    for service in SERVICES:
        await upgrade(server.url(OWNER, TEMPLATE), service.name, service.migrations)
