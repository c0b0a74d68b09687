"""OIS records, their feed without gaps, and what OIS acknowledged (process step 6)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

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

HEAD = "records"
PAGE = 1000


@dataclass(frozen=True)
class Latest:
    """The newest version of a case's record, and what OIS said to it."""

    case_id: UUID
    version: int
    sha256: str
    status: str  # missing | accepted | rejected | different


async def find_latest(tx: Tx, case_id: UUID) -> Latest | None:
    """The caller holds the lock of the case record."""
    row = await tx.find(select(ois_latest).where(ois_latest.c.case_id == case_id))
    return Latest(row.case_id, row.version, row.sha256, row.status) if row else None


async def lock_latest(tx: Tx, case_ids: Sequence[UUID]) -> dict[UUID, Latest]:
    """Locked in order of id, as the folding job does."""
    query = select(ois_latest).where(ois_latest.c.case_id.in_(list(case_ids))).order_by(ois_latest.c.case_id)
    rows = await tx.all(query.with_for_update())
    await tx.read_clock()
    return {row.case_id: Latest(row.case_id, row.version, row.sha256, row.status) for row in rows}


async def add_version(tx: Tx, latest: Latest, content: Mapping[str, Any], changed_at: datetime) -> None:
    """Keep a new version, make it the latest (unacknowledged) and put it on its way to the feed."""
    key = {"case_id": latest.case_id, "version": latest.version}
    await tx.execute(
        insert(ois_record).values(**key, content=dict(content), sha256=latest.sha256, changed_at=changed_at)
    )
    state = {"version": latest.version, "sha256": latest.sha256, "status": "missing", "reason": None}
    state["changed_at"] = changed_at
    await tx.execute(
        upsert(ois_latest)
        .values(case_id=latest.case_id, **state)
        .on_conflict_do_update(index_elements=["case_id"], set_=state)
    )
    await tx.execute(insert(ois_outgoing).values(**key, reason="change"))


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
