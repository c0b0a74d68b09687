"""Daily packs, who receives them, and each delivery with its attempts and receipt (process step 8)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, or_, select, text, true, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.reporting_service.store.tables import pack, pack_attempt, pack_day, pack_delivery, pack_recipient
from shared.db import Tx
from shared.kernel.access import Scope

# One delivery that is due; other workers step over it.
_CLAIM = text("""
    UPDATE reporting.pack_delivery SET state = 'sending', attempts = attempts + 1, next_at = :lease
    WHERE id = (
        SELECT id FROM reporting.pack_delivery WHERE state = 'pending' AND next_at <= :now
        ORDER BY next_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, pack_id, recipient_id, attempts""")
# Sending began and nobody wrote down how it ended: the process died in between.
# A webhook's receiver knows the message by its id, so it may be sent again; a mail server does not.
_ABANDONED = text("""
    UPDATE reporting.pack_delivery AS d
    SET state = CASE r.channel WHEN 'webhook' THEN 'pending' ELSE 'unknown' END,
        next_at = CASE r.channel WHEN 'webhook' THEN CAST(:now AS timestamptz) END
    FROM reporting.pack_recipient r
    WHERE r.id = d.recipient_id AND d.state = 'sending' AND d.next_at <= :now
    RETURNING d.id, d.attempts""")


async def claim_day(tx: Tx, day: date, *, facts_complete: bool) -> bool:
    """Whether this transaction may build the packs of a day: only the first ever does."""
    statement = upsert(pack_day).values(day=day, built_at=tx.now, facts_complete=facts_complete)
    return await tx.find(statement.on_conflict_do_nothing().returning(pack_day.c.day)) is not None


async def days_built(tx: Tx, since: date) -> set[date]:
    return {row.day for row in await tx.all(select(pack_day.c.day).where(pack_day.c.day >= since))}


async def add(tx: Tx, values: Mapping[str, Any]) -> None:
    await tx.execute(insert(pack).values(**values))


def _scoped(scope: Scope) -> Any:
    return True if scope.everything else pack.c.region.in_(sorted(scope.regions))


async def find(tx: Tx, pack_id: UUID, scope: Scope) -> Row[Any] | None:
    return await tx.find(select(pack).where(pack.c.id == pack_id, _scoped(scope)))


async def ids_of_day(tx: Tx, day: date) -> list[UUID]:
    return [row.id for row in await tx.all(select(pack.c.id).where(pack.c.day == day).order_by(pack.c.region))]


async def listed(
    tx: Tx, scope: Scope, filters: Mapping[str, Any], after: tuple[date, int] | None, most: int
) -> Sequence[Row[Any]]:
    """Newest day first, then by region; without the content."""
    query = select(pack.c.id, pack.c.region, pack.c.day, pack.c.sha256, pack.c.built_at).where(_scoped(scope))
    for name, value in filters.items():
        if value is not None:
            query = query.where(pack.c[name] == value)
    if after is not None:
        day, region = after
        query = query.where(or_(pack.c.day < day, (pack.c.day == day) & (pack.c.region > region)))
    return await tx.all(query.order_by(pack.c.day.desc(), pack.c.region).limit(most))


async def recipients(tx: Tx, region: int) -> Sequence[Row[Any]]:
    query = select(pack_recipient).where(pack_recipient.c.region == region, pack_recipient.c.active)
    return await tx.all(query.order_by(pack_recipient.c.channel, pack_recipient.c.address))


async def regions_without_recipient(tx: Tx) -> list[int]:
    served = select(pack_recipient.c.region).where(pack_recipient.c.active).distinct()
    found = {row.region for row in await tx.all(served)}
    return [region for region in range(1, 11) if region not in found]


async def regions_never_served(tx: Tx) -> list[int]:
    found = {row.region for row in await tx.all(select(pack_recipient.c.region).distinct())}
    return [region for region in range(1, 11) if region not in found]


async def set_recipients(tx: Tx, region: int, wanted: Sequence[Mapping[str, Any]]) -> None:
    """These and no others from now on; earlier ones stay on record, inactive."""
    await tx.execute(update(pack_recipient).where(pack_recipient.c.region == region).values(active=False))
    for each in wanted:
        row = {"region": region, "active": True, "set_at": tx.now, **each}
        kept = {"active": True, "set_at": tx.now, "secret": func.coalesce(each["secret"], pack_recipient.c.secret)}
        key = ["region", "channel", "address"]
        await tx.execute(upsert(pack_recipient).values(**row).on_conflict_do_update(index_elements=key, set_=kept))


async def add_delivery(tx: Tx, delivery_id: UUID, pack_id: UUID, recipient_id: UUID) -> None:
    """One per pack and recipient; asking again adds none."""
    values = {
        "id": delivery_id,
        "pack_id": pack_id,
        "recipient_id": recipient_id,
        "state": "pending",
        "next_at": tx.now,
    }
    await tx.execute(upsert(pack_delivery).values(**values).on_conflict_do_nothing())


async def claim_delivery(tx: Tx, lease: timedelta) -> Row[Any] | None:
    """A delivery that is due, marked as being sent before anything is sent."""
    return await tx.find(_CLAIM, {"now": tx.now, "lease": tx.now + lease})


async def give_up_leases(tx: Tx) -> Sequence[Row[Any]]:
    return await tx.all(_ABANDONED, {"now": tx.now})


async def shipment(tx: Tx, delivery_id: UUID) -> Row[Any]:
    """What is to be sent, and to where."""
    query = select(
        pack.c.id.label("pack_id"), pack.c.region, pack.c.day, pack.c.content, pack.c.sha256, pack_recipient.c.channel,
        pack_recipient.c.address, pack_recipient.c.secret, pack_delivery.c.id, pack_delivery.c.attempts,
    )  # fmt: skip
    query = query.select_from(pack_delivery).join(pack).join(pack_recipient)
    return (await tx.all(query.where(pack_delivery.c.id == delivery_id)))[0]


async def lock_delivery(tx: Tx, delivery_id: UUID) -> Row[Any] | None:
    return await tx.lock(select(pack_delivery).where(pack_delivery.c.id == delivery_id).with_for_update())


async def add_attempt(tx: Tx, values: Mapping[str, Any]) -> None:
    """What came of one attempt; an attempt that was given up keeps that word."""
    await tx.execute(upsert(pack_attempt).values(**values).on_conflict_do_nothing())


async def set_delivery(tx: Tx, delivery_id: UUID, state: str, next_at: datetime | None) -> None:
    delivered = {"delivered_at": tx.now} if state == "delivered" else {}
    change = update(pack_delivery).where(pack_delivery.c.id == delivery_id)
    await tx.execute(change.values(state=state, next_at=next_at, **delivered))


async def deliveries(tx: Tx, pack_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """With channel and the last attempt's outcome; addresses only for those who may see them (the caller decides)."""
    last = (
        select(pack_attempt)
        .where(pack_attempt.c.delivery_id == pack_delivery.c.id)
        .order_by(pack_attempt.c.attempt.desc())
        .limit(1)
        .lateral("last")
    )
    query = select(
        pack_delivery, pack_recipient.c.channel, pack_recipient.c.address, last.c.result, last.c.status,
        last.c.response, last.c.ended_at,
    )  # fmt: skip
    query = query.select_from(pack_delivery.join(pack_recipient).outerjoin(last, true()))
    query = query.where(pack_delivery.c.pack_id.in_(list(pack_ids)))
    return await tx.all(query.order_by(pack_delivery.c.pack_id, pack_recipient.c.channel, pack_recipient.c.address))


async def count_failed(tx: Tx) -> int:
    """Deliveries that the machine will not try again."""
    failed = pack_delivery.c.state.in_(("unknown", "refused", "given_up"))
    return int(await tx.scalar(select(func.count()).select_from(pack_delivery).where(failed)))


async def attempts(tx: Tx, delivery_id: UUID) -> Sequence[Row[Any]]:
    query = select(pack_attempt).where(pack_attempt.c.delivery_id == delivery_id)
    return await tx.all(query.order_by(pack_attempt.c.attempt))
