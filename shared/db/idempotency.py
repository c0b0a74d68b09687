"""The answers kept under their Idempotency-Key for a day (api.md); rows in each service's own `idempotency` table."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Table, delete

from shared.db.tables import metadata
from shared.db.tx import Tx, as_json

KEPT = timedelta(hours=24)
_CLAIM = """
SELECT pg_try_advisory_xact_lock(number)
FROM unnest($1::bigint[]) WITH ORDINALITY AS asked(number, nr) ORDER BY nr
"""
_FIND = """
SELECT actor, key, request_hash, status, answer FROM unnest($1::text[], $2::text[]) AS asked(actor, key)
JOIN {s}.idempotency USING (actor, key) WHERE created_at > $3::timestamptz
"""
_STORE = """
INSERT INTO {s}.idempotency (actor, key, request_hash, status, answer, created_at)
SELECT actor, key, decode(request_hash, 'hex'), status, answer, $2::timestamptz
FROM jsonb_to_recordset($1::jsonb) AS r(actor text, key text, request_hash text, status int, answer jsonb)
ON CONFLICT (actor, key) DO UPDATE SET request_hash = excluded.request_hash, status = excluded.status,
    answer = excluded.answer, created_at = excluded.created_at
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


async def claim_keys(tx: Tx, keys: Sequence[tuple[str, str]]) -> list[bool]:
    """Take the (actor, key) pairs until the transaction ends; never waits. False: another transaction has it."""
    numbers = [_lock_number(tx.schema, actor, key) for actor, key in keys]
    return [bool(row[0]) for row in await tx.fetch(_CLAIM, numbers)]


async def find_answers(tx: Tx, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Stored]:
    """The answers not yet expired. Call it after claim_keys: whoever held the key before has committed by then."""
    actors, names = zip(*keys, strict=True)
    rows = await tx.fetch(_FIND, actors, names, tx.now - KEPT)
    return {
        (r["actor"], r["key"]): Stored(r["actor"], r["key"], r["request_hash"], r["status"], r["answer"]) for r in rows
    }


async def store_answers(tx: Tx, answers: Sequence[Stored]) -> None:
    """Keep the answers; an expired one under the same key gives way."""
    if not answers:
        return
    rows = [
        {
            "actor": each.actor, "key": each.key, "request_hash": each.request_hash.hex(), "status": each.status,
            "answer": each.answer,
        }
        for each in answers
    ]  # fmt: skip
    await tx.fetch(_STORE, as_json(rows), tx.now)


async def purge_idempotency(tx: Tx) -> int:
    """Delete what has expired; a job's step. How many rows went."""
    table = _table(tx.schema)
    result = await tx.execute(delete(table).where(table.c.created_at <= tx.now - KEPT))
    return result.rowcount
