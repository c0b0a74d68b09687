"""A small service with one route of each sort, for tests of the HTTP edge."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Depends, Response
from pydantic import Field
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db import Database, Tx
from shared.db.api_keys import api_keys_table
from shared.db.embedded import EmbeddedPostgres
from shared.db.tables import metadata
from shared.kernel.access import Actor
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, NotFound, Stale
from shared.messaging.consumer import Consumer
from shared.runtime.service import Context, Service
from shared.testing import postgres
from shared.testing.postgres import TestDatabase
from shared.web import (
    Idempotent,
    IfMatch,
    Page,
    Paging,
    RateLimit,
    Transaction,
    check_channel,
    etag,
    needs,
)
from shared.web.app import combine, create_app
from shared.web.combined import Combined
from shared.web.dev_issuer import DevIssuer
from shared.web.settings import WebSettings
from shared.web.types import BranchCode, Email, Instant, Line, PublicText, StrictModel, Text, ThaiPhone
from tests.toys.services import MIGRATIONS, ToySettings

NOWHERE = "postgresql+asyncpg://nobody@127.0.0.1:9/nothing"  # the discard port: nothing listens
TABLES = metadata("intake")
API_KEYS = api_keys_table(TABLES)
DDL = """
CREATE TABLE intake.thing (
    id int PRIMARY KEY, name text NOT NULL, size int CHECK (size < 100), twin int,
    UNIQUE (twin) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE intake.api_keys (
    id uuid CONSTRAINT api_keys_pkey PRIMARY KEY, key_hash bytea NOT NULL UNIQUE, channel text NOT NULL,
    label text NOT NULL, created_at timestamptz NOT NULL, created_by text NOT NULL, revoked_at timestamptz);
GRANT SELECT, INSERT, UPDATE, DELETE ON intake.thing, intake.api_keys TO pwa_intake
"""


class Contact(StrictModel):
    """Whom to ask."""

    phone: ThaiPhone | None = None
    email: Email | None = None


class NewCase(StrictModel):
    """One field of each sort."""

    channel: Line
    text: Text
    kind: Literal["complaint", "information"] = "complaint"
    count: int = 1
    ratio: float = 0.5
    urgent: bool = False
    branch: BranchCode | None = None
    reference: UUID | None = None
    received_at: Instant | None = None
    contact: Contact | None = None
    others: tuple[Contact, ...] = Field((), max_length=3)
    note: PublicText | None = None


class Thing(StrictModel):
    """A row."""

    id: int
    name: str
    size: int = 1
    twin: int | None = None


router = APIRouter(prefix="/intake/v1", tags=["1 receive"])
tracking = RateLimit("tracking", per_minute=60, burst=3)
INSERT = text("INSERT INTO thing (id, name, size, twin) VALUES (:id, :name, :size, :twin)")


@router.post("/cases", status_code=201)
async def take_in(body: NewCase, actor: Annotated[Actor, needs("cases:create", api_keys=True)]) -> NewCase:
    """Take a case in."""
    check_channel(actor, body.channel)
    return body


@router.get("/cases")
async def list_cases(
    actor: Annotated[Actor, needs("cases:read")], paging: Paging, state: str | None = None
) -> Page[int]:
    """Count upwards."""
    after = paging.after(int)
    first = after[0] + 1 if after else 0
    return paging.page(list(range(first, min(first + paging.fetch, 120))), lambda number: (number,))


@router.post("/things", status_code=201)
async def make(
    thing: Thing, tx: Transaction, actor: Annotated[Actor, needs("cases:create")], once: Idempotent, response: Response
) -> Thing:
    """Store a row."""

    async def store() -> Thing:
        await tx.execute(INSERT, thing.model_dump())
        await tx.audit("thing.made", str(thing.id))
        response.headers["Location"] = f"/intake/v1/things/{thing.id}"
        return thing

    return await once.answer(tx, response, store)


@router.get("/things/{thing_id}")
async def see(
    thing_id: int, tx: Transaction, actor: Annotated[Actor, needs("cases:read")], response: Response
) -> Thing:
    """Show a row."""
    row = await tx.find(text("SELECT * FROM thing WHERE id = :id"), {"id": thing_id})
    if row is None:
        raise NotFound("There is no such thing.")
    etag(response, row.size)
    return Thing(**row._asdict())


@router.get("/slow")
async def slow(tx: Transaction) -> None:
    """Take longer than anybody waits."""
    await tx.execute(text("SELECT pg_sleep(60)"))


@router.put("/things/{thing_id}")
async def change(
    thing_id: int, thing: Thing, tx: Transaction, actor: Annotated[Actor, needs("cases:work")], version: IfMatch
) -> Thing:
    """Change a row."""
    row = await tx.lock(text("SELECT size FROM thing WHERE id = :id FOR UPDATE"), {"id": thing_id})
    if row is None:
        raise NotFound("There is no such thing.")
    if row.size != version:
        raise Stale("Somebody else changed this.")
    await tx.execute(
        text("UPDATE thing SET name = :name, size = size + 1 WHERE id = :id"), {"id": thing_id, "name": thing.name}
    )
    return thing


@router.post("/fail/{how}")
async def fail(how: str, tx: Transaction) -> None:
    """Go wrong in a given way."""
    statements: dict[str, tuple[str, dict[str, object]]] = {
        "value": ("SELECT CAST(:v AS int)", {"v": 2**40}),
        "cast": ("SELECT CAST(CAST(:v AS text) AS int)", {"v": "secret-0812345678"}),
        "timeout": ("SELECT pg_sleep(5)", {}),
        "terminated": ("SELECT pg_terminate_backend(pg_backend_pid())", {}),
        "syntax": ("SELEC 1", {}),
    }
    if how == "bug":
        raise RuntimeError("secret-0812345678")
    if how == "conflict":
        raise Conflict("It is closed already.", code="already_closed", state="closed")
    if how == "timeout":
        await tx.execute(text("SET LOCAL statement_timeout = '50ms'"))
    await tx.execute(text(statements[how][0]), statements[how][1])


@router.get("/track/{code}", dependencies=[Depends(tracking)])
async def track(code: str) -> dict[str, str]:
    """Anybody may look."""
    return {"code": code}


def service(**more: Any) -> Service:
    return Service(
        name="intake", title="รับเรื่อง · Intake", tables=TABLES, migrations=MIGRATIONS, settings=ToySettings,
        routers=(router,), **more,
    )  # fmt: skip


class World:
    """The small service behind the combined application."""

    def __init__(self, db: Database, folder: Path, settings: WebSettings | None = None, **more: Any) -> None:
        tracking._buckets.clear()
        self.db = db
        self.issuer = DevIssuer(folder / "issuer.pem")
        made = service(**more)
        self.context = Context(made, db, ToySettings(), httpx.AsyncClient(verify=False), Consumer(db))
        self.inner = create_app(made, self.context, keys=self.issuer.jwks(), settings=settings)
        self.app: Combined = combine({"intake": self.inner})

    def token(self, *roles: str, **claims: Any) -> str:
        return self.issuer.mint(roles or ("complaints_division", "branch_staff"), **claims)

    @asynccontextmanager
    async def client(
        self, token: str | None = "", headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[httpx.AsyncClient]:
        """Signed in as somebody with many rights, unless told otherwise (None: not at all)."""
        sign_in = {} if token is None else {"Authorization": f"Bearer {token or self.token()}"}
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://pwa.test", headers={**sign_in, **(headers or {})}
        ) as client:
            yield client

    async def run(self, sql: str, **params: Any) -> list[Any]:
        async with self.db.transaction() as tx:
            result = await tx.connection.execute(text(sql), params)
            return list(result.all()) if result.returns_rows else []

    async def close(self) -> None:
        await self.context.http.aclose()
        await self.db.dispose()


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[World]:
    """The service with its database away."""
    world = World(Database(NOWHERE, schema="intake"), tmp_path, WebSettings(body_timeout=timedelta(seconds=0.3)))
    yield world
    await world.close()


@pytest.fixture
async def web_database(web_server: EmbeddedPostgres) -> AsyncIterator[TestDatabase]:
    fresh = await postgres.create(web_server)
    engine = create_async_engine(fresh.owner_url)
    async with engine.begin() as connection:
        for statement in DDL.split(";"):
            await connection.execute(text(statement))
    await engine.dispose()
    yield fresh
    await postgres.drop(fresh)


@pytest.fixture
async def world(web_database: TestDatabase, tmp_path: Path) -> AsyncIterator[World]:
    """The service on a database of this test's own."""
    made = World(Database(web_database.url("intake"), schema="intake", pool_size=4), tmp_path)
    yield made
    await made.close()


def at(db: Database, clock: Clock) -> Database:
    """The same database under another clock."""
    db.clock = clock
    return db


async def audit_of(tx: Tx) -> list[str]:
    """Actions recorded so far."""
    return [row.action for row in await tx.all(text("SELECT action FROM audit ORDER BY id"))]
