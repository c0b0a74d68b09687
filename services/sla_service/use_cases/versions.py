"""What drafts of calendars and policies have in common: finding, locking, numbering, deleting."""

from collections.abc import Mapping
from typing import Any

from services.sla_service.store import versions
from services.sla_service.store.versions import VersionTable
from shared.db import Row, Tx
from shared.kernel.errors import Conflict, NotFound, Stale
from shared.kernel.ids import uuid7


async def see(tx: Tx, table: VersionTable, code: str, version: int) -> Row[Any]:
    """A version, draft or published."""
    row = await versions.find(tx, table, code, version)
    if row is None:
        raise NotFound("There is no such version.")
    return row


async def draft(tx: Tx, table: VersionTable, code: str, version: int, revision: int) -> Row[Any]:
    """A draft as the caller saw it, locked. Raises Conflict when it is published, Stale when it was changed."""
    row = await versions.lock(tx, table, code, version)
    if row is None:
        raise NotFound("There is no such version.")
    if row.published_at is not None:
        raise Conflict("This version is published; it never changes.", code="already_published")
    if row.revision != revision:
        raise Stale("The draft was changed in the meantime.")
    return row


async def enter(tx: Tx, table: VersionTable, code: str, based_on: int | None, values: Mapping[str, Any]) -> Row[Any]:
    """A new draft under the next number of its code."""
    await versions.one_at_a_time(tx)
    made = {"id": uuid7(tx.now), "version": await versions.next_number(tx, table, code), "based_on": based_on}
    row = await versions.add(
        tx, table, {**values, **made, "code": code, "created_at": tx.now, "created_by": tx.actor.id}
    )
    await tx.audit(f"{kind(table)}.drafted", f"{code}/{row.version}", based_on=based_on)
    return row


async def rewrite(tx: Tx, table: VersionTable, row: Row[Any], values: Mapping[str, Any]) -> Row[Any]:
    """A draft with other content."""
    written = await versions.change(tx, table, row.id, values)
    await tx.audit(f"{kind(table)}.draft_changed", f"{row.code}/{row.version}", revision=written.revision)
    return written


async def discard(tx: Tx, table: VersionTable, row: Row[Any]) -> None:
    """Delete a draft; its previews go with it."""
    await versions.remove(tx, table, row.id)
    await tx.audit(f"{kind(table)}.draft_deleted", f"{row.code}/{row.version}")


def kind(table: VersionTable) -> str:
    """`calendar` or `policy`, for audit rows."""
    return table.name.removesuffix("_version")
