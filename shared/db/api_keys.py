"""API keys of channel adapters: stored as hashes, bound to a channel, revocable (api.md, "Auth")."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Row,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    insert,
    select,
    update,
)

from shared.db.tables import Instant
from shared.db.tx import Tx
from shared.kernel.errors import NotFound
from shared.kernel.ids import uuid7

PREFIX = "pwa_"
KeyTable = Table


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as administrators see it."""

    id: UUID
    channel: str
    label: str
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


def api_keys_table(tables: MetaData) -> Table:
    """Add the table `api_keys` to a service's metadata."""
    return Table(
        "api_keys",
        tables,
        Column("id", Uuid, nullable=False),
        Column("key_hash", LargeBinary, nullable=False),
        Column("channel", Text, nullable=False),
        Column("label", Text, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("created_by", Text, nullable=False),
        Column("revoked_at", Instant),
        PrimaryKeyConstraint("id", name="api_keys_pkey"),
        UniqueConstraint("key_hash", name="api_keys_key_hash_key"),
    )


def hash_of(key: str) -> bytes:
    """What is stored of a key. A key is 256 random bits, so a plain hash cannot be guessed back."""
    return hashlib.sha256(key.encode()).digest()


async def issue_key(tx: Tx, table: Table, *, channel: str, label: str) -> tuple[ApiKey, str]:
    """Make a key for a channel. The key itself is given out this once and is stored nowhere."""
    key = PREFIX + secrets.token_urlsafe(32)
    made = ApiKey(uuid7(tx.now), channel, label, tx.now, tx.actor.id, None)
    await tx.execute(
        insert(table).values(
            id=made.id, key_hash=hash_of(key), channel=channel, label=label, created_at=tx.now, created_by=tx.actor.id
        )
    )
    await tx.audit("api_key.issued", str(made.id), channel=channel)
    return made, key


async def revoke_key(tx: Tx, table: Table, key_id: UUID) -> ApiKey:
    """End a key; ending it again changes nothing. Raises NotFound."""
    await tx.execute(update(table).where(table.c.id == key_id, table.c.revoked_at.is_(None)).values(revoked_at=tx.now))
    row = await tx.find(select(table).where(table.c.id == key_id))
    if row is None:
        raise NotFound("There is no such key.")
    await tx.audit("api_key.revoked", str(key_id))
    return _key(row)


async def list_keys(tx: Tx, table: Table, *, after: UUID | None, limit: int) -> Sequence[ApiKey]:
    """Keys in the order in which they were made."""
    chosen = select(table).order_by(table.c.id).limit(limit)
    if after is not None:
        chosen = chosen.where(table.c.id > after)
    return [_key(row) for row in await tx.all(chosen)]


async def find_key(tx: Tx, table: Table, key: str) -> ApiKey | None:
    """The live key with this secret, if there is one."""
    live = select(table).where(table.c.key_hash == hash_of(key), table.c.revoked_at.is_(None))
    row = await tx.find(live)
    return _key(row) if row else None


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(row.id, row.channel, row.label, row.created_at, row.created_by, row.revoked_at)
