"""One embedded server per test session, one migrated template, one database per test."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from shared.db import admin
from shared.db.embedded import EmbeddedPostgres
from shared.db.migrate import OWNER, upgrade
from shared.runtime.service import Service
from shared.testing.memory import quick_directory

TEMPLATE = "pwa_template"
_numbers = count(1)


@dataclass(frozen=True)
class TestDatabase:
    """One database of a test: URLs by role."""

    __test__ = False

    server: EmbeddedPostgres
    name: str

    @property
    def admin_url(self) -> str:
        return self.server.url("postgres", self.name)

    @property
    def owner_url(self) -> str:
        return self.server.url(OWNER, self.name)

    def url(self, service: str) -> str:
        return self.server.url(f"pwa_{service}", self.name)


async def _migrate_template(server: EmbeddedPostgres, services: Sequence[Service]) -> None:
    await admin.ensure_database(server.url("postgres", "postgres"), TEMPLATE)
    for service in services:
        await upgrade(server.url(OWNER, TEMPLATE), service.name, service.migrations)


@contextmanager
def running_server(data: Path, services: Sequence[Service]) -> Iterator[EmbeddedPostgres]:
    """A server that forgets on a crash, with the template migrated; its files in memory or, else, in `data`."""
    with quick_directory(data) as place:
        server = EmbeddedPostgres(place, durable=False)
        server.start()
        try:
            asyncio.run(_migrate_template(server, services))
            yield server
        finally:
            server.destroy()


async def create(server: EmbeddedPostgres) -> TestDatabase:
    """A fresh copy of the template."""
    database = TestDatabase(server, f"t{next(_numbers)}")
    await admin.create_database(server.url("postgres", "postgres"), database.name, template=TEMPLATE)
    return database


async def drop(database: TestDatabase) -> None:
    await admin.drop_database(database.server.url("postgres", "postgres"), database.name)
