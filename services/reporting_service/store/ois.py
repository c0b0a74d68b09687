"""OIS records, their feed without gaps, and what OIS acknowledged (process step 6)."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update

from services.reporting_service.domain.ois import FeedEntry
from services.reporting_service.store.cases import visible
from services.reporting_service.store.tables import (
    case_record,
    ois_acknowledgement,
    ois_feed,
    ois_head,
    ois_latest,
    ois_outgoing,
    ois_record,
)  # fmt: skip
from shared.db import Tx
from shared.db.tx import as_json

HEAD = "records"
PAGE = 1000
_LATEST = "SELECT case_id, version, sha256, status FROM reporting.ois_latest WHERE case_id = ANY($1)"
_ADD_VERSIONS = """
    WITH fresh AS (
        SELECT r.* FROM jsonb_to_recordset($1::jsonb)
            AS r (case_id uuid, version integer, sha256 text, content jsonb)
    ), kept AS (
        INSERT INTO reporting.ois_record (case_id, version, content, sha256, changed_at)
        SELECT case_id, version, content, sha256, $2 FROM fresh
    ), latest AS (
        INSERT INTO reporting.ois_latest (case_id, version, sha256, status, changed_at)
        SELECT DISTINCT ON (case_id) case_id, version, sha256, 'missing', $2 FROM fresh ORDER BY case_id, version DESC
        ON CONFLICT (case_id) DO UPDATE SET version = excluded.version, sha256 = excluded.sha256,
            status = excluded.status, reason = NULL, changed_at = excluded.changed_at)
    INSERT INTO reporting.ois_outgoing (case_id, version, reason)
    SELECT case_id, version, 'change' FROM fresh ORDER BY case_id, version"""


@dataclass(frozen=True)
class Latest:
    """The newest version of a case's record, and what OIS said to it."""

    case_id: UUID
    version: int
    sha256: str
    status: str  # missing | accepted | rejected | different


@dataclass(frozen=True)
class Version:
    """A new version of a case's record."""

    case_id: UUID
    version: int
    sha256: str
    content: Mapping[str, Any]


async def latest_of(tx: Tx, case_ids: Collection[UUID]) -> dict[UUID, Latest]:
    """The caller holds the locks of the case records."""
    return {row["case_id"]: Latest(**row) for row in await tx.fetch(_LATEST, list(case_ids))}


async def lock_latest(tx: Tx, case_ids: Sequence[UUID]) -> dict[UUID, Latest]:
    """Locked in order of id, as the folding job does."""
    query = select(ois_latest).where(ois_latest.c.case_id.in_(list(case_ids))).order_by(ois_latest.c.case_id)
    rows = await tx.all(query.with_for_update())
    await tx.read_clock()
    return {row.case_id: Latest(row.case_id, row.version, row.sha256, row.status) for row in rows}


async def add_versions(tx: Tx, versions: Sequence[Version], changed_at: datetime) -> None:
    """Keep new versions, make the newest of each case the latest (unacknowledged) and put all on their way."""
    await tx.fetch(_ADD_VERSIONS, as_json(versions), changed_at)


async def number_outgoing(tx: Tx, most: int) -> int:
    """Give waiting versions their places in the feed. One at a time, under the lock of the head: places have no gaps
    and become visible in their order, because nobody can take the next before this transaction has ended."""
    if await tx.scalar(select(ois_outgoing.c.id).limit(1)) is None:
        return 0
    head = await tx.lock(select(ois_head.c.position).where(ois_head.c.name == HEAD).with_for_update())
    waiting = await tx.all(select(ois_outgoing).order_by(ois_outgoing.c.id).limit(most))
    if head is None or not waiting:
        return 0
    entries = [
        {
            "position": head.position + n,
            "case_id": w.case_id,
            "version": w.version,
            "reason": w.reason,
            "fed_at": tx.now,
        }
        for n, w in enumerate(waiting, 1)
    ]
    await tx.execute(insert(ois_feed), entries)
    await tx.execute(delete(ois_outgoing).where(ois_outgoing.c.id.in_([w.id for w in waiting])))
    head_position = head.position + len(waiting)
    await tx.execute(update(ois_head).where(ois_head.c.name == HEAD).values(position=head_position))
    return len(waiting)


