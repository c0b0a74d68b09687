"""Many rows in one statement: every type of column that our tables have goes in as it comes out."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Identity,
    Integer,
    Interval,
    MetaData,
    Numeric,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.db import Database, Tx
from shared.db.bulk import adding, changing, inserting, own_columns, putting
from shared.db.tables import Instant
from shared.db.tx import as_json
from shared.testing.postgres import TestDatabase

THING = Table(
    "thing", MetaData(schema="pg_temp"),
    Column("nr", BigInteger, Identity(always=True)),
    Column("id", Uuid, primary_key=True), Column("at", Instant), Column("number", Integer), Column("is_so", Boolean),
    Column("name", Text), Column("facts", JSONB), Column("names", ARRAY(Text)), Column("span", Interval),
    Column("share", Numeric),
)  # fmt: skip
CREATE = """
CREATE TEMPORARY TABLE thing (nr bigint GENERATED ALWAYS AS IDENTITY, id uuid PRIMARY KEY, at timestamptz, number int,
    is_so boolean, name text, facts jsonb, names text[], span interval, share numeric)"""
ROW = {
    "id": uuid4(), "at": datetime(2026, 2, 3, 4, 5, 6, 789012, tzinfo=UTC), "number": 7, "is_so": True,
    "name": "ท่อ \"แตก\" \\ {x}", "facts": {"a": [1, None]}, "names": ["ก", "b,c"], "span": timedelta(days=2, seconds=3),
    "share": "0.25",
}  # fmt: skip


@pytest.fixture
async def tx(database: TestDatabase) -> AsyncIterator[Tx]:
    db = Database(database.admin_url, schema="intake")
    async with db.transaction() as tx:
        await tx.fetch(CREATE)
        yield tx
    await db.dispose()


async def test_every_type_of_column_comes_out_as_it_went_in(tx: Tx) -> None:
    empty = {"id": uuid4()}
    await tx.fetch(inserting(THING), as_json([ROW, empty]))
    full, bare = await tx.all(THING.select().order_by(THING.c.nr))
    assert {name: full._mapping[name] for name in ROW} == ROW | {"share": Decimal("0.25")}
    assert {bare._mapping[name] for name in own_columns(THING) if name != "id"} == {None}


async def test_what_is_there_is_left_put_or_changed_as_the_statement_says(tx: Tx) -> None:
    await tx.fetch(inserting(THING), as_json([ROW]))
    other = {"id": ROW["id"], "number": 8, "name": "ใหม่"}
    await tx.fetch(adding(THING), as_json([other]))
    assert await tx.scalar(THING.select().with_only_columns(THING.c.number)) == 7
    await tx.fetch(putting(THING, ("id", "number")), as_json([other]))
    await tx.fetch(changing(THING, ("id", "name")), as_json([other]))
    [row] = await tx.all(THING.select())
    assert (row.number, row.name, row.is_so) == (8, "ใหม่", True)
