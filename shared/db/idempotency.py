"""The answers kept under their Idempotency-Key for a day (api.md); rows in each service's own `idempotency` table."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import asyncpg
from sqlalchemy import Table, delete, select

from shared.db.tables import metadata
from shared.db.tx import KEPT, Tx

PURGED_AT_ONCE = 1_000

_CLAIM = """
SELECT pg_try_advisory_xact_lock(asked.number) AS claimed, kept.request_hash, kept.status, kept.answer
FROM unnest($1::text[], $2::text[], $3::bigint[]) WITH ORDINALITY AS asked(actor, key, number, nr)
LEFT JOIN {s}.idempotency AS kept
    ON kept.actor = asked.actor AND kept.key = asked.key AND kept.created_at > $4::timestamptz
ORDER BY asked.nr
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer that was given under a key."""

    actor: str
    key: str
    request_hash: bytes
    status: int
    answer: Mapping[str, Any]  # {"headers": {...}, "body": ...}, free of personal data


@cache
def _table(schema: str) -> Table:
    return metadata(schema).tables[f"{schema}.idempotency"]


def _lock_number(schema: str, actor: str, key: str) -> int:
    digest = hashlib.blake2b(f"{schema}\0{actor}\0{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


async def claim_keys(tx: Tx, keys: Sequence[tuple[str, str]]) -> list[tuple[bool, Stored | None]]:
    """Take the (actor, key) pairs until the transaction ends, and the answers not yet expired; never waits.

    False: another transaction has it. An answer committed at this very moment may be missed: Tx.flush then refuses.
    """
    actors, names = zip(*keys, strict=True)
    numbers = [_lock_number(tx.schema, actor, key) for actor, key in keys]
    rows = await tx.fetch(_CLAIM, actors, names, numbers, tx.now - KEPT)
    return [(row["claimed"], _stored(pair, row)) for pair, row in zip(keys, rows, strict=True)]


def _stored(pair: tuple[str, str], row: asyncpg.Record) -> Stored | None:
    if row["status"] is None:
        return None
    return Stored(*pair, row["request_hash"], row["status"], row["answer"])


def store_answer(tx: Tx, answer: Stored) -> None:
    """Keep the answer, written with the transaction's events; an expired one under the same key gives way."""
    tx.keep(
        {
            "actor": answer.actor, "key": answer.key, "request_hash": answer.request_hash.hex(),
            "status": answer.status, "answer": answer.answer,
        }
    )  # fmt: skip


async def purge_idempotency(tx: Tx) -> int:
    """Delete some of what has expired; a job's step. How many rows went.

    It passes over rows that are being written anew at this moment: waiting for them could be a deadlock.
    """
    kept = _table(tx.schema)
    expired = select(kept.c.actor, kept.c.key).where(kept.c.created_at <= tx.now - KEPT).order_by(kept.c.created_at)
    some = expired.limit(PURGED_AT_ONCE).with_for_update(skip_locked=True).cte("some")
    result = await tx.execute(delete(kept).where(kept.c.actor == some.c.actor, kept.c.key == some.c.key))
    return result.rowcount
