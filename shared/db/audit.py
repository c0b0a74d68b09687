"""Reading the audit rows of a schema; only `Tx.audit` writes them."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, Table, select

from shared.db.tables import metadata
from shared.db.tx import Tx


@cache
def _table(schema: str) -> Table:
    return metadata(schema).tables[f"{schema}.audit"]


async def find_audit(  # noqa: PLR0913 - one parameter per filter
    tx: Tx, *, subject: str | None, actor: str | None, since: datetime | None, before: int | None, limit: int
) -> Sequence[Row[Any]]:
    """Audit rows, newest first; `before` is the last id of the page before."""
    table = _table(tx.schema)
    chosen = select(table).order_by(table.c.id.desc()).limit(limit)
    if subject is not None:
        chosen = chosen.where(table.c.subject == subject)
    if actor is not None:
        chosen = chosen.where(table.c.actor == actor)
    if since is not None:
        chosen = chosen.where(table.c.at >= since)
    if before is not None:
        chosen = chosen.where(table.c.id < before)
    return await tx.all(chosen)
