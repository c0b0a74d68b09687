"""The answers kept under their Idempotency-Key for a day (api.md); rows in each service's own `idempotency` table."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Table, column, delete, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, insert

from shared.db.tables import metadata
from shared.db.tx import Tx

KEPT = timedelta(hours=24)


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
    asked = (
        func.unnest(literal(numbers, ARRAY(BigInteger)))
        .table_valued(column("number", BigInteger), with_ordinality="nr", name="asked")
        .render_derived()
    )
    rows = await tx.all(select(func.pg_try_advisory_xact_lock(asked.c.number)).order_by(asked.c.nr))
    return [bool(row[0]) for row in rows]


async def find_answers(tx: Tx, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Stored]:
    """The answers not yet expired. Call it after claim_keys: whoever held the key before has committed by then."""
    table = _table(tx.schema)
    pair = tuple_(table.c.actor, table.c.key)
    rows = await tx.all(select(table).where(pair.in_(list(keys)), table.c.created_at > tx.now - KEPT))
    return {(r.actor, r.key): Stored(r.actor, r.key, bytes(r.request_hash), r.status, r.answer) for r in rows}


async def store_answers(tx: Tx, answers: Sequence[Stored]) -> None:
    """Keep the answers; an expired one under the same key gives way."""
    if not answers:
        return
    table = _table(tx.schema)
    statement = insert(table)
    statement = statement.on_conflict_do_update(
        index_elements=["actor", "key"],
        set_={name: statement.excluded[name] for name in ("request_hash", "status", "answer", "created_at")},
    )
    rows = [
        {
            "actor": each.actor, "key": each.key, "request_hash": each.request_hash, "status": each.status,
            "answer": each.answer, "created_at": tx.now,
        }
        for each in answers
    ]  # fmt: skip
    await tx.execute(statement.values(rows))


async def purge_idempotency(tx: Tx) -> int:
    """Delete what has expired; a job's step. How many rows went."""
    table = _table(tx.schema)
    result = await tx.execute(delete(table).where(table.c.created_at <= tx.now - KEPT))
    return result.rowcount
