"""Whether a schema is at the revision that this code was written for."""

from functools import cache
from pathlib import Path

from sqlalchemy import column, select, table

from shared.db import migrate
from shared.db.tx import Tx


@cache
def _head(folder: Path) -> str | None:
    return migrate.head(folder)


async def schema_problem(tx: Tx, folder: Path) -> str | None:
    """What is wrong with the schema's revision, or None. Raises when it was never migrated at all."""
    found = await tx.scalar(select(column("version_num")).select_from(table("alembic_version", schema=tx.schema)))
    known = _head(folder)
    return None if found == known else f"schema {tx.schema} is at revision {found}, this code needs {known}"
