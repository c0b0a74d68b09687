"""Whether a schema is at the revision that this code was written for."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import column, select, table

from shared.db import migrate
from shared.db.tx import Tx


@cache
def _head(folder: Path) -> str | None:
    return migrate.head(folder)


@dataclass(frozen=True)
class Mismatch:
    """The schema and the code belong to different releases. Under a newer schema the code goes on working."""

    reason: str
    newer: bool


async def schema_mismatch(tx: Tx, folder: Path) -> Mismatch | None:
    """Where the schema's revision is not the code's. Raises when it was never migrated at all.

    Revisions are numbers of four digits, one after the other; migrations run under the code before them
    (CONTRIBUTING.md, "Add a migration"), so a newer schema serves this code too.
    """
    found = await tx.scalar(select(column("version_num")).select_from(table("alembic_version", schema=tx.schema)))
    known = _head(folder)
    if found == known:
        return None
    at = f"schema {tx.schema} is at revision {found}"
    if known is not None and str(found) > known:
        return Mismatch(f"{at}, newer than this code ({known}): deploy the processes that belong to it", newer=True)
    return Mismatch(f"{at}, this code needs {known}", newer=False)
