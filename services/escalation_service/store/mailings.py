"""SQL for mailings to officers, their deliveries by one means after the other, attempts and receipts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.escalation_service.domain.mailing import Mailing, MailingState
from services.escalation_service.store.message_tables import (
    MAILING,
    MAILING_ATTEMPT,
    MAILING_DELIVERY,
    MAILING_RECEIPT,
)
from shared.db import Tx
from shared.kernel.delivery import Delivery, DeliveryState

D, A = MAILING_DELIVERY.c, MAILING_ATTEMPT.c
_MAILING = tuple(f.name for f in fields(Mailing) if f.name != "deliveries")
_DELIVERY = tuple(f.name for f in fields(Delivery))


@dataclass(frozen=True)
class Claimed:
    """A delivery whose time has come, and the address that it goes to."""

    delivery_id: UUID
    mailing_id: UUID
    address: str


async def add(tx: Tx, mailings: Sequence[Mailing], addresses: Mapping[UUID, str]) -> None:
    """Enter new mailings; `addresses` by delivery."""
    if not mailings:
        return
    await tx.execute(insert(MAILING), [{name: getattr(each, name) for name in _MAILING} for each in mailings])
    parts = [
        {**asdict(part), "mailing_id": each.mailing_id, "address": addresses[part.id]}
        for each in mailings
        for part in each.deliveries
    ]
    await tx.execute(insert(MAILING_DELIVERY), parts)


async def claim_due(tx: Tx, most: int) -> list[Claimed]:
    """Deliveries whose time has come, with their mailings locked."""
    rows = await tx.all(_claim(and_(D.state == "due", D.due_at <= tx.now), D.due_at, most))
    await tx.read_clock()
    return [Claimed(row.id, row.mailing_id, row.address) for row in rows]


async def claim_stale(tx: Tx, lease: timedelta, most: int) -> list[Claimed]:
    """Deliveries that nobody finished: calls without a result, and providers away for too long."""
    called = and_(D.state == "sending", D.sending_at <= tx.now - lease)
    away = and_(D.state == "due", D.give_up_at <= tx.now, D.attempts > 0)
    rows = await tx.all(_claim(or_(called, away), D.id, most))
    await tx.read_clock()
    return [Claimed(row.id, row.mailing_id, row.address) for row in rows]


def _claim(condition: Any, order: Any, most: int) -> Select[Any]:
    statement = select(D.id, D.mailing_id, D.address).join(MAILING, MAILING.c.mailing_id == D.mailing_id)
    locked = statement.where(condition).order_by(order).limit(most)
    return locked.with_for_update(of=[MAILING, MAILING_DELIVERY], skip_locked=True)


async def lock(tx: Tx, mailing_id: UUID) -> Mailing | None:
    """The mailing, locked; before its messages."""
    row = await tx.lock(select(MAILING).where(MAILING.c.mailing_id == mailing_id).with_for_update())
    return (await mailings_of(tx, [row.mailing_id]))[row.mailing_id] if row else None


async def mailings_of(tx: Tx, mailing_ids: Iterable[UUID]) -> dict[UUID, Mailing]:
    """Mailings with their deliveries in order."""
    wanted = list(mailing_ids)
    parts: dict[UUID, list[Delivery]] = defaultdict(list)
    for row in await tx.all(select(MAILING_DELIVERY).where(D.mailing_id.in_(wanted)).order_by(D.position)):
        known = {name: getattr(row, name) for name in _DELIVERY}
        parts[row.mailing_id].append(Delivery(**{**known, "state": DeliveryState(row.state)}))
    rows = await tx.all(select(MAILING).where(MAILING.c.mailing_id.in_(wanted)))
    return {row.mailing_id: _mailing(row, parts[row.mailing_id]) for row in rows}


def _mailing(row: Row[Any], deliveries: Sequence[Delivery]) -> Mailing:
    known = {name: getattr(row, name) for name in _MAILING}
    return Mailing(**{**known, "state": MailingState(row.state)}, deliveries=tuple(deliveries))


async def save(tx: Tx, changes: Sequence[tuple[Mailing, Mailing]]) -> None:
    """Write what changed, in two statements for any number of mailings."""
    changed = [_values(after, _MAILING, "mailing_id") for before, after in changes if before != after]
    parts = [
        _values(new, _DELIVERY, "id")
        for before, after in changes
        for old, new in zip(before.deliveries, after.deliveries, strict=True)
        if old != new
    ]
    if changed:
        named: dict[str, Any] = {name: bindparam(name) for name in _MAILING if name != "mailing_id"}
        await tx.execute(update(MAILING).where(MAILING.c.mailing_id == bindparam("k_id")).values(named), changed)
    if parts:
        columns: dict[str, Any] = {name: bindparam(name) for name in _DELIVERY if name != "id"}
        await tx.execute(update(MAILING_DELIVERY).where(D.id == bindparam("k_id")).values(columns), parts)


def _values(thing: Mailing | Delivery, names: Iterable[str], key: str) -> dict[str, object]:
    values = {name: getattr(thing, name) for name in names}
    return {**{n: v for n, v in values.items() if n != key}, "k_id": values[key]}


async def place_of(tx: Tx, delivery_id: UUID) -> UUID | None:
    """The mailing of a delivery."""
    found: UUID | None = await tx.scalar(select(D.mailing_id).where(D.id == delivery_id))
    return found


async def begin_attempts(tx: Tx, rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        await tx.execute(insert(MAILING_ATTEMPT), rows)


async def end_attempt(tx: Tx, delivery_id: UUID, number: int, values: Mapping[str, object]) -> None:
    """What became of an attempt; a late word of one that was given up still counts."""
    mine = and_(A.delivery_id == delivery_id, A.number == number)
    await tx.execute(update(MAILING_ATTEMPT).where(mine).values(dict(values)))


async def add_receipt(tx: Tx, receipt_id: str, delivery_id: UUID | None, status: str) -> bool:
    """Enter a receipt once; False when it was here before."""
    row = {"receipt_id": receipt_id, "delivery_id": delivery_id, "status": status, "received_at": tx.now}
    new = insert(MAILING_RECEIPT).values(row).on_conflict_do_nothing().returning(MAILING_RECEIPT.c.receipt_id)
    return await tx.scalar(new) is not None


async def forget_receipts(tx: Tx, before: datetime) -> int:
    """Some of the receipts that came before this; how many."""
    r = MAILING_RECEIPT.c
    old = select(r.receipt_id).where(r.received_at < before).limit(1000)
    return (await tx.execute(delete(MAILING_RECEIPT).where(r.receipt_id.in_(old)))).rowcount


async def detail(tx: Tx, mailing_id: UUID) -> tuple[Sequence[Row[Any]], Sequence[Row[Any]]]:
    """The deliveries of a mailing and every attempt, in order."""
    deliveries = await tx.all(select(MAILING_DELIVERY).where(D.mailing_id == mailing_id).order_by(D.position))
    attempts = select(MAILING_ATTEMPT).where(A.delivery_id.in_([row.id for row in deliveries]))
    return deliveries, await tx.all(attempts.order_by(A.started_at, A.number))


async def success_since(tx: Tx, at: datetime) -> Mapping[str, tuple[int, int]]:
    """By means: how many attempts ended since an instant, and how many of them were accepted."""
    accepted = func.sum(case((A.outcome == "accepted", 1), else_=0))
    statement = select(A.channel, func.count().label("ended"), accepted.label("accepted"))
    rows = await tx.all(statement.where(A.started_at >= at, A.outcome.is_not(None)).group_by(A.channel))
    return {row.channel: (row.ended, row.accepted) for row in rows}