async def oldest_outgoing(tx: Tx) -> datetime | None:
    """When the oldest version that has no place yet was made."""
    query = select(func.min(ois_record.c.changed_at)).join(
        ois_outgoing,
        (ois_outgoing.c.case_id == ois_record.c.case_id) & (ois_outgoing.c.version == ois_record.c.version),
    )
    at: datetime | None = await tx.scalar(query)
    return at


async def feed(tx: Tx, after: int, most: int) -> Sequence[Row[Any]]:
    """Entries after a place, in order."""
    joined = (ois_feed.c.case_id == ois_record.c.case_id) & (ois_feed.c.version == ois_record.c.version)
    query = select(ois_feed, ois_record.c.content, ois_record.c.sha256, ois_record.c.changed_at)
    query = query.join(ois_record, joined).where(ois_feed.c.position > after).order_by(ois_feed.c.position).limit(most)
    return await tx.all(query)


async def entries_between(tx: Tx, since: datetime, until: datetime) -> AsyncIterator[FeedEntry]:
    """The feed of a span of time, in order."""
    within = (ois_feed.c.fed_at >= since) & (ois_feed.c.fed_at < until)
    first = await tx.scalar(select(func.min(ois_feed.c.position)).where(within))
    after = (first or 1) - 1
    last = await tx.scalar(select(func.max(ois_feed.c.position)).where(within)) or 0
    while after < last:
        for row in await feed(tx, after, min(PAGE, last - after)):
            after = row.position
            yield FeedEntry(row.position, str(row.case_id), row.version, row.sha256, row.content)


async def find_versions(tx: Tx, keys: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], Row[Any]]:
    """Records by (case, version)."""
    query = select(ois_record).where(ois_record.c.case_id.in_({case_id for case_id, _ in keys}))
    query = query.where(ois_record.c.version.in_({version for _, version in keys}))
    wanted = set(keys)
    rows = await tx.all(query)
    return {(row.case_id, row.version): row for row in rows if (row.case_id, row.version) in wanted}


async def last_acknowledgements(tx: Tx, keys: Sequence[tuple[UUID, int]]) -> dict[tuple[UUID, int], Row[Any]]:
    """The newest word of OIS on each version."""
    told = ois_acknowledgement.c
    query = select(ois_acknowledgement).where(told.case_id.in_({case_id for case_id, _ in keys})).order_by(told.id)
    return {(row.case_id, row.version): row for row in await tx.all(query)}


async def add_acknowledgement(tx: Tx, values: Mapping[str, Any]) -> None:
    await tx.execute(insert(ois_acknowledgement).values(**values))


async def set_status(tx: Tx, case_id: UUID, status: str, reason: str | None) -> None:
    await tx.execute(update(ois_latest).where(ois_latest.c.case_id == case_id).values(status=status, reason=reason))


async def count_by_status(tx: Tx) -> dict[str, int]:
    rows = await tx.all(select(ois_latest.c.status, func.count().label("n")).group_by(ois_latest.c.status))
    return {row.status: row.n for row in rows}


async def head_position(tx: Tx) -> int:
    return int(await tx.scalar(select(ois_head.c.position).where(ois_head.c.name == HEAD)))


async def listed(tx: Tx, status: str, before: datetime, after: UUID | None, most: int) -> Sequence[Row[Any]]:
    """Latest records in a status, changed before an instant, of the cases that the transaction's actor may see."""
    query = select(ois_latest, case_record.c.number).join(case_record, case_record.c.case_id == ois_latest.c.case_id)
    query = query.where(ois_latest.c.status == status, ois_latest.c.changed_at < before, visible(tx.actor.scope))
    if after is not None:
        query = query.where(ois_latest.c.case_id > after)
    return await tx.all(query.order_by(ois_latest.c.case_id).limit(most))


async def replay(tx: Tx, status: str | None, case_ids: Sequence[UUID], most: int) -> int:
    """Feed the latest versions again: of these cases, or of all in a status."""
    query = select(ois_latest.c.case_id, ois_latest.c.version).order_by(ois_latest.c.case_id).limit(most)
    query = query.where(ois_latest.c.status == status) if status else query.where(ois_latest.c.case_id.in_(case_ids))
    rows = [{"case_id": row.case_id, "version": row.version, "reason": "replay"} for row in await tx.all(query)]
    if rows:
        await tx.execute(insert(ois_outgoing), rows)
    return len(rows)


async def share_head(tx: Tx) -> None:
    """Wait until nobody is giving places: after this, the clock lies behind every place given."""
    await tx.lock(select(ois_head.c.position).where(ois_head.c.name == HEAD).with_for_update(read=True))
